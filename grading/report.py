"""Renders results: lines and a table for the terminal, JSON for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from data.files import write_text
from grading.console import Console
from grading.outcomes import (
    CRASHED,
    FAILED,
    NOT_FINISHED,
    NOT_IMPLEMENTED,
    PASSED,
    WAITS,
    Outcome,
    QuestionResult,
    RunResult,
)
from grading.questions.rules import PERCENT

STATUS_COLOURS = {PASSED: "green", FAILED: "red", CRASHED: "red", NOT_FINISHED: "yellow"}
SAME_MESSAGE = "the same message as for"
STATUS_WIDTH = max(map(len, STATUS_COLOURS))


def points(value: float) -> str:
    """Points without a needless decimal: 5, 2.5."""
    return f"{value:g}"


def as_json(document: dict[str, Any]) -> str:
    """A JSON report as text."""
    return json.dumps(document, indent=2) + "\n"


def write_json(document: dict[str, Any], path: Path) -> None:
    """Write a JSON report, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    write_text(path, as_json(document))


def print_question(result: QuestionResult, console: Console, others: Iterable[QuestionResult] = ()) -> None:
    """One headline, one line per check, each message below its check; unfilled stubs are listed once.

    Args:
        result: to print.
        console: prints.
        others: results of the same run so far. A question that this one builds on is named if it lost a check.
    """
    score = f"{points(result.score)}/{points(result.max_score)}"
    right = f"{score:>7}{result.seconds:8.1f} s"
    left = f"{result.id:<4}{result.title}"
    is_full = result.score == result.max_score and (result.max_score > 0 or _has_passed(result))
    colour = "green" if is_full else "red"
    console.line(console.paint(f"{left:<{console.width - len(right)}}", "bold") + console.paint(right, colour))
    for stub in result.stubs:
        console.line(f"    {NOT_IMPLEMENTED}{stub}")
    titles: dict[str, str] = {}  # of the checks that were told each message first
    for outcome in result.outcomes:
        if not (result.stubs and waits_for_a_stub(outcome, result)):
            _print_outcome(outcome, console, titles.get(outcome.message, ""))
            titles.setdefault(outcome.message, outcome.title)
    if not _has_passed(result):
        lost = [other.id for other in others if other.id in result.requires and not _has_passed(other)]
        if lost:
            console.line(console.paint(f"    uses {' and '.join(lost)}: fix {' and '.join(lost)} first", "dim"))
    for name, value in result.metrics.items():
        console.line(console.paint(f"    {'':<{STATUS_WIDTH}}  {metric(name, value, result.units)}", "dim"))
    console.line()


def print_table(result: RunResult, console: Console, sources: list[str]) -> None:
    """The closing score table, and which data was used."""
    width = console.width - 22
    console.line(console.paint(f"{'Question':<{width}}{'Score':>10}{'Time':>12}", "bold"))
    for question in result.questions:
        score = f"{points(question.score)}/{points(question.max_score)}"
        name = f"{question.id:<4}{question.title}" + (" (extra credit)" if question.extra_credit else "")
        console.line(f"{name:<{width}}{score:>10}{question.seconds:>10.1f} s")
    totals = {"Total": (result.score, result.max_score)} if result.electives is None or result.max_score else {}
    totals |= {"Electives": result.electives} if result.electives is not None else {}
    for group, (earned, possible) in totals.items():
        total = f"{points(earned)}/{points(possible)}"
        console.line(console.paint(f"{group:<{width}}{total:>10}{result.seconds:>10.1f} s", "bold"))
    if any(question.extra_credit for question in result.questions):
        console.line(f"{'Extra credit':<{width}}{points(result.extra_credit):>10}")
    if sources:
        console.line(console.paint("data: " + "; ".join(sources), "dim"))


def _has_passed(result: QuestionResult) -> bool:
    """Whether no check is lost; of a question that has no outcome yet, nothing is known."""
    return all(outcome.status == PASSED for outcome in result.outcomes)


def _print_outcome(outcome: Outcome, console: Console, told: str = "") -> None:
    """A line for a check, its message below. A message of several lines is told once, for the check `told`."""
    label = "passed" if outcome.status == PASSED else outcome.status.upper()
    earned = f"  ({points(outcome.score)}/{points(outcome.max_score)})" if outcome.max_score else ""
    status = console.paint(f"{label:<{STATUS_WIDTH}}", STATUS_COLOURS[outcome.status])
    console.line(f"    {status}  {outcome.title}{earned}")
    indent = " " * (4 + STATUS_WIDTH + 2)
    is_short = len(indent + outcome.message) <= console.width or outcome.cause == WAITS
    message = outcome.message if is_short or not told else f"{SAME_MESSAGE} {told!r}"
    for line in message.splitlines():
        wrapped = textwrap.wrap(
            line,
            console.width,
            initial_indent=indent,
            subsequent_indent=indent + " " * (len(line) - len(line.lstrip())),
            drop_whitespace=True,
            replace_whitespace=False,
        )
        for piece in wrapped or [""]:
            console.line(piece)


def waits_for_a_stub(outcome: Outcome, result: QuestionResult) -> bool:
    """True if the outcome says no more than the list of unfilled stubs does."""
    names_a_stub = any(outcome.message == f"{NOT_IMPLEMENTED}{stub}" for stub in result.stubs)
    return names_a_stub or outcome.cause == WAITS


def metric(name: str, value: float, units: Mapping[str, str]) -> str:
    """A metric with its name, for people: `test accuracy 97.26%`; without a unit the number as it is."""
    return f"{name.replace('_', ' ')} {number(value, units.get(name, ''))}"


def number(value: float, unit: str = "") -> str:
    """A measured number for people, in its unit."""
    return f"{value:.2%}" if unit == PERCENT else f"{value:.5g}"
