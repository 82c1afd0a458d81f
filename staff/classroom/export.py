"""Reads a class's submissions: a Gradescope export, as a folder or a zip, or a plain folder with one entry each.

Nothing is followed, run or believed: the student files are found as the Gradescope runner finds them
(`grading.gradescope.submission`), and each oddity becomes a sentence. One submission that cannot be read, names that
clash and metadata that cannot be read stop no class: they become rows with a reason, and notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from grading.gradescope.submission import find
from grading.questions import natural_order
from staff.classroom import roster
from staff.classroom.archive import UNREADABLE, reason_of
from staff.classroom.errors import ClassroomError
from staff.classroom.roster import Entry, Student
from staff.classroom.sources import ARCHIVES, METADATA, Source, Unread, opened

FOLDER_PREFIX = "submission_"
NO_FILES = "Nothing was handed in: the export has no folder for this submission."


@dataclass(frozen=True)
class Submission:
    """One submission, ready to be graded.

    Attributes:
        id: Gradescope's number, or the name of the folder or archive.
        students: whose it is; in a plain folder, one named like it.
        created: when it came, as Gradescope writes it, or empty.
        files: content of the student files by their proper names.
        notes: sentences about what was odd.
        fault: why it could not be read, in a sentence, so that it cannot be graded; empty otherwise.
    """

    id: str
    students: tuple[Student, ...]
    created: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class Export:
    """A class's submissions in their natural order, and what was odd about the export as a whole."""

    submissions: list[Submission]
    notes: list[str]


def read(path: Path, wanted: Iterable[str], required: Iterable[str] | None = None) -> Export:
    """Read every submission.

    Args:
        path: of the export, or of a plain folder or zip that holds a folder or a zip for each submission.
        wanted: names of the student files.
        required: those of them that are named if they are missing; by default all.
    Raises:
        ClassroomError: there is nothing that could be graded.
    """
    wanted, required = sorted(wanted), sorted(required) if required is not None else None
    with opened(path) as source:
        entries, odd = _entries(source, path)
        names, notes = _submissions_among(source.names, entries)
        submissions = [_submission(source, name, entries, wanted, required) for name in names]
    if not submissions:
        raise ClassroomError(
            f'{path}: holds no submissions. Expected is Gradescope\'s export ("Export Submissions"), as a zip or '
            "unpacked, or a folder or zip that holds one folder or zip for each submission"
        )
    return Export(_told_apart(submissions, names), [*odd, *notes, *source.notes])


def _submission(
    source: Source, name: str, entries: dict[str, Entry] | None, wanted: list[str], required: list[str] | None
) -> Submission:
    """One submission, whatever can be had of it."""
    entry = entries.get(name, Entry()) if entries is not None else Entry((Student(_plain(name)),))
    identifier = name.removeprefix(FOLDER_PREFIX) if entries is not None else _plain(name)
    submission = Submission(identifier, entry.students, entry.created)
    if name not in source.names:
        return replace(submission, notes=(NO_FILES,))
    try:
        with source.open(name) as (folder, odd):
            found = find(folder, wanted, required)
    except Unread as fault:
        return replace(submission, fault=f"{name} {fault}.")
    except OSError as error:
        return replace(submission, fault=f"{name} cannot be read ({reason_of(error)}).")
    return replace(submission, files=found.files, notes=(*odd, *found.notes))


def _entries(source: Source, path: Path) -> tuple[dict[str, Entry] | None, list[str]]:
    """What the metadata says, None where there is none, and a note where they cannot be read."""
    try:
        content = source.metadata()
        if content is None:
            return None, []
        entries, twice = roster.read(content, f"{path}: {METADATA}")
    except (ClassroomError, *UNREADABLE) as error:
        why = str(error) if isinstance(error, ClassroomError) else f"{path}: {METADATA} cannot be read ({error})"
        return {}, [f"{why}. Nobody's name is known, and each submission has a row of its own"]
    return entries, [f"{name} stands several times in {METADATA}; the last entry counts" for name in twice]


def _submissions_among(names: list[str], entries: dict[str, Entry] | None) -> tuple[list[str], list[str]]:
    """The names of submissions in natural order, and sentences about the others."""
    if entries is None:
        return sorted(names, key=natural_order), []
    chosen = {name for name in names if name.startswith(FOLDER_PREFIX)} | set(entries)
    if not chosen:  # metadata that say nothing, and folders with other names
        return sorted(names, key=natural_order), []
    notes = [f"{name} is no submission of the export and was not graded" for name in sorted(set(names) - chosen)]
    notes += [f"{name} is not in {METADATA}: whose is it?" for name in sorted(chosen - set(entries)) if entries]
    notes += [f"{name} has no students in {METADATA}" for name in sorted(entries) if not entries[name].students]
    return sorted(chosen, key=natural_order), notes


def _told_apart(submissions: list[Submission], names: list[str]) -> list[Submission]:
    """Submissions whose names would be the same get their full ones: `ann` and `ann.zip`.

    Args:
        submissions: all of the class.
        names: of their folders or archives, in the same order; each is there once.
    """
    counts = Counter(submission.id for submission in submissions)
    return [
        replace(one, id=name, notes=(*one.notes, f"Several submissions are named {one.id}: whose is this one?"))
        if counts[one.id] > 1
        else one
        for one, name in zip(submissions, names, strict=True)
    ]


def _plain(name: str) -> str:
    """The name of a folder, or of an archive without its ending."""
    suffix = Path(name).suffix.lower()
    return Path(name).stem if suffix in ARCHIVES else name
