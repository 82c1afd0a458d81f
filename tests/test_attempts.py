"""A training that misses its threshold by little is tried again with another seed; the best attempt counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data import Library
from grading.checks import attempts, common, diagnosis, expect
from grading.checks.requests import StudentSettings
from grading.checks.source import StudentSource
from grading.checks.student import Student
from grading.gradescope import results
from grading.gradescope import settings as harness_settings
from grading.outcomes import Outcome, OutOfLimits, QuestionResult, RunResult, StudentCrashed
from grading.questions import Check, Question
from tests.support import Clock

CHECK = Check("accuracy", "It reads", 3.0, ())
SECONDS_OF_A_QUESTION = 600.0


def question(function: Callable[..., None], **changes: Any) -> Question:
    """One check, three attempts, and a fifth of the permitted error that counts as little."""
    units = {"test_accuracy": "percent"}
    made = Question("q99", "Made up", Path(), checks=(CHECK,), units=units, attempts=3, narrow_miss=0.2, **changes)
    made.__dict__["functions"] = {CHECK.name: function}
    return made


def run(tmp_path: Path, outcomes: list[Any], most: int | None = None, seconds: float = 1.0) -> tuple[Any, Student]:
    """Run a check that gets an accuracy in each attempt, or that raises; 97% are wanted."""
    clock = Clock()
    seeds = []

    def check(student: Student, *_: object) -> None:
        seeds.append(student._requests.seed_value)
        clock.advance(seconds)
        outcome = outcomes[len(seeds) - 1]
        if isinstance(outcome, Exception):
            raise outcome
        student.record("test_accuracy", outcome)
        expect.at_least(outcome, 0.97, "accuracy", "Train longer.")

    made = question(check)
    settings = StudentSettings(
        lambda: pytest.fail("nothing is asked"), deadline=clock() + SECONDS_OF_A_QUESTION, clock=clock
    )
    student = Student(made, StudentSource(tmp_path), settings)
    found = attempts.run(made, CHECK, student, Library(), 0, most)
    assert len(set(seeds)) == len(seeds) == len(found.attempts), "each attempt has a seed of its own"
    return found, student


def test_a_narrow_miss_is_tried_again_until_it_passes(tmp_path):
    found, student = run(tmp_path, [0.9698, 0.975])
    assert (found.status, [attempt.status for attempt in found.attempts]) == ("passed", ["failed", "passed"])
    assert student.metrics == {"test_accuracy": 0.975}
    assert found.message == (
        "2 attempts with different random seeds: test accuracy 96.98% (failed); test accuracy 97.50% (passed). "
        "The best one counts."
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_has_no_word_for_is_no_metric(tmp_path, value):
    """Gradescope gives 0 points for invalid JSON."""
    _, student = run(tmp_path, [value])
    assert student.metrics == {}


def test_of_three_narrow_misses_the_best_is_told_and_recorded(tmp_path):
    found, student = run(tmp_path, [0.965, 0.969, 0.966, 1.0])
    assert (found.status, len(found.attempts)) == ("failed", 3)
    assert student.metrics == {"test_accuracy": 0.969}
    assert found.message.startswith("Q99: accuracy should be at least 97.0%; got 96.9%. Train longer.\n3 attempts")


@pytest.mark.parametrize("accuracy", [0.963, 0.5])
def test_a_far_miss_is_not_tried_again(tmp_path, accuracy):
    found, _ = run(tmp_path, [accuracy])
    assert (found.status, len(found.attempts)) == ("failed", 1)
    assert "attempts" not in found.message


def test_a_far_miss_after_a_narrow_one_does_not_end_the_attempts(tmp_path):
    found, _ = run(tmp_path, [0.969, 0.5, 0.971])
    assert (found.status, len(found.attempts)) == ("passed", 3)


@pytest.mark.parametrize("error", [StudentCrashed("ValueError"), expect.Mismatch("a shape is wrong.")])
def test_a_crash_or_another_failure_is_not_tried_again(tmp_path, error):
    found, _ = run(tmp_path, [error])
    assert len(found.attempts) == 1


def test_a_crash_in_a_later_attempt_leaves_the_best_before_it(tmp_path):
    found, student = run(tmp_path, [0.969, StudentCrashed("ValueError")])
    assert (found.status, student.metrics) == ("failed", {"test_accuracy": 0.969})
    assert "test accuracy 96.90% (failed); crashed. The best one counts." in found.message


def test_a_limit_in_a_later_attempt_leaves_the_best_before_it_and_in_the_first_it_counts(tmp_path):
    found, _ = run(tmp_path, [0.969, OutOfLimits("time")])
    assert [attempt.status for attempt in found.attempts] == ["failed", "not finished"]
    with pytest.raises(OutOfLimits):
        run(tmp_path, [OutOfLimits("time")])


@pytest.mark.parametrize(("seconds", "count"), [(1.0, 3), (250.0, 2), (400.0, 1)])
def test_no_attempt_begins_that_would_not_end_in_time(tmp_path, seconds, count):
    found, _ = run(tmp_path, [0.969] * 3, seconds=seconds)
    assert len(found.attempts) == count


@pytest.mark.parametrize("most", [1, 2])
def test_a_run_can_permit_fewer_attempts(tmp_path, most):
    found, _ = run(tmp_path, [0.969] * 3, most)
    assert len(found.attempts) == most


@pytest.mark.parametrize(
    ("loss", "explanation", "tries"),
    [
        (0.0207, "Gradients pile up.", 1),
        (0.0207, expect.Doubt("Are these as many passes as your code asks for?"), 3),
        (0.0407, expect.Doubt("Are these as many passes as your code asks for?"), 1),
    ],
)
def test_a_diagnosed_mistake_is_no_bad_luck_but_a_doubt_may_be(tmp_path, loss, explanation, tries):
    def check(student: Student, *_: object) -> None:
        with diagnosis.explained(lambda text: explanation):
            expect.at_most(loss, 0.02, "the loss")

    made = question(check)
    settings = StudentSettings(lambda: pytest.fail("not asked"), deadline=Clock()() + 600, clock=Clock())
    student = Student(made, StudentSource(tmp_path), settings)
    found = attempts.run(made, CHECK, student, Library(), 0)
    assert len(found.attempts) == tries
    assert explanation in found.message


@pytest.mark.parametrize(
    ("error", "shortfall"),
    [
        (lambda: expect.at_most(0.022, 0.02, "loss"), 0.1),
        (lambda: expect.at_least(0.804, 0.81, "accuracy"), 0.0316),
        (lambda: expect.at_least(0.99, 1.0, "share"), np.inf),
    ],
)
def test_a_shortfall_is_a_share_of_the_permitted_error(error, shortfall):
    with pytest.raises(expect.Miss) as miss:
        error()
    assert miss.value.shortfall == pytest.approx(shortfall, rel=0.01)


UNLUCKY = """
    TRIES.append(1)
    if len(TRIES) < 2:
        with no_grad():
            model.last.bias += 0.145  # the square of this is a little more than the permitted error
