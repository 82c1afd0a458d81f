"""A process that has imported torch and forks fork servers. Started by `tests.warm.start.Warm`, by its path."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

PROJECT = Path(os.environ["NNPROJECT_TESTS_SERVED"])  # no argument: a harness takes processes that name it for its own
STUDENT_PROGRAM = PROJECT / "grading" / "child" / "__main__.py"


def serve(listener: socket.socket, owner: socket.socket) -> None:
    """Fork one fork server for each connection, until the owner closes its end.

    A connection carries three file descriptors (the fork server's control socket, standard output, standard error) and
    JSON: the arguments of `grading.child.host.main`, the environment and the current folder. The answer is a process id.
    """
    from grading.child import host

    host._request_handler()  # imports torch, once for all that is forked here
    gc.collect()
    gc.freeze()
    wake_read, wake_write = socket.socketpair()
    wake_read.setblocking(False)
    wake_write.setblocking(False)
    signal.set_wakeup_fd(wake_write.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listener, wake_read, owner], [], [])
        if wake_read in ready:
            wake_read.recv(4096)
            while _has_reaped():
                pass
        if owner in ready:
            return
        if listener in ready:
            connection, _ = listener.accept()
            message, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
            while part := connection.recv(2**16):
                message += part
            pid = os.fork()
            if pid == 0:
                for each in (listener, owner, wake_read, wake_write, connection):
                    os.close(each.detach())
                _become_fork_server(json.loads(message), *descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            connection.sendall(str(pid).encode())
            connection.close()


def _has_reaped() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def _become_fork_server(request: dict, control: int, output: int, errors: int) -> None:
    """Do what the program of `grading.isolation.program` does from its start; never returns."""
    from grading.child import host
    from startup.launch import protect

    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (output, 1), (errors, 2)):
            os.dup2(source, target)
        for each in (null, output, errors):
            os.close(each)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        protect()
        status = host.main(["fork", str(control), *request["arguments"]])
    finally:
        os._exit(status)


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    from startup.launch import protect

    protect()
    __file__ = str(STUDENT_PROGRAM)  # what a data loader's worker runs again
    serve(*(socket.socket(fileno=int(number)) for number in sys.argv[1:3]))
