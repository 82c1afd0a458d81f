"""Reads a class's submissions: a Gradescope export, as a folder or a zip, or a plain folder with one entry each.

Nothing is followed, run or believed: the student files are found as the Gradescope runner finds them
(`grading.gradescope.submission`), and each oddity becomes a sentence.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from grading.gradescope.submission import NOISE, find
from grading.questions import natural_order
from staff.classroom import roster
from staff.classroom.archive import UNREADABLE, parts_of, unpack
from staff.classroom.errors import ClassroomError
from staff.classroom.roster import Entry, Student

METADATA = "submission_metadata.yml"
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
    """

    id: str
    students: tuple[Student, ...]
    created: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Export:
    """A class's submissions in their natural order, and what was odd about the export as a whole."""

    submissions: list[Submission]
    notes: list[str]


def read(path: Path, wanted: Iterable[str], required: Iterable[str] | None = None) -> Export:
    """Read every submission.

    Args:
        path: of the export, or of a plain folder that holds a folder or a zip for each submission.
        wanted: names of the student files.
        required: those of them that are named if they are missing; by default all.
    Raises:
        ClassroomError: there is nothing that could be graded.
    """
    wanted, required = sorted(wanted), sorted(required) if required is not None else None
    with _source(path) as source:
        entries = roster.read(source.metadata, f"{path}: {METADATA}") if source.metadata is not None else None
        names, notes = _submissions_among(source.names, entries)
        submissions = []
        for name in names:
            entry = entries.get(name, Entry()) if entries is not None else Entry((Student(Path(name).stem),))
            identifier = name.removeprefix(FOLDER_PREFIX) if entries is not None else Path(name).stem
            submission = Submission(identifier, entry.students, entry.created)
            if name not in source.names:
                submissions.append(replace(submission, notes=(NO_FILES,)))
                continue
            with source.open(name) as (folder, odd):
                found = find(folder, wanted, required)
            submissions.append(replace(submission, files=found.files, notes=(*odd, *found.notes)))
    if not submissions:
        raise ClassroomError(
            f'{path}: holds no submissions. Expected is Gradescope\'s export ("Export Submissions"), as a zip or '
            "unpacked, or a folder that holds one folder or zip for each submission"
        )
    _refuse_twins(path, submissions)
    return Export(submissions, notes)


def _submissions_among(names: list[str], entries: dict[str, Entry] | None) -> tuple[list[str], list[str]]:
    """The names of submissions in natural order, and sentences about the others."""
    if entries is None:
        return sorted(names, key=natural_order), []
    chosen = {name for name in names if name.startswith(FOLDER_PREFIX)} | set(entries)
    notes = [f"{name} is no submission of the export and was not graded" for name in sorted(set(names) - chosen)]
    notes += [f"{name} is not in {METADATA}: whose is it?" for name in sorted(chosen - set(entries))]
    notes += [f"{name} has no students in {METADATA}" for name in sorted(entries) if not entries[name].students]
    return sorted(chosen, key=natural_order), notes


def _refuse_twins(path: Path, submissions: list[Submission]) -> None:
    names = [submission.id for submission in submissions]
    if twins := sorted({name for name in names if names.count(name) > 1}):
        raise ClassroomError(f"{path}: several submissions are named {', '.join(twins)}; rename or remove one")


class _Source(Protocol):
    """Where submissions lie: the names of their folders or archives, and the metadata if there is any."""

    names: list[str]
    metadata: bytes | None

    def open(self, name: str) -> AbstractContextManager[tuple[Path, list[str]]]:
        """The submission as a folder, and sentences about what could not be unpacked."""


@contextmanager
def _source(path: Path) -> Iterator[_Source]:
    try:
        if path.is_dir():
            yield _Folder(path)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield _Archive(path, archive)
        elif path.exists():
            raise ClassroomError(f"{path}: neither a folder nor a zip archive")
        else:
            raise ClassroomError(f"{path}: no such file or folder")
    except OSError as error:
        raise ClassroomError(f"{error.filename or path}: cannot be read ({error.strerror or error})") from error


class _Folder:
    """An unpacked export, or a plain folder."""

    def __init__(self, path: Path) -> None:
        within = [path, *(entry for entry in sorted(path.iterdir()) if entry.is_dir() and not _is_noise(entry.name))]
        found = [folder / METADATA for folder in within if (folder / METADATA).is_file()]
        if len(found) > 1:
            raise ClassroomError(f"{path}: holds {len(found)} exports ({found[0]}, {found[1]}); grade one at a time")
        self.metadata = found[0].read_bytes() if found else None
        self._root = found[0].parent if found else path
        packed = (".zip",) if not found else ()
        self.names = [
            entry.name
            for entry in self._root.iterdir()
            if not _is_noise(entry.name)
            and not entry.is_symlink()
            and (entry.is_dir() or entry.suffix.lower() in packed)
        ]

    @contextmanager
    def open(self, name: str) -> Iterator[tuple[Path, list[str]]]:
        path = self._root / name
        if path.is_dir():
            yield path, []
            return
        with tempfile.TemporaryDirectory(prefix="nn-submission-") as folder:
            try:
                with zipfile.ZipFile(path) as archive:
                    notes = unpack(archive, archive.infolist(), 0, Path(folder))
            except UNREADABLE as error:
                notes = [f"{name} could not be unpacked ({type(error).__name__}): is it a whole zip archive?"]
            yield Path(folder), notes


class _Archive:
    """A zipped export, or a zip with one folder for each submission."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        members = [(parts, member) for member in archive.infolist() if (parts := parts_of(member))]
        found = [(parts, member) for parts, member in members if parts[-1] == METADATA and len(parts) <= 2]
        if len(found) > 1:
            raise ClassroomError(f"{path}: holds {len(found)} exports; grade one at a time")
        self.metadata: bytes | None = None
        if found:
            try:
                self.metadata = archive.read(found[0][1])
            except UNREADABLE as error:
                raise ClassroomError(
                    f"{path}: {METADATA} cannot be unpacked ({error}). Export the submissions again"
                ) from error
            top = found[0][0][:-1]
        else:
            tops = {parts[0] for parts, _ in members if len(parts) > 2}
            only = len(tops) == 1 and all(parts[0] in tops for parts, _ in members)
            top = (tops.pop(),) if only else ()
        self._depth = len(top) + 1
        self._members: dict[str, list[zipfile.ZipInfo]] = {}
        for parts, member in members:
            is_inside = len(parts) > self._depth or (len(parts) == self._depth and member.is_dir())
            if is_inside and parts[: len(top)] == top:
                self._members.setdefault(parts[len(top)], []).append(member)
        self.names = list(self._members)

    @contextmanager
    def open(self, name: str) -> Iterator[tuple[Path, list[str]]]:
        with tempfile.TemporaryDirectory(prefix="nn-submission-") as folder:
            yield Path(folder), unpack(self._archive, self._members[name], self._depth, Path(folder))


def _is_noise(name: str) -> bool:
    return NOISE.fullmatch(name) is not None or name.startswith(".")
