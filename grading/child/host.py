"""The student process's program: one process that serves a grader, or a fork server that makes such processes.

Started by `grading.isolation.process`; the three streams are requests in, replies out, and whatever the student prints.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import queue
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from grading.isolation import channel
from startup import EXIT_USAGE, packages

if TYPE_CHECKING:
    from grading.child.requests import RequestHandler

PART_BYTES = 2**15  # of a request to the fork server that are read at once
MAX_SWEEPS = 2


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until the stream ends.

    A thread reads ahead, so that the end of the grader ends this process even in the middle of a student's loop.
    """
    RequestHandler = _request_handler()  # noqa: N806  (a class)
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

    handler = RequestHandler(emit=lambda report: reply({"progress": report}))
    while True:
        reply(handler.answer(incoming.get()))


def _request_handler() -> type[RequestHandler]:
    """Import what answers requests, and torch and numpy with it.

    Where these cannot be used, the process ends. The grader, who has had no answer then, finds out why.
    """
    try:
        import torch

        from grading.child.requests import RequestHandler

        packages.require_round_trip(torch)
    except Exception as error:
        if packages.explained(error):
            os._exit(EXIT_USAGE)
        raise
    return RequestHandler


def serve_alone() -> None:
    """Serve one grader over standard input and output; what the student prints goes to standard error."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    _open_output()
    serve(requests, replies)


def serve_forks(control: socket.socket, confined: bool = False) -> None:
    """Fork one serving process for each request on the control socket, with torch already imported (Unix).

    A request is a length (4 bytes, little-endian) and JSON, with three file descriptors: requests, replies, output.
    The confinement is empty, or that of `grading.child.confine`. The answers are lines: `started PID`, and later
    `ended PID STATUS` with the status of `os.waitpid`, when everything that the process started is dead. When the
    control socket closes, everything started here is killed.

    Args:
        control: the grader's other end.
        confined: leave the network behind. Whatever other rights this process has, its forks give up.
    """
    _request_handler()  # the slow import that every fork then shares
    _adopt_orphans()
    if confined:
        from grading.child import confine

        confine.leave_network()
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, shared pages
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    children: dict[int, int | None] = {}  # process id to the user that is its own, if any
    with _woken_by_children() as (wake_read, wake_write):
        while True:
            ready, _, _ = select.select([control, wake_read], [], [])
            if wake_read in ready:
                with contextlib.suppress(BlockingIOError):
                    wake_read.recv(4096)
                _clear_up(control, children)
            if control in ready:
                message, descriptors = _request(control)
                if not message:
                    for pid, user in children.items():
                        _kill_group(pid)
                        _kill_user(user)
                    _kill_orphans({})
                    return
                confinement = json.loads(message)
                pid = os.fork()
                if pid == 0:
                    _become_student_process(descriptors, [control, wake_read, wake_write], confinement)
                children[pid] = confinement.get("user")
                for descriptor in descriptors:
                    os.close(descriptor)
                with contextlib.suppress(OSError):  # the grader has gone: the next request is its end
                    control.sendall(f"started {pid}\n".encode())


@contextlib.contextmanager
def _woken_by_children() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets. The first can be read whenever a child process has ended, until the block ends.

    Python writes to the second one for each signal, and would go on after its end.
    """
    wake_read, wake_write = socket.socketpair()
    with wake_read, wake_write:
        wake_read.setblocking(False)
        wake_write.setblocking(False)
        signal.set_wakeup_fd(wake_write.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield wake_read, wake_write
        finally:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _request(control: socket.socket) -> tuple[bytes, list[int]]:
    """The JSON of the next request to the fork server, and its file descriptors; empty if the grader has gone."""
    try:
        frame, descriptors, _, _ = socket.recv_fds(control, PART_BYTES, 3)
        while len(frame) < 4 or len(frame) < 4 + int.from_bytes(frame[:4], "little"):
            part = control.recv(PART_BYTES)  # of this request: the grader sends the next one when it has its answer
            if not part:
                return b"", descriptors
            frame += part
    except ConnectionError:  # the grader was killed before it had read everything
        return b"", []
    return frame[4:], descriptors


def _clear_up(control: socket.socket, children: dict[int, int | None]) -> None:
    """Take the ended student processes out of `children`, kill what they left running, and tell the grader."""
    for pid, status in _reap():
        if pid not in children:
            _kill_orphans(children)  # an orphan's own children have just become ours
            continue
        user = children.pop(pid)
        _kill_group(pid)
        _kill_orphans(children)
        _kill_user(user)
        with contextlib.suppress(OSError):
            control.sendall(f"ended {pid} {status}\n".encode())


def _become_student_process(descriptors: list[int], to_close: list[socket.socket], confinement: dict[str, Any]) -> None:
    """Turn a fresh fork into a serving process, confined if so ordered; never returns."""
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
        if confinement:
            from grading.child import confine

            confine.apply(confinement)
            if "private" in confinement:
                os.write(replies, confine.probe(confinement))
                os._exit(0)
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


def _kill_user(user: int | None) -> None:
    """Kill every process of a user that was made for one student process: not even a fork bomb outruns this.

    A process may signal all processes of its own user at once, so one is made for that. The second sweep is for what
    was being born during the first.
    """
    for _ in range(MAX_SWEEPS if user is not None else 0):
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                signal.set_wakeup_fd(-1)
                os.setgroups([])
                os.setresgid(user, user, user)  # type: ignore[arg-type]
                os.setresuid(user, user, user)  # type: ignore[arg-type]
                os.kill(-1, signal.SIGKILL)
                os._exit(0)
            os._exit(1)  # there was nothing left to signal
        with contextlib.suppress(ChildProcessError):
            if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
                return


def _adopt_orphans() -> None:
    """On Linux, processes that a student's code leaves behind become ours, so that they can be found and killed."""
    if sys.platform == "linux":
        import ctypes

        set_child_subreaper = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def _kill_orphans(spare: dict[int, int | None]) -> None:
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
    """`fork DESCRIPTOR [confined]` runs the fork server on an inherited control socket; `alone` serves stdin."""
    if arguments[0] == "fork":
        serve_forks(socket.socket(fileno=int(arguments[1])), confined="confined" in arguments[2:])
    else:
        serve_alone()
    return 0
