"""Question 2: the regression model's shape, loss, and fit to the sine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data import Library
from grading import expect
from grading.outcomes import CheckFailed
from grading.student import Student

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
    random = np.random.default_rng(4)
    for batch in (1, 5):
        predictions, labels = random.standard_normal((2, batch, 1)).astype(np.float32)
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
            raise CheckFailed(
                "no gradient flows from regression_loss back to the predictions, so training cannot improve the model. "
                "Is something detached, or turned into a plain number, on the way?"
            )


def fit(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    sine = library.load("sine")
    assert sine.test is not None
    model = student.create(TARGET)
    student.train(TRAIN, model, sine)
    count = len(sine.test)
    predictions = expect.array(model(sine.test.x), (count, 1), f"the trained model should give {count} predictions")
    error = float(np.square(predictions - sine.test.y).mean())
    student.record("loss", error)
    expect.at_most(
        error,
        thresholds["maximum_loss"],
        "the mean squared error over [-2 pi, 2 pi]",
        "Train longer, or try another learning rate or width.",
    )
