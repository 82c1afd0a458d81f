"""Checks that several questions share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from data import Split, Splits, digits
from grading.checks import behaviour, course, diagnosis, expect, losses, received, smallest
from grading.checks.answers import Layers, Training
from grading.checks.behaviour import PROBED_ROWS, Measure
from grading.checks.model import Model
from grading.checks.student import Student

LOSS_TOLERANCE = 1e-4  # float32 means over a handful of rows are exact to about 1e-6
LOSS_BATCHES = (1, 6)
PROBED_BATCHES = (3, 12, 17)  # several, so that no two mistakes give the same numbers at all of them
SOME_ROWS = 1000  # so many tell whether a model knows its training data
NO_GRADIENT = "Is the result made by `detach()`, `item()` or numpy, or copied into a new tensor?"


def logits_shape(student: Student, target: str, inputs: int, classes: int) -> None:
    """A model maps (batch, inputs) to (batch, classes), for one row and for several."""
    model = student.create(target)
    random = np.random.default_rng(0)
    several = np.random.default_rng(1).random((PROBED_ROWS, inputs), dtype=np.float32)
    for batch in (1, 4):
        rows = random.random((batch, inputs), dtype=np.float32)
        noun = "image" if batch == 1 else "images"
        with diagnosis.explained(
            lambda text, rows=rows: (  # type: ignore[misc]
                diagnosis.first(
                    lambda: received.shape(model, several[:4], "images"),
                    lambda: _wrong_scores(model(rows), len(rows), classes),
                    lambda: behaviour.not_a_number_alone(model, several),
                )
            )
        ):
            expect.array(model(rows), (batch, classes), f"a batch of {batch} {noun} should give scores")


def cross_entropy_loss(student: Student, target: str, classes: int) -> None:
    """A loss is the mean cross-entropy of logits against one-hot labels, and gradients flow to the logits.

    Existing solutions take the labels first or second: both orders are accepted.
    """
    with diagnosis.explained(
        lambda text: _wrong_cross_entropy(student, target, classes, text),
        lambda: _smallest_cross_entropy(student, target),
    ):
        _cross_entropy_loss(student, target, classes)


@dataclass(frozen=True)
class Accuracy:
    """How well a trained model does on the test split, compared with other splits where it does not suffice.

    Attributes:
        test: its accuracy on the test split, a fraction.
        threshold: that this should reach.
        validate: gives its accuracy on the validation split; called only if the test accuracy is too low.
        train: gives its accuracy on some of the training split; called only if the test accuracy is too low.
        noun: what an example is, in the plural.
    """

    test: float
    threshold: float
    validate: Callable[[], float]
    train: Callable[[], float] | None = None
    noun: str = "examples"

    @cached_property
    def validation(self) -> float:
        """The accuracy on the validation split; NaN if the model gives none."""
        return diagnosis.attempted(self.validate, math.nan)

    @property
    def is_validated(self) -> bool:
        """Whether the validation accuracy, which training may look at, reaches the threshold."""
        return self.validation >= self.threshold

    def require(self, what: str, hint: str | Callable[[], str]) -> None:
        """Fail if the test accuracy is too low.

        Args:
            what: was measured, such as "accuracy on the test images".
            hint: where to look if the validation accuracy is too low, too; or a function that gives this.
        Raises:
            Miss: it is. Training that stopped as soon as the validation accuracy sufficed is told so.
        """
        told = ""
        if self.test < self.threshold and self.is_validated:
            validation, test = expect.told_apart(self.validation, self.test, expect.percentage)
            told = (
                f"Validation accuracy was {validation} when training ended, and test accuracy is {test}. The two "
                "differ by chance. Training should end a little later."
            )
        elif self.test < self.threshold:
            told = hint if isinstance(hint, str) else diagnosis.attempted(hint, "")
        expect.at_least(self.test, self.threshold, what, told)

    def mistake(self, stats: Training, *findings: Callable[[], str]) -> str:
        """Why it is too low: a mistake in training, another finding, or too little training; "" if nothing is known.

        Args:
            stats: of the training.
            findings: others to be asked, after mistakes in training and before too little of it.
        """
        return diagnosis.first(
            lambda: diagnosis.training(stats),
            *findings,
            lambda: "" if self.is_validated else diagnosis.coverage(stats),
        )

    def seen(self, stats: Training, classes: int, layers: Layers | None = None) -> str:
        """What was seen of a training that did not suffice.

        Args:
            stats: of the training.
            classes: that the model tells apart.
            layers: how often the trained model calls them, if that is known.
        """
        on_training = diagnosis.attempted(self.train, math.nan) if self.train is not None else math.nan
        overfitting = course.overfitting(on_training, self.validation, self.threshold, self.noun)
        return overfitting or course.told(stats, classes, layers)


def some_of(split: Split | None) -> Split:
    """Every so-many-th row of a split, about `SOME_ROWS` in all."""
    assert split is not None
    step = max(1, len(split) // SOME_ROWS)
    return Split(x=split.x[::step], y=split.y[::step])


def accuracy_of_digits(test: float, threshold: float, model: Model, splits: Splits) -> Accuracy:
    """The accuracy of a model of digits on the test split, with that on the other splits."""
    validation = splits.validation
    assert validation is not None
    return Accuracy(
        test,
        threshold,
        lambda: accuracy_on_digits(model, validation),
        lambda: accuracy_on_digits(model, some_of(splits.train)),
        "images",
    )


def accuracy_on_digits(model: Model, split: Split) -> float:
    """The share of a split's images that a model of digits reads."""
    shape = (len(split), digits.CLASSES)
    return expect.accuracy(expect.array(model(digits.inputs(split.x)), shape, "images should give scores"), split.y)


