"""Question 2: the regression model's shape, loss, and fit to the sine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data import Library
from grading.checks import diagnosis, expect
from grading.checks.diagnosis import Mistake
from grading.checks.student import Student
from pictures.curve import FittedCurve

TARGET, LOSS, TRAIN = "models.RegressionModel", "losses.regression_loss", "train.train_regression"
LOSS_TOLERANCE = 1e-4  # float32 means over a handful of rows are exact to about 1e-6


def shape(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    model = student.create(TARGET)
    for batch in (1, 4):
        x = np.linspace(-6, 6, batch, dtype=np.float32)[:, None]
        expect.array(
            model(x),
            (batch, 1),
            f"a batch of {batch} should give predictions",
            "Does the last layer have one output?",
        )


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong_loss(student)):
        _mean_squared_error(student)


def fit(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    sine = library.load("sine")
    assert sine.test is not None
    model = student.create(TARGET)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(TRAIN, model, sine)
    count = len(sine.test)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        predictions = expect.array(model(sine.test.x), (count, 1), f"the trained model should give {count} predictions")
    error = float(np.square(predictions - sine.test.y).mean())
    student.record("loss", error)
    x, targets = sine.test.x[:, 0], sine.test.y[:, 0]
    student.exhibit(lambda: FittedCurve(x, targets, predictions[:, 0]))
    with diagnosis.explained(lambda text: diagnosis.after_training(training, model, sine.train.x, predictions)):
        expect.at_most(
            error,
            thresholds["maximum_loss"],
            "the mean squared error over [-2 pi, 2 pi]",
            "Train longer, or try another learning rate or width.",
        )


def _mean_squared_error(student: Student) -> None:
    for predictions, labels in _loss_inputs(4, (1, 5)):
        batch = len(predictions)
        value = expect.number(
            student.call(LOSS, predictions, labels),
            "regression_loss should be one number, the mean over the batch",
        )
        expected = float(np.square(predictions - labels, dtype=np.float64).mean())
        expect.close(
            value,
            expected,
            LOSS_TOLERANCE,
            f"the mean squared error of {batch} predictions should be",
            "Is it torch's mse_loss of both arguments?",
        )
        found = student.gradients(LOSS, predictions, labels)
        if not found.differentiable or found.inputs[0] is None:
            raise expect.Mismatch(
                "no gradient flows from regression_loss back to the predictions, so training cannot improve the model.",
                "Is something detached, or turned into a plain number, on the way?",
            )


WRONG_LOSSES = [
    Mistake(
        lambda predictions, labels: np.square(predictions - labels.T).mean(),
        "Your loss is the mean over all pairs of a prediction and a label. Each prediction belongs to its own label. "
        "When (n,) meets (n, 1), subtraction fills up both to (n, n): print the two shapes just before they meet.",
    ),
    Mistake(
        lambda predictions, labels: np.square(predictions - labels).sum(),
        "That is the sum over the batch, not its mean. Larger batches would take larger steps.",
    ),
    Mistake(
        lambda predictions, labels: np.abs(predictions - labels).mean(),
        "That is the mean of the differences' sizes; their squares are wanted.",
    ),
    Mistake(
        lambda predictions, labels: (predictions - labels).mean(),
        "That is the mean of the differences: those above and those below cancel out. Their squares are wanted.",
    ),
    Mistake(
        lambda predictions, labels: np.sqrt(np.square(predictions - labels).mean()),
        "That is the square root of the mean squared error.",
    ),
    Mistake(
        lambda predictions, labels: np.square(predictions - labels).mean() / 2,
        "That is half the mean squared error.",
    ),
]


def _wrong_loss(student: Student) -> str:
    inputs = _loss_inputs(14, (5, 8, 13))
    probes = [(arguments, student.call(LOSS, *arguments)) for arguments in inputs]
    return diagnosis.recognised(WRONG_LOSSES, probes, LOSS_TOLERANCE)


def _loss_inputs(seed: int, batches: tuple[int, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Predictions and labels, float32 (batch, 1)."""
    random = np.random.default_rng(seed)
    pairs = [random.standard_normal((2, batch, 1)).astype(np.float32) for batch in batches]
    return [(predictions, labels) for predictions, labels in pairs]
