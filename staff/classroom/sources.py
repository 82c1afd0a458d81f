"""Where the submissions of a class lie: in a folder or in a zip archive, as folders or as archives of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, Protocol

from grading.gradescope.submission import NOISE
from staff.classroom.archive import UNREADABLE, parts_of, reason_of, unpack
from staff.classroom.errors import ClassroomError

METADATA = "submission_metadata.yml"
PACKED = (".zip",)  # archives that are unpacked, in a plain folder
OTHER_ARCHIVES = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz")
ARCHIVES = (*PACKED, *OTHER_ARCHIVES)
MAX_PACKED_BYTES = 256 * 2**20  # of one student's archive in the archive of a class


class Unread(Exception):
    """A submission is not read; the text says why, after its name."""


class Source(Protocol):
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
def opened(path: Path) -> Iterator[Source]:
    """Where the submissions of an export lie.

    Raises:
        ClassroomError: nothing there can be read.
    """
    with ExitStack() as stack:
        source: Source
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
        packed = () if found else ARCHIVES
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
        with path.open("rb") as file, _unpacked(path.name, file) as (folder, notes):
            yield folder, [*told, *notes]


class _Archive:
    """A zipped export, or a zip with one folder or archive for each submission."""

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
            tops = {parts[0] for parts, _ in members if len(parts) > 2} or _folders_of_archives(members)
            only = len(tops) == 1 and all(parts[0] in tops for parts, _ in members)
            top = (tops.pop(),) if only else ()
        self._depth = len(top) + 1
        self._members: dict[str, list[zipfile.ZipInfo]] = {}
        self.notes: list[str] = []
        for parts, member in members:
            is_packed = not found and _is_archive(parts[-1])
            is_inside = len(parts) > self._depth or (len(parts) == self._depth and (member.is_dir() or is_packed))
            if is_inside and parts[: len(top)] == top:
                self._members.setdefault(parts[len(top)], []).append(member)
            elif len(parts) == self._depth and member is not self._metadata:
                self.notes.append(f"{parts[-1]} is no submission and was not graded")
        self.names = list(self._members)

    def metadata(self) -> bytes | None:
        return self._archive.read(self._metadata) if self._metadata is not None else None

    @contextmanager
    def open(self, name: str) -> Iterator[tuple[Path, list[str]]]:
        packed = None if self._metadata else self._only_archive(name)
        if packed is None:
            with tempfile.TemporaryDirectory(prefix="nn-submission-") as folder:
                yield Path(folder), unpack(self._archive, self._members[name], self._depth, Path(folder))
            return
        inner = parts_of(packed)[-1]
        told = [] if inner == name else [f"{inner} was unpacked."]
        if packed.file_size > MAX_PACKED_BYTES:
            raise Unread(f"holds {packed.file_size // 2**20} MiB, and {MAX_PACKED_BYTES // 2**20} are read: unpack it")
        with tempfile.TemporaryFile() as file:
            try:
                with self._archive.open(packed) as content:
                    shutil.copyfileobj(content, file)
            except UNREADABLE as error:
                raise Unread(f"cannot be read ({reason_of(error)})") from error
            with _unpacked(inner, file) as (unpacked, notes):
                yield unpacked, [*told, *notes]

    def _only_archive(self, name: str) -> zipfile.ZipInfo | None:
        """The archive that a submission is, or that is all its folder holds."""
        files = [member for member in self._members[name] if not member.is_dir()]
        parts = parts_of(files[0]) if len(files) == 1 else ()
        return files[0] if parts and len(parts) <= self._depth + 1 and _is_archive(parts[-1]) else None


@contextmanager
def _unpacked(name: str, file: IO[bytes]) -> Iterator[tuple[Path, list[str]]]:
    """What a student packed, as a folder, and sentences about what could not be unpacked.

    Args:
        name: of the archive.
        file: its content.
    Raises:
        Unread: this is no whole zip archive.
    """
    if Path(name).suffix.lower() not in PACKED:
        raise Unread("is an archive of a kind that is not read: unpack it into a folder, or pack it as a zip")
    with tempfile.TemporaryDirectory(prefix="nn-submission-") as folder:
        try:
            with zipfile.ZipFile(file) as archive:
                notes = unpack(archive, archive.infolist(), 0, Path(folder))
        except UNREADABLE as error:
            raise Unread(f"could not be unpacked ({reason_of(error)}): it is no whole zip archive") from error
        yield Path(folder), notes


def _folders_of_archives(members: Iterable[tuple[tuple[str, ...], zipfile.ZipInfo]]) -> set[str]:
    """The folders at the top of an archive that hold several archives, so one for each student."""
    counts = Counter(parts[0] for parts, _ in members if len(parts) == 2 and _is_archive(parts[1]))
    return {name for name, count in counts.items() if count > 1}


def _is_archive(name: str) -> bool:
    return Path(name).suffix.lower() in ARCHIVES


def _one_of_several(path: Path, name: str) -> ClassroomError:
    """Metadata beside other folders: they belong to an export, or are a student's file in a class without metadata."""
    return ClassroomError(
        f"{path}: the folder {name}, one of several, holds a {METADATA}. Grade that folder alone if it is an export; "
        "take the file away if it is a student's"
    )


def _only_archive(folder: Path, entries: list[str]) -> Path | None:
    """The archive that is all a folder holds: learning platforms give each student's upload a folder."""
    names = [name for name in entries if not _is_noise(name)]
    if len(names) != 1 or not _is_archive(names[0]):
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