"""


def test_an_unlucky_training_of_a_student_passes_and_reports_tell_every_attempt(patched_solutions, graded):
    end = "    # END SOLUTION\n\n\ndef train_digitclassifier"
    code = patched_solutions(
        {
            "train.py": [
                (end, UNLUCKY + end),
                ("def train_perceptron", "TRIES = []\n\n\ndef train_perceptron"),
            ]
        }
    )
    document = graded(code, "q2").report
    fit = document["questions"][0]["checks"][-1]
    assert (fit["status"], fit["score"]) == ("passed", 3), fit
    assert [attempt["status"] for attempt in fit["attempts"]] == ["failed", "passed"]
    assert 0.02 < fit["attempts"][0]["metrics"]["loss"] <= 0.024
    assert all("attempts" not in check for check in document["questions"][0]["checks"][:-1])
    json.dumps(document)


def test_gradescope_is_told_every_attempt(tmp_path):
    found, _ = run(tmp_path, [0.9698, 0.975])
    made = question(lambda *_: None)
    result = QuestionResult("q99", "Made up", 3.0)
    result.outcomes = [Outcome(CHECK.name, CHECK.title, found.status, 3.0, 3.0, found.message, found.attempts)]
    run_result = RunResult(0, {}, [result])
    document = results.document(run_result, [made], harness_settings.load(), [], {})
    assert document["tests"][0]["extra_data"]["attempts"] == [
        {"status": "failed", "metrics": {"test_accuracy": 0.9698}},
        {"status": "passed", "metrics": {"test_accuracy": 0.975}},
    ]
    assert "2 attempts with different random seeds" in document["tests"][0]["output"]


@pytest.mark.parametrize(("text", "attempts_allowed"), [("attempts = 1", 1), ("", None)])
def test_an_instructor_sets_how_many(tmp_path, text, attempts_allowed):
    shipped = harness_settings.SETTINGS_FILE.read_text()
    line = next(line for line in shipped.splitlines() if line.startswith("attempts = "))
    (tmp_path / "settings.toml").write_text(shipped.replace(line, text))
    assert harness_settings.load(tmp_path / "settings.toml", {}).attempts == attempts_allowed


def test_attempts_that_make_no_sense_are_refused(tmp_path):
    shipped = harness_settings.SETTINGS_FILE.read_text()
    (tmp_path / "settings.toml").write_text(shipped.replace("attempts = 3", "attempts = 0"))
    with pytest.raises(harness_settings.SettingsError, match="attempts is 0; it should be a whole number of 1 or more"):
        harness_settings.load(tmp_path / "settings.toml", {})


def test_who_stops_on_validation_is_told_both_accuracies():
    measured = common.Accuracy(0.772, 0.81, lambda: 0.814)
    with pytest.raises(expect.Miss) as miss:
        measured.require("accuracy on the test words", "Train longer.")
    assert str(miss.value) == (
        "accuracy on the test words should be at least 81.0%; got 77.2%. "
        "Validation accuracy was 81.4% when training ended, and test accuracy is 77.2%. The two differ by chance. "
        "Training should end a little later."
    )


@pytest.mark.parametrize("validate", [lambda: 0.7, lambda: expect.array(None, (1,), "scores")])
def test_without_validation_accuracy_above_the_threshold_the_general_hint_stays(validate):
    with pytest.raises(expect.Miss, match="Train longer."):
        common.Accuracy(0.772, 0.81, validate).require("accuracy", "Train longer.")
