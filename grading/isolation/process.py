"""Starts student processes, talks to them, and ends them: at a deadline, over a memory limit, or when done."""

from __future__ import annotations

import codecs
import contextlib
import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from grading.isolation import channel, memory
from grading.isolation.forkserver import ForkServer
from grading.isolation.program import program
from grading.isolation.sandbox import Sandbox
from grading.outcomes import MEMORY, TIME, OutOfLimits, RunEnded, StudentCrashed
from startup import packages

SECONDS_BETWEEN_LOOKS = 0.1  # at the clock and the memory, while waiting for an answer
MAX_PROGRESS_NUMBERS = 16  # of one report
MAX_PATIENCE = 20  # times its time limit: a process may also starve itself, with threads of its own
SECONDS_FOR_AN_EXIT_STATUS = 10.0  # the fork server may be busy with an import
NEVER_BEGAN = (
    "the process for your code {ended} before any of your code ran. Is the memory full? Does the virus scanner end "
    "programs? `python autograder.py --check-dependencies` tries the packages."
)
UNREAD_MESSAGES = 1  # a process that floods the channel waits here, and the grader's memory stays small


class StudentProcess:
    """One isolated process for one question's student code.

    Args:
        fork_server: where the process comes from; None starts an interpreter of its own (slower by torch's import).
        on_output: called with each piece of text the student's code prints.
        memory_limit_bytes: resident memory of the process and all it starts.
        sandbox: how the process is confined; needs a fork server. None for not at all.
        patient: on a busy machine, do not count the time in which the process waited for a processor (Linux; see
            `_out_of_time`). Not for runs that somebody else ends by the clock.
        clock: gives the seconds that deadlines are compared with.
    """

    def __init__(
        self,
        fork_server: ForkServer | None,
        on_output: Callable[[str], None],
        memory_limit_bytes: int,
        sandbox: Sandbox | None = None,
        patient: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory_limit_bytes = memory_limit_bytes
        self._patient = patient
        self._clock = clock
        self._started = clock()
        self._measured = 0.0  # when the memory was looked at
        self._session = sandbox.open(memory_limit_bytes) if sandbox is not None else None
        self._fork_server = fork_server
        self._popen: subprocess.Popen[bytes] | None = None
        if fork_server is not None:
            try:
                self.pid, *streams = fork_server.fork(self._session.confinement() if self._session else None)
            except BaseException:
                if self._session is not None:
                    self._session.close()
                raise
        else:
            self._popen = subprocess.Popen(
                program("alone"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                **_own_group(),
            )
            self.pid = self._popen.pid
            streams = [cast(BinaryIO, s) for s in (self._popen.stdin, self._popen.stdout, self._popen.stderr)]
        self._requests, replies, output = streams
        self._has_answered = False
        self._incoming: queue.Queue[Any] = queue.Queue(maxsize=UNREAD_MESSAGES)
        self._dead = threading.Event()
        self._printer = threading.Thread(target=_pump, args=(output, on_output), daemon=True)
        threading.Thread(target=self._read_replies, args=(replies,), daemon=True).start()
        self._printer.start()

    def request(
        self, message: dict[str, Any], deadline: float, on_progress: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Args:
            message: see `grading.child.requests`.
            deadline: on the clock that the process was made with.
            on_progress: called with the reports that training sends meanwhile: finite numbers by name, no more.
        Raises:
            OutOfLimits: the deadline passed, or a limit of memory or disk was exceeded; the process is gone.
            RunEnded: another thread has killed the process, because the run was interrupted.
            StudentCrashed: the process ended by itself, or sent something else than an answer; it is gone.
            Unusable: it ended before its first answer, because torch cannot be used here.
        """
        threading.Thread(target=self._send, args=(message,), daemon=True).start()
        while True:
            try:
                reply = self._incoming.get(timeout=SECONDS_BETWEEN_LOOKS)
            except queue.Empty:
                reply = {}
            if self._dead.is_set():
                raise RunEnded
            if self._out_of_time(deadline):
                self.kill()
                raise OutOfLimits(TIME)
            if exceeded := self._exceeded():
                self.kill()
                raise OutOfLimits(exceeded)
            if isinstance(reply, EOFError) and not self._has_answered:
                ended = self._exit_phrase()
                self.kill()
                if fault := self._fault_of_torch():
                    raise packages.Unusable(fault)
                raise StudentCrashed(NEVER_BEGAN.format(ended=ended))
            if isinstance(reply, Exception):
                ended = self._exit_phrase() if isinstance(reply, EOFError) else "sent a malformed message"
                self.kill()
                raise StudentCrashed(f"the student process {ended}")
            if not isinstance(reply, dict):
                self.kill()
                raise StudentCrashed("the student process sent a malformed message")
            if isinstance(reply.get("progress"), dict):
                on_progress(_numbers(reply["progress"]))
            elif "result" in reply or isinstance(reply.get("error"), dict):
                self._has_answered = True
                return reply

    def _fault_of_torch(self) -> str:
        """Why torch cannot be used here; empty if it can be, as where the fork server that has imported it lives."""
        if self._fork_server is not None and self._fork_server.is_alive():
            return ""
        return packages.problem("torch")

    def kill(self) -> None:
        """End the process and everything it started; safe to call again."""
        if self._dead.is_set():
            return
        self._dead.set()
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(self.pid)], capture_output=True, check=False)
        elif self._fork_server is None or self._fork_server.wait(self.pid, 0) is None:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        # else the fork server has ended the whole family, and the number may be that of another student's process
        if self._session is not None:
            self._session.end()
        self._wait()
        with contextlib.suppress(queue.Empty):  # frees a reader that waits for room
            while True:
                self._incoming.get_nowait()
        self._printer.join(timeout=1)
        with contextlib.suppress(OSError):
            self._requests.close()
        if self._session is not None:
            self._session.close()

    def _out_of_time(self, deadline: float) -> bool:
        """Whether the time is up.

        A sound submission must not fail because thirty others are graded beside it. So the clock of a patient process
        stands still while its main thread, on which it computes, is ready to run and has no processor.
        """
        now = self._clock()
        if now <= deadline or not self._patient:
            return now > deadline
        return now > deadline + min(self._starved_seconds(), MAX_PATIENCE * max(0.0, deadline - self._started))

    def _starved_seconds(self) -> float:
        """How long the process's main thread has waited for a processor; 0 where the system does not tell."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[1]) / 1e9
        return 0.0

    def _exceeded(self) -> str:
        """The limit that is exceeded, `MEMORY` or `DISK`; empty if none is, or if it was looked at just now."""
        if self._session is not None:
            return self._session.exceeded(self.pid)
        now = time.monotonic()
        if now - self._measured < memory.SECONDS_BETWEEN_MEASUREMENTS:
            return ""
        self._measured = now
        return MEMORY if memory.group_bytes(self.pid) > self._memory_limit_bytes else ""

    def _wait(self, seconds: float = 5.0) -> int | None:
        """The exit status, negative for a signal; None if it cannot be had in time."""
        if self._fork_server is not None:
            return self._fork_server.wait(self.pid, seconds)
        assert self._popen is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._popen.wait(seconds)
        return None

    def _exit_phrase(self) -> str:
        status = self._wait(SECONDS_FOR_AN_EXIT_STATUS)
        if status is None:
            return "closed its channel"
        if status < 0:
            return f"was ended by signal {packages.signal_name(-status)}"
        asks = "; does the code call os._exit?" if self._has_answered else ""
        return f"ended itself with exit code {status}{asks}"

    def _send(self, message: dict[str, Any]) -> None:
        """Runs on a thread of its own: a process that does not read must not hold up the clock."""
        with contextlib.suppress(OSError, ValueError):
            channel.write(self._requests, message)

    def _read_replies(self, replies: BinaryIO) -> None:
        with contextlib.closing(replies):
            try:
                while not self._dead.is_set():
                    self._incoming.put(channel.read(replies, channel.MAX_REPLY_BYTES))
            except (EOFError, OSError, ValueError) as error:
                self._incoming.put(error if isinstance(error, EOFError) else EOFError())
            except channel.ChannelError as error:
                self._incoming.put(error)


def _numbers(report: dict[str, Any]) -> dict[str, Any]:
    """The part of a progress report that can be shown."""
    kept: dict[str, Any] = {}
    for name, value in report.items():
        with contextlib.suppress(OverflowError):  # an int that no float can hold
            if type(value) in (int, float) and math.isfinite(value) and len(kept) < MAX_PROGRESS_NUMBERS:
                kept[name[:40]] = value
    return kept


def _own_group() -> dict[str, Any]:
    """Arguments of `Popen` that let the whole family of the process be ended at once."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _pump(stream: BinaryIO, on_output: Callable[[str], None]) -> None:
    """Pass on what is printed, as it comes; read on where our own output is closed, or printing would crash."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    with contextlib.suppress(OSError, ValueError), contextlib.closing(stream):
        while part := os.read(stream.fileno(), 2**16):
            with contextlib.suppress(OSError, ValueError):
                on_output(decoder.decode(part))
