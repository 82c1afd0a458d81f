"""What the tests share: running the autograder as a user does, and solutions with something changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SOLUTIONS = PROJECT / "staff" / "solutions"
STUDENT_FILES = ("models.py", "losses.py", "train.py")


@dataclass(frozen=True)
class Run:
    """A finished autograder."""

    status: int
    output: str
    errors: str
    report: dict[str, Any]

    def question(self, question_id: str) -> dict[str, Any]:
        return next(question for question in self.report["questions"] if question["id"] == question_id)

    def check(self, question_id: str, name: str) -> dict[str, Any]:
        return next(check for check in self.question(question_id)["checks"] if check["name"] == name)


def run_autograder(*arguments: object, timeout: float = 300) -> Run:
    """Run the command line; without --json in the arguments there is no report."""
    command = [sys.executable, str(PROJECT / "autograder.py"), "--no-graphics", *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd=PROJECT.parent)
    report = {}
    if "--json" in arguments:
        path = Path(str(arguments[arguments.index("--json") + 1]))
        report = json.loads(path.read_text()) if path.is_file() else {}
    return Run(finished.returncode, finished.stdout, finished.stderr, report)


Patch = Callable[..., Path]


@pytest.fixture
def patched_solutions(tmp_path: Path) -> Patch:
    """A function that copies the reference solutions and replaces pieces of text: {"models.py": [(old, new)]}."""

    def patch(changes: dict[str, list[tuple[str, str]]]) -> Path:
        directory = tmp_path / "submission"
        directory.mkdir()
        for name in STUDENT_FILES:
            shutil.copy(SOLUTIONS / name, directory / name)
        for name, replacements in changes.items():
            text = (directory / name).read_text()
            for old, new in replacements:
                assert old in text, f"{name} does not hold {old!r}"
                text = text.replace(old, new)
            (directory / name).write_text(text)
        return directory

    return patch


@pytest.fixture
def grade(tmp_path: Path) -> Callable[..., Run]:
    """A function that grades a folder and returns the run with its report."""

    def run(directory: Path, *arguments: object, **keywords: Any) -> Run:
        return run_autograder("--code-directory", directory, "--json", tmp_path / "report.json", *arguments, **keywords)

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real datasets, named by NNPROJECT_DATA."""
    directory = os.environ.get("NNPROJECT_DATA")
    if not directory or not (Path(directory) / "mnist.npz").is_file():
        pytest.skip("NNPROJECT_DATA names no folder with the real datasets")
    return Path(directory)
