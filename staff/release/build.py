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
    STUDENT_FILES,
    Audience,
    ReleaseError,
    audience,
)
from staff.texts import tables

STUDENT_FOLDER = "neural-networks"
SOLUTIONS = "staff/solutions/"
Files = Mapping[str, bytes]


def student_files(repository: Files) -> dict[str, bytes]:
    """What students receive, by path inside their folder.

    Raises:
        ReleaseError: a top-level file is not decided on, a starter is not what its solution gives, or a table of the
            hand-out is not what the questions give.
    """
    chosen = {path: content for path, content in repository.items() if Audience.STUDENTS in audience(path)}
    for path, content in repository.items():
        if path.startswith(SOLUTIONS) and path.endswith(".py"):
            name = path.removeprefix(SOLUTIONS)
            if chosen.get(name) != starters.strip_solutions(content.decode()).encode():
                raise ReleaseError(
                    f"{name} is not the starter of {path}: run python -m staff.release.starters and commit"
                )
    _require_tables(repository)
    return {STUDENT_FILES.get(path, path): content for path, content in chosen.items()}


def autograder_files(repository: Files, hidden: Files, commit: str) -> dict[str, bytes]:
    """What the harness receives, by path inside /autograder/source.

    Args:
        repository: every file of the commit.
        hidden: the hidden test files.
        commit: told to whoever reads a grade.
    """
    chosen = {path: content for path, content in repository.items() if Audience.GRADER in audience(path)}
    chosen |= {place: repository[path] for path, place in HARNESS_FILES.items()}
    chosen |= hidden
    # Which release graded a submission; the digest tells hidden splits apart without telling what is in them.
    digest = sha256(b"".join(hidden[name] for name in sorted(hidden))).hexdigest()[:16]
    release = {"commit": commit, "hidden_split": digest}
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


def _require_tables(repository: Files) -> None:
    try:
        texts = tables.filled(repository)
    except tables.TableError as error:
        raise ReleaseError(str(error)) from error
    for path, content in texts.items():
        if content != repository[path]:
            raise ReleaseError(f"{path} has an old table of questions: run python -m staff.texts and commit")
