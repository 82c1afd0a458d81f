"""The grader as one piece: every file that can influence a grade, and a name that changes with any of them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from data import digits, plays, words
from staff.classroom.errors import ClassroomError
from staff.release import build, hidden
from staff.release.manifest import ReleaseError
from staff.release.repository import files_of_working_tree

ENTRY = "grade_one.py"  # the program that grades one submission, beside the grader's own files
DATA_FOLDER = "data-directory"
HIDDEN_FOLDER = "hidden"
ALSO_PRIVATE = (ENTRY, DATA_FOLDER, HIDDEN_FOLDER)  # besides what is private under the harness


@dataclass(frozen=True)
class Grader:
    """What is sent to every worker once.

    What Gradescope would receive, the data that was named, and the program that grades one submission. Whatever a
    worker's own checkout holds plays no part.

    Attributes:
        files: content by path.
    """

    files: Mapping[str, bytes]

    @cached_property
    def digests(self) -> dict[str, str]:
        """A short digest of each file by path."""
        return {path: digest(content) for path, content in sorted(self.files.items())}

    @cached_property
    def hash(self) -> str:
        """Differs as soon as one file does."""
        return digest("\n".join(f"{path} {value}" for path, value in self.digests.items()).encode())


def digest(content: bytes) -> str:
    """The first 16 hexadecimal digits of SHA-256: 64 bits, plenty to tell files of one course apart."""
    return sha256(content).hexdigest()[:16]


def load(
    data_directory: Path | None = None, hidden_directory: Path | None = None, question_ids: Container[str] = ()
) -> Grader:
    """The grader as it is on disk now.

    Args:
        data_directory: datasets in it come before the built-in ones.
        hidden_directory: holds the test splits that take the place of the shipped ones: digits.npz and words.npz, and
            those of the graded questions' own datasets.
        question_ids: what is graded.
    Raises:
        ClassroomError: a folder or file is missing.
    """
    try:
        splits = {} if hidden_directory is None else _hidden_files(hidden_directory, question_ids)
        files = build.autograder_files(files_of_working_tree(), splits, "working tree")
    except ReleaseError as error:
        raise ClassroomError(str(error)) from error
    files[ENTRY] = (Path(__file__).resolve().parent / ENTRY).read_bytes()
    if data_directory is not None:
        known = {*digits.FILES, *words.FILES, *plays.FILES}
        found = sorted(name for name in known if (data_directory / name).is_file())
        if not found:
            raise ClassroomError(f"--data-directory {data_directory}: holds none of {', '.join(sorted(known))}")
        files |= {f"{DATA_FOLDER}/{name}": _read(data_directory / name, "--data-directory") for name in found}
    return Grader(files)


def _hidden_files(directory: Path, question_ids: Container[str]) -> dict[str, bytes]:
    paths = (*hidden.SHARED, *hidden.own_paths(question_ids))
    return {path: _read(directory / Path(path).name, "--hidden-directory") for path in paths}


def _read(path: Path, flag: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ClassroomError(f"{flag}: {path} cannot be read ({error.strerror})") from error
