"""The requests to one question's student process: the process is started, and what goes wrong becomes an exception."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from grading.checks import answers, other_editions
from grading.checks.history import History
from grading.checks.student_code import StudentCode
from grading.outcomes import TIME, NotImplementedYet, OutOfLimits, Progress, StudentCrashed


class Connection(Protocol):
    """What answers requests: a student process, or the same code in this process."""

    def request(
        self, message: dict[str, Any], deadline: float, on_progress: Callable[[Progress], None]
    ) -> dict[str, Any]:
        """Send a request and wait for its answer."""

    def kill(self) -> None:
        """End the other side."""


@dataclass(frozen=True)
class StudentSettings:
    """How the student's code of one question is run.

    Attributes:
        connect: starts a connection; called again after a crash.
        deadline: on the clock.
        on_progress: called with reports while a training function runs.
        window_title: of the windows that show training; None opens none.
        threads: that torch may use.
        wants_curves: have validation accuracy looked at while training runs, for its learning curve.
        clock: gives seconds.
    """

    connect: Callable[[], Connection]
    deadline: float = math.inf
    on_progress: Callable[[Progress], None] = lambda report: None
    window_title: str | None = None
    threads: int = 1
    wants_curves: bool = False
    clock: Callable[[], float] = time.monotonic


class Requests:
    """Asks the student process of a question; starts one for the first request, and another one after a crash.

    Args:
        code: the student's files as the question uses them.
        remark: takes a sentence for the student that costs no points.
        settings: how the process is started, and how long it may take.

    Attributes:
        connection: to the process that runs now, or None.
        latest: what was reported last of each kind, while something trains.
        seed_value: of the student's randomness.
    """

    def __init__(self, code: StudentCode, remark: Callable[[str], None], settings: StudentSettings) -> None:
        self._code, self._remark, self._settings = code, remark, settings
        self._connect, self._deadline = settings.connect, settings.deadline  # `end_within` changes both
        self.connection: Connection | None = None
        self.latest: Progress = {}
        self.seed_value = 0

    def ask(
        self,
        message: dict[str, Any],
        target: str,
        history: History | None = None,
        seen: Callable[[], str] = lambda: "",
    ) -> Any:
        """Send one request; turn what went wrong into the exception that tells it.

        Args:
            message: the request.
            target: what it calls; "" for what is no student code.
            history: takes the progress reports, or None.
            seen: gives a sentence about how far it had come when a limit ended it.
        """
        if target:
            self._code.require_permitted(target)
        connection = self.connection or self._start()
        return self._answer(connection, message, target, history, seen)

    def _start(self) -> Connection:
        """Start a process and prepare it for the question."""
        self.connection = connection = self._connect()
        settings = {"threads": self._settings.threads, "window_title": self._settings.window_title}
        self._answer(connection, {"op": "configure", **self._code.configuration(), **settings})
        self._answer(connection, {"op": "seed", "seed": self.seed_value})
        return connection

    def _answer(
        self,
        connection: Connection,
        message: dict[str, Any],
        target: str = "",
        history: History | None = None,
        seen: Callable[[], str] = lambda: "",
    ) -> Any:
        """The answer of a process that has been started; see `ask`."""

        def on_progress(report: Progress) -> None:
            self._settings.on_progress(report)
            self.latest.update(report)
            if history is not None:
                history.add(report)

        try:
            reply = connection.request(message, self._deadline, on_progress)
        except (StudentCrashed, OutOfLimits) as end:
            self.connection = None  # it is gone; the next check after a crash gets a new one
            if isinstance(end, OutOfLimits):
                told = seen() if end.reason == TIME else self._code.why_out_of_memory()
                raise OutOfLimits(end.reason, told) from None
            raise
        for habit in answers.strings(reply.get("habits")):
            if habit in other_editions.REMARKS:
                self._remark(other_editions.REMARKS[habit])
        error = reply.get("error")
        if error is None:
            return reply["result"]
        raise self._code.failure(error, target, message["op"] == "train")

    def not_none(self, result: Any, target: str) -> Any:
        """A function that returns None, or an empty tensor, is a stub if its body is empty."""
        is_nothing = result is None or (isinstance(result, np.ndarray) and result.size == 0)
        if is_nothing and (stubs := self._code.stubs_of(target)):
            raise NotImplementedYet(stubs[0])
        return result

    def seconds_left(self) -> float:
        """Until the question's deadline."""
        return self._deadline - self._settings.clock()

    def end_within(self, seconds: float) -> None:
        """Give the process so many seconds more, at most, and start no other one."""
        self._deadline = min(self._deadline, self._settings.clock() + seconds)
        self._connect = _refuse

    def seed(self, name: str, run_seed: int) -> None:
        """Seed the student's randomness from a name, so that it depends on neither order nor earlier checks."""
        self.seed_value = zlib.crc32(f"{name}/{run_seed}".encode())
        if self.connection is not None:
            self.ask({"op": "seed", "seed": self.seed_value}, "")

    def close(self) -> None:
        """End the student's process, if there is one."""
        if self.connection is not None:
            self.connection.kill()
            self.connection = None


def _refuse() -> Connection:
    raise StudentCrashed("the student process is gone")
