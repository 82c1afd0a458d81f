"""Whether the rows of a batch mix: each row is right alone, and some are wrong beside other rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grading.checks import combinations

MAX_ROWS_TOLD = 4
INDEPENDENT = "An output should depend on its own row alone."


def mixing(call: Callable[[np.ndarray], Any], batch: np.ndarray, expected: np.ndarray, tolerance: float) -> str:
    """State which rows of a batch are wrong beside the others and right alone; "" if not all wrong rows are such.

    Args:
        call: the student's code, of a batch.
        batch: at least two different rows.
        expected: the right output, (batch, ...).
        tolerance: relative to 1 + the expected number.
    """
    found = call(batch)
    if np.shape(found) != expected.shape or len(batch) < 2:
        return ""

    def is_right(rows: np.ndarray, output: Any) -> bool:
        return combinations.agrees(expected[rows], output, tolerance)

    numbers = np.arange(len(batch))
    wrong = [row for row in range(len(batch)) if not is_right(numbers[row : row + 1], found[row : row + 1])]
    alone = (is_right(numbers[row : row + 1], call(batch[row : row + 1])) for row in wrong)
    if not wrong or not all(alone):
        return ""
    told = f"Each row of the batch gives the right output alone. In the batch of {len(batch)}, {listed(wrong)} wrong."
    if wrong == list(range(1, len(batch))):
        return f"{told} Row 0 is right there, too. Does your code use a number of row 0 for all rows?"
    return f"{told} {INDEPENDENT} Which operation of your code joins numbers of different rows?"


def listed(rows: list[int]) -> str:
    """Rows as the subject of a sentence, with the verb."""
    if len(rows) > MAX_ROWS_TOLD:
        return f"{len(rows)} rows are"
    return f"row {rows[0]} is" if len(rows) == 1 else f"the rows {', '.join(map(str, rows))} are"
