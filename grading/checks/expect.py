"""What checks expect of arrays. Every failure says what was done, what was expected, what came, where to look."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from grading.checks import pattern
from grading.isolation.channel import Opaque
from grading.outcomes import CheckFailed

MAX_NUMBERS_SHOWN = 6
FUNCTIONS = {"builtin_function_or_method", "function", "method", "method-wrapper"}  # what Python calls their types
MAX_DIGITS = 13  # more than usual; with them a float64 is told from its neighbour
Numbers = TypeVar("Numbers", float, np.ndarray)


class Mismatch(CheckFailed):
    """What came is not what was expected.

    The evidence says what was done, what was expected and what came. The explanation is a general hint;
    `grading.checks.diagnosis` replaces the hint where more is known.

    Attributes:
        pattern: where the entries of an array differ, and how; "" if nothing stands out.
    """

    def __init__(self, statement: str, hint: str = "", pattern: str = "") -> None:
        super().__init__(statement, f"{pattern} {hint}".strip())
        self.pattern = pattern


class Miss(Mismatch):
    """A measured number is past its threshold.

    Attributes:
        shortfall: by how much, as a share of the error that the threshold permits; infinite where it permits none.
    """

    def __init__(self, statement: str, hint: str, miss: float, permitted: float) -> None:
        super().__init__(statement, hint)
        self._sizes = (miss, permitted)
        self.shortfall = miss / permitted if permitted > 0 else float("inf")

    def explained_by(self, hint: str) -> Miss:
        """The same miss with another hint."""
        return Miss(self.evidence, hint, *self._sizes)


class Doubt(str):
    """An explanation that may be another one's: a training that misses its threshold by little is tried again."""


def array(value: Any, shape: tuple[int, ...], what: str, hint: str = "") -> np.ndarray:
    """Return a value as a float64 array of exactly this shape, all finite.

    Args:
        value: what came out of the student's code.
        shape: the whole shape; an array of another rank does not fit.
        what: subject of the message, such as "a batch of 4 images should give scores".
        hint: a closing question or sentence.
    Raises:
        CheckFailed: it is not an array of numbers, has another shape, or holds NaN or infinity.
    """
    if not isinstance(value, np.ndarray):
        if isinstance(value, (bool, int, float)) and shape == ():
            value = np.asarray(value)
        else:
            raise _failure(f"{what} of shape {shape}", f"got {kind(value)}", hint)
    if value.shape != shape:
        raise _failure(f"{what} of shape {shape}", f"got {value.shape}", hint)
    numbers = value.astype(np.float64)
    finite(numbers, what)
    return numbers


def number(value: Any, what: str, hint: str = "") -> float:
    """Return a single finite number: a Python number, or a tensor that holds one.

    Args:
        value: what came out of the student's code.
        what: subject and verb of the message, such as "the loss should be" or "bleu should return the score".
        hint: a closing question or sentence.
    """
    wanted = f"{what}{'' if what.endswith((' be', ' return')) else ','} a single number"
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(()).item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        found = f"got a tensor of shape {value.shape}" if isinstance(value, np.ndarray) else f"got {kind(value)}"
        raise _failure(wanted, found, hint)
    finite(np.asarray(value, np.float64), wanted)
    return float(value)


def finite(numbers: np.ndarray, what: str) -> None:
    """Fail if NaN or infinity is among the numbers."""
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        found = f"{int(wrong.sum())} of {wrong.size} numbers are NaN or infinite"
        if numbers.size == 1:
            found = f"got {'NaN' if np.isnan(numbers).any() else 'an infinite number'}"
        raise Mismatch(f"{what}; {found}.", "Which line gives the first number that is NaN or infinite?")


