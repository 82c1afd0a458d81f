"""Reads a class's submissions: a Gradescope export, as a folder or a zip, or a plain folder with one entry each.

Nothing is followed, run or believed: the student files are found as the Gradescope runner finds them
(`grading.gradescope.submission`), and each oddity becomes a sentence. One submission that cannot be read, names that
clash and metadata that cannot be read stop no class: they become rows with a reason, and notes.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from grading.gradescope.submission import NOISE, find
from grading.questions import natural_order
from staff.classroom import roster
from staff.classroom.archive import UNREADABLE, parts_of, reason_of, unpack
from staff.classroom.errors import ClassroomError
from staff.classroom.roster import Entry, Student

METADATA = "submission_metadata.yml"
FOLDER_PREFIX = "submission_"
NO_FILES = "Nothing was handed in: the export has no folder for this submission."
PACKED = (".zip",)  # archives that are unpacked, in a plain folder
OTHER_ARCHIVES = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz")


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
        path: of the export, or of a plain folder that holds a folder or a zip for each submission.
        wanted: names of the student files.
        required: those of them that are named if they are missing; by default all.
    Raises:
        ClassroomError: there is nothing that could be graded.
    """
    wanted, required = sorted(wanted), sorted(required) if required is not None else None
    with _source(path) as source:
        entries, odd = _entries(source, path)
        names, notes = _submissions_among(source.names, entries)
        submissions = [_submission(source, name, entries, wanted, required) for name in names]
    if not submissions:
        raise ClassroomError(
            f'{path}: holds no submissions. Expected is Gradescope\'s export ("Export Submissions"), as a zip or '
            "unpacked, or a folder that holds one folder or zip for each submission"
        )
    return Export(_told_apart(submissions, names), [*odd, *notes, *source.notes])


