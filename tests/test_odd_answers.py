"""A student's process may answer with anything: no check of any question takes that for a fault of the grader."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data import Library
from grading.checks import answers, attempts
from grading.checks.requests import StudentSettings
from grading.checks.source import StudentSource
from grading.checks.student import Student
from grading.isolation.channel import Handle
from grading.outcomes import GRADER, PASSED, StudentCrashed
from grading.questions import Question, discover
from tests.support import SOLUTIONS, only

ODD: dict[str, Any] = {
    "nothing": None,
    "a number": 1.5,
    "a text": "$x",
    "an empty list": [],
    "two numbers": [1.5, 2.5],
    "no names": {},
    "an array": np.arange(3.0),
    "an array of infinity": np.full((2, 2), np.inf),
}


class Answering:
    """A process that makes objects, and gives the same answer to all that is asked of them."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def request(self, message: dict[str, Any], deadline: float, on_progress: Any) -> dict[str, Any]:
        if message["op"] in ("configure", "seed"):
            return {"result": None}
        is_made = message["op"] == "create" or message.get("is_kept")
        return {"result": Handle(0) if is_made else self._answer}

    def kill(self) -> None:
        """There is nothing to end."""


@pytest.fixture(scope="module")
def library():
    return Library()


@pytest.mark.parametrize("question", discover(), ids=lambda question: question.id)
def test_no_answer_of_another_kind_is_a_fault_of_the_grader(question: Question, library: Library):
    """A run in which the grader failed does not count against the limit on submissions."""
    source = StudentSource(SOLUTIONS)
    for name, answer in ODD.items():
        for check in question.checks:
            settings = StudentSettings(lambda answer=answer: Answering(answer))  # type: ignore[misc]
            student = Student(question, source, settings)
            run = attempts.run(question, check, student, library, 0, 1)
            assert run.cause != GRADER, f"{check.name}, {name}: {run.evidence}"
            assert run.status != PASSED or not check.points, f"{check.name}, {name}"


def test_a_probe_that_gives_no_names_was_tampered_with(monkeypatch):
    student = Student(only("e2"), StudentSource(SOLUTIONS), StudentSettings(lambda: Answering(1.5)))
    with pytest.raises(StudentCrashed, match="malformed"):
        student.probe_named("called", has_curve=False)


def test_gradients_of_more_or_fewer_arguments_than_there_are_were_tampered_with():
    found = {"inputs": [None, None], "parameters": {}}
    assert answers.gradients(found, 2).inputs == [None, None]
    with pytest.raises(StudentCrashed, match="malformed"):
        answers.gradients(found, 1)


def test_a_perceptron_whose_parameter_gets_another_shape_is_told_so(patched_solutions, graded):
    flat = ("mistakes += 1", "mistakes += 1\n        model.w.data = model.w.data[0]")
    check = graded(patched_solutions({"train.py": [flat]}), only("q1", "update")).question("q1")["checks"][-1]
    assert "should keep its one Parameter of shape (1, 3); it now has (3,)" in check["message"], check
