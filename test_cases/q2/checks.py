"""Question 2: the regression model's shape, loss, and fit to the sine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from data import Library
from grading.checks import behaviour, course, diagnosis, expect, losses, received
from grading.checks import common as common_checks
from grading.checks.answers import Training
from grading.checks.behaviour import Measure
from grading.checks.model import Model
from grading.checks.student import Student
from pictures.curve import FittedCurve

TARGET, LOSS, TRAIN = "models.RegressionModel", "losses.regression_loss", "train.train_regression"
SEVERAL = np.linspace(-6, 6, 32, dtype=np.float32)[:, None]  # inputs of a batch
LOSS_TOLERANCE = 1e-4  # float32 means over a handful of rows are exact to about 1e-6


def shape(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    model = student.create(TARGET)
    for batch in (1, 4):
        x = np.linspace(-6, 6, batch, dtype=np.float32)[:, None]
        with diagnosis.explained(
            lambda text: diagnosis.first(
                lambda: received.shape(model, SEVERAL[:4], "numbers"),
                lambda: behaviour.not_a_number_alone(model, SEVERAL),
            )
        ):
            expect.array(
                model(x),
                (batch, 1),
                f"a batch of {batch} should give {'a prediction' if batch == 1 else 'predictions'}",
                "Does the last layer have one output?",
            )


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong_loss(student), lambda: _smallest_loss(student)):
        _mean_squared_error(student)


def fit(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    sine = library.load("sine")
    assert sine.test is not None
    model = student.create(TARGET)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(TRAIN, model, sine, thresholds["maximum_passes"])
    count = len(sine.test)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        predictions = expect.array(model(sine.test.x), (count, 1), f"the trained model should give {count} predictions")
    error = float(np.square(predictions - sine.test.y).mean())
    student.record("loss", error)
    x, targets = sine.test.x[:, 0], sine.test.y[:, 0]
    student.exhibit(lambda: FittedCurve(x, targets, predictions[:, 0]))
    limit = thresholds["maximum_loss"]
    measure = Measure(sine.test.x, lambda found: -float(np.square(found - sine.test.y).mean()), -limit)  # type: ignore[union-attr]
    with diagnosis.explained(
        lambda text: diagnosis.first(
            lambda: diagnosis.after_training(
                training, model, sine.train.x, predictions, measure=measure, lowest=float(targets.min())
            ),
            lambda: _flat(model, sine.test.x, predictions, training),  # type: ignore[union-attr]
            lambda: behaviour.scaled_outputs(predictions, sine.test.y),  # type: ignore[union-attr]
        )
    ):
        seen = course.told(training, layers=model.layers(SEVERAL), loss="mean squared error") if error > limit else ""
        expect.at_most(error, limit, "the mean squared error over [-2 pi, 2 pi]", seen)
    student.advise(training)


def _flat(model: Model, x: np.ndarray, predictions: np.ndarray, training: Training) -> str:
    """Where predictions are one number; beside it, what training shows, unless the first layer receives one number."""
    flat, is_from_the_first_layer = received.where_flat(model, x, predictions)
    if course.is_rate_large(training):
        return ""  # large steps end in such models, too
    if not flat or is_from_the_first_layer:
        return flat
    return f"{flat} {course.told(training, layers=model.layers(SEVERAL), loss='mean squared error')}"


def _mean_squared_error(student: Student) -> None:
    for predictions, labels in _loss_inputs(4, (1, 5)):
        batch = len(predictions)
        value = expect.number(
            student.call(LOSS, predictions, labels),
            "regression_loss should be the mean over the batch",
        )
        expected = losses.squared_error(predictions, labels)
        expect.close(
            value,
            expected,
            LOSS_TOLERANCE,
            f"the mean squared error of {batch} predictions should be",
            "Is it torch's `mse_loss` of both arguments?",
        )
        found = student.gradients(LOSS, predictions, labels)
        if not found.differentiable or found.inputs[0] is None:
            raise expect.Mismatch(
                "no gradient flows from regression_loss back to the predictions. Training could then not improve the "
                "model.",
                common_checks.NO_GRADIENT,
            )


def _wrong_loss(student: Student) -> str:
    inputs = _loss_inputs(14, (5, 8, 13))
    probes = [(arguments, student.call(LOSS, *arguments)) for arguments in inputs]
    return losses.SQUARED_ERROR.explanation(probes, LOSS_TOLERANCE)


def _smallest_loss(student: Student) -> str:
    cases = [
        ([[0.0]], [[0.0]]),
        ([[3.0]], [[1.0]]),
        ([[1.0]], [[3.0]]),
        ([[1.0], [2.0]], [[2.0], [5.0]]),  # two different errors: no two of the usual mistakes give the same number
        ([[0.0], [3.0], [-1.0]], [[1.0], [1.0], [2.0]]),
    ]
    call = partial(student.call, LOSS)
    return common_checks.smallest_losses(call, losses.squared_error, cases, "predictions")


def _loss_inputs(seed: int, batches: tuple[int, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Predictions and labels, float32 (batch, 1)."""
    random = np.random.default_rng(seed)
    pairs = [random.standard_normal((2, batch, 1)).astype(np.float32) for batch in batches]
    return [(predictions, labels) for predictions, labels in pairs]