def _submission(
    source: _Source, name: str, entries: dict[str, Entry] | None, wanted: list[str], required: list[str] | None
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


def _entries(source: _Source, path: Path) -> tuple[dict[str, Entry] | None, list[str]]:
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
    return Path(name).stem if suffix in (*PACKED, *OTHER_ARCHIVES) else name


class Unread(Exception):
    """A submission is not read; the text says why, after its name."""


class _Source(Protocol):
    """Where submissions lie.

    Attributes:
        names: of their folders or archives.
        notes: sentences about what else lies there.
    """

    names: list[str]
    notes: list[str]

    def metadata(self) -> bytes | None:
        """The metadata of the export, None if there is none; raises one of `UNREADABLE`."""

    def open(self, name: str) -> AbstractContextManager[tuple[Path, list[str]]]:
        """The submission as a folder, and sentences about what could not be unpacked.

        Raises:
            Unread, OSError: it cannot be read.
        """


@contextmanager
def _source(path: Path) -> Iterator[_Source]:
    with ExitStack() as stack:
        source: _Source
        try:
            if path.is_dir():
                source = _Folder(path)
            elif zipfile.is_zipfile(path):
                source = _Archive(path, stack.enter_context(zipfile.ZipFile(path)))
            elif path.exists():
                raise ClassroomError(f"{path}: neither a folder nor a zip archive")
            else:
                raise ClassroomError(f"{path}: no such file or folder")
        except UNREADABLE as error:
            raise ClassroomError(f"{path}: cannot be read ({reason_of(error)})") from error
        yield source


class _Folder:
    """An unpacked export, or a plain folder."""

    def __init__(self, path: Path) -> None:
        folders = [entry for entry in sorted(path.iterdir()) if entry.is_dir() and not _is_noise(entry.name)]
        found = [folder / METADATA for folder in (path, *folders) if _is_file(folder / METADATA)]
        if found and found[0].parent != path and len(folders) > 1:
            raise _one_of_several(path, found[0].parent.name)
        self._metadata = found[0] if found else None
        self._root = found[0].parent if found else path
        entries = [entry for entry in sorted(self._root.iterdir()) if not _is_noise(entry.name)]
        packed = () if found else (*PACKED, *OTHER_ARCHIVES)
        self.names = [
            entry.name
            for entry in entries
            if entry.is_symlink() or entry.is_dir() or (entry.suffix.lower() in packed and entry.is_file())
        ]
        known = {*self.names, METADATA}
        self.notes = [f"{one.name} is no submission and was not graded" for one in entries if one.name not in known]

    def metadata(self) -> bytes | None:
        return self._metadata.read_bytes() if self._metadata is not None else None

    @contextmanager
    def open(self, name: str) -> Iterator[tuple[Path, list[str]]]:
        path = self._root / name
        if path.is_symlink():
            raise Unread("is a link, which is not followed: put the folder itself there")
        told = []
        if path.is_dir():
            entries = os.listdir(path)  # what cannot be listed cannot be graded
            packed = None if self._metadata else _only_archive(path, entries)
            if packed is None:
                yield path, []
                return
            path, told = packed, [f"{packed.name} was unpacked."]
        if path.suffix.lower() not in PACKED:
            raise Unread("is an archive of a kind that is not read: unpack it into a folder, or pack it as a zip")
        with tempfile.TemporaryDirectory(prefix="nn-submission-") as folder:
            try:
                with zipfile.ZipFile(path) as archive:
                    notes = unpack(archive, archive.infolist(), 0, Path(folder))
            except UNREADABLE as error:
                raise Unread(f"could not be unpacked ({reason_of(error)}): it is no whole zip archive") from error
            yield Path(folder), [*told, *notes]


class _Archive:
    """A zipped export, or a zip with one folder for each submission."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        members = [(parts, member) for member in archive.infolist() if (parts := parts_of(member))]
        found = [(parts, member) for parts, member in members if parts[-1] == METADATA and len(parts) <= 2]
        found.sort(key=lambda pair: len(pair[0]))
        folders = {parts[0] for parts, member in members if len(parts) > 1 or member.is_dir()}
        if found and len(found[0][0]) > 1 and len(folders) > 1:
            raise _one_of_several(path, found[0][0][0])
        self._metadata = found[0][1] if found else None
        if found:
            top = found[0][0][:-1]
        else:
            tops = {parts[0] for parts, _ in members if len(parts) > 2}
            only = len(tops) == 1 and all(parts[0] in tops for parts, _ in members)
            top = (tops.pop(),) if only else ()
        self._depth = len(top) + 1
        self._members: dict[str, list[zipfile.ZipInfo]] = {}
        self.notes: list[str] = []
        for parts, member in members:
            is_inside = len(parts) > self._depth or (len(parts) == self._depth and member.is_dir())
            if is_inside and parts[: len(top)] == top:
                self._members.setdefault(parts[len(top)], []).append(member)
            elif len(parts) == self._depth and member is not self._metadata:
                self.notes.append(f"{parts[-1]} is no submission and was not graded")
        self.names = list(self._members)

    def metadata(self) -> bytes | None:
        return self._archive.read(self._metadata) if self._metadata is not None else None

    @contextmanager
    def open(self, name: str) -> Iterator[tuple[Path, list[str]]]:
        with tempfile.TemporaryDirectory(prefix="nn-submission-") as folder:
            yield Path(folder), unpack(self._archive, self._members[name], self._depth, Path(folder))


def _one_of_several(path: Path, name: str) -> ClassroomError:
    """Metadata beside other folders: they belong to an export, or are a student's file in a class without metadata."""
    return ClassroomError(
        f"{path}: the folder {name}, one of several, holds a {METADATA}. Grade that folder alone if it is an export; "
        "take the file away if it is a student's"
    )


def _only_archive(folder: Path, entries: list[str]) -> Path | None:
    """The zip that is all a folder holds: learning platforms give each student's upload a folder."""
    names = [name for name in entries if not _is_noise(name)]
    if len(names) != 1 or Path(names[0]).suffix.lower() not in PACKED:
        return None
    only = folder / names[0]
    return only if only.is_file() and not only.is_symlink() else None


def _is_file(path: Path) -> bool:
    """Whether there is a file that can be seen; a folder that nobody may enter shows none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _is_noise(name: str) -> bool:
    return NOISE.fullmatch(name) is not None or name.startswith(".")
