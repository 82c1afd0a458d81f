"""Puts the two archives together. The same files and the same secret give the same bytes, on any day."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256

from staff.build.archive import timeless_member
from staff.release import starters
from staff.release.manifest import (
    EXECUTABLE,
    HARNESS_FILES,
    SOLUTIONS,
    STUDENT_FILES,
    Audience,
    ReleaseError,
    audience,
    starters_of,
)
from staff.texts import tables

STUDENT_FOLDER = "neural-networks"
Files = Mapping[str, bytes]


def student_files(repository: Files) -> dict[str, bytes]:
    """What students receive, by path inside their folder.

    Raises:
        ReleaseError: a top-level file is not decided on, a solution gives no starter or another one, or a text lacks
            a table of questions.
    """
    names = starters_of(repository)
    chosen = {path: content for path, content in repository.items() if Audience.STUDENTS in audience(path, names)}
    for name in names:
        solution = f"{SOLUTIONS}{name}"
        if chosen.get(name) != starters.starter_of(name, repository[solution].decode()).encode():
            raise ReleaseError(
                f"{name} is not the starter of {solution}: run python -m staff.release.starters and commit"
            )
    chosen |= {path: content for path, content in _tables(repository).items() if path in chosen}
    return {STUDENT_FILES.get(path, path): content for path, content in chosen.items()}


def autograder_files(repository: Files, hidden: Files, commit: str) -> dict[str, bytes]:
    """What the harness receives, by path inside /autograder/source.

    Args:
        repository: every file of the commit.
        hidden: the hidden test files.
        commit: told beside a grade.
    """
    names = starters_of(repository)
    chosen = {path: content for path, content in repository.items() if Audience.GRADER in audience(path, names)}
    chosen |= {place: repository[path] for path, place in HARNESS_FILES.items()}
    chosen |= hidden
    # Which release graded a submission; the digest tells hidden splits apart without telling what is in them.
    digest = sha256(b"".join(hidden[name] for name in sorted(hidden))).hexdigest()[:16]
    release = {"commit": commit, "hidden_split": digest if hidden else ""}
    return chosen | {"release.json": (json.dumps(release, indent=2) + "\n").encode()}


def zipped(files: Files, folder: str = "") -> bytes:
    """A zip archive whose bytes depend on the files alone: names sorted, one date, fixed permissions.

    Args:
        files: content by path.
        folder: a folder around everything, or none.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as members:
        for path in sorted(files):
            permissions = 0o100755 if path in EXECUTABLE else 0o100644
            member = timeless_member(f"{folder}/{path}" if folder else path, permissions)
            members.writestr(member, files[path], compresslevel=9)
    return archive.getvalue()


def _tables(repository: Files) -> dict[str, bytes]:
    """The texts with tables of questions, with the tables that the questions give."""
    try:
        return tables.filled(repository)
    except tables.TableError as error:
        raise ReleaseError(str(error)) from error
