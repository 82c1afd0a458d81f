"""Reads submission_metadata.json: what the harness knows about this submission and those before it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Metadata:
    """The part that grading needs; all of it may be missing.

    Attributes:
        total_points: what the assignment is out of, or None.
        submitted: when, or None.
        previous: time and score of each earlier submission on which neither the harness nor the grader failed, the
            oldest first. The harness tells of its own failures for all, of the grader's for the latest one only.
    """

    total_points: float | None = None
    submitted: datetime | None = None
    previous: tuple[tuple[datetime, float], ...] = ()


def load(path: Path) -> Metadata:
    """Read the file; what is missing or has another form than documented is left out."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Metadata()
    if not isinstance(table, dict):
        return Metadata()
    assignment = table.get("assignment")
    points = _number(assignment.get("total_points")) if isinstance(assignment, dict) else None
    previous = []
    earlier = table.get("previous_submissions")
    for row in earlier if isinstance(earlier, list) else []:
        if isinstance(row, dict) and not row.get("autograder_error") and not _grader_failed(row):
            moment, score = _time(row.get("submission_time")), _number(row.get("score"))
            if moment is not None and score is not None:
                previous.append((moment, score))
    return Metadata(points, _time(table.get("created_at")), tuple(sorted(previous)))


def recent(metadata: Metadata, hours: float, max_submissions: int) -> list[tuple[datetime, float]]:
    """The earlier submissions of the last hours before this one that were graded.

    Nothing says which ones the limit has refused. The same limit is therefore applied to each in turn.
    """
    graded: list[tuple[datetime, float]] = []

    def counted(now: datetime) -> list[tuple[datetime, float]]:
        return [(moment, score) for moment, score in graded if now - moment < timedelta(hours=hours)]

    for moment, score in metadata.previous:
        if len(counted(moment)) < max_submissions:
            graded.append((moment, score))
    return counted(metadata.submitted or datetime.now(UTC))


def _grader_failed(row: dict[str, Any]) -> bool:
    found = row.get("results")
    about = found.get("extra_data") if isinstance(found, dict) else None
    return isinstance(about, dict) and "grader_failure" in about


def _number(value: Any) -> float | None:
    try:
        return float(value)  # the harness writes points as text: "20.0"
    except (TypeError, ValueError):
        return None


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
