"""Who handed in what: reads the submission_metadata.yml of a Gradescope export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from grading.gradescope.results import clean
from staff.classroom import plain_yaml
from staff.classroom.errors import ClassroomError

MAX_CHARACTERS = 200  # of a name or a number


@dataclass(frozen=True, order=True)
class Student:
    """One person, as Gradescope knows them; any field may be empty."""

    name: str
    sid: str = ""
    email: str = ""

    @property
    def identity(self) -> str:
        """What tells this student from others: email, else number, else name."""
        return self.email.lower() or self.sid or self.name


@dataclass(frozen=True)
class Entry:
    """What the metadata says of one submission: its students, and when it came, as Gradescope writes it."""

    students: tuple[Student, ...] = ()
    created: str = ""


def read(content: bytes, name: str) -> tuple[dict[str, Entry], list[str]]:
    """Entries by folder name, such as `submission_123`, and the names that stand there several times.

    Args:
        content: of the file.
        name: the file's, for messages.
    Raises:
        ClassroomError: this is not the YAML of an export.
    """
    twice: list[str] = []
    try:
        table = plain_yaml.read(content, twice)
    except (yaml.YAMLError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        raise ClassroomError(
            f"{name}{line}: not readable as YAML ({getattr(error, 'problem', None) or error}). "
            "Export the submissions again. Without this file, every folder counts as one student"
        ) from error
    if not isinstance(table, dict):
        raise ClassroomError(f"{name}: holds no table of submissions. Export the submissions again")
    return {_text(folder): _entry(row) for folder, row in table.items() if _text(folder)}, twice


def _entry(row: Any) -> Entry:
    """What can be used of one row; whatever has another form counts as missing."""
    row = _without_colons(row)
    submitters = row.get("submitters")
    students = [_student(_without_colons(one)) for one in submitters] if isinstance(submitters, list) else []
    known = dict.fromkeys(student for student in students if student.identity)
    return Entry(tuple(sorted(known)), _text(row.get("created_at", "")))


def _student(row: dict[str, Any]) -> Student:
    return Student(_text(row.get("name", "")), _text(row.get("sid", "")), _text(row.get("email", "")))


def _without_colons(row: Any) -> dict[str, Any]:
    """Ruby's symbols as keys, `:name:`, arrive with a colon in front."""
    pairs = row.items() if isinstance(row, dict) else ()
    return {key.removeprefix(":"): value for key, value in pairs if isinstance(key, str)}


def _text(value: Any) -> str:
    if not isinstance(value, str) or value in ("~", "null"):
        return ""
    return " ".join(clean(value).split())[:MAX_CHARACTERS]
