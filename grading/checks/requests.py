"""The requests to one question's student process: the process is started, and what goes wrong becomes an exception."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from grading.checks import answers, other_editions
from grading.checks.history import History
from grading.checks.source import StudentSource
from grading.checks.student_code import StudentCode
from grading.outcomes import NotImplementedYet, OutOfLimits, Progress, StudentCrashed
from grading.questions import Question


class Connection(Protocol):
    """What answers requests: a student process, or the same code in this process."""

    def request(
        self, message: dict[str, Any], deadline: float, on_progress: Callable[[Progress], None]
    ) -> dict[str, Any]:
        """Send a request and wait for its answer."""

    def kill(self) -> None:
        """End the other side."""


class Requests:
    """Asks the student process of a question; starts one for the first request, and another one after a crash.

    Args:
        question: whose code it is.
        source: the student's files as text.
        code: the same files as the question uses them.
        remark: takes a sentence for the student that costs no points.
        connect: starts a connection.
        deadline: on the clock.
        on_progress: called with reports while a training function runs.
        window_title: of the windows that show training; None opens none.
        threads: that torch may use.
        clock: gives seconds.

    Attributes:
        connection: to the process that runs now, or None.
        latest: what was reported last of each kind, while something trains.
        seed_value: of the student's randomness.
    """

    def __init__(
        self,
        question: Question,
        source: StudentSource,
        code: StudentCode,
        remark: Callable[[str], None],
        connect: Callable[[], Connection],
        deadline: float,
        on_progress: Callable[[Progress], None],
        window_title: str | None,
        threads: int,
        clock: Callable[[], float],
    ) -> None:
        self._question, self._source, self._code = question, source, code
        self._remark, self._connect = remark, connect
        self._deadline = deadline
        self._on_progress = on_progress
        self._window_title = window_title
        self._threads = threads
        self._clock = clock
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
        if self.connection is None:
            self.connection = self._connect()
            self.ask(
                {
                    "op": "configure",
                    "code_directory": str(self._source.directory),
                    "left_out": self._code.left_out(),
                    "question": self._question.id,
                    "picture": self._question.picture,
                    "threads": self._threads,
                    "window_title": self._window_title,
                },
                "",
            )
            self.ask({"op": "seed", "seed": self.seed_value}, "")

        def on_progress(report: Progress) -> None:
            self._on_progress(report)
            self.latest.update(report)
            if history is not None:
                history.add(report)

        try:
            reply = self.connection.request(message, self._deadline, on_progress)
        except (StudentCrashed, OutOfLimits) as end:
            self.connection = None  # it is gone; the next check after a crash gets a new one
            if isinstance(end, OutOfLimits):
                told = seen() if end.reason == "time" else self._code.why_out_of_memory()
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
        return self._deadline - self._clock()

    def end_within(self, seconds: float) -> None:
        """Give the process so many seconds more, at most, and start no other one."""
        self._deadline = min(self._deadline, self._clock() + seconds)
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
