"""The smallest case in which a student's code differs: what a message shows if no known mistake explains a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from grading.checks import combinations, expect
from grading.outcomes import CheckFailed, StudentCrashed

MAX_NUMBERS = 24  # of an array in a message; more are not read
DECIMALS = 4


@dataclass(frozen=True)
class Case:
    """One call of the student's code.

    Attributes:
        given: the arguments in words and numbers, such as "weights [2, -1], input [1, 1]".
        expected: the right result.
        call: gives the student's result.
    """

    given: str
    expected: np.ndarray | float
    call: Callable[[], Any]


def difference(cases: Iterable[Case], tolerance: float) -> str:
    """State the first case whose result is not the expected one; "" if there is none.

    Args:
        cases: from the smallest to the largest.
        tolerance: relative to 1 + the expected number.
    """
    for case in cases:
        try:
            found = case.call()
        except (StudentCrashed, CheckFailed):
            continue
        if not isinstance(found, (np.ndarray, bool, int, float)):
            continue  # the statement of the check has told what came
        if not combinations.agrees(case.expected, found, tolerance):
            return f"The smallest case that differs: {case.given}. Expected {told(case.expected)}; got {told(found)}."
    return ""


def positions(found: Any, expected: np.ndarray, tolerance: float) -> str:
    """State at which positions of a sequence an output differs; "" if nowhere, or if the shapes differ.

    Args:
        found: from the student's code.
        expected: (batch, time, width).
        tolerance: relative to 1 + the expected number.
    """
    if np.shape(found) != expected.shape:
        return ""
    error = np.abs(np.asarray(found, np.float64) - expected) / (1 + np.abs(expected))
    wrong = ~(error.max(axis=(0, 2)) <= tolerance)  # (time,); NaN is wrong
    if not wrong.any():
        return ""
    if wrong.all():
        return f"All {len(wrong)} positions differ."
    return f"Of {len(wrong)} positions, these differ: {', '.join(map(str, np.flatnonzero(wrong)))} (from 0)."


def told(value: Any) -> str:
    """An array in full if it is small, else its shape; a number; or a few words for anything else."""
    if isinstance(value, (bool, int, float)):
        return f"{value:.{DECIMALS}g}"
    if not isinstance(value, np.ndarray) or value.size > MAX_NUMBERS:
        return expect.kind(value)
    text = np.array2string(value, precision=DECIMALS, separator=", ", suppress_small=True, floatmode="maxprec")
    return expect.one_line(text)
