"""Names the one mistake in a computation that takes its mistakes as a keyword, and numbers that float32 has rounded.

    def mean(x, wrong): ...  # with the mistake of this name

    IN_MEAN = {"sum": "The numbers were added. Their mean is asked for."}
    variants.recognised(reference.mean, mean, IN_MEAN, probes)

`grading.checks.combinations` is for computations in which two mistakes may meet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from grading.checks import diagnosis
from grading.checks.diagnosis import Mistake, Probe

# Relative to 1 + the expected number, as in `expect.close`.
EXACT = 1e-9  # float64 sums and products of a few dozen numbers are exact to about 1e-14
ROUNDED = 1e-5  # numbers this close to the right ones have been through float32
FLOAT32 = "The numbers are right to about 7 digits. Something was turned into float32; the inputs are float64."


def recognised(
    right: Callable[..., Any], wrong: Callable[..., Any], explanations: Mapping[str, str], probes: Sequence[Probe]
) -> str:
    """That float32 rounds the right numbers, or the explanation of the mistake that gives what came; else ""."""
    return rounded(right, probes) or named(wrong, explanations, probes)


def named(
    wrong: Callable[..., Any], explanations: Mapping[str, str], probes: Sequence[Probe], tolerance: float = EXACT
) -> str:
    """The explanation of the one mistake that gives what came at every probe; "" if none or several do.

    Args:
        wrong: gets a probe's arguments and the keyword `wrong`, the name of a mistake.
        explanations: by the names of mistakes.
        probes: what the student's function was called with, and what came.
        tolerance: of the numbers.
    """
    mistakes = [Mistake(partial(wrong, wrong=name), explanation) for name, explanation in explanations.items()]
    return diagnosis.recognised(mistakes, probes, tolerance)


def rounded(right: Callable[..., Any], probes: Sequence[Probe]) -> str:
    """`FLOAT32` if what came at every probe is right to the digits of float32; else ""."""
    return diagnosis.recognised([Mistake(right, FLOAT32)], probes, ROUNDED)


def joined(*arrays: Any) -> np.ndarray:
    """All numbers of several arrays in a row, float64: what a function with several results gave, as one probe."""
    return np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays])
