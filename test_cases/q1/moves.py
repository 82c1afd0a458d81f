"""Question 1: how training on a few points moves the weights, compared with the update rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data import Split, Splits
from grading.checks import diagnosis, expect
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import CheckFailed

TARGET, TRAIN = "models.PerceptronModel", "train.train_perceptron"
TOLERANCE = 1e-4  # of float32 sums of a few products
MAX_PASSES = 1000  # over one point: a fraction of a second, and ample for learning rates down to 0.01
MAX_SLOW_PASSES = 5_000  # over one point that moves the weights, but not far enough yet: less than a second
TRAINING_CRASHES = {
    "does not require grad and does not have a grad_fn": (
        "The perceptron's update is label * x. This update needs no gradient."
    ),
}


def expect_no_move(student: Student, start: np.ndarray, points: np.ndarray, labels: np.ndarray) -> None:
    """Points whose prediction is right move nothing.

    Args:
        student: whose training function runs.
        start: the weights before, (1, dimensions).
        points, labels: (count, dimensions) and (count, 1), all predicted right.
    Raises:
        CheckFailed: the weights moved.
    """
    moved = train_from(student, start, points, labels)[0] - start
    if np.abs(moved).max() > 0:
        raise CheckFailed(
            f"the weights {expect.shown(start[0], ())} predict the label of every point. Training should not move "
            f"them; they moved by {expect.shown(moved[0], ())}.",
            "Does a point move the weights although its prediction is right?",
        )


def expect_no_wrong_move_from_zero(student: Student, point: np.ndarray) -> None:
    """A score of 0 already predicts 1. A move along the point makes no other point wrong: worth a remark, no points."""
    moved = train_from(student, np.zeros((1, 3)), point, np.ones((1, 1)))[0][0]
    if not moved.any():
        return
    if not np.isfinite(moved).all() or not _is_along(moved, point[0]) or _along(moved, point[0]) < 0:
        raise CheckFailed(
            f"with weights of 0, the point {expect.shown(point[0], ())} has the score 0 and the prediction 1. Its "
            f"label is 1. Training should not move the weights; they moved by {expect.shown(moved, ())}.",
            "Does a point move the weights although its prediction is right?",
        )
    student.remark(
        "training moved the weights for a point with label 1 and score 0. The prediction of this point is right: a "
        "score of 0 predicts 1. The move had the right direction and costs no points."
    )


def expect_one_direction(student: Student, start: np.ndarray, point: np.ndarray, label: float) -> None:
    """Any positive number of updates, with any positive learning rate, moves along label * point."""
    weights, training = train_from(student, start, point, np.array([[label]]))
    moved = (weights - start)[0]
    direction = label * point[0]
    given = (
        f"the weights {expect.shown(start[0], ())} predict {-label:g} for the point {expect.shown(point[0], ())}. Its "
        f"label is {label:g}. Training should move the weights"
    )
    if np.abs(moved).max() == 0:
        on_the_line = "" if start.any() else " A score of 0 predicts 1."
        raise CheckFailed(
            f"{given}; they did not move.{on_the_line}",
            _why_nothing_moved(training),
        )
    step = _along(moved, direction)
    if not _is_along(moved, direction) and not _is_rounded(student, start, point, label, weights):
        raise CheckFailed(
            f"{given} along label * x = {expect.shown(direction, ())}; they moved by {expect.shown(moved, ())}.",
            _other_direction(moved, start[0], point[0], label),
        )
    if step < 0:
        with diagnosis.explained(lambda text: _what_moves_the_wrong_way(student, start, point, label)):
            raise expect.Mismatch(
                f"{given} along label * x; they moved in the opposite direction.",
                "Which sign does your update have?",
            )


def _why_nothing_moved(training: Training) -> str:
    """What the passes over a single wrong point tell, if the weights stayed."""
    if training.stopped:
        return (
            f"Training was stopped after {training.epochs:,.0f} passes over the point. `w = w + step` makes a new "
            "tensor, and the Parameter stays as it is. Does your update make a new tensor, or is there no update?"
        )
    return "Does the point cause no update, or does the update change another tensor than `get_weights` returns?"


def _what_moves_the_wrong_way(student: Student, start: np.ndarray, point: np.ndarray, label: float) -> str:
    """Whether a wrong point with the other label moves the weights the wrong way, too."""
    moved = (train_from(student, start, -point, np.array([[-label]]))[0] - start)[0]
    if not moved.any():
        return ""
    if _along(moved, label * point[0]) < 0:
        return "Points of both labels move the weights in the wrong direction. Which sign does your update have?"
    return (
        f"Points with label {-label:g} move the weights in the right direction, points with label {label:g} do not. Is "
        "the label part of your update?"
    )


def _other_direction(moved: np.ndarray, start: np.ndarray, point: np.ndarray, label: float) -> str:
    """What a move of the weights that goes neither along label * x nor against it is made of.

    Args:
        moved: by which the weights moved, (dimensions,).
        start: the weights before, (dimensions,).
        point, label: that caused the move.
    """
    right = label * point
    directions = {
        "The move is the same for all weights, so that the point plays no part.": np.ones_like(point),
        "The move goes along the weights. It should go along the point.": start,
        "The move goes along the absolute values of x.": np.abs(point),
        "The move goes along the signs of x.": np.sign(point),
        "The move goes along the squares of x.": np.square(point),
        "The move goes along the products of weights and x.": start * point,
    }
    for told, along in directions.items():
        if along.any() and _is_along(moved, along):
            return f"{told} Which numbers does your update add?"
    still = moved == 0
    if still.any() and not still.all() and _is_along(moved[~still], right[~still]):
        which = ", ".join(str(index) for index in np.flatnonzero(still))
        return f"These weights did not move: {which} (from 0). The others moved along label * x."
    parts = np.stack([right, start], axis=1)
    sizes = np.linalg.lstsq(parts, moved, rcond=None)[0]
    if len(moved) > 2 and np.abs(parts @ sizes - moved).max() <= TOLERANCE * np.abs(moved).max():
        if abs(sizes[1] + 1) < TOLERANCE:
            return (
                "The new weights are a multiple of label * x. The old weights are lost. Does your update add, or set?"
            )
        return (
            f"The move is {sizes[0]:.3g} times label * x plus {sizes[1]:.3g} times the weights. An update adds label * "
            "x alone. What else changes the weights?"
        )
    return ""


def step_size(student: Student, start: np.ndarray, point: np.ndarray, label: float) -> float:
    """How many times label * x the first pass over one point adds to the weights."""
    weights, _ = train_from(student, start, point, np.array([[label]]), (1,))
    return _along((weights - start)[0], label * point[0])


def _is_rounded(student: Student, start: np.ndarray, point: np.ndarray, label: float, weights: np.ndarray) -> bool:
    """Whether a move goes along label * x but for what float32 rounds off in each of many small steps."""
    moved, direction = (weights - start)[0], label * point[0]
    step, total = step_size(student, start, point, label), _along(moved, direction)
    if not 0 < step < total:
        return False
    largest = np.float32(max(np.abs(start).max(), np.abs(weights).max()))
    return _is_along(moved, direction, float(np.spacing(largest)) / 2 * total / step)


def _is_along(moved: np.ndarray, direction: np.ndarray, rounded: float = 0.0) -> bool:
    """Whether a move goes along `direction` or against it, not aside; `rounded` is what rounding may add aside."""
    aside = moved - _along(moved, direction) * direction
    return bool(np.abs(aside).max() <= TOLERANCE * np.abs(moved).max() + rounded)


def _along(moved: np.ndarray, direction: np.ndarray) -> float:
    """How many times `direction` a move goes along it; negative if it goes against it."""
    return float(moved @ direction / (direction @ direction))


def train_from(
    student: Student,
    start: np.ndarray,
    points: np.ndarray,
    labels: np.ndarray,
    pass_limits: Sequence[int] = (MAX_PASSES, MAX_SLOW_PASSES),
) -> tuple[np.ndarray, Training]:
    """The weights after training on a few points, and what was seen of it.

    A sound update gets them right after some passes; a wrong one may go on for ever. So training is ended after many.
    It gets far more, from the start again, if the weights went the right way: a tiny learning rate may take its time.
    """
    split = Split(x=points.astype(np.float32), y=labels.astype(np.float32))
    for max_passes in pass_limits:
        model = student.create(TARGET, points.shape[1])
        set_weights(model, start)
        with diagnosis.explained(lambda text: diagnosis.crash(text, TRAINING_CRASHES)):
            training = student.train(TRAIN, model, Splits("points", "points of a check", split), max_passes)
        weights = weights_of(model, points.shape[1])
        gain = (labels * points * (weights - start)).sum()
        if not training.stopped or not gain > 0 or len(points) > 1:
            break
    return weights, training


def weights_of(model: Model, dimensions: int) -> np.ndarray:
    """The only parameter's value, (1, dimensions)."""
    return _only_parameter(model, dimensions)[1]


def set_weights(model: Model, value: np.ndarray) -> None:
    """Give the only parameter other numbers, (1, dimensions)."""
    model.set_parameters({_only_parameter(model, value.shape[1])[0]: value.astype(np.float32)})


def _only_parameter(model: Model, dimensions: int) -> tuple[str, np.ndarray]:
    """Name and value of the only parameter. The first check has seen that a new model has this one."""
    found = model.parameters()
    if [value.shape for value in found.values()] != [(1, dimensions)]:
        shapes = ", ".join(str(value.shape) for value in found.values()) or "no parameter"
        raise CheckFailed(
            f"PerceptronModel({dimensions}) should keep its one Parameter of shape (1, {dimensions}); it now has "
            f"{shapes}.",
            "Which line replaces the Parameter, or gives it another shape?",
        )
    return next(iter(found.items()))
