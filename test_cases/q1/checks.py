"""Question 1: the perceptron's weights, score, prediction, update rule and convergence."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import partial

import numpy as np

from data import Library, Splits, points
from grading.checks import diagnosis, expect, smallest
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import CheckFailed
from pictures.separating_line import SeparatedPoints
from test_cases.q1 import endings, mistakes, moves
from test_cases.q1.moves import TARGET, TOLERANCE, TRAIN

DRAWS = 8  # sets of points to be separated, the run's own first
FAR_WRONG = np.ones((1, 3))  # a point of label 1 that the opposite weights get wrong
SMALL_RATE = 1e-3  # the page asks for learning rates from here on: smaller ones need more passes than are permitted
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
        expect.close(found, moves.weights_of(model, dimensions), 0, "get_weights() should return the Parameter itself:")


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
        moves.set_weights(model, random.standard_normal((1, dimensions)))
        for point in random.standard_normal((10, 1, dimensions)).astype(np.float32):
            with diagnosis.explained(
                lambda text, model=model, dimensions=dimensions: _wrong_score(model, dimensions),  # type: ignore[misc]
                lambda model=model: _smallest_score(model),  # type: ignore[misc]
            ):
                found = expect.number(model(point), "the score of one point should be")
                expect.close(
                    found,
                    float((point @ moves.weights_of(model, dimensions).T).item()),
                    TOLERANCE,
                    "the score should be the dot product of the weights with the point,",
                )


def _wrong_score(model: Model, dimensions: int) -> str:
    weights = moves.weights_of(model, dimensions)
    points = np.random.default_rng(12).standard_normal((6, 1, dimensions)).astype(np.float32)
    return mistakes.SCORE.explanation([((weights, point), model(point)) for point in points], TOLERANCE)


def _smallest_score(model: Model) -> str:
    """Scores of points with two numbers; the check begins with such a model."""
    weights = np.array([[2.0, -1.0]], np.float32)
    moves.set_weights(model, weights)
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
    moves.set_weights(model, np.array([[1.0, -2.0]]))
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
    moves.expect_no_move(student, start, points, np.where(points @ start.T >= 0, 1.0, -1.0))
    moves.expect_no_wrong_move_from_zero(student, points[:1])
    for point in points[:4, None]:
        right = 1.0 if (point @ start.T).item() >= 0 else -1.0
        moves.expect_one_direction(student, start, point, -right)
    moves.expect_one_direction(student, np.zeros((1, 3)), points[:1], -1.0)


def convergence(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for number in range(1, DRAWS + 1):
        # one pass alone ends with every point right on about every third set: luck must not pass
        drawn = library.load("points") if number == 1 else points.draw(_seed_of_draw(number, library.seed))
        _converges(student, drawn, number, thresholds["maximum_passes"])


def _converges(student: Student, drawn: Splits, number: int, maximum_passes: float) -> None:
    """Train on one of the sets of points, and look at all of them."""
    model = student.create(TARGET, drawn.train.x.shape[1])
    start = moves.weights_of(model, drawn.train.x.shape[1])
    training = student.train(TRAIN, model, drawn, maximum_passes, is_watched=number == 1)
    weights = moves.weights_of(model, drawn.train.x.shape[1])
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
        size = diagnosis.attempted(partial(moves.step_size, student, -FAR_WRONG, FAR_WRONG, 1.0), 0.0)
        raise CheckFailed(_went_on(training, bool((weights != start).any()), int(right.sum()), len(right), size))
    if not right.all():
        count = "1 pass" if training.epochs == 1 else f"{training.epochs:.3g} passes"
        if 0 < training.epochs < 1:
            count = "1 point" if training.fetched == 1 else f"{training.fetched:,} points"
        passes = f" after {count}" if training.epochs else ""
        which = "" if number == 1 else f"this is set {number} of {DRAWS}, with other points of the same kind. "
        raise CheckFailed(
            f"{which}{'training' if number == 1 else 'Training'} ended{passes} with {int(right.sum())} of {len(right)} "
            "points right. A line separates these points. Training should end after a whole pass without a mistake.",
            endings.why(training, partial(moves.train_from, student)),
        )


def _went_on(training: Training, moved: bool, right: int, count: int, size: float) -> str:
    """What to say of a training that goes on and on; `size` is how many times label * x one update adds."""
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
    if 0 < size < SMALL_RATE:
        return (
            f"{seen} The weights still moved, and {right} of {count} points are right. In a trial, one update added "
            f"{size:.2g} times label * x. Is the learning rate too small for the start values of the weights?"
        )
    return (
        f"{seen} The weights still moved, and {right} of {count} points are right. A perceptron needs far fewer "
        "passes. Does each mistake, and nothing else, add label * x?"
    )


def _seed_of_draw(number: int, run_seed: int) -> int:
    return zlib.crc32(f"q1/points/{number}/{run_seed}".encode())


def _wrong_prediction(model: Model, points: list[tuple[float, float]]) -> str:
    probes: list[diagnosis.Probe] = [
        ((x - 2 * y,), model.method("get_prediction", np.array([[x, y]], np.float32))) for x, y in points
    ]
    return _threshold(model) or diagnosis.recognised(mistakes.PREDICTIONS, probes, TOLERANCE)


def _threshold(model: Model) -> str:
    scores = np.linspace(-5, 5, 81)
    points = [np.array([[score, 0]], np.float32) for score in scores]  # the first weight is 1
    return mistakes.threshold(
        list(scores),
        [expect.number(model.method("get_prediction", point), "the prediction should be") for point in points],
    )
