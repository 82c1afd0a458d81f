"""What the terminal says of a question: what the question builds on, and all of it on a narrow terminal."""

from __future__ import annotations

import io

import pytest

from grading import report
from grading.console import Console
from grading.outcomes import FAILED, NOT_FINISHED, PASSED, Outcome, QuestionResult, RunResult


def result(question_id: str, *statuses: str, requires: tuple[str, ...] = ()) -> QuestionResult:
    """A question's result with one check without points for each status."""
    outcomes = [Outcome(f"check {number}", "", status, 0, 0) for number, status in enumerate(statuses)]
    return QuestionResult(question_id, "", 0, outcomes=outcomes, requires=requires)


@pytest.mark.parametrize(
    ("others", "is_told"),
    [
        ([], False),
        ([result("q7")], False),
        ([result("q7", PASSED, PASSED)], False),
        ([result("q7", PASSED, FAILED)], True),
        ([result("q7", NOT_FINISHED)], True),
        ([result("q6", FAILED)], False),
    ],
    ids=["not in this run", "not graded yet", "passed", "one check lost", "not finished", "another question"],
)
def test_a_required_question_is_named_only_if_it_lost_a_check_in_this_run(others, is_told):
    stream = io.StringIO()
    lost = result("q8", PASSED, FAILED, requires=("q7",))
    report.print_question(lost, Console(stream), [*others, lost])
    assert ("uses q7: fix q7 first" in stream.getvalue()) == is_told


def test_a_message_of_several_lines_that_several_checks_got_is_printed_once():
    stream, short = io.StringIO(), "The sign is wrong."
    long = "electives/backprop.py:12 uses torch.softmax, which the grader names in two lines."
    told = [("first", long), ("second", short), ("third", long), ("fourth", short)]
    outcomes = [Outcome(name, f"The {name} check", FAILED, 0, 1, message) for name, message in told]
    report.print_question(QuestionResult("q8", "", 0, outcomes=outcomes), Console(stream))
    printed = " ".join(stream.getvalue().split())
    assert printed.count(long.strip()) == 1
    assert printed.count("the same message as for 'The first check'") == 1
    assert printed.count(short) == 2


def test_a_question_that_passed_names_no_other_question():
    stream = io.StringIO()
    report.print_question(result("q8", PASSED, requires=("q7",)), Console(stream), [result("q7", FAILED)])
    assert "q7" not in stream.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_narrower_than_the_table_gets_the_whole_table(monkeypatch):
    monkeypatch.setenv("COLUMNS", "12")
    stream = Terminal()
    questions = [result("q8", PASSED)]
    report.print_question(questions[0], Console(stream))
    report.print_table(RunResult(0, {}, questions), Console(stream), [])
    assert stream.getvalue().count("q8") == 2


@pytest.mark.parametrize(("statuses", "colour"), [((PASSED, PASSED), "32"), ((PASSED, FAILED), "31")])
def test_a_question_without_points_is_green_only_if_its_checks_passed(monkeypatch, statuses, colour):
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    report.print_question(result("q7", *statuses), Console(stream))
    headline = stream.getvalue().splitlines()[0]
    assert f"\033[{colour}m    0/0" in headline
