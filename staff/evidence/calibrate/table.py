"""The table of a calibration, for the terminal and for the documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from data.files import write_text
from grading.questions import ELECTIVE, Question
from staff.evidence.calibrate.margins import Metric, Row
from staff.texts import marks

MARK, ELECTIVES_MARK = "calibration", "calibration of electives"
BEGIN, END = marks.begin(MARK), marks.end(MARK)
HEADINGS = (
    "question",
    "solution",
    "threads",
    "passed",
    "at first",
    "measured",
    "threshold",
    "worst",
    "median",
    "unused, worst",
    "unused, median",
)


class DocumentError(Exception):
    """The document cannot take the table; the text says why."""


def markdown(table: Sequence[Row]) -> str:
    """A table in which columns also line up as plain text."""
    cells = [HEADINGS, *(line for row in table for line in _lines(row))]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    rendered = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    rendered.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(rendered)


def mark_of(questions: Sequence[Question]) -> str:
    """Which table of the document these questions belong in: electives alone have one of their own."""
    return ELECTIVES_MARK if all(question.group == ELECTIVE for question in questions) else MARK


def write(path: Path, text: str, mark: str = MARK) -> None:
    """Put a text between the document's two marks, in one step: a reader sees the old document or the new one.

    Raises:
        DocumentError: as `parts` says, or it cannot be written.
    """
    before, after = parts(path, mark)
    try:
        write_text(path, f"{before}{marks.begin(mark)}\n{text}\n{marks.end(mark)}{after}")
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror})") from error


def parts(path: Path, mark: str = MARK) -> tuple[str, str]:
    """What stands before the mark that begins a table, and after the one that ends it.

    Raises:
        DocumentError: there is no such file, or the marks are not in it, one after the other.
    """
    try:
        document = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path}: cannot be read ({error})") from error
    try:
        return marks.outside(document, mark)
    except marks.MarksError as error:
        raise DocumentError(f"{path}: {error}") from error


def shown(path: Path, mark: str = MARK) -> set[str]:
    """The ids of the questions in the document's present table.

    Raises:
        DocumentError: as `parts` says.
    """
    before, after = parts(path, mark)
    document = path.read_text(encoding="utf-8")
    return set(re.findall(r"^\| ([a-z]+\d+) ", document[len(before) : len(document) - len(after)], re.MULTILINE))


def _lines(row: Row) -> list[tuple[str, ...]]:
    """One line for each metric; a question that measures nothing has one line."""
    head = (row.question, row.solution, str(row.threads), f"{row.passed}/{row.seeds}", f"{row.at_first}/{row.seeds}")
    return [head + _cells(metric) for metric in row.metrics] or [(*head, "exact checks", *[""] * 5)]


def _cells(metric: Metric) -> tuple[str, ...]:
    bound = "at least" if metric.is_least else "at most"
    unused = [metric.margin(metric.worst), metric.margin(metric.median)]
    return (
        metric.name.replace("_", " "),
        f"{bound} {_value(metric.threshold, metric)}",
        _value(metric.worst, metric),
        _value(metric.median, metric),
        *("none to have" if share is None else f"{share:.0%}" for share in unused),
    )


def _value(value: float, metric: Metric) -> str:
    return f"{value:.1%}" if metric.is_least else f"{value:.3g}"
