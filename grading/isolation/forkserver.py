"""The trusted side of the fork server: student processes that start in milliseconds, torch already imported."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any, BinaryIO

from grading.isolation.program import program
from grading.outcomes import RunEnded
from startup import packages

KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "OMP_NUM_THREADS")


def is_available() -> bool:
    """Forking after importing torch is safe on Linux; macOS's system libraries forbid it, Windows has no fork."""
    return sys.platform == "linux"


def start(
    control: socket.socket, arguments: Sequence[str], environment: dict[str, str] | None
) -> subprocess.Popen[bytes]:
    """Start the fork server's program.

    Args:
        control: the fork server's end of the control socket.
        arguments: of the program, after that socket's descriptor.
        environment: of the program; None for this process's own.
    """
    return subprocess.Popen(
        program("fork", str(control.fileno()), *arguments),
        pass_fds=[control.fileno()],
        start_new_session=True,  # a terminal's Ctrl-C is the grader's to handle, also while torch is imported
        stdin=subprocess.DEVNULL,
        env=environment,
    )


class ForkServer:
    """A process that has imported torch and the datasets' code, and forks on request.

    It is a program of its own, never a fork of the grader, whose memory holds the test labels.

    Args:
        confined: without network and with a scrubbed environment.
    """

    def __init__(self, confined: bool = False) -> None:
        self._control, theirs = socket.socketpair()
        self._forking = threading.Lock()  # answers do not say whose they are: one request at a time
        self._condition = threading.Condition()
        self._started: list[int] = []
        self._statuses: dict[int, int] = {}
        self._has_answered = self._gone = self._closed = False
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ} if confined else None
        self._process = start(theirs, ["confined"] if confined else [], environment)
        theirs.close()
        threading.Thread(target=self._read_news, daemon=True).start()

    def fork(self, confinement: dict[str, Any] | None = None) -> tuple[int, BinaryIO, BinaryIO, BinaryIO]:
        """Start a student process.

        Args:
            confinement: how it is confined, see `grading.child.confine`; None for not at all.
        Returns:
            its process id (also its group's), and its streams: requests to write, replies and output to read.
        Raises:
            RunEnded: the server was closed meanwhile.
            Unusable: torch cannot be used here, so that the server could not begin.
            RuntimeError: the server has died, which is a fault of this project or of the machine.
        """
        pairs = [os.pipe() for _ in range(3)]
        (requests_read, requests_write), (replies_read, replies_write), (output_read, output_write) = pairs
        with self._forking, self._condition:
            with contextlib.suppress(OSError):
                request = json.dumps(confinement or {}).encode()
                frame = len(request).to_bytes(4, "little") + request
                socket.send_fds(self._control, [frame], [requests_read, replies_write, output_write])
            for descriptor in (requests_read, replies_write, output_write):
                os.close(descriptor)
            self._condition.wait_for(lambda: self._started or self._gone, timeout=packages.SECONDS_TO_IMPORT)
            if not self._started:
                self._gone = True  # a late answer would be taken for that to the next request
                for descriptor in (requests_write, replies_read, output_read):
                    os.close(descriptor)
                if self._closed:
                    raise RunEnded
                if fault := packages.problem("torch"):
                    raise packages.Unusable(fault)
                raise RuntimeError("the fork server did not answer; does `python -c 'import torch'` work?")
            pid = self._started.pop()
        return (
            pid,
            os.fdopen(requests_write, "wb"),
            os.fdopen(replies_read, "rb"),
            os.fdopen(output_read, "rb", buffering=0),
        )

    def probe(self, confinement: dict[str, Any]) -> dict[str, bool]:
        """Try out in a process so confined what really holds; see `grading.child.confine.probe`."""
        pid, requests, replies, output = self.fork(confinement)
        with requests, replies, output:
            found = replies.read()
        self.wait(pid, 5)
        held = json.loads(found) if found else {}
        return {str(name): value is True for name, value in held.items()}

    def is_alive(self) -> bool:
        """False once the server's process has ended."""
        return not self._gone

    def wait(self, pid: int, seconds: float) -> int | None:
        """The exit status of an ended student process, negative for a signal; None if it has not ended in time."""
        with self._condition:
            self._condition.wait_for(lambda: pid in self._statuses or self._gone, timeout=seconds)
            return self._statuses.get(pid)

    def close(self) -> None:
        """End the server and every student process that is left."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        if self._has_answered:  # before, torch is being imported, no process was started, and nothing is read
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
        self._process.kill()
        self._process.wait()
        self._control.close()

    def _read_news(self) -> None:
        with contextlib.suppress(OSError), self._control.makefile("r") as news:
            for line in news:
                word, *numbers = line.split()
                with self._condition:
                    self._has_answered = True
                    pid = int(numbers[0])
                    if word == "started":
                        self._statuses.pop(pid, None)  # of an earlier process: the system uses its numbers again
                        self._started.append(pid)
                    else:
                        self._statuses[pid] = os.waitstatus_to_exitcode(int(numbers[1]))
                    self._condition.notify_all()
        with self._condition:
            self._gone = True
            self._condition.notify_all()
