"""scores.csv: one row for each student, groups taken apart."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grading.questions import natural_order
from grading.report import points
from staff.classroom.export import Submission
from staff.classroom.records import GRADED, Record, faults
from staff.classroom.roster import Student

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NOT_READABLE = "could not be read"
NOT_STUDENTS_FAULT = "grader failed, not the student"
Row = list[str]


@dataclass(frozen=True)
class Standing:
    """A student with the submission that counts for them.

    Attributes:
        student: who.
        submission: that counts.
        others: ids of earlier submissions that they have a part in.
        namesakes: ids of submissions of somebody who has the same name, where nothing but the name is known.
    """

    student: Student
    submission: Submission
    others: tuple[str, ...] = ()
    namesakes: tuple[str, ...] = ()


def standings(submissions: Iterable[Submission]) -> list[Standing]:
    """Every student once, by name; of several submissions the latest counts. One without students stands for itself.

    Students of whom only a name is known are one person for each submission: two may share a name.
    """
    found: dict[str, list[tuple[Student, Submission]]] = {}
    namesakes: dict[str, list[str]] = {}
    for submission in submissions:
        for student in submission.students or (Student(""),):
            if student.email or student.sid:
                identity = student.identity
            else:
                identity = f"{student.name} in submission {submission.id}"
                namesakes.setdefault(student.name, []).append(submission.id)
            found.setdefault(identity, []).append((student, submission))
    rows = []
    for pairs in found.values():
        pairs = sorted(pairs, key=lambda pair: (pair[1].created, natural_order(pair[1].id)))
        student, submission = pairs[-1]
        nameless = not student.name or student.email or student.sid
        alike = () if nameless else tuple(one for one in namesakes[student.name] if one != submission.id)
        rows.append(Standing(student, submission, tuple(other.id for _, other in pairs[:-1]), alike))
    return sorted(rows, key=lambda row: (row.student.name.casefold(), row.student, row.submission.id))


def scores(rows: Sequence[Standing], records: Mapping[str, Record], questions: Sequence[str]) -> bytes:
    """The table, as spreadsheets read it: UTF-8 with a mark in front, and no cell that would be run as a formula.

    It holds nothing that differs from run to run.

    Args:
        rows: from `standings`.
        records: by submission.
        questions: ids, one column each.
    """
    table: list[Row] = [
        ["name", "sid", "email", "submission", "state", "score", "max_score", "extra_credit", *questions, "notes"]
    ]
    table += [_row(row, records.get(row.submission.id), questions) for row in rows]
    return as_csv(table)


def as_csv(table: Iterable[Row]) -> bytes:
    """A table as the bytes of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([[guarded(cell) for cell in row] for row in table])
    return text.getvalue().encode("utf-8-sig", errors="replace")


def guarded(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would take for a formula."""
    is_formula = cell.lstrip(" ").startswith(FORMULA_STARTS) and not re.fullmatch(r"-?\d+(\.\d+)?", cell)
    return f"'{cell}" if is_formula else cell


def _row(row: Standing, record: Record | None, questions: Sequence[str]) -> Row:
    person = [row.student.name, row.student.sid, row.student.email, row.submission.id]
    notes = list(row.submission.notes)
    if row.others:
        notes.append(f"Also part of submission {', '.join(row.others)}; the latest counts.")
    if row.namesakes:
        notes.append(f"Submission {', '.join(row.namesakes)} has the same name: is this one person?")
    if row.submission.fault:
        notes.insert(0, row.submission.fault)
        return [*person, NOT_READABLE, "", "", "", *("" for _ in questions), " ".join(notes)]
    if record is None or record["state"] != GRADED:
        why = NOT_STUDENTS_FAULT if record is not None else "not graded yet"
        return [*person, why, "", "", "", *("" for _ in questions), " ".join(notes)]
    by_question = {question["id"]: points(question["score"]) for question in record["questions"]}
    state = GRADED if row.submission.files else "no files"
    if ours := dict.fromkeys(question for question, _, _ in faults(record)):
        state = f"{GRADED}, but in {', '.join(ours)} the {NOT_STUDENTS_FAULT}"
    totals = [points(record[name]) for name in ("score", "max_score", "extra_credit")]
    return [*person, state, *totals, *(by_question.get(one, "") for one in questions), " ".join(notes)]
