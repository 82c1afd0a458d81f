"""Why numbers are nearly right: float32 where the digits show it, a constant where it is found, else a question."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grading.checks import variants
from grading.outcomes import CheckFailed
from test_cases.e6 import checks as word_vectors
from test_cases.e12 import checks as assistant
from test_cases.e12.public.verses import PAD

X = np.random.default_rng(0).uniform(0.5, 2, (3, 4))


def right(x: np.ndarray) -> np.ndarray:
    return np.log(x) / x


def below(x: np.ndarray, constant: float) -> np.ndarray:
    return np.log(x) / (x + constant)


def inside(x: np.ndarray, constant: float) -> np.ndarray:
    return np.log(x + constant) / x


CONSTANTS = [("x below", below), ("x in the logarithm", inside)]


def told(found: Any) -> str:
    return variants.nearly_right(right, [((X,), found)], CONSTANTS)


def test_float32_is_told_only_of_numbers_that_float32_can_hold():
    assert told(right(X).astype(np.float32)) == variants.FLOAT32
    assert told(right(X).astype(np.float32).astype(np.float64)) == variants.FLOAT32
    assert told(right(X.astype(np.float32).astype(np.float64))) == variants.EITHER
    assert told(right(X) + 1e-8) == variants.EITHER


def test_a_whole_number_that_is_nearly_right_is_no_sign_of_float32():
    probes = [((np.array([1.0]),), np.array([1.0]))]
    assert variants.nearly_right(lambda x: x + 1e-7, probes) == variants.EITHER


@pytest.mark.parametrize("size", variants.SIZES[:-4])
def test_a_constant_is_named_with_its_size_and_its_position(size):
    written = f"{size:g}".replace("e-0", "e-")
    assert told(below(X, size)) == f"A small constant, {written}, is added to x below. The formula has none."
    assert (
        told(inside(X, size)) == f"A small constant, {written}, is added to x in the logarithm. The formula has none."
    )


def test_what_two_constants_explain_is_told_without_a_position():
    twice = [("one thing", below), ("another thing", below)]
    assert variants.nearly_right(right, [((X,), below(X, 1e-8))], twice) == variants.SOMEWHERE


@pytest.mark.parametrize("found", [right(X), right(X) + 1e-3, right(X) * np.nan, right(X)[0], None])
def test_nothing_is_told_of_right_numbers_and_of_others(found):
    assert told(found) == ""


def test_a_mistake_that_makes_a_small_difference_is_named_before_a_guess():
    known = {"more": "One millionth was added."}
    probes = [((X,), right(X) + 1e-6)]
    assert variants.recognised(right, lambda x, wrong: right(x) + 1e-6, known, probes) == known["more"]


class Answers:
    """A student whose functions are given."""

    def __init__(self, function: Any) -> None:
        self.call = lambda name, *given: function(*given)
        self.probe_named = lambda name, functions, **given: {"value": function(*given.values()), "changed": False}


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one @ other.T / (np.outer(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1)) + 1e-8)


def means(hidden: np.ndarray, rows: np.ndarray) -> np.ndarray:
    real = (rows != PAD)[:, :, None]
    return (real * hidden).sum(axis=1) / (real.sum(axis=1) + 1e-8)


@pytest.mark.parametrize(
    ("check", "function", "position"),
    [
        (word_vectors.cosine_similarity, cosines, "the product of the lengths"),
        (assistant.pool, means, "the number of tokens"),
    ],
)
def test_the_verdict_on_a_constant_is_the_same_for_every_seed(check, function, position):
    for seed in range(30):
        with pytest.raises(CheckFailed, match=f"A small constant, 1e-8, is added to {position}"):
            check(Answers(function), SimpleNamespace(seed=seed), {})
