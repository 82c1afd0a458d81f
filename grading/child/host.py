"""The student process's program: one process that serves a grader, or a fork server that makes such processes.

Started by `grading.process`; the three streams are requests in, replies out, and whatever the student prints.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from typing import Any, BinaryIO

from grading import channel


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until the stream ends.

    A thread reads ahead, so that the end of the grader ends this process even in the middle of a student's loop.
    """
    from grading.child.requests import Desk

    incoming: queue.Queue[Any] = queue.Queue()

    def read_ahead() -> None:
        with contextlib.suppress(EOFError, OSError, channel.ChannelError):
            while True:
                incoming.put(channel.read(requests))
        os._exit(0)

    threading.Thread(target=read_ahead, daemon=True).start()
    lock = threading.Lock()  # a student's own threads may report progress too

    def reply(message: dict[str, Any]) -> None:
        with lock:
            channel.write(replies, message)

    desk = Desk(emit=lambda report: reply({"progress": report}))
    while True:
        reply(desk.answer(incoming.get()))


def serve_alone() -> None:
    """Serve one grader over standard input and output; what the student prints goes to standard error."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    _open_output()
    serve(requests, replies)


def serve_forks(control: socket.socket) -> None:
    """Fork one serving process for each request on the control socket, with torch already imported (Unix).

    A request is one byte with three file descriptors: requests, replies, output. The answers are lines:
    `started PID`, and later `ended PID STATUS` with the status of `os.waitpid`. When the control socket closes,
    everything started here is killed.
    """
    import grading.child.requests  # noqa: F401  (the slow import that every fork then shares)

    _adopt_orphans()
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, shared pages
    wake_read, wake_write = socket.socketpair()
    wake_read.setblocking(False)
    wake_write.setblocking(False)
    signal.set_wakeup_fd(wake_write.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    children: set[int] = set()

    import select

    while True:
        ready, _, _ = select.select([control, wake_read], [], [])
        if wake_read in ready:
            with contextlib.suppress(BlockingIOError):
                wake_read.recv(4096)
            for pid, status in _reap():
                if pid in children:
                    children.discard(pid)
                    _kill_group(pid)
                    _kill_orphans(children)
                    with contextlib.suppress(OSError):
                        control.sendall(f"ended {pid} {status}\n".encode())
        if control in ready:
            message, descriptors, _, _ = socket.recv_fds(control, 1, 3)
            if not message:
                for pid in children:
                    _kill_group(pid)
                _kill_orphans(set())
                return
            pid = os.fork()
            if pid == 0:
                _become_student_process(descriptors, [control, wake_read, wake_write])
            children.add(pid)
            for descriptor in descriptors:
                os.close(descriptor)
            control.sendall(f"started {pid}\n".encode())


def _become_student_process(descriptors: list[int], to_close: list[socket.socket]) -> None:
    """Turn a fresh fork into a serving process; never returns."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for connection in to_close:
            connection.close()
        requests, replies, output = descriptors
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.close(null)
        os.close(output)
        _open_output()
        serve(os.fdopen(requests, "rb"), os.fdopen(replies, "wb"))
    except BrokenPipeError:
        pass  # the grader has gone
    except BaseException:
        traceback.print_exc()  # our own fault: student code's exceptions are answers
    finally:
        os._exit(1)


def _open_output() -> None:
    """Fresh text streams on descriptors 1 and 2: those from before the fork remember another file's properties."""
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115


def _reap() -> list[tuple[int, int]]:
    reaped = []
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            reaped.append((pid, status))
    return reaped


def _kill_group(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def _adopt_orphans() -> None:
    """On Linux, processes that a student's code leaves behind become ours, so that they can be found and killed."""
    if sys.platform == "linux":
        import ctypes

        set_child_subreaper = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def _kill_orphans(spare: set[int]) -> None:
    """Kill processes that fell to us because their parent ended (Linux; elsewhere the group's end is all there is)."""
    try:
        processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return
    for pid in processes:
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{pid}/stat") as stat:
                parent = int(stat.read().rpartition(")")[2].split()[1])
            if parent == os.getpid() and pid not in spare:
                os.kill(pid, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """`fork DESCRIPTOR` runs the fork server on an inherited control socket; `alone` serves standard input."""
    if arguments[0] == "fork":
        serve_forks(socket.socket(fileno=int(arguments[1])))
    else:
        serve_alone()
    return 0
