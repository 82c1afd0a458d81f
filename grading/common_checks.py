"""Checks that several questions share."""

from __future__ import annotations

import numpy as np

from grading import expect
from grading.outcomes import CheckFailed
from grading.student import Student

LOSS_TOLERANCE = 1e-4  # float32 means over a handful of rows are exact to about 1e-6


def logits_shape(student: Student, target: str, inputs: int, classes: int, hint: str) -> None:
    """A model maps (batch, inputs) to (batch, classes), for one row and for several."""
    model = student.create(target)
    random = np.random.default_rng(0)
    for batch in (1, 4):
        rows = random.random((batch, inputs), dtype=np.float32)
        noun = "image" if batch == 1 else "images"
        expect.array(model(rows), (batch, classes), f"a batch of {batch} {noun} should give scores", hint)


def cross_entropy_loss(student: Student, target: str, classes: int) -> None:
    """A loss is the mean cross-entropy of logits against one-hot labels, and gradients flow to the logits.

    Existing solutions take the labels first or second: both orders are accepted.
    """
    name = target.rpartition(".")[2]
    random = np.random.default_rng(1)
    for batch in (1, 6):
        logits = (2 * random.standard_normal((batch, classes))).astype(np.float32)
        labels = np.eye(classes, dtype=np.float32)[random.integers(classes, size=batch)]
        expected = cross_entropy(logits, labels)
        what = f"{name} of {batch} rows of logits"
        value = expect.number(
            student.call(target, logits, labels), f"{what} should be one number, the mean over the batch"
        )
        prediction = 0
        if not expect.is_close(value, expected, LOSS_TOLERANCE):
            swapped = student.call(target, labels, logits)
            if isinstance(swapped, np.ndarray) and expect.is_close(swapped, expected, LOSS_TOLERANCE):
                prediction = 1
            else:
                expect.close(
                    value,
                    expected,
                    LOSS_TOLERANCE,
                    f"{what} should be",
                    "Is it torch's cross_entropy of logits and labels, as they come?",
                )
        arguments = (logits, labels) if prediction == 0 else (labels, logits)
        found = student.gradients(target, *arguments)
        if not found.differentiable or found.inputs[prediction] is None:
            raise CheckFailed(
                f"no gradient flows from {name} back to the predictions, so training cannot improve the model. "
                "Is something detached, or turned into a plain number, on the way?"
            )


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The mean over rows of -sum(labels * log softmax(logits)), in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-(labels * log_probabilities).sum(axis=1).mean())
