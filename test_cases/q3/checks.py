"""Question 3: the digit classifier's shape, loss, and accuracy on the test split."""

from __future__ import annotations

from collections.abc import Mapping

from data import Library, digits
from grading.checks import common as common_checks
from grading.checks import diagnosis, expect
from grading.checks.behaviour import PROBED_ROWS
from grading.checks.student import Student
from pictures.digit_field import ReadDigits

TARGET, LOSS, TRAIN = (
    "models.DigitClassificationModel",
    "losses.digitclassifier_loss",
    "train.train_digitclassifier",
)


def shape(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.logits_shape(student, TARGET, digits.PIXELS, digits.CLASSES)


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.cross_entropy_loss(student, LOSS, digits.CLASSES)


def accuracy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load("digits")
    test = splits.test
    assert test is not None
    model = student.create(TARGET)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(TRAIN, model, splits, thresholds["maximum_passes"])
    inputs = digits.inputs(test.x)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        what = f"{len(test)} test images should give scores"
        logits = expect.array(model(inputs), (len(test), digits.CLASSES), what)
    share = expect.accuracy(logits, test.y)
    student.record("test_accuracy", share)
    student.exhibit(lambda: ReadDigits(test.x, test.y, logits))
    threshold = thresholds["minimum_test_accuracy"]
    measured = common_checks.accuracy_of_digits(share, threshold, model, splits)
    with diagnosis.explained(
        lambda text: diagnosis.after_training(
            training,
            model,
            inputs,
            logits,
            is_validated=measured.is_validated,
            measure=common_checks.measure_of_digits(test, threshold),
        )
    ):
        measured.require(
            "accuracy on the test images",
            lambda: measured.seen(training, digits.CLASSES, model.layers(inputs[:PROBED_ROWS])),
        )
    student.advise(training)
