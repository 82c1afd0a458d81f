"""summary.html: how the class did, what it struggles with, and what staff should look at; one file, no network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

import jinja2

from grading.outcomes import CRASHED, NOT_FINISHED, PASSED, WAITS
from grading.report import points
from staff.classroom.changes import Change
from staff.classroom.records import GRADED, GRADER_FAILED, Record, faults
from staff.classroom.tables import Standing

MAX_SHOWN = 12
MAX_MESSAGE_CHARACTERS = 400
BINS_OF_THE_TOTAL = 10
MAX_SINGLE_POINTS = 14


@dataclass(frozen=True)
class Bar:
    """One bar of a distribution: what it stands for, how many, and how many of the tallest's percents."""

    label: str
    count: int
    height: float


@dataclass(frozen=True)
class QuestionSummary:
    """One question: its distribution, and per check how many passed it."""

    id: str
    title: str
    mean: float
    max_score: float
    bars: list[Bar]
    checks: list[tuple[str, int]]


@dataclass(frozen=True)
class Told:
    """A check that many lose, and the commonest thing that they are told."""

    question: str
    title: str
    count: int
    messages: list[tuple[int, str]]


@dataclass(frozen=True)
class Run:
    """What the page says of how grading went."""

    finished: datetime
    graded_now: int
    graded_before: int
    seconds: float
    workers: int


def page(
    name: str,
    rows: Sequence[Standing],
    records: Mapping[str, Record],
    folders: Mapping[str, str],
    changes: Sequence[Change],
    notes: Sequence[str],
    run: Run,
) -> bytes:
    """The page.

    Args:
        name: of the class, such as the export's.
        rows: students.
        records: by submission, each once; those that are not graded may be missing.
        folders: of submissions, relative to the page.
        changes: what grading again changed.
        notes: about the export as a whole.
        run: how grading went.
    """
    graded = [record for record in records.values() if record["state"] == GRADED]
    scores = [record["score"] for record in graded]
    most = max((record["max_score"] for record in graded), default=0.0)
    slow = sorted(records.values(), key=lambda record: -record["timing"]["seconds"])[:MAX_SHOWN]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"points": points}
    students = {
        row.submission.id: [one.name or one.email or one.sid for one in row.submission.students] for row in rows
    }
    text = environment.get_template("summary.html.j2").render(
        name=name,
        rows=rows,
        records=records,
        folders=folders,
        students=students,
        graded=graded,
        mean=mean(scores) if scores else 0.0,
        median=median(scores) if scores else 0.0,
        most=most,
        totals=_bars_of_totals(scores, most),
        questions=_questions(graded),
        told=_told(graded),
        slow=slow,
        crashed=_ended_badly(graded),
        unread={row.submission.id: row.submission.fault for row in rows if row.submission.fault},
        failed=[record for record in records.values() if record["state"] == GRADER_FAILED],
        ours=[(record, *fault) for record in graded for fault in faults(record)],
        odd=[record for record in records.values() if record["notes"]],
        changes=changes,
        notes=notes,
        run=run,
        settings=next((record["settings"] for record in records.values()), None),
        grader=next((record["key"]["grader"] for record in records.values()), ""),
        versions=sorted({_versions(record) for record in graded}),
    )
    return text.encode("utf-8", errors="replace")


def _bars(counts: Mapping[str, int]) -> list[Bar]:
    tallest = max(counts.values(), default=0) or 1
    return [Bar(label, count, 100 * count / tallest) for label, count in counts.items()]


def _bars_of_totals(scores: Sequence[float], most: float) -> list[Bar]:
    """By points where there are few, else by tenths of the points to be had; the last one holds full marks."""
    if most <= MAX_SINGLE_POINTS:
        steps = sorted({*map(float, range(int(most) + 1)), *scores})
        return _bars({points(step): list(scores).count(step) for step in steps})
    width = most / BINS_OF_THE_TOTAL
    counts = Counter(min(int(score / width + 1e-9), BINS_OF_THE_TOTAL - 1) for score in scores)
    edges = [points(round(width * place, 2)) for place in range(BINS_OF_THE_TOTAL + 1)]
    return _bars({f"{edges[place]}–{edges[place + 1]}": counts[place] for place in range(BINS_OF_THE_TOTAL)})


def _questions(graded: Sequence[Record]) -> list[QuestionSummary]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in graded:
        for question in record["questions"]:
            found.setdefault(question["id"], []).append(question)
    summaries = []
    for identifier, results in found.items():
        scores = [result["score"] for result in results]
        counts = Counter(scores)
        steps = sorted({0.0, results[0]["max_score"], *scores})
        passed = Counter(check["title"] for one in results for check in one["checks"] if check["status"] == PASSED)
        titles = list(dict.fromkeys(check["title"] for one in results for check in one["checks"]))
        summaries.append(
            QuestionSummary(
                identifier,
                results[0]["title"],
                mean(scores),
                results[0]["max_score"],
                _bars({points(step): counts[step] for step in steps}),
                [(title, passed[title]) for title in titles],
            )
        )
    return summaries


def _told(graded: Sequence[Record]) -> list[Told]:
    """The checks that most submissions lose, each with what they are told most often."""
    found: dict[tuple[str, str], list[str]] = {}
    for record in graded:
        for question in record["questions"]:
            for check in question["checks"]:
                if check["status"] != PASSED and check["cause"] != WAITS:
                    found.setdefault((question["id"], check["title"]), []).append(check["message"])
    told = []
    for (question, title), messages in sorted(found.items(), key=lambda item: -len(item[1]))[:MAX_SHOWN]:
        alike: dict[str, list[str]] = {}
        for message in messages:
            alike.setdefault(_without_numbers(message), []).append(message)
        often = sorted(alike.values(), key=lambda group: -len(group))[:3]
        shown = [(len(group), _shortened(group[0])) for group in often]
        told.append(Told(question, title, len(messages), shown))
    return told


def _ended_badly(graded: Sequence[Record]) -> list[tuple[Record, str, str, str]]:
    """Submission, question, how and why, where the student's process crashed or ran out of time or memory."""
    return [
        (record, question["id"], check["status"], _shortened(check["message"].strip().splitlines()[-1]))
        for record in graded
        for question in record["questions"]
        for check in question["checks"]
        if check["status"] in (CRASHED, NOT_FINISHED) and check["message"].strip() and check["cause"] != WAITS
    ]


def _without_numbers(message: str) -> str:
    """Messages that differ in numbers alone tell the same explanation."""
    return re.sub(r"-?\d+(\.\d+)?(e[+-]?\d+)?", "#", message)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE_CHARACTERS else f"{text[:MAX_MESSAGE_CHARACTERS]}…"


def _versions(record: Record) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted((record["versions"] or {}).items()))
