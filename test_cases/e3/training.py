"""The two checks of elective 3 that train: a net that does not learn wrong labels by heart, and a search over such."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from data import Library, Splits, digits
from grading.checks import diagnosis, expect
from grading.checks.model import Model
from grading.checks.student import Picture, Student
from grading.outcomes import CheckFailed
from test_cases.e3 import baseline, mistakes
from test_cases.e3.answers import BOUNDS, HIGHS, LOWS, MODULE
from test_cases.e3.baseline import Baseline
from test_cases.e3.public import data
from test_cases.e3.public.labels import WrongLabels
from test_cases.e3.public.picture import Search

DATA = "test_cases.e3.public.data"
PICTURE = "test_cases.e3.public.picture_of_search"
TRIALS = 16  # of the search
FEW_ROWS = 6
AGREE = 1e-3  # float32 through two layers, against numpy
MAX_TRUTH = 0.92  # of training images with wrong labels, read right: the reference has 0.5, one trained on the truth 1


def generalises(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """The trained net makes fewer mistakes than the same net without regularisation."""
    splits, without = _compared(library)
    model = student.create(f"{MODULE}.Classifier")
    course = dataclasses.replace(splits, about={"without": without.course.tolist()})
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(f"{MODULE}.train", model, course)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        net = _net(student.probe("weights", model=model))
        _require_same_class(model, net, splits)
    answers = baseline.logits(net, splits.train.x)
    truth = data.drawn(library)[0].truth
    _require_no_truth(answers, splits, truth)
    student.exhibit(lambda: WrongLabels(splits.train.x, splits.train.y, truth, answers))
    with diagnosis.explained(
        lambda text: diagnosis.first(
            lambda: diagnosis.training(training),
            lambda: mistakes.of_generalisation(answers.argmax(axis=1), splits.train.y, truth),
            lambda: diagnosis.coverage(training),
        )
    ):
        _require_better(student, net, without, splits, ("error_left", "accuracy_with"), thresholds, "the trained net")


def search(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """So does the best net of a search over rate and L2 strength."""
    splits, without = _compared(library)
    assert splits.validation is not None
    functions = {
        "random_search": f"{MODULE}.random_search", "train": f"{MODULE}.train", "classifier": f"{MODULE}.Classifier",
    }  # fmt: skip
    picture = Picture(PICTURE, {"without": without.course, "lows": LOWS, "highs": HIGHS, "trials": TRIALS})
    with diagnosis.explained(diagnosis.crash_in_training):
        found = student.probe_named(
            "search", functions, picture, has_curve=False, train_x=splits.train.x, train_y=splits.train.y,
            validation_x=splits.validation.x, validation_y=splits.validation.y, lows=LOWS, highs=HIGHS, trials=TRIALS,
        )  # fmt: skip
    calls = expect.array(found["calls"], (TRIALS, len(BOUNDS)), f"{TRIALS} trials should have settings")
    chosen = found["chosen"]
    if not isinstance(chosen, int) or not 0 <= chosen < TRIALS:
        raise CheckFailed("random_search should return the settings of one of its trials; they are those of none.")
    net = _net(found["weights"])
    _require_no_truth(baseline.logits(net, splits.train.x), splits, data.drawn(library)[0].truth)
    losses, courses = _losses(found["losses"]), _training_courses(found["courses"])
    validation = baseline.loss(baseline.logits(net, splits.validation.x), splits.validation.y)
    kept = _require_better(
        student,
        net,
        without,
        splits,
        ("error_left_by_search", "accuracy_by_search"),
        thresholds,
        "the best net of the search",
    )
    student.exhibit(lambda: Search(without.course, courses, calls, losses, chosen, LOWS, HIGHS, validation, kept))


def _compared(library: Library) -> tuple[Splits, Baseline]:
    """The data, and the same net without regularisation."""
    splits = library.load(DATA)
    return splits, baseline.trained(splits, library.seed)


def _net(found: Any) -> dict[str, np.ndarray]:
    """The weights of a classifier, each of its shape."""
    net = {}
    for name, shape in baseline.SHAPES.items():
        what = f"the classifier should hold {name}"
        tensor = found.get(name) if isinstance(found, dict) else None
        net[name] = expect.array(tensor, shape, what, "Was the class changed?").astype(np.float32)
    return net | {"running_variance": np.maximum(net["running_variance"], 0)}


def _require_same_class(model: Model, net: Mapping[str, np.ndarray], splits: Splits) -> None:
    """The class answers what its weights give: it is the one that was handed out."""
    x = splits.train.x[:FEW_ROWS]
    what = "Classifier in evaluation should give logits"
    own = expect.array(model(x), (FEW_ROWS, digits.CLASSES), what)
    expect.close(own, baseline.logits(net, x), AGREE, f"{what} that its weights give,", "Was the class changed?")


def _require_no_truth(answers: np.ndarray, splits: Splits, truth: np.ndarray) -> None:
    """The net has not learned right labels, which are in no split: the project's data folder has all digits with them.

    Args:
        answers: logits of the training images.
        truth: their right labels.
    """
    is_wrong = splits.train.y != truth
    right = float((answers.argmax(axis=1) == truth)[is_wrong].mean())
    if right > MAX_TRUTH:
        raise CheckFailed(
            f"of the {is_wrong.sum()} training images with a wrong label, the net reads {right:.0%} right. Their right "
            "labels are in no split. Does training use other data than its dataset?"
        )


def _require_better(
    student: Student,
    net: Mapping[str, np.ndarray],
    without: Baseline,
    splits: Splits,
    metrics: tuple[str, str],
    thresholds: Mapping[str, float],
    whose: str,
) -> float:
    """The test error is at most a share of that without regularisation; gives the accuracy on the test split.

    `metrics` names this share and this accuracy.
    """
    assert splits.test is not None
    accuracy, plain = (
        expect.accuracy(baseline.logits(one, splits.test.x), splits.test.y) for one in (net, without.net)
    )
    student.record("accuracy_without", plain)
    of_errors, of_accuracy = metrics
    student.record(of_accuracy, accuracy)
    left, most = (1 - accuracy) / (1 - plain), thresholds[f"maximum_{of_errors}"]
    student.record(of_errors, left)
    if not left <= most:
        rest, permitted = expect.told_apart(left, most, expect.percentage)
        raise expect.Miss(
            f"test accuracy of {whose} is {expect.percentage(accuracy)}. Without regularisation, it is "
            f"{expect.percentage(plain)}. The error should fall to at most {permitted} of the error without; "
            f"got {rest}.",
            "Is every tool used, and is the model restored?",
            left - most,
            most,
        )
    return accuracy


def _losses(found: Any) -> np.ndarray:
    if not isinstance(found, np.ndarray) or found.shape != (TRIALS,):
        raise CheckFailed(f"{TRIALS} trials should have losses; got {expect.kind(found)}.")
    return found.astype(np.float64)


def _training_courses(found: Any) -> list[np.ndarray]:
    """The losses of each trial, epoch by epoch, for the picture."""
    if not isinstance(found, list) or len(found) != TRIALS:
        raise CheckFailed(f"{TRIALS} trials should have losses in each epoch; got {expect.kind(found)}.")
    fits = [isinstance(course, np.ndarray) and course.ndim == 2 and course.shape[1] == 2 for course in found]
    if not all(fits):
        raise CheckFailed(
            f"each trial should have two losses in each epoch; got {expect.kind(found[fits.index(False)])}."
        )
    return [course.astype(np.float64) for course in found]
