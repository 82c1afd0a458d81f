"""Question 1: the perceptron's weights, score, prediction, update rule and convergence."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from data import Library, Split, Splits, points
from grading.checks import diagnosis, expect, smallest
from grading.checks.answers import Training
from grading.checks.diagnosis import Mistake
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import CheckFailed
from pictures.separating_line import SeparatedPoints
from test_cases.q1 import endings, mistakes

TARGET, TRAIN = "models.PerceptronModel", "train.train_perceptron"
TOLERANCE = 1e-4  # of float32 sums of a few products
DRAWS = 8  # sets of points to be separated, the run's own first
MAX_PASSES = 1000  # over one point: a fraction of a second, and ample for learning rates down to 0.01
MAX_SLOW_PASSES = 5_000  # over one point that moves the weights, but not far enough yet: less than a second
NEAR_THE_LINE = 1e-3  # scores this small may have another sign in another order of summation


def weights(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for dimensions in (1, 3, 7):
        parameters = student.create(TARGET, dimensions).parameters()
        shapes = [value.shape for value in parameters.values()]
        if shapes != [(1, dimensions)]:
            raise CheckFailed(
                f"PerceptronModel({dimensions}) should have one Parameter of shape (1, {dimensions}); "
                f"{_shapes(shapes)}.",
                _wrong_shapes(shapes),
            )
        model = student.create(TARGET, dimensions)
        found = expect.array(model.method("get_weights"), (1, dimensions), "get_weights() should return the weights")
        expect.close(found, _weights(model), 0, "get_weights() should return the Parameter itself:")


def _shapes(shapes: list[tuple[int, ...]]) -> str:
    if not shapes:
        return "torch finds no parameter"
    return f"its parameters have the shapes {', '.join(map(str, shapes))}"


def _wrong_shapes(shapes: list[tuple[int, ...]]) -> str:
    if not shapes:
        return "Is the tensor of weights wrapped in `Parameter(...)`, and is it an attribute of `self`?"
    if len(shapes) > 1:
        return "The weights of a perceptron are a single Parameter. Which other layer or Parameter is there?"
    return "The perceptron has one weight for each number of a point, and no other numbers."


def score(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = np.random.default_rng(2)
    for dimensions in (2, 5):
        model = student.create(TARGET, dimensions)
        _set_weights(model, random.standard_normal((1, dimensions)))
        for point in random.standard_normal((10, 1, dimensions)).astype(np.float32):
            with diagnosis.explained(
                lambda text, model=model: _wrong_score(model),  # type: ignore[misc]
                lambda model=model: _smallest_score(model),  # type: ignore[misc]
            ):
                found = expect.number(model(point), "the score of one point should be")
                expect.close(
                    found,
                    float((point @ _weights(model).T).item()),
                    TOLERANCE,
                    "the score should be the dot product of the weights with the point,",
                )


def _wrong_score(model: Model) -> str:
    weights = _weights(model)
    points = np.random.default_rng(12).standard_normal((6, 1, weights.shape[1])).astype(np.float32)
    return mistakes.SCORE.explanation([((weights, point), model(point)) for point in points], TOLERANCE)


def _smallest_score(model: Model) -> str:
    """Scores of points with two numbers; the check begins with such a model."""
    weights = np.array([[2.0, -1.0]], np.float32)
    _set_weights(model, weights)
    points = [np.array([point], np.float32) for point in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (3.0, 2.0))]
    return smallest.difference(
        [
            smallest.Case(
                f"weights {smallest.told(weights)}, point {smallest.told(point)}",
                float((point @ weights.T).item()),
                partial(model, point),
            )
            for point in points
        ],
        TOLERANCE,
    )


def prediction(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    model = student.create(TARGET, 2)
    _set_weights(model, np.array([[1.0, -2.0]]))
    cases = [
        ((3.0, 1.0), 1),
        ((1.0, 3.0), -1),
        ((-1.0, -3.0), 1),
        ((0.0, 0.5), -1),
        ((2.0, 1.0), 1),
        ((0.0, 0.0), 1),
    ]
    for point, expected in cases:
        found = expect.number(
            model.method("get_prediction", np.array([point], np.float32)),
            "get_prediction should give 1 or -1",
        )
        if found != expected:
            value = point[0] - 2 * point[1]
            boundary = "A score of 0 belongs to class 1." if value == 0 else ""
            with diagnosis.explained(lambda text: _wrong_prediction(model, [point for point, _ in cases])):
                raise expect.Mismatch(
                    f"a point with score {value:g} should get prediction {expected}; got {found:g}.", boundary
                )


def update(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = np.random.default_rng(3)
    start = np.array([[1.0, -2.0, 0.5]])
    points = random.standard_normal((20, 3))
    _expect_no_move(student, start, points, np.where(points @ start.T >= 0, 1.0, -1.0))
    _expect_no_wrong_move_from_zero(student, points[:1])
    for point in points[:4, None]:
        right = 1.0 if (point @ start.T).item() >= 0 else -1.0
        _expect_one_direction(student, start, point, -right)
    _expect_one_direction(student, np.zeros((1, 3)), points[:1], -1.0)


def convergence(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for number in range(1, DRAWS + 1):
        # one pass alone ends with every point right on about every third set: luck must not pass
        drawn = library.load("points") if number == 1 else points.draw(_seed_of_draw(number, library.seed))
        _converges(student, drawn, number, thresholds["maximum_passes"])


def _converges(student: Student, drawn: Splits, number: int, maximum_passes: float) -> None:
    """Train on one of the sets of points, and look at all of them."""
    model = student.create(TARGET, drawn.train.x.shape[1])
    start = _weights(model)
    training = student.train(TRAIN, model, drawn, maximum_passes, is_watched=number == 1)
    weights = _weights(model)
    if not np.isfinite(weights).all():
        raise CheckFailed(
            "after training, some weights are NaN or infinite. Each update should add label * x.",
            "What does your update add?",
        )
    scores = drawn.train.x @ weights.T
    for row in np.flatnonzero(np.abs(scores) < NEAR_THE_LINE):
        scores[row] = expect.number(model(drawn.train.x[row : row + 1]), "the score of one point should be")
    right = np.where(scores >= 0, 1, -1) == drawn.train.y
    if number == 1 or not right.all():  # the number belongs to the set that a message is about
        student.record("training_accuracy", right.mean())
    if number == 1:
        student.exhibit(lambda: SeparatedPoints(drawn.train.x[:, :2], drawn.train.y[:, 0], weights[0]))
    if training.stopped:
        raise CheckFailed(_went_on(training, bool((weights != start).any()), int(right.sum()), len(right)))
    if not right.all():
        count = "1 pass" if training.epochs == 1 else f"{training.epochs:.3g} passes"
        if 0 < training.epochs < 1:
            count = "1 point" if training.fetched == 1 else f"{training.fetched:,} points"
        passes = f" after {count}" if training.epochs else ""
        which = "" if number == 1 else f"this is set {number} of {DRAWS}, with other points of the same kind. "
        raise CheckFailed(
            f"{which}{'training' if number == 1 else 'Training'} ended{passes} with {int(right.sum())} of {len(right)} "
            "points right. A line separates these points. Training should end after a whole pass without a mistake.",
            endings.why(training, partial(_train_from, student)),
        )


def _went_on(training: Training, moved: bool, right: int, count: int) -> str:
    """What to say of a training that goes on and on."""
    updates = f" and {training.writes:,} updates" if training.writes else ""
    seen = f"training was stopped after {training.epochs:,.0f} passes over the {count} points{updates}."
    if not moved:
        return (
            f"{seen} The weights are as they were at the start, and {right} of {count} points are right. An update "
            "must change the Parameter that `get_weights` returns. Does your update change this Parameter, or a new "
            "tensor?"
        )
    if right == count:
        return (
            f"{seen} Every point is right. Training should end after a pass without a mistake. Where does your loop "
            "count the mistakes of one pass?"
        )
    return (
        f"{seen} The weights still moved, and {right} of {count} points are right. A perceptron needs far fewer "
        "passes. Does each mistake, and nothing else, add label * x?"
    )


def _seed_of_draw(number: int, run_seed: int) -> int:
    return zlib.crc32(f"q1/points/{number}/{run_seed}".encode())


TRAINING_CRASHES = {
    "does not require grad and does not have a grad_fn": (
        "The perceptron's update is label * x. This update needs no gradient."
    ),
}
WRONG_PREDICTIONS = [
    Mistake(
        np.sign,
        "You return the sign of the score. The sign of 0 is 0. A score of 0 belongs to class 1.",
    ),
    Mistake(
        lambda score: 1 if score > 0 else -1,
        "Only the score of exactly 0 gets the wrong class. A score of 0 belongs to class 1. Which comparison do you "
        "use?",
    ),
    Mistake(lambda score: -1 if score >= 0 else 1, "Every prediction has the wrong sign."),
    Mistake(lambda score: -1 if score > 0 else 1, "Every prediction has the wrong sign, except for a score of 0."),
    Mistake(lambda score: 1 if score >= 0 else 0, "Your classes are 1 and 0. The classes should be 1 and -1."),
    Mistake(lambda score: score, "You return the score itself. The prediction is the class: 1 or -1."),
    Mistake(lambda score: 1, "The prediction is 1 for every point."),
    Mistake(lambda score: -1, "The prediction is -1 for every point."),
]


def _wrong_prediction(model: Model, points: list[tuple[float, float]]) -> str:
    probes: list[diagnosis.Probe] = [
        ((x - 2 * y,), model.method("get_prediction", np.array([[x, y]], np.float32))) for x, y in points
    ]
    return _threshold(model) or diagnosis.recognised(WRONG_PREDICTIONS, probes, TOLERANCE)


def _threshold(model: Model) -> str:
    scores = np.linspace(-5, 5, 81)
    points = [np.array([[score, 0]], np.float32) for score in scores]  # the first weight is 1
    return mistakes.threshold(
        list(scores),
        [expect.number(model.method("get_prediction", point), "the prediction should be") for point in points],
    )


def _expect_no_move(student: Student, start: np.ndarray, points: np.ndarray, labels: np.ndarray) -> None:
    moved = _train_from(student, start, points, labels)[0] - start
    if np.abs(moved).max() > 0:
        raise CheckFailed(
            f"the weights {expect.shown(start[0], ())} predict the label of every point. Training should not move "
            f"them; they moved by {expect.shown(moved[0], ())}.",
            "Does a point move the weights although its prediction is right?",
        )


def _expect_no_wrong_move_from_zero(student: Student, point: np.ndarray) -> None:
    """A score of 0 already predicts 1. A move along the point makes no other point wrong: worth a remark, no points."""
    moved = _train_from(student, np.zeros((1, 3)), point, np.ones((1, 1)))[0][0]
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


def _expect_one_direction(student: Student, start: np.ndarray, point: np.ndarray, label: float) -> None:
    """Any positive number of updates, with any positive learning rate, moves along label * point."""
    weights, training = _train_from(student, start, point, np.array([[label]]))
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
    if not _is_along(moved, direction):
        raise CheckFailed(
            f"{given} along label * x = {expect.shown(direction, ())}; they moved by {expect.shown(moved, ())}.",
            mistakes.direction(moved, start[0], point[0], label),
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
    moved = (_train_from(student, start, -point, np.array([[-label]]))[0] - start)[0]
    if not moved.any():
        return ""
    if _along(moved, label * point[0]) < 0:
        return "Points of both labels move the weights in the wrong direction. Which sign does your update have?"
    return (
        f"Points with label {-label:g} move the weights in the right direction, points with label {label:g} do not. Is "
        "the label part of your update?"
    )


def _is_along(moved: np.ndarray, direction: np.ndarray) -> bool:
    """Whether a move goes along `direction` or against it, not aside."""
    aside = moved - _along(moved, direction) * direction
    return bool(np.abs(aside).max() <= TOLERANCE * np.abs(moved).max())


def _along(moved: np.ndarray, direction: np.ndarray) -> float:
    """How many times `direction` a move goes along it; negative if it goes against it."""
    return float(moved @ direction / (direction @ direction))


def _train_from(
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
        _set_weights(model, start)
        with diagnosis.explained(lambda text: diagnosis.crash(text, TRAINING_CRASHES)):
            training = student.train(TRAIN, model, Splits("points", "points of a check", split), max_passes)
        gain = (labels * points * (_weights(model) - start)).sum()
        if not training.stopped or not gain > 0 or len(points) > 1:
            break
    return _weights(model), training


def _weights(model: Model) -> np.ndarray:
    """The only parameter's value; the first check has seen that there is one."""
    (value,) = model.parameters().values()
    return value


def _set_weights(model: Model, value: np.ndarray) -> None:
    (name,) = model.parameters()
    model.set_parameters({name: value.astype(np.float32)})
