"""What the tests share: the project's places, and running the autograder as a user does."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def run_autograder(*arguments: object, timeout: float = 300, program: Path = PROJECT / "autograder.py") -> Run:
    """Run the command line; without --json in the arguments there is no report."""
    command = [sys.executable, str(program), "--no-graphics", *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd=PROJECT.parent)
    report: dict[str, Any] = {}
    if "--json" in arguments:
        path = Path(str(arguments[arguments.index("--json") + 1]))
        report = json.loads(path.read_text()) if path.is_file() else {}
    return Run(finished.returncode, finished.stdout, finished.stderr, report)
