"""Questions side by side by default: how many at once, and the same output as one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grading.engine import starting_order
from grading.outcomes import QuestionResult
from grading.session import side_by_side
from grading.session.side_by_side import BYTES_PER_QUESTION, InOrder
from tests.support import REGRESSION, run_autograder

pytestmark = pytest.mark.usefixtures("warm_starts")
HEAD = "class AttentionBlock(Module):\n"
PRINTING = (HEAD, f"print('hello')\n\n\n{HEAD}")


@pytest.mark.parametrize(
    ("questions", "cores", "free", "expected"),
    [
        (8, 2, 100 * BYTES_PER_QUESTION, 2),
        (1, 8, 100 * BYTES_PER_QUESTION, 1),
        (8, 8, 3 * BYTES_PER_QUESTION, 3),
        (8, 8, BYTES_PER_QUESTION // 2, 1),
        (8, 4, None, 4),
    ],
)
def test_as_many_at_once_as_there_are_cores_and_memory(monkeypatch, questions, cores, free, expected):
    monkeypatch.setattr(side_by_side, "cores", lambda: cores)
    monkeypatch.setattr(side_by_side, "free_bytes", lambda: free)
    assert side_by_side.jobs(questions) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("MemTotal: 9 kB\nMemAvailable:    2048 kB\n", 2 * 2**20), ("MemTotal: 9 kB\n", None), ("nonsense\n", None)],
)
def test_free_memory_is_what_the_system_tells(monkeypatch, tmp_path, text, expected):
    (tmp_path / "meminfo").write_text(text)
    monkeypatch.setattr(side_by_side, "MEMORY_FILE", tmp_path / "meminfo")
    assert side_by_side.free_bytes() == expected


def test_a_system_without_that_file_tells_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(side_by_side, "MEMORY_FILE", tmp_path / "meminfo")
    assert side_by_side.free_bytes() is None


def test_results_are_shown_in_the_order_of_the_questions():
    shown: list[str] = []
    take = InOrder(["q1", "q2", "q3"], lambda result: shown.append(result.id))
    after = []
    for name in ("q2", "q3", "q1"):
        take(QuestionResult(name, "", 1))
        after.append(list(shown))
    assert after == [[], [], ["q1", "q2", "q3"]]


@pytest.mark.parametrize(
    ("minutes", "jobs", "expected"),
    [
        ([10, 10, 15, 15], 1, [0, 1, 2, 3]),
        ([10, 10, 15, 15], 2, [3, 0, 1, 2]),  # the first result is wanted first, and question 8 takes longest
        ([10, 10, 15, 15], 3, [3, 2, 0, 1]),
        ([15, 10, 10], 2, [0, 1, 2]),
        ([10], 4, [0]),
    ],
)
def test_what_may_take_longest_starts_first_beside_the_first_question(minutes, jobs, expected):
    questions = [replace(REGRESSION, time_limit_seconds=60 * count) for count in minutes]
    assert starting_order(questions, jobs) == expected


def test_a_plain_run_prints_in_order_and_marks_what_students_print(patched_solutions):
    submission = patched_solutions({"models.py": [PRINTING]})

    def printed(*flags: object) -> list[str]:
        run = run_autograder("-q", "q6", "-q", "q7", "--code-directory", submission, *flags)  # it has no question 7
        return run.output.splitlines()

    plain = printed()
    assert ("q6 | hello" if side_by_side.jobs(2) > 1 else "hello") in plain
    assert "q6 | hello" in printed("--jobs", 2)
    assert "hello" in printed("--jobs", 1)
    assert [line[:2] for line in plain if line.startswith(("q6  ", "q7  "))][:2] == ["q6", "q7"]


def test_one_question_alone_prints_as_ever(patched_solutions):
    run = run_autograder("-q", "q6", "--code-directory", patched_solutions({"models.py": [PRINTING]}))
    assert "hello" in run.output.splitlines()


def test_an_interrupted_run_shows_what_waited_for_a_question_before_it():
    shown: list[str] = []
    take = InOrder(["q1", "q2", "q3", "q4"], lambda result: shown.append(result.id))
    for name in ("q4", "q2"):
        take(QuestionResult(name, "title", 1.0))
    assert shown == []
    take.rest()
    assert shown == ["q2", "q4"]
    take.rest()
    assert shown == ["q2", "q4"], "once"