def measure_of_digits(split: Split | None, threshold: float) -> Measure:
    """What a model of digits is measured by: its accuracy on a split."""
    assert split is not None
    return Measure(digits.inputs(split.x), lambda logits: expect.accuracy(logits, split.y), threshold)


def _cross_entropy_loss(student: Student, target: str, classes: int) -> None:
    name = target.rpartition(".")[2]
    for logits, labels in _loss_inputs(1, LOSS_BATCHES, classes):
        expected = losses.cross_entropy(logits, labels)
        what = f"{name} of {len(logits)} {'row' if len(logits) == 1 else 'rows'} of logits"
        value = expect.number(student.call(target, logits, labels), f"{what} should be the mean over the batch")
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
                    "Is it torch's `cross_entropy` of logits and labels, as they are?",
                )
        arguments = (logits, labels) if prediction == 0 else (labels, logits)
        found = student.gradients(target, *arguments)
        if not found.differentiable or found.inputs[prediction] is None:
            raise expect.Mismatch(
                f"no gradient flows from {name} back to the predictions. Training could then not improve the model.",
                NO_GRADIENT,
            )


LOSS_CRASHES = {
    "Expected floating point type for target with class probabilities, got Long": (
        "`cross_entropy` got one-hot labels of an integer type. With integers, `cross_entropy` expects one class "
        "number for each example. One-hot labels should stay floats. Which line turns the labels into integers?"
    ),
    "expected scalar type Long but found Float": (
        "This loss expects class numbers, and the labels are one-hot rows of floats. `cross_entropy` takes one-hot "
        "rows as they are."
    ),
}


def smallest_losses(
    call: Callable[[np.ndarray, np.ndarray], Any],
    right: Callable[[np.ndarray, np.ndarray], float],
    cases: Sequence[tuple[list[list[float]], list[list[float]]]],
    first: str,
) -> str:
    """The smallest case in which a loss differs.

    Args:
        call: the student's loss.
        right: the right loss.
        cases: rows of predictions and of labels.
        first: the word for the predictions.
    """
    arrays = [(np.array(rows, np.float32), np.array(labels, np.float32)) for rows, labels in cases]
    return smallest.difference(
        [
            smallest.Case(
                f"{first} {smallest.told(rows)}, labels {smallest.told(labels)}",
                right(rows, labels),
                lambda rows=rows, labels=labels: call(rows, labels),  # type: ignore[misc]
            )
            for rows, labels in arrays
        ],
        LOSS_TOLERANCE,
    )


def _wrong_cross_entropy(student: Student, target: str, classes: int, text: str) -> str:
    if explanation := diagnosis.crash(text, LOSS_CRASHES):
        return explanation
    inputs = _loss_inputs(11, PROBED_BATCHES, classes)
    probes = [(arguments, student.call(target, *arguments)) for arguments in inputs]
    return losses.CROSS_ENTROPY.explanation(probes, LOSS_TOLERANCE)


def _smallest_cross_entropy(student: Student, target: str) -> str:
    cases = [
        ([[0.0, 0.0]], [[1.0, 0.0]]),
        ([[1.0, 0.0]], [[1.0, 0.0]]),
        ([[2.0, -1.0]], [[0.0, 1.0]]),
        ([[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [1.0, 0.0]]),
    ]
    return smallest_losses(
        lambda logits, labels: student.call(target, logits, labels), losses.cross_entropy, cases, "logits"
    )


def _loss_inputs(seed: int, batches: Sequence[int], classes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Logits and one-hot labels, float32, of several batch sizes."""
    random = np.random.default_rng(seed)
    pairs = []
    for batch in batches:
        logits = (2 * random.standard_normal((batch, classes))).astype(np.float32)
        pairs.append((logits, np.eye(classes, dtype=np.float32)[random.integers(classes, size=batch)]))
    return pairs


def _wrong_scores(found: Any, batch: int, classes: int) -> str:
    """What the shape of a model's output tells where (batch, classes) is expected."""
    if not isinstance(found, np.ndarray):
        return ""
    is_number = found.dtype.kind == "i" and found.ndim in (1, 2) and found.size == len(found) == batch
    if is_number and found.min() >= 0 and found.max() < classes:
        return (
            "The model gives one whole number for each image, as argmax does. The loss needs all "
            f"{classes} scores. Does `forward` end in argmax?"
        )
    if found.shape == (classes, batch):
        return "The dimensions of batch and classes are exchanged."
    if found.shape == (classes,):
        return "The dimension of the batch is missing."
    if found.ndim > 2 and found.shape[-1] == classes and len(found) == batch:
        count = found.size // (batch * classes)
        return (
            f"The last layer gives {classes} scores for each of {count} rows of an image. An image needs one row of "
            "scores. Which shape does the input of the first layer have?"
        )
    is_wide = found.ndim == 2 and len(found) == batch and found.shape != (batch, classes)
    return f"Does the last layer have {classes} outputs?" if is_wide else ""
