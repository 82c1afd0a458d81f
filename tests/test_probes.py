"""Probes: functions of a question's public folder that run in the student's process, and objects that stay there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from grading.checks import answers
from grading.checks.requests import StudentSettings
from grading.checks.source import StudentSource
from grading.checks.student import Student
from grading.isolation.in_process import InProcess
from grading.outcomes import StudentCrashed
from grading.questions import discover
from startup import student_modules
from tests.support import SOLUTIONS


@pytest.fixture
def student() -> Iterator[Student]:
    """The reference solution of question 8, in this process."""
    question = next(question for question in discover() if question.id == "q8")
    yield Student(question, StudentSource(SOLUTIONS), StudentSettings(InProcess))
    student_modules.uninstall()


def test_an_object_of_a_probe_answers_calls_and_methods(student):
    table = np.arange(2 * 3 * 3, dtype=np.float32).reshape(2, 3, 3)
    model = student.probe_object("TableModel", table=table)
    ids = np.array([[0, 2, 1]])
    assert np.array_equal(model(ids)[0], [table[0, 0], table[1, 2], table[0, 1]])
    assert np.array_equal(model.method("forward", ids), model(ids))


def test_a_name_that_a_probe_did_not_give_is_an_answer_that_was_tampered_with():
    with pytest.raises(StudentCrashed, match="weights is missing"):
        answers.Named({"losses": 1})["weights"]
