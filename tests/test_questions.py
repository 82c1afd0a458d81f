"""Discovery: questions come from their folders, in natural order, and a wrong folder is named."""

from __future__ import annotations

import shutil

import pytest

from grading.questions import QuestionError, discover, natural_order
from tests.support import PROJECT


def test_question_ten_sorts_after_question_nine():
    assert sorted(["q10", "q9", "q1", "q2"], key=natural_order) == ["q1", "q2", "q9", "q10"]


def test_points_add_up_to_the_published_ones():
    points = {question.id: question.points for question in discover()}
    published = {"q1": 5, "q2": 5, "q3": 5, "q4": 5, "q5": 3, "q6": 2}
    assert {name: points[name] for name in published} == published


def test_the_perceptron_gives_partial_credit_of_two_and_three():
    first = next(question for question in discover() if question.id == "q1")
    assert [check.points for check in first.checks if check.points] == [2, 3]


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(PROJECT / "test_cases" / "q3", tmp_path / "q12")
    return tmp_path


def test_a_new_folder_is_a_new_question(copied):
    assert [question.id for question in discover(copied)] == ["q12"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('title = "Digit classification"', "", "title"),
        ("time_limit_seconds = 600", "", "time_limit_seconds"),
        ('name = "loss"', 'name = "no_such_function"', "no_such_function"),
        ('requires = ["shape", "loss"]', 'requires = ["accuracy"]', "accuracy"),
        ("points = 5", "points = = 5", "question.toml"),
    ],
)
def test_a_wrong_question_file_is_named_with_its_fault(copied, old, new, complaint):
    path = copied / "q12" / "question.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(QuestionError, match=complaint):
        discover(copied)
