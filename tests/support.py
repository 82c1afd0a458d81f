"""What the tests share: the project's places, a clock, and two ways to grade: one engine for all, and as a user does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grading.console import Console
from grading.engine import Engine, Settings
from grading.outcomes import RunResult
from grading.questions import Question, discover
from startup import student_modules
from tests.warm import start as warm

PROJECT = Path(__file__).resolve().parent.parent
SOLUTIONS = PROJECT / "staff" / "solutions"
STUDENT_FILES = ("models.py", "losses.py", "train.py")
# changes of the reference's train.py, for tests that need a training and not its quality
SHORT_REGRESSION = ("epochs, loader = 250,", "epochs, loader = 5,")
SHORT_CONVOLUTION = ("range(10)", "range(4)")  # still enough for full marks
QUESTIONS = {question.id: question for question in discover()}
# question 2, and with a threshold that a short training reaches
REGRESSION = QUESTIONS["q2"]
LENIENT = replace(REGRESSION, thresholds={**REGRESSION.thresholds, "maximum_loss": 1.0})
SECONDS_UNTIL_IT_HANGS = 600.0  # for waiting and for subprocesses: it ends a hang, and judges nobody's speed


class Clock:
    """Gives seconds, and stands still until a test moves it: no load of the machine can spoil what is asserted."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


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


class Triggering(io.StringIO):
    """A console's stream that acts once, as soon as it holds a text."""

    def __init__(self, text: str, act: Callable[[], None]) -> None:
        super().__init__()
        self._text, self._act = text, act
        self._has_acted = False

    def write(self, text: str) -> int:
        written = super().write(text)
        if not self._has_acted and self._text in self.getvalue():
            self._has_acted = True
            self._act()
        return written


class SharedGrader:
    """One engine for many tests: torch is imported once, and a student process starts in milliseconds.

    Use as a context manager. What depends on flags, on the environment or on a clock needs an engine of its own.
    """

    def __init__(self) -> None:
        self._printed = io.StringIO()
        self._engine = Engine(Settings(SOLUTIONS), Console(self._printed))

    def __enter__(self) -> SharedGrader:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.__exit__()

    def grade(self, directory: Path, *questions: str | Question, seed: int = 0) -> Run:
        """Grade a folder: questions by id, or as they are given."""
        asked = [QUESTIONS[question] if isinstance(question, str) else question for question in questions]
        self._printed.seek(0)
        self._printed.truncate()
        graded = RunResult(seed, {}, self._engine.grade(asked, code_directory=directory.resolve(), seed=seed))
        return Run(0, self._printed.getvalue(), "", graded.as_dict())


@contextmanager
def fresh_student_modules() -> Iterator[None]:
    """Student files are imported again in the block, from whichever folder, and forgotten with the folder after it."""
    names = [file.stem for file in SOLUTIONS.glob("*.py")]
    for name in names:
        sys.modules.pop(name, None)
    try:
        yield
    finally:
        student_modules.uninstall()
        for name in names:
            sys.modules.pop(name, None)


def only(question_id: str, *checks: str) -> Question:
    """A question with some of its checks and those that they require, for tests of what these checks say."""
    question = QUESTIONS[question_id]
    wanted = set(checks)
    for check in reversed(question.checks):  # what a check requires stands before it
        if check.name in wanted:
            wanted.update(check.requires)
    assert set(checks) <= {check.name for check in question.checks}
    return replace(question, checks=tuple(check for check in question.checks if check.name in wanted))


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold; it is given all the time that a busy machine may need."""
    end = time.monotonic() + SECONDS_UNTIL_IT_HANGS
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def run_autograder(*arguments: object, timeout: float = SECONDS_UNTIL_IT_HANGS, program: Path | None = None) -> Run:
    """Run the command line; without --json in the arguments there is no report.

    The program is autograder.py, whose fork servers start warm where the fixture `warm_starts` is in use.
    """
    program = program or (warm.AUTOGRADER if warm.PLACE in os.environ else PROJECT / "autograder.py")
    command = [sys.executable, str(program), "--no-graphics", *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd=PROJECT.parent)
    report: dict[str, Any] = {}
    if "--json" in arguments:
        path = Path(str(arguments[arguments.index("--json") + 1]))
        report = json.loads(path.read_text()) if path.is_file() else {}
    return Run(finished.returncode, finished.stdout, finished.stderr, report)


def elective(name: str, folder: Path, *changes: tuple[str, str]) -> Path:
    """A folder with one elective of the reference's: pieces of text that stand there once are replaced."""
    text = (SOLUTIONS / "electives" / f"{name}.py").read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "electives").mkdir()
    (folder / "electives" / f"{name}.py").write_text(text, encoding="utf-8")
    return folder
