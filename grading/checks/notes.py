"""What checks note about a student's code on the way: metrics, remarks, the course of trainings, what is looked at."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from grading.checks import training_mistakes
from grading.checks.answers import Training
from grading.checks.history import History
from grading.checks.requests import Connection
from grading.outcomes import CheckFailed, OutOfLimits, RunEnded, StudentCrashed
from pictures.panels import Exhibit


@dataclass(frozen=True)
class Records:
    """What checks have noted so far: metrics, the course of trainings, and what was set aside to be looked at."""

    metrics: dict[str, float]
    histories: dict[str, History]
    exhibits: list[tuple[Connection | None, Callable[[], Exhibit], bool]]


class Notes:
    """The notes of one question. No point depends on them.

    Args:
        question_id: of the question.
        process: gives the connection to the student's process, or None.
    """

    def __init__(self, question_id: str, process: Callable[[], Connection | None]) -> None:
        self._question_id, self._process = question_id, process
        self.metrics: dict[str, float] = {}
        self._remarks: list[str] = []
        self._remarks_told: set[str] = set()
        self._histories: dict[str, History] = {}
        self._exhibits: list[tuple[Connection | None, Callable[[], Exhibit], bool]] = []

    def record(self, metric: str, value: float) -> None:
        """Note a number for the report, such as `test_accuracy`: to six places, or three digits of a smaller one.

        NaN and infinity are left out: JSON has no word for them, and a harness gives no points for invalid JSON.
        """
        if math.isfinite(value):
            self.metrics[metric] = round(float(value), 6) or float(f"{value:.3g}")

    def losses(self, name: str) -> np.ndarray:
        """The losses that a call or a probe has reported while it trained: updates and mean losses, (count, 2).

        The student's process reports them: for messages only. Empty if they are too few.
        """
        curve = self._histories[name].curve() if name in self._histories else None
        return curve.losses if curve is not None else np.empty((0, 2))

    def remark(self, text: str) -> None:
        """Note a sentence for the student that costs no points; the same sentence is told once."""
        if text not in self._remarks_told:
            self._remarks_told.add(text)
            self._remarks.append(text)

    def advise(self, training: Training) -> None:
        """Note what a training that was good enough should do in another way, if there is something."""
        if text := training_mistakes.advice(training):
            self.remark(text)

    def take_remarks(self) -> list[str]:
        """The remarks since the last call."""
        taken, self._remarks = self._remarks, []
        return taken

    def exhibit(self, make: Callable[[], Exhibit], in_window: bool = False) -> None:
        """Set something aside to be looked at.

        Args:
            make: gives it. Called once all checks have had their outcome, and only where somebody wants to look; what
                it asks of the student's code then changes no outcome.
            in_window: it is also what this question's window shows, where nothing is trained.
        """
        self._exhibits.append((self._process(), make, in_window))

    def exhibits(self, only_for_window: bool = False) -> list[Exhibit]:
        """The learning curves, and everything set aside that can still be had; no check may run after this."""
        curves = [] if only_for_window else [history.curve() for history in self._histories.values()]
        found: list[Exhibit] = [curve for curve in curves if curve]
        now = self._process()
        for connection, make, in_window in self._exhibits:
            if only_for_window and not in_window:
                continue
            # the handles of another process would mean other objects now
            if connection is None or now is None or connection is now:
                try:
                    found.append(make())
                except (Exception, SystemExit) as error:  # a picture less: no point depends on it
                    if not isinstance(error, (CheckFailed, StudentCrashed, OutOfLimits, RunEnded)):
                        print(f"(a picture of {self._question_id} cannot be made: {error})", file=sys.stderr)
        return found

    def records(self) -> Records:
        """A copy of what is noted now, for `restore`."""
        return Records(dict(self.metrics), dict(self._histories), list(self._exhibits))

    def restore(self, records: Records) -> None:
        """Forget what was noted since, or return to what was noted then."""
        self.metrics = dict(records.metrics)
        self._histories, self._exhibits = dict(records.histories), list(records.exhibits)

    def new_history(self, target: str) -> History:
        """Of a call that may train; the latest of each name is kept."""
        self._histories[target] = History(target)
        return self._histories[target]
