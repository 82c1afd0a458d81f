"""What grading again changed, student by student and check by check, and why it was graded again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grading.report import points
from staff.classroom.records import Record, Records
from staff.classroom.tables import Standing, as_csv

MAX_NAMED = 4
NOTHING = "not graded"


@dataclass(frozen=True)
class Change:
    """One check of one submission that came out otherwise than before."""

    submission: str
    question: str
    check: str
    title: str
    before: str
    after: str
    points: float
    message: str
    why: str


def reasons(before: Record, after: Mapping[str, Any], records: Records) -> list[str]:
    """Why a result no longer holds, in words.

    Args:
        before: the earlier record.
        after: `key`, `settings` and `files` of what would take its place.
        records: know which files graders were made of.
    """
    old, new = before["key"], after["key"]
    found = []
    if old["submission"] != new["submission"]:
        files = _differences(before.get("files", {}), after.get("files", {}))
        found.append(f"submission: {_named(files) or 'how it was packed'}")
    if old["grader"] != new["grader"]:
        ours = _differences(records.grader_files(old["grader"]), records.grader_files(new["grader"]))
        found.append(f"grader {old['grader'][:7]} to {new['grader'][:7]}: {_named(ours) or 'files not known'}")
    if old["settings"] != new["settings"]:
        found += [f"setting {text}" for text in _settings(before.get("settings", {}), after.get("settings", {}))]
    return found


def of_record(record: Record, records: Records) -> list[Change]:
    """The checks of one record that differ from those of the record before it."""
    before = record.get("before")
    if not before or "questions" not in record:
        return []
    why = "; ".join(reasons(before, record, records))
    old, new = _checks(before), _checks(record)
    changes = []
    for place in [*new, *(place for place in old if place not in new)]:
        was, now = old.get(place), new.get(place)
        if was is not None and now is not None and (was["status"], was["score"]) == (now["status"], now["score"]):
            continue
        gained = (now["score"] if now else 0.0) - (was["score"] if was else 0.0)
        shown = now or was or {}
        changes.append(
            Change(
                record["id"],
                *place,
                shown.get("title", place[1]),
                was["status"] if was else NOTHING,
                now["status"] if now else NOTHING,
                gained,
                (now or {}).get("message", ""),
                why,
            )
        )
    return changes


def table(rows: Sequence[Standing], changes: Iterable[Change]) -> bytes:
    """changes.csv: a row for each student and each check that changed."""
    by_submission: dict[str, list[Change]] = {}
    for change in changes:
        by_submission.setdefault(change.submission, []).append(change)
    lines = [["name", "sid", "email", "submission", "question", "check", "before", "after", "points", "why", "message"]]
    for row in rows:
        person = [row.student.name, row.student.sid, row.student.email, row.submission.id]
        for change in by_submission.get(row.submission.id, []):
            what = [change.question, change.check, change.before, change.after, points(change.points)]
            lines.append([*person, *what, change.why, change.message])
    return as_csv(lines)


def _checks(record: Record) -> dict[tuple[str, str], dict[str, Any]]:
    return {(question["id"], check["name"]): check for question in record["questions"] for check in question["checks"]}


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def _settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    texts = []
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if isinstance(was, dict) and isinstance(now, dict):
            texts += _settings(was, now)
        else:
            texts.append(f"{name.replace('_', ' ')}: {_shown(was)} to {_shown(now)}")
    return texts


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "none" if value is None else str(value)
