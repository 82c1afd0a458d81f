"""Mistakes put together by machine: a computation is described once, and its wrong variants are tried at every probe.

The computation is one function whose keywords are right by default. A `Part` names one keyword and its wrong values:

    def scaled(x, *, factor=2.0, shift=0.0): ...

    SCALED = Computation(scaled, (
        Part("factor", (Variant(1.0, "The factor is missing."), Variant(4.0, "The factor is applied twice."))),
        Part("shift", (Variant(1.0, "1 is added."),)),
    ))
    SCALED.explanation(probes, TOLERANCE)

`explanation` looks for one mistake first. Only if no single mistake fits every probe, it looks for two in two parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

Probe = tuple[tuple[Any, ...], Any]  # the arguments of a call, and what the student's code returned

MAX_MISTAKES = 2  # with three, different variants too often give the same numbers
MAX_SUSPECTS = 2  # a message names so many explanations at most


@dataclass(frozen=True)
class Variant:
    """One wrong value of a part.

    Attributes:
        value: of the keyword.
        fact: one or more sentences: what the student's code does, and what was expected.
        question: what to look at; left out where a message states more than one fact.
    """

    value: Any
    fact: str
    question: str = ""


@dataclass(frozen=True)
class Part:
    """One keyword of a computation, and the values that are mistakes."""

    keyword: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True)
class Computation:
    """A computation and everything that is known to go wrong with it.

    Attributes:
        function: gets a probe's arguments and, by keyword, the values of variants. Returns an array or a number, in
            float64. Right without keywords. It may raise ValueError or IndexError where variants do not go together.
        parts: what can be wrong.
        max_mistakes: how many parts may be wrong at once.
    """

    function: Callable[..., np.ndarray | float]
    parts: tuple[Part, ...]
    max_mistakes: int = MAX_MISTAKES

    def explanation(self, probes: Sequence[Probe], tolerance: float) -> str:
        """Name the mistakes that give what came at every probe.

        Args:
            probes: calls of the student's code with different sizes, so that no two variants agree at all of them.
            tolerance: relative to 1 + the expected number, as in `grading.checks.expect.close`.
        Returns:
            The fewest mistakes that fit. Two explanations are both told. Of more, the mistakes that all of them share
            are told. "" if nothing fits, or if the right computation fits.
        """
        if not _has_numbers(probes) or self._fits({}, probes, tolerance):
            return ""
        for count in range(1, self.max_mistakes + 1):
            fitting = [
                tuple(chosen.values())
                for chosen in self._choices(count)
                if self._fits({keyword: variant.value for keyword, variant in chosen.items()}, probes, tolerance)
            ]
            if fitting:
                return _told(fitting)
        return ""

    def _choices(self, count: int) -> Iterator[dict[str, Variant]]:
        """Every way to get exactly `count` parts wrong, by keyword."""
        for parts in combinations(self.parts, count):
            for variants in product(*(part.variants for part in parts)):
                yield dict(zip((part.keyword for part in parts), variants, strict=True))

    def _fits(self, mistakes: dict[str, Any], probes: Sequence[Probe], tolerance: float) -> bool:
        try:
            with np.errstate(all="ignore"):  # a wrong softmax may divide by 0
                return all(agrees(self.function(*given, **mistakes), found, tolerance) for given, found in probes)
        except (ValueError, IndexError):
            return False


def agrees(expected: np.ndarray | float, found: Any, tolerance: float) -> bool:
    """Whether an array or number has the expected shape and numbers; NaN and infinity have to be at the same entries.

    One number agrees with an array of one number, whatever the array's shape is.
    """
    if not isinstance(found, (np.ndarray, int, float)):
        return False
    expected, found = np.asarray(expected, np.float64), np.asarray(found, np.float64)
    if expected.size == found.size == 1:
        expected, found = expected.reshape(()), found.reshape(())
    if expected.shape != found.shape or _differs_at_an_end(expected, found, tolerance):
        return False
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(found)):
        return False
    if not np.array_equal(expected[~finite], found[~finite], equal_nan=True):
        return False
    error = np.abs(found[finite] - expected[finite])
    return bool((error <= tolerance * (1 + np.abs(expected[finite]))).all())


def _differs_at_an_end(expected: np.ndarray, found: np.ndarray, tolerance: float) -> bool:
    """Whether the first or last of the entries settles that two arrays of one shape do not agree: most do not."""
    for place in (0, -1) if expected.size else ():
        one, other = expected.item(place), found.item(place)
        if math.isfinite(one) and not abs(other - one) <= tolerance * (1 + abs(one)):
            return True
    return False


def _has_numbers(probes: Sequence[Probe]) -> bool:
    """Whether at least one probe gave a finite number: what is NaN throughout agrees with too much."""
    return any(isinstance(found, (np.ndarray, int, float)) and np.isfinite(found).any() for _, found in probes)


def _told(fitting: Iterable[tuple[Variant, ...]]) -> str:
    """One message of all explanations that fit, each a tuple of mistakes."""
    explanations = list({tuple(variant.fact for variant in variants): variants for variants in fitting}.values())
    if len(explanations) == 1:
        return _facts(explanations[0])
    if len(explanations) <= MAX_SUSPECTS and all(len(variants) == 1 for variants in explanations):
        facts = [variants[0].fact for variants in explanations]
        return "Two mistakes give these numbers. " + " ".join(
            f"{number}. {fact}" for number, fact in enumerate(facts, start=1)
        )
    shared = [variant for variant in explanations[0] if all(variant in others for others in explanations[1:])]
    return _facts(shared)


def _facts(variants: Sequence[Variant]) -> str:
    if len(variants) == 1:
        return f"{variants[0].fact} {variants[0].question}".strip()
    return " ".join(["Two parts are wrong." if variants else "", *(variant.fact for variant in variants)]).strip()
