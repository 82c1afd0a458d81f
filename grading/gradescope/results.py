"""Renders a run as the results.json that Gradescope reads. Everything that a student's code said is quoted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from grading.gradescope.settings import HarnessSettings, LeaderboardEntry
from grading.outcomes import NOT_FINISHED, PASSED, Outcome, QuestionResult, RunResult
from grading.questions import Question

MAX_CHARACTERS = 8_000  # of one check's output; the harness cuts at 100,000
MAX_NOTE_CHARACTERS = 20_000
NOT_GRADED_YET = "Not graded: the run ended before this question's turn."
CUT_SHORT = "Not finished: the run ended while this check was running."
NOT_REACHED = "Not graded: the run ended before this check's turn."


def document(
    run: RunResult,
    questions: Sequence[Question],
    settings: HarnessSettings,
    notes: Sequence[str],
    extra_data: dict[str, Any],
) -> dict[str, Any]:
    """All of results.json.

    Args:
        run: results so far. A question without a result has not begun; one with some outcomes has not ended.
        questions: those of the assignment, in order.
        settings: the course's choices.
        notes: sentences shown above the tests.
        extra_data: for staff and programs.
    """
    results = {result.id: result for result in run.questions}
    tests = [test for question in questions for test in _tests(question, results.get(question.id), settings)]
    names = {question.id for question in questions}
    entries = [entry for entry in settings.leaderboard if entry.question in names]
    found = {
        "score": round(sum(test["score"] for test in tests), 6),
        "execution_time": round(run.seconds, 1),
        "output": _shortened("\n\n".join(escaped(note) for note in notes), MAX_NOTE_CHARACTERS),
        "output_format": "md",
        "test_output_format": "md",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": settings.output_visibility,
        "extra_data": extra_data,
        "tests": tests,
    }
    return found | {"leaderboard": _leaderboard(results, entries)} if entries else found  # never an empty board


def message_only(
    text: str, score: float, settings: HarnessSettings | None, extra_data: dict[str, Any]
) -> dict[str, Any]:
    """A results.json without tests: a score and a text."""
    return {
        "score": score,
        "output": _shortened(escaped(text), MAX_NOTE_CHARACTERS),
        "output_format": "md",
        "visibility": "visible",
        "stdout_visibility": settings.output_visibility if settings is not None else "hidden",
        "extra_data": extra_data,
        "tests": [],
    }


def clean(text: str) -> str:
    """Text without what breaks readers of JSON or screens: half characters, control characters."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(
        character if character == "\n" or (character.isprintable() or character == "\t") else "\ufffd"
        for character in text
    )


def escaped(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$-])", r"\\\1", clean(text))


def quoted(text: str) -> str:
    """Text as a Markdown code block, whose fence is longer than any that the text could close it with."""
    text = _shortened(clean(text), MAX_CHARACTERS)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _tests(question: Question, result: QuestionResult | None, settings: HarnessSettings) -> list[dict[str, Any]]:
    outcomes = {outcome.name: outcome for outcome in result.outcomes} if result is not None else {}
    missing = _missing(question, result)
    tests = []
    for place, check in enumerate(question.checks, start=1):
        outcome = outcomes.get(check.name) or Outcome(
            check.name, check.title, NOT_FINISHED, 0.0, check.points, missing[check.name]
        )
        tests.append(
            {
                "number": f"{question.id.removeprefix('q')}.{place}",
                "name": f"{question.title}: {outcome.title}",
                "score": outcome.score,
                # extra credit adds to the score, not to what the score is out of
                "max_score": 0.0 if question.extra_credit else outcome.max_score,
                "status": "passed" if outcome.status == PASSED else "failed",
                "output": quoted(shown) if (shown := settings.feedback.message(question.id, outcome)) else "",
                "output_format": "md",
                "visibility": settings.test_visibility,
                "tags": [question.id],
                "extra_data": {
                    "question": question.id,
                    "check": check.name,
                    "outcome": outcome.status,
                    "message": _shortened(clean(outcome.message), MAX_CHARACTERS),  # whatever the student is shown
                    **outcome.attempts_for_programs(),
                },
            }
        )
    return tests


def _missing(question: Question, result: QuestionResult | None) -> dict[str, str]:
    """Why each check of a question has no outcome, by its name. Checks run in order."""
    if result is None:
        return dict.fromkeys((check.name for check in question.checks), NOT_GRADED_YET)
    graded = {outcome.name for outcome in result.outcomes}
    names = [check.name for check in question.checks if check.name not in graded]
    return {name: NOT_REACHED if place else CUT_SHORT for place, name in enumerate(names)}


def _leaderboard(results: dict[str, QuestionResult], entries: Sequence[LeaderboardEntry]) -> list[dict[str, Any]]:
    return [
        {"name": entry.name, "value": results[entry.question].metrics[entry.metric], "order": entry.order}
        for entry in entries
        if entry.question in results and entry.metric in results[entry.question].metrics
    ]


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}\n… cut: {len(text) - limit:,} more characters"
