"""TEMPLATE_TITLE: TODO: what is checked. The placeholder: one step and the line are exact, and training finds it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data import Library
from grading.checks import course, diagnosis, expect
from grading.checks.student import Student
from test_cases.TEMPLATE_ID import mistakes
from test_cases.TEMPLATE_ID.public.picture import FittedLine

STEP, LINE, TRAIN = (f"electives.template_module.{name}" for name in ("step", "Line", "train_line"))
DATA = "test_cases.TEMPLATE_ID.public.data"
STEPS = 5
TOLERANCE = 1e-5  # float32 sums of a few numbers are exact to about 1e-6


def exact(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = np.random.default_rng(1)
    start, target = random.standard_normal((2, 3)).astype(np.float32)
    rate = 0.1
    with diagnosis.explained(lambda text: mistakes.of_path(_path(student, start, target, rate), start, target, rate)):
        expect.close(
            expect.array(_path(student, start, target, rate), (STEPS + 1, 3), "the weights after each step should be"),
            mistakes.path(start, target, rate, STEPS),
            TOLERANCE,
            f"{STEPS} steps of rate {rate} from {expect.shown(start, ())} should give",
            "Is the gradient, times the rate, taken away from the weights?",
        )


def line(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = np.random.default_rng(2)
    weights, x = random.standard_normal(2).astype(np.float32), random.standard_normal((4, 1)).astype(np.float32)
    found = student.probe("values", {"line": LINE}, weights=weights, x=x)
    with diagnosis.explained(lambda text: mistakes.of_line(found, weights, x)):
        expect.close(
            expect.array(found, x.shape, f"{len(x)} points should give values"),
            mistakes.values(weights, x),
            TOLERANCE,
            f"a line with the weights {expect.shown(weights, ())} should give",
            "Which of the two weights is the slope?",
        )


def fit(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    points = library.load(DATA)
    assert points.test is not None
    model = student.create(LINE)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(TRAIN, model, points)
    x, y = points.test.x, points.test.y
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        predictions = expect.array(model(x), y.shape, f"{len(x)} points should give predictions")
    loss = float(np.square(predictions - y).mean())
    student.record("test_loss", loss)
    student.exhibit(lambda: FittedLine(x[:, 0], y[:, 0], predictions[:, 0]))
    with diagnosis.explained(lambda text: diagnosis.first(lambda: diagnosis.training(training))):
        what = "the mean squared error on the test points"
        expect.at_most(loss, thresholds["maximum_test_loss"], what, course.told(training))
    student.advise(training)


def _path(student: Student, start: np.ndarray, target: np.ndarray, rate: float) -> np.ndarray:
    """The weights before and after each of the student's steps, (STEPS + 1, 3)."""
    found = student.probe("path", {"step": STEP}, start=start, target=target, rate=rate, steps=STEPS)
    return expect.array(found, (STEPS + 1, len(start)), "step should give weights")
