"""Names the one mistake in a computation that takes its mistakes as a keyword, and why numbers are nearly right.

    def mean(x, wrong): ...  # with the mistake of this name

    IN_MEAN = {"sum": "The numbers were added. Their mean is asked for."}
    variants.recognised(reference.mean, mean, IN_MEAN, probes)

Numbers are nearly right if they are float32, or if a small constant such as 1e-8 was added to something:

    def cosine(one, other, constant): ...  # with a constant in the formula, which has none

    variants.nearly_right(reference.cosine, probes, [("the product of the lengths", cosine)])

`grading.checks.combinations` is for computations in which two mistakes may meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from grading.checks import combinations, diagnosis
from grading.checks.diagnosis import Mistake, Probe

# Relative to 1 + the expected number, as in `expect.close`.
EXACT = 1e-9  # float64 sums and products of a few dozen numbers are exact to about 1e-14
ROUNDED = 1e-5  # numbers this close to the right ones may have been through float32
OF_THE_ERROR = 0.01  # a constant explains an error if what remains is so small a share of the error

FLOAT32 = "The numbers are right to about 7 digits. Something was turned into float32; the inputs are float64."
FLOAT32_RESULT = (
    "The numbers are right to about 7 digits. They have been through float32; the docstring asks for float64."
)
EITHER = "The numbers are nearly right. Was something turned into float32, or was a small constant such as 1e-8 added?"
SOMEWHERE = "A small constant such as 1e-8 is added. The formula has none."

SIZES = (*(float(f"1e-{digits}") for digits in range(5, 13)), float(np.finfo(np.float32).eps))  # usual constants
Constants = Sequence[tuple[str, Callable[..., Any]]]  # where it is added; the computation with a keyword `constant`


def recognised(
    right: Callable[..., Any],
    wrong: Callable[..., Any],
    explanations: Mapping[str, str],
    probes: Sequence[Probe],
    constants: Constants = (),
) -> str:
    """Why the numbers are nearly right, or the explanation of the mistake that gives what came; else "".

    A mistake that makes so small a difference is named before a guess.
    """
    why = nearly_right(right, probes, constants)
    return first(why, lambda: named(wrong, explanations, probes))


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


def nearly_right(
    right: Callable[..., Any], probes: Sequence[Probe], constants: Constants = (), float32: str = FLOAT32
) -> str:
    """Why what came at every probe is nearly right; "" if it is not, or if it is right.

    Args:
        right: gives the right numbers for a probe's arguments.
        probes: what the student's function was called with, and what came.
        constants: computations with a small constant where students often add one. The words before say where, such
            as "the product of the lengths"; they follow "is added to".
        float32: what is told of numbers that are float32.
    """
    error = _error(right, probes)
    if not error > EXACT:
        return ""
    if error <= ROUNDED and _are_float32(right, probes):
        return float32
    if fitting := list(_fitting(constants, probes, min(EXACT, OF_THE_ERROR * error))):
        size, position = fitting[0]
        if len(set(fitting)) > 1:
            return SOMEWHERE
        return f"A small constant, {_written(size)}, is added to {position}. The formula has none."
    return EITHER if error <= ROUNDED else ""


def first(why: str, find: Callable[[], str]) -> str:
    """Why numbers are nearly right; where that is unknown or a guess, the explanation of a mistake that is found."""
    return (find() or why) if why in ("", EITHER) else why


def _fitting(constants: Constants, probes: Sequence[Probe], tolerance: float) -> Iterator[tuple[float, str]]:
    """Size and position of each constant that gives what came at every probe."""
    for position, computation in constants:
        for size in SIZES:
            with np.errstate(all="ignore"):
                values = [(computation(*given, constant=size), came) for given, came in probes]
            if all(combinations.agrees(value, came, tolerance) for value, came in values):
                yield size, position


def _error(right: Callable[..., Any], probes: Sequence[Probe]) -> float:
    """The largest error at any probe, relative to 1 + the right number; NaN where no such numbers came."""
    largest = float("nan")
    for given, came in probes:
        expected = right(*given)
        if not combinations.agrees(expected, came, np.inf) or not np.isfinite(came).all():
            return float("nan")
        wanted, found = (np.asarray(each, np.float64).ravel() for each in (expected, came))
        largest = float(np.fmax(largest, (np.abs(found - wanted) / (1 + np.abs(wanted))).max(initial=0)))
    return largest


def _are_float32(right: Callable[..., Any], probes: Sequence[Probe]) -> bool:
    """Whether float32 can hold all that came, and some wrong number has more digits than one would write.

    Half of the bits of a float64 are 0 then. That is no chance.
    """
    has_digits = False
    for given, came in probes:
        found, wanted = (np.asarray(each, np.float64).ravel() for each in (came, right(*given)))
        with np.errstate(over="ignore"):
            if not np.array_equal(found, found.astype(np.float32)):
                return False
            has_digits |= bool(((found != wanted) & (found != found.astype(np.float16))).any())
    return has_digits


def _written(size: float) -> str:
    """1e-8 as one writes it."""
    return f"{size:.3g}".replace("e-0", "e-")


def joined(*arrays: Any) -> np.ndarray:
    """All numbers of several arrays in a row, float64: what a function with several results gave, as one probe."""
    return np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays])
