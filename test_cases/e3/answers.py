"""What the student's functions gave, once it has been looked at: every answer of elective 3 passes through here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grading.checks import expect
from grading.checks.student import Student
from grading.outcomes import CheckFailed

MODULE = "electives.regularization"
BATCH, WIDTH = 6, 5  # of what is normalised
BOUNDS = {"rate": (1e-3, 0.3), "l2": (1e-5, 1.0)}
LOWS, HIGHS = ([bounds[end] for bounds in BOUNDS.values()] for end in (0, 1))
DRAWS = 1000  # of the cheap search


def split(student: Student, count: int) -> list[np.ndarray]:
    """The example numbers of three splits."""
    found = student.call(f"{MODULE}.split", count)
    what = f"split({count}) should return three int64 tensors of example numbers"
    if not isinstance(found, list) or len(found) != 3:
        raise CheckFailed(f"{what}; got {expect.kind(found)}.")
    for part in found:
        if not isinstance(part, np.ndarray) or part.ndim != 1 or part.dtype.kind != "i":
            dtype = f" and dtype {part.dtype}" if isinstance(part, np.ndarray) else ""
            raise CheckFailed(f"{what}; one is {expect.kind(part)}{dtype}.")
    return [part.astype(np.int64) for part in found]


def standardized(student: Student, parts: Sequence[np.ndarray]) -> list[Any]:
    """Three standardized splits, each of the shape of what was given."""
    found = student.call(f"{MODULE}.standardize", *parts)
    if not isinstance(found, list) or len(found) != len(parts):
        raise CheckFailed(f"standardize should return three tensors; got {expect.kind(found)}.")
    for part, given in zip(found, parts, strict=True):
        if not isinstance(part, np.ndarray) or part.shape != given.shape:
            raise CheckFailed(f"standardize should return a tensor of shape {given.shape}; got {expect.kind(part)}.")
    return found


def dropped(student: Student, x: np.ndarray, probability: float, is_training: bool) -> tuple[list[np.ndarray], Any]:
    """The outputs of two calls, and the gradient of the first."""
    functions = {"dropout": f"{MODULE}.dropout"}
    found = student.probe_named("dropped", functions, x=x, probability=probability, is_training=is_training)
    outputs = found["outputs"]
    what = "dropout should return a tensor"
    if not isinstance(outputs, list) or len(outputs) != 2:
        raise CheckFailed(f"{what}; got {expect.kind(outputs)}.")
    if found["changed"] is not False:
        raise CheckFailed("dropout changed x in place. Which operations make a new tensor?")
    return [expect.array(output, x.shape, what) for output in outputs], found["gradient"]


def three_parts(answer: Any) -> list[np.ndarray]:
    """Output, running mean and running variance."""
    found, what = answer["answer"], "batch_norm should return three tensors: output, running mean, running variance"
    if not isinstance(found, list) or len(found) != 3:
        raise CheckFailed(f"{what}; got {expect.kind(found)}.")
    shapes = ((BATCH, WIDTH), (WIDTH,), (WIDTH,))
    for part, shape in zip(found, shapes, strict=True):
        if not isinstance(part, np.ndarray) or part.shape != shape:
            is_of_rows = isinstance(part, np.ndarray) and part.shape == (BATCH, WIDTH)
            raise CheckFailed(
                f"{what} of the shapes {', '.join(map(str, shapes))}; one is {expect.kind(part)}.",
                "Over which dimension are mean and variance taken?" if is_of_rows else "",
            )
    return [part.astype(np.float64) for part in found]


def stops(found: Any, runs: Sequence[np.ndarray]) -> list[int]:
    """After how many epochs each training was stopped."""
    if not isinstance(found, list) or len(found) != len(runs):
        raise CheckFailed(f"EarlyStopping was asked about {len(runs)} trainings; got {expect.kind(found)}.")
    counts = []
    for answer in found:
        given = answer.get("answers") if isinstance(answer, dict) else None
        if not isinstance(given, list) or not given:
            raise CheckFailed(f"update should return True or False; got {expect.kind(given)}.")
        if odd := [value for value in given if not isinstance(value, bool)]:
            raise CheckFailed(f"update should return True or False; got {expect.kind(odd[0])}.")
        counts.append(len(given))
    return counts


def calls(found: Any) -> tuple[np.ndarray, np.ndarray]:
    """The settings that were tried, (trials, 2), and the loss of each."""
    if "odd" in found:
        names = " and ".join(BOUNDS)
        raise CheckFailed(
            f"objective should be called with a dictionary of {names}, each a number; got {expect.kind(found['odd'])}."
        )
    if "odd_answer" in found:
        odd = found["odd_answer"]
        raise CheckFailed(
            f"random_search should return two things: the best settings and a list; got {expect.kind(odd)}."
        )
    calls, losses = found["calls"], found["losses"]
    if not isinstance(calls, np.ndarray) or calls.shape[1:] != (len(BOUNDS),):
        raise CheckFailed(f"random_search should try settings; got {expect.kind(calls)}.")
    if len(calls) != DRAWS:
        raise CheckFailed(
            f"random_search with {DRAWS} trials should call objective {DRAWS} times; it did so {len(calls)} times."
        )
    if not isinstance(losses, np.ndarray) or losses.shape != (DRAWS,):
        raise CheckFailed(f"each trial should have a loss; got {expect.kind(losses)}.")
    return calls.astype(np.float64), losses.astype(np.float64)


def row_of(best: Any, calls: np.ndarray) -> int:
    """The number of the trial with these settings, -1 if there is none."""
    if not isinstance(best, list) or len(best) != calls.shape[1] or not all(isinstance(one, float) for one in best):
        return -1
    rows = np.flatnonzero((calls == np.array(best)).all(axis=1))
    return int(rows[0]) if rows.size else -1
