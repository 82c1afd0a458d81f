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
        previous: time and score of each earlier submission that was graded, the oldest first.
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
        if isinstance(row, dict) and not row.get("autograder_error"):
            moment, score = _time(row.get("submission_time")), _number(row.get("score"))
            if moment is not None and score is not None:
                previous.append((moment, score))
    return Metadata(points, _time(table.get("created_at")), tuple(sorted(previous)))


def recent(metadata: Metadata, hours: float) -> list[tuple[datetime, float]]:
    """The earlier submissions of the last hours before this one."""
    now = metadata.submitted or datetime.now(UTC)
    return [(moment, score) for moment, score in metadata.previous if now - moment < timedelta(hours=hours)]


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
