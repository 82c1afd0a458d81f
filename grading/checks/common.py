"""Checks that several questions share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from data import Splits, digits
from grading.checks import diagnosis, expect
from grading.checks.diagnosis import Mistake
from grading.checks.student import Model, Student
from grading.outcomes import CheckFailed, StudentCrashed

LOSS_TOLERANCE = 1e-4  # float32 means over a handful of rows are exact to about 1e-6
LOSS_BATCHES = (1, 6)
PROBED_BATCHES = (3, 12, 17)  # several, so that no two mistakes give the same numbers at all of them
NO_GRADIENT = "Is something detached, or turned into a plain number, on the way?"


def logits_shape(student: Student, target: str, inputs: int, classes: int, hint: str) -> None:
    """A model maps (batch, inputs) to (batch, classes), for one row and for several."""
    model = student.create(target)
    random = np.random.default_rng(0)
    for batch in (1, 4):
        rows = random.random((batch, inputs), dtype=np.float32)
        noun = "image" if batch == 1 else "images"
        with diagnosis.explained(lambda text, rows=rows: _answers_for_scores(model(rows), classes)):  # type: ignore[misc]
            expect.array(model(rows), (batch, classes), f"a batch of {batch} {noun} should give scores", hint)


def cross_entropy_loss(student: Student, target: str, classes: int) -> None:
    """A loss is the mean cross-entropy of logits against one-hot labels, and gradients flow to the logits.

    Existing solutions take the labels first or second: both orders are accepted.
    """
    with diagnosis.explained(lambda text: _wrong_cross_entropy(student, target, classes, text)):
        _cross_entropy_loss(student, target, classes)


@dataclass(frozen=True)
class Accuracy:
    """How well a trained model does on the test split, compared with the validation split where it does not suffice.

    Attributes:
        test: its accuracy on the test split, a fraction.
        threshold: that this should reach.
        validate: gives its accuracy on the validation split; called only if the test accuracy is too low.
    """

    test: float
    threshold: float
    validate: Callable[[], float]

    @cached_property
    def validation(self) -> float:
        """The accuracy on the validation split; NaN if the model gives none."""
        try:
            return self.validate()
        except (CheckFailed, StudentCrashed):
            return float("nan")

    @property
    def is_validated(self) -> bool:
        """Whether the validation accuracy, which training may look at, reaches the threshold."""
        return self.validation >= self.threshold

    def require(self, what: str, hint: str) -> None:
        """Fail if the test accuracy is too low.

        Args:
            what: was measured, such as "accuracy on the test images".
            hint: where to look if the validation accuracy is too low, too.
        Raises:
            Miss: it is. Training that stopped as soon as the validation accuracy sufficed is told so.
        """
        if self.test < self.threshold and self.is_validated:
            validation, test = expect.told_apart(self.validation, self.test, expect.percentage)
            hint = (
                f"Validation accuracy was {validation} when training ended, test accuracy {test}: stop a little later."
            )
        expect.at_least(self.test, self.threshold, what, hint)


def validation_accuracy_of_digits(model: Model, splits: Splits) -> float:
    """The share of validation images that a model of digits reads."""
    assert splits.validation is not None
    images, labels = splits.validation.x, splits.validation.y
    shape = (len(images), digits.CLASSES)
    return expect.accuracy(expect.array(model(digits.inputs(images)), shape, "validation images"), labels)


def _cross_entropy_loss(student: Student, target: str, classes: int) -> None:
    name = target.rpartition(".")[2]
    for logits, labels in _loss_inputs(1, LOSS_BATCHES, classes):
        expected = cross_entropy(logits, labels)
        what = f"{name} of {len(logits)} rows of logits"
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
            raise expect.Mismatch(
                f"no gradient flows from {name} back to the predictions, so training cannot improve the model.",
                NO_GRADIENT,
            )


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The mean over rows of -sum(labels * log softmax(logits)), in float64."""
    return float(-(labels * _log_softmax(logits)).sum(axis=1).mean())


def _log_softmax(logits: np.ndarray, axis: int = 1) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(_log_softmax(logits))


