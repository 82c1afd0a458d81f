"""Grades the solutions, seed by seed, and keeps every result at once in a file of JSON lines: a later call goes on."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from data import Library
from grading.checks import modules
from grading.console import Console
from grading.dependencies import installed_versions
from grading.engine import Engine, Settings
from grading.outcomes import PASSED, QuestionResult
from grading.questions import Question
from staff.places import MEDIOCRE_DIRECTORY, SOLUTIONS_DIRECTORY
from startup.project import PROJECT_DIRECTORY

SOLUTIONS = {
    "reference": SOLUTIONS_DIRECTORY,
    "mediocre": MEDIOCRE_DIRECTORY,
}
# What a number can depend on, next to the solution and the question; pictures and reports only look on.
ROOMS = ("grading/*.py", "grading/checks", "grading/child", "grading/isolation")
GRADED_WITH = ("backend.py", "data", "gpt", *ROOMS, "haiku_bot", "training")


class RecordsError(Exception):
    """The file of results cannot be used; the text says why."""


@dataclass(frozen=True)
class Run:
    """One solution under one condition: graded in one go.

    Attributes:
        solution: a key of `SOLUTIONS`.
        threads: that torch may use.
        seed: of the drawn data, the checks, and the solution's own randomness.
    """

    solution: str
    threads: int
    seed: int


@dataclass(frozen=True)
class Record:
    """What one question gave in one run.

    Attributes:
        solution, threads, seed: as in `Run`.
        question: its id.
        state: a digest of everything that the numbers depend on; a record of another state is not used.
        passed: whether every check passed, with points or without.
        metrics: what the checks measured.
        lost: the messages of the checks that did not pass.
        seconds: that it took on this machine, with whatever else was running.
        attempts: the most that one of its checks needed or had; a miss by little is trained again.
    """

    solution: str
    threads: int
    seed: int
    question: str
    state: str
    passed: bool
    metrics: dict[str, float]
    lost: list[str]
    seconds: float
    attempts: int = 1

    @property
    def run(self) -> Run:
        """Which run it belongs to."""
        return Run(self.solution, self.threads, self.seed)


def runs(solutions: Iterable[str], threads: Iterable[int], seeds: int) -> list[Run]:
    """Every run, seed by seed, so that a table of what is done so far compares like with like."""
    solutions, threads = list(solutions), list(threads)
    return [Run(name, count, seed) for seed in range(seeds) for name in solutions for count in threads]


def states(questions: Sequence[Question], data_directory: Path | None) -> dict[tuple[str, str], str]:
    """The digest of all that decides a question's numbers, by solution and question id."""
    common = sha256()
    for pattern in GRADED_WITH:
        _feed(common, PROJECT_DIRECTORY, pattern)
    common.update(json.dumps(installed_versions()).encode())
    if data_directory is not None:
        _feed(common, data_directory, "*.npz")
    found = {}
    for solution, folder in SOLUTIONS.items():
        for question in questions:
            digest = common.copy()
            for pattern in sorted({"*.py", *modules.student_files(question.targets)}):
                _feed(digest, folder, pattern)
            _feed(digest, PROJECT_DIRECTORY, f"test_cases/{question.id}")
            found[solution, question.id] = digest.hexdigest()[:16]
    return found


def read(path: Path) -> list[Record]:
    """The records of a file; none if there is no file. A line that was cut off by a kill is passed over.

    Raises:
        RecordsError: it cannot be read, or is another kind of file.
    """
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordsError(f"{path}: cannot be read ({error})") from error
    names = {field.name for field in fields(Record)}
    records, odd = [], 0
    for line in lines:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            row = None
        if isinstance(row, dict) and {"attempts", *row} == names:  # rows from before attempts had one
            records.append(Record(**row))
        else:
            odd += 1
    if odd > 1 + len(lines) // 20:  # a cut line now and then, but not a file of something else
        raise RecordsError(f"{path}: is not a file of calibration results; name another one with --records")
    return records


def measure(
    wanted: Sequence[Run],
    questions: Sequence[Question],
    path: Path,
    data_directory: Path | None = None,
    jobs: int = 1,
) -> Iterator[tuple[list[Record], bool]]:
    """Grade what the file does not hold yet; gives each run's records once they are in the file.

    Args:
        wanted: which runs; those of the same threads share an engine.
        questions: which questions of each.
        path: the file of JSON lines.
        data_directory: looked through before the built-in data, or None.
        jobs: questions side by side.
    Returns:
        for each run, in order, its records, and whether anything had to be graded for them.
    Raises:
        RecordsError: the file cannot be read or written.
    """
    state = states(questions, data_directory)
    known = {
        (record.run, record.question): record
        for record in read(path)
        if state.get((record.solution, record.question)) == record.state
    }
    engines: dict[int, Engine] = {}
    with ExitStack() as stack:
        for run in wanted:
            missing = [question for question in questions if (run, question.id) not in known]
            if missing and run.threads not in engines:
                settings = Settings(PROJECT_DIRECTORY, data_directory=data_directory, jobs=jobs, threads=run.threads)
                engines[run.threads] = stack.enter_context(Engine(settings, Console(io.StringIO())))
            if missing:
                folder = SOLUTIONS[run.solution]
                engines[run.threads].grade(
                    missing, partial(_keep, run, state, path, known), code_directory=folder, seed=run.seed
                )
            yield [known[run, question.id] for question in questions], bool(missing)


def sources(questions: Sequence[Question], data_directory: Path | None) -> str:
    """One phrase for the data that files hold, such as `built-in data`."""
    if data_directory is None:
        return "built-in data"
    library = Library(data_directory)
    for name in ("digits", "words", "plays"):
        library.load(name)
    return ", ".join(library.sources())


def _keep(
    run: Run,
    state: Mapping[tuple[str, str], str],
    path: Path,
    known: dict[tuple[Run, str], Record],
    result: QuestionResult,
) -> None:
    """Put a result into the file and among those known."""
    lost = [outcome.message for outcome in result.outcomes if outcome.status != PASSED]
    record = Record(
        **asdict(run),
        question=result.id,
        state=state[run.solution, result.id],
        passed=not lost,
        metrics=result.metrics,
        lost=lost,
        seconds=round(result.seconds, 2),
        attempts=max((len(outcome.attempts) for outcome in result.outcomes if outcome.attempts), default=1),
    )
    _append(path, asdict(record))
    known[run, result.id] = record


def _append(path: Path, row: dict[str, Any]) -> None:
    """Add a line in one write; if a kill has cut the last one off, begin a new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.seek(0, io.SEEK_END)
            if file.tell():
                file.seek(-1, io.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(row).encode() + b"\n")
    except OSError as error:
        raise RecordsError(f"{path}: cannot be written ({error.strerror})") from error


def _feed(digest: Any, folder: Path, pattern: str) -> None:
    """Add the names and contents of the files that a pattern names; a folder stands for every file in it."""
    paths: list[Path] = []
    for found in folder.glob(pattern):
        paths += [found] if found.is_file() else [path for path in found.rglob("*") if path.is_file()]
    for path in sorted(paths):
        if "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
