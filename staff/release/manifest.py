"""What is shipped, and to whom: the one place that decides.

Every file and folder at the top of the repository is named here, but for the starters, which students write: they are
whatever staff/solutions/ holds. A new one that is not makes the release fail until somebody has decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Flag
from fnmatch import fnmatchcase


class Audience(Flag):
    """Who receives a file."""

    NOBODY = 0
    STUDENTS = 1
    GRADER = 2
    BOTH = 3


TOP_LEVEL = {
    # the hand-out, with parts of docs and test_cases
    "STUDENTS.md": Audience.STUDENTS,
    "LICENSE": Audience.BOTH,
    "requirements.txt": Audience.BOTH,
    # what is provided, and the grader
    "autograder.py": Audience.BOTH,
    "backend.py": Audience.BOTH,
    "chargpt.py": Audience.BOTH,
    "chat.py": Audience.BOTH,
    "gpt": Audience.BOTH,
    "haiku_bot": Audience.BOTH,
    "training": Audience.BOTH,
    "startup": Audience.BOTH,
    "data": Audience.BOTH,
    "grading": Audience.BOTH,
    "pictures": Audience.BOTH,
    "test_cases": Audience.BOTH,
    # ours
    ".ci": Audience.NOBODY,
    ".gitattributes": Audience.NOBODY,
    ".gitignore": Audience.NOBODY,
    "Makefile": Audience.NOBODY,
    "README.md": Audience.NOBODY,
    "docs": Audience.NOBODY,
    "pyproject.toml": Audience.NOBODY,
    "site": Audience.NOBODY,
    "staff": Audience.NOBODY,
    "tests": Audience.NOBODY,
}

# Parts of these folders that others receive than the rest: patterns of paths.
PARTS = {
    "docs/students/*": Audience.STUDENTS,
    "test_cases/*/README.md": Audience.STUDENTS,  # the hand-out; a grade must not depend on it
}

SOLUTIONS = "staff/solutions/"

# Where a shipped file of the repository lies at another place in student.zip, and in autograder.zip.
STUDENT_FILES = {"STUDENTS.md": "README.md"}
HARNESS_FILES = {
    "staff/release/harness/setup.sh": "setup.sh",
    "staff/release/harness/run_autograder": "run_autograder",
}
EXECUTABLE = frozenset(HARNESS_FILES.values())

# Never shipped, whatever folder they stand in; a file that matches makes the release fail.
FORBIDDEN = ("*.pyc", "*/__pycache__/*", "*.orig", "*.rej", "*~", "*/.*", "*mutant*", "*hostile*", "*solution*")


def starters_of(paths: Iterable[str]) -> set[str]:
    """The paths of the files that students write: one for each solution."""
    return {
        path.removeprefix(SOLUTIONS)
        for path in paths
        if path.startswith(SOLUTIONS) and path.endswith(".py") and not path.endswith("__init__.py")
    }


class ReleaseError(Exception):
    """The release cannot be built; the text says why and what to do."""


def audience(path: str, starters: Collection[str] = ()) -> Audience:
    """Who receives a file of the repository.

    Args:
        path: relative to the repository, with forward slashes.
        starters: the paths of the files that students write, which the grader has no use for.
    Raises:
        ReleaseError: its top-level name is not decided on, or a forbidden file stands among shipped ones.
    """
    top = path.partition("/")[0]
    if path in starters:
        return Audience.STUDENTS
    if top not in TOP_LEVEL:
        raise ReleaseError(f"{top} is not in staff/release/manifest.py: say there who receives it, if anybody")
    parts = [receivers for pattern, receivers in PARTS.items() if fnmatchcase(path, pattern)]
    chosen = parts[0] if parts else TOP_LEVEL[top]
    if chosen and any(fnmatchcase(f"/{path}", pattern) for pattern in FORBIDDEN):
        raise ReleaseError(f"{path} stands among files that are shipped but may never be; move or remove it")
    return chosen