def close(
    actual: np.ndarray | float, expected: np.ndarray | float, tolerance: float, what: str, hint: str = ""
) -> None:
    """Fail if any number is off by more than `tolerance` times (1 + its expected size)."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    error = np.abs(actual - expected) / (1 + np.abs(expected))
    if error.size and not error.max() <= tolerance:  # NaN is not close to anything
        where = np.unravel_index(int(error.argmax()), error.shape)
        at = f" at {[int(index) for index in where]}" if error.size > MAX_NUMBERS_SHOWN else ""
        wanted, got = told_apart(expected, actual, lambda numbers, digits: shown(numbers, where, digits))
        raise Mismatch(
            f"{what} {wanted}{at}; got {got}.",
            hint,
            pattern.described(actual, expected, tolerance),
        )


def is_close(actual: np.ndarray | float, expected: np.ndarray | float, tolerance: float) -> bool:
    """Whether `close` would pass."""
    try:
        close(actual, expected, tolerance, "")
    except CheckFailed:
        return False
    return True


def at_least(value: float, threshold: float, what: str, hint: str = "") -> None:
    """Fail with a `Miss` if an accuracy, a fraction, is under its threshold. An accuracy of 1 is no error."""
    if not value >= threshold:  # NaN does not pass
        wanted, got = told_apart(threshold, value, percentage)
        raise Miss(f"{what} should be at least {wanted}; got {got}.", hint, threshold - value, 1 - threshold)


def at_most(value: float, threshold: float, what: str, hint: str = "") -> None:
    """Fail with a `Miss` if a number is over its threshold. A value of 0 is no error."""
    if not value <= threshold:  # NaN does not pass
        wanted, got = told_apart(threshold, value, significant)
        raise Miss(f"{what} should be at most {wanted}; got {got}.", hint, value - threshold, threshold)


def told_apart(one: Numbers, other: Numbers, write: Callable[[Numbers, int], str]) -> tuple[str, str]:
    """Two different numbers, or arrays, with as many digits as show that they differ, and no fewer than is usual."""
    texts = "", ""
    for digits in range(MAX_DIGITS + 1):
        texts = write(one, digits), write(other, digits)
        if texts[0] != texts[1]:
            break
    return texts


def percentage(value: float, digits: int = 0) -> str:
    """A fraction for people: one decimal of a percent, and `digits` more."""
    return f"{value:.{1 + digits}%}"


def significant(value: float, digits: int = 0) -> str:
    """A number with at most four digits, and `digits` more."""
    return f"{value:.{4 + digits}g}"


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The share of rows of `logits` (count, classes) whose largest entry is at `labels` (count,)."""
    return float((logits.argmax(axis=1) == labels).mean())


def from_position(first: int, count: int) -> str:
    """The positions of a sequence from `first` to the last of `count`, in words; positions count from 0."""
    return f"position {first} and at all later positions" if first < count - 1 else f"position {first}, the last one"


def kind(value: Any) -> str:
    """A few words for what a value is."""
    if isinstance(value, np.ndarray):
        return f"a tensor of shape {value.shape}"
    if value is None:
        return "None (is a return missing?)"
    name = value.type_name if isinstance(value, Opaque) else type(value).__name__
    if name in FUNCTIONS:
        return "a function (are the parentheses of a call missing?)"
    if isinstance(value, Opaque) and name.endswith("Loss"):
        return f"an object of the class {name} (which parentheses should hold the tensors?)"
    return f"{'an' if name[:1].lower() in tuple('aeiou') else 'a'} {name}"


def shown(numbers: np.ndarray, where: tuple[Any, ...], digits: int = 0) -> str:
    """The numbers if they are few, else the one at `where`; with four decimals, and `digits` more."""
    if numbers.size <= MAX_NUMBERS_SHOWN:
        return one_line(np.array2string(numbers, precision=4 + digits, separator=", ", suppress_small=True))
    return f"{numbers[where]:.{4 + digits}f}"


def one_line(array: str) -> str:
    """numpy's text of an array on one line, without columns, a point behind whole numbers, or a sign before 0."""
    text = re.sub(r"\[\s+", "[", " ".join(array.split()))
    text = re.sub(r"(\d)\.?\s*(?=[,\]]|$)", r"\1", text)  # of a single number, too: a sentence goes on behind it
    return re.sub(r"-0(?=\.?(?:[,\]]|$))", "0", text)


def _failure(expected: str, got: str, hint: str) -> Mismatch:
    return Mismatch(f"{expected}; {got}.", hint)
