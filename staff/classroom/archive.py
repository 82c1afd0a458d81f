"""Unpacks what students packed, trusting nothing of it: names, links, sizes, checksums."""

from __future__ import annotations

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from grading.gradescope.submission import MAX_BYTES, MAX_ENTRIES, NOISE

# What reading a folder or a damaged archive raises; ValueError for names in no encoding.
UNREADABLE = (
    OSError,
    RuntimeError,
    NotImplementedError,
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    MemoryError,
    struct.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zlib.error,
)
_NOT_IN_NAMES = re.compile(r'[<>:"|?*\x00-\x1f]')  # which some system refuses
_IS_CODE = re.compile(r"\.py(\.txt)?$", re.IGNORECASE)


def reason_of(error: BaseException) -> str:
    """Why something could not be read, in a few words."""
    return (error.strerror if isinstance(error, OSError) else "") or type(error).__name__


def parts_of(member: zipfile.ZipInfo) -> tuple[str, ...]:
    """The folders and the name of a member; empty for one that would lie outside, or that systems add."""
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    outside = any(part == ".." or part.startswith("/") or re.fullmatch("[A-Za-z]:", part) for part in parts)
    return () if outside or any(NOISE.fullmatch(part) for part in parts) else parts


def unpack(archive: zipfile.ZipFile, members: Iterable[zipfile.ZipInfo], depth: int, into: Path) -> list[str]:
    """Write members below a folder and return a sentence for each that could not be.

    Only code is written with its content, and no more of it than the grader would read: the names of other files are
    enough to tell a student that they were not used.

    Args:
        archive: open for reading.
        members: of it.
        depth: how many folders are taken off the front of each name.
        into: an empty folder.
    """
    notes: list[str] = []
    for count, member in enumerate(members):
        parts = [_NOT_IN_NAMES.sub("_", part).rstrip(". ") or "_" for part in parts_of(member)[depth:]]
        if not parts or member.is_dir():
            continue
        shown = "/".join(parts)[:80]
        if count >= MAX_ENTRIES:
            notes.append(f"The archive holds more than {MAX_ENTRIES} files; only the first ones were looked at.")
            break
        if stat.S_ISLNK(member.external_attr >> 16):
            notes.append(f"{shown} is a link and was not used; hand in the file itself.")
            continue
        try:
            path = into.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            content = b""
            if _IS_CODE.search(parts[-1]):
                with archive.open(member) as file:
                    content = file.read(MAX_BYTES + 1)
            path.write_bytes(content)
        except UNREADABLE as error:
            notes.append(f"{shown} could not be unpacked ({reason_of(error)}) and was not used.")
    return notes
