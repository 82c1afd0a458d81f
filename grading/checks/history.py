"""Keeps what training reports about itself while it runs: the student's process tells it, so nothing depends on it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pictures.learning_curve import LearningCurve

MAX_ROWS = 600  # of each series; a process that floods the channel makes them coarser, not longer
MIN_ROWS = 4  # fewer are no curve: a check's short trials leave such


class History:
    """Two series of one training run; whatever does not fit is left out.

    Args:
        name: of what was called.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._accuracies, self._losses = _Series(), _Series()

    def add(self, report: dict[str, Any]) -> None:
        """Take in a progress report; see `grading.child.watch`."""
        self._accuracies.add(report.get("epochs"), report.get("validation_accuracy"))
        self._losses.add(report.get("updates"), report.get("loss"))

    def curve(self) -> LearningCurve | None:
        """What has come in so far; None if that is too little to be a curve."""
        accuracies, losses = self._accuracies.rows(), self._losses.rows()
        return LearningCurve(self._name, accuracies, losses) if max(len(accuracies), len(losses)) else None


class _Series:
    """Rows of two numbers, the first of which grows. When there are too many, every other one goes."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, float]] = []
        self._latest: tuple[float, float] | None = None
        self._stride, self._skipped = 1, 0

    def add(self, place: Any, value: Any) -> None:
        if not (_is_number(place) and _is_number(value)):
            return
        row = float(place), float(value)
        if self._latest is not None and (row[0] < self._latest[0] or row[1] == self._latest[1]):
            return  # a flat stretch needs no rows of its own
        self._latest = row
        self._skipped += 1
        if self._skipped >= self._stride:
            self._skipped = 0
            self._rows.append(row)
        if len(self._rows) > MAX_ROWS:
            self._rows, self._stride = self._rows[::2], self._stride * 2

    def rows(self) -> np.ndarray:
        """Float64 (count, 2); empty if they are too few."""
        rows = self._rows
        if self._latest is not None and rows[-1:] != [self._latest]:
            rows = [*rows, self._latest]
        return np.array(rows if len(rows) >= MIN_ROWS else [], np.float64).reshape(-1, 2)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int that no float can hold
        return False
