"""What of the project's folder a student process may read, and what it must not: decided per path."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

# Top-level names that a student process has no business with; it needs the rest to run.
PRIVATE = ("hidden", "release.json", "setup.sh", "run_autograder")
# Of a question's folder, a student process may read this folder alone: data, probes, pictures.
QUESTIONS, PUBLIC = "test_cases", "public"
# Of what a student process must be able to read, a few files, tried out before anything is graded.
NEEDED = ("backend.py", "data/__init__.py", "grading/child/requests.py")


def is_private(path: PurePosixPath, also: Iterable[str] = ()) -> bool:
    """Whether a student process must not read a file or list a folder of the project.

    Args:
        path: relative to the project's folder.
        also: more private names at its top.
    """
    parts = path.parts
    if not parts or parts[0] != QUESTIONS:
        return bool(parts) and parts[0] in (*PRIVATE, *also)
    # the folders on the way to the public ones can be listed: Python looks for modules so
    return len(parts) > 2 and parts[2] != PUBLIC


def private_paths(project: Path, also: Iterable[str] = ()) -> list[Path]:
    """Every private file or folder of the project that lies in no private folder."""
    found = [project / name for name in (*PRIVATE, *also)]
    for folder in sorted((project / QUESTIONS).glob("*/")):
        found += [path for path in sorted(folder.iterdir()) if path.name != PUBLIC]  # compiled checks, too
    return [path for path in found if path.exists()]


def needed_paths(project: Path) -> list[Path]:
    """What a student process must be able to read: code that it imports, and the public files of every question."""
    return [*(project / name for name in NEEDED), *sorted((project / QUESTIONS).glob(f"*/{PUBLIC}/*.py"))]


def close(paths: Iterable[Path]) -> None:
    """Leave files and folders to their owner alone; those that do not exist are passed over."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.chmod(path, 0o700 if path.is_dir() else 0o600)


def open_to_all(project: Path, also: Iterable[str] = ()) -> None:
    """Make everything that is not private readable for every user; what is private is closed before.

    Nothing private is open for a moment: others may be graded on this machine, and their code may be waiting for that.
    """
    sys.dont_write_bytecode = True  # checks that are compiled from here on would be open to all
    close(private_paths(project, also))
    for folder, folders, files in os.walk(project):
        here = PurePosixPath(Path(folder).relative_to(project).as_posix())
        folders[:] = [name for name in folders if not is_private(here / name, also)]
        os.chmod(folder, 0o755)
        for name in files:
            if not is_private(here / name, also):
                path = Path(folder, name)
                os.chmod(path, 0o755 if path.stat().st_mode & 0o100 else 0o644)