def _class_errors(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """By how much each row's class number is off."""
    return (logits.argmax(axis=1) - labels.argmax(axis=1)).astype(np.float64)


_COMPARES_CLASS_NUMBERS = (
    "That is what comes of comparing class numbers, as argmax gives them. How far apart two classes' numbers are means "
    "nothing, and no gradient passes an argmax: the scores themselves and the one-hot labels belong into the loss."
)
WRONG_LOSSES = [
    Mistake(
        lambda logits, labels: cross_entropy(_softmax(logits), labels),
        "That is the cross-entropy after one softmax too many. cross_entropy brings its own: what happens to the "
        "logits before it?",
    ),
    Mistake(
        lambda logits, labels: cross_entropy(logits, labels) * len(logits),
        "That is the sum over the batch, not its mean. Larger batches would take larger steps.",
    ),
    Mistake(
        lambda logits, labels: cross_entropy(logits, labels) / logits.shape[1],
        "That is the mean over all numbers of the batch; the mean over its rows is wanted.",
    ),
    Mistake(
        lambda logits, labels: -(labels * logits).sum(axis=1).mean(),
        "The logits were taken as if they were log-probabilities already: that is minus the right class's score, "
        "averaged. Where do the scores become probabilities?",
    ),
    Mistake(
        lambda logits, labels: -(labels * _softmax(logits)).sum(axis=1).mean(),
        "That is minus the right class's probability, averaged. The cross-entropy takes its logarithm.",
    ),
    Mistake(
        lambda logits, labels: np.square(logits - labels).mean(),
        "That is the mean squared error between logits and labels. It is made for numbers to be hit; classes want the "
        "cross-entropy.",
    ),
    Mistake(
        lambda logits, labels: np.square(_softmax(logits) - labels).mean(),
        "That is the mean squared error between probabilities and labels; classes want the cross-entropy.",
    ),
    Mistake(
        lambda logits, labels: -(labels * _log_softmax(logits, axis=0)).sum(axis=1).mean(),
        "The softmax runs over the batch instead of over each row's classes. Which dimension counts the classes?",
    ),
    Mistake(
        lambda logits, labels: -cross_entropy(logits, labels),
        "The sign of the loss is reversed. Training would make the cross-entropy larger.",
    ),
    Mistake(lambda logits, labels: np.square(_class_errors(logits, labels)).mean(), _COMPARES_CLASS_NUMBERS),
    Mistake(lambda logits, labels: np.abs(_class_errors(logits, labels)).mean(), _COMPARES_CLASS_NUMBERS),
    Mistake(
        lambda logits, labels: (_class_errors(logits, labels) != 0).mean(),
        "Your loss is the share of wrong answers. A small change of the logits does not change this share, so it has "
        "no gradient. The loss should use the logits themselves.",
    ),
]
LOSS_CRASHES = {
    "Expected floating point type for target with class probabilities, got Long": (
        "cross_entropy was given labels of whole numbers. Whole numbers it reads as class numbers, one per example; "
        "one-hot rows it takes as the floats that they come as. What turns these labels into whole numbers?"
    ),
    "expected scalar type Long but found Float": (
        "Class numbers were expected where one-hot rows came. cross_entropy takes one-hot rows of floats as they come."
    ),
}


def _wrong_cross_entropy(student: Student, target: str, classes: int, text: str) -> str:
    if explanation := diagnosis.crash(text, LOSS_CRASHES):
        return explanation
    inputs = _loss_inputs(11, PROBED_BATCHES, classes)
    probes = [(arguments, student.call(target, *arguments)) for arguments in inputs]
    return diagnosis.recognised(WRONG_LOSSES, probes, LOSS_TOLERANCE)


def _loss_inputs(seed: int, batches: Sequence[int], classes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Logits and one-hot labels, float32, of several batch sizes."""
    random = np.random.default_rng(seed)
    pairs = []
    for batch in batches:
        logits = (2 * random.standard_normal((batch, classes))).astype(np.float32)
        pairs.append((logits, np.eye(classes, dtype=np.float32)[random.integers(classes, size=batch)]))
    return pairs


def _answers_for_scores(found: Any, classes: int) -> str:
    """Whether a model gave each row's answer, as argmax does, where it should give the row's scores."""
    if not isinstance(found, np.ndarray) or found.dtype.kind != "i" or found.ndim not in (1, 2):
        return ""
    if found.size != len(found) or found.min() < 0 or found.max() >= classes:
        return ""
    return (
        "One whole number for each image is the model's answer already, as argmax picks it. The loss needs what it was "
        f"picked from: all {classes} scores."
    )
