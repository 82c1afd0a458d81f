"""Reads the mutants of a question from its file, such as q2.toml, and makes submissions of them.

    long_checks = ["fit"]                       # optional: those that train for more than a few seconds

    [[mutants]]
    id = "zero-grad-forgotten"
    wrong = "Gradients pile up from batch to batch."
    check = "fit"                               # the check that it loses, and whose message must name the mistake
    phrase = "were still there"                 # what that message must hold
    also_loses = ["shape"]                      # optional: checks that cannot pass then, either
    trains = true                               # optional: comes as far as a long check
    common = true                               # optional: docs/students/mistakes.md shows what students are told
    changes = [{ where = "train.train_regression", old = "...", new = "..." }]

`where` names a module, or a function or class in it; `old` stands there exactly once. A new question's mutants are a
new file; no list names it.
"""

from __future__ import annotations

import ast
import shutil
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Protocol

from grading.checks import modules
from grading.questions import natural_order
from staff.places import SOLUTIONS_DIRECTORY
from startup import syntax

MUTANTS_DIRECTORY = Path(__file__).resolve().parent
OPTIONAL = {"also_loses", "trains", "common"}
KEYS = {"id", "wrong", "check", "phrase", "changes"} | OPTIONAL


class MutantError(Exception):
    """A mutant's description does not fit the reference solutions."""


@dataclass(frozen=True)
class Change:
    """Text to be replaced in one place of the solutions."""

    where: str
    old: str
    new: str


class Submission(Protocol):
    """What `write_submission` needs to know: the name that errors show, and the changes."""

    @property
    def name(self) -> str:
        """Unique among all submissions of its kind."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is replaced in the reference solutions, in this order."""


@dataclass(frozen=True)
class Mutant:
    """A wrong submission and what the grader must say to it; the fields are those of the file."""

    question: str
    id: str
    wrong: str
    check: str
    phrase: str
    changes: tuple[Change, ...]
    also_loses: tuple[str, ...] = ()
    trains: bool = False
    common: bool = False

    @property
    def name(self) -> str:
        """Unique among all mutants: q2/zero-grad-forgotten."""
        return f"{self.question}/{self.id}"


def read_all(directory: Path = MUTANTS_DIRECTORY) -> list[Mutant]:
    """Every mutant, question by question.

    Raises:
        MutantError: a description lacks something, has something too much, or repeats an id.
    """
    mutants: list[Mutant] = []
    for path in sorted(directory.glob("*.toml"), key=lambda path: natural_order(path.stem)):
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["mutants"]
        mutants += [_mutant(path, row) for row in rows]
    names = [mutant.name for mutant in mutants]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise MutantError(f"mutants of the same name: {', '.join(sorted(repeated))}")
    return mutants


@cache
def long_checks(directory: Path = MUTANTS_DIRECTORY) -> frozenset[tuple[str, str]]:
    """The checks that train for more than a few seconds: pairs such as ("q2", "fit")."""
    return frozenset(
        (path.stem, name)
        for path in directory.glob("*.toml")
        for name in tomllib.loads(path.read_text(encoding="utf-8")).get("long_checks", ())
    )


def write_submission(submission: Submission, directory: Path) -> None:
    """Copy the reference solutions into an empty directory and make the submission's changes.

    Raises:
        MutantError: an `old` text is not there exactly once.
    """
    shutil.copytree(SOLUTIONS_DIRECTORY, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in changed_files(submission).items():
        (directory / name).write_text(text, encoding="utf-8")


def changed_files(submission: Submission) -> dict[str, str]:
    """The files of the reference solutions that a submission changes: their texts after that, by name.

    Raises:
        MutantError: an `old` text is not there exactly once.
    """
    files: dict[str, str] = {}
    for change in submission.changes:
        module, name = modules.split(change.where)
        file_name = modules.file_name(module)
        source = files.get(file_name) or (SOLUTIONS_DIRECTORY / file_name).read_text(encoding="utf-8")
        before, place, after = _split(submission, source, name)
        count = place.count(change.old)
        if count != 1:
            raise MutantError(f"{submission.name}: {change.old!r} stands {count} times in {change.where}")
        files[file_name] = before + place.replace(change.old, change.new) + after
    return files


def _mutant(path: Path, row: dict[str, Any]) -> Mutant:
    required = KEYS - OPTIONAL
    if not required <= set(row) <= KEYS:
        raise MutantError(f"{path.name}: {row.get('id')}: lacks {required - set(row)}, has too much {set(row) - KEYS}")
    changes = tuple(Change(**change) for change in row["changes"])
    return Mutant(
        **{**row, "changes": changes, "also_loses": tuple(row.get("also_loses", ()))},
        question=path.stem,
    )


_parsed = lru_cache(maxsize=64)(syntax.parse)  # most changes are made to a file as it is in the reference


def _split(submission: Submission, source: str, qualified: str) -> tuple[str, str, str]:
    """The text before, in and after a function or class such as `RegressionModel.forward`; all of it if unnamed."""
    if not qualified:
        return "", source, ""
    body: list[ast.stmt] = _parsed(source).body
    found: ast.stmt | None = None
    for name in qualified.split("."):
        found = next((node for node in body if getattr(node, "name", None) == name), None)
        if found is None:
            raise MutantError(f"{submission.name}: there is no {qualified}")
        body = getattr(found, "body", [])
    assert found is not None
    lines = source.splitlines(keepends=True)
    first, last = found.lineno - 1, found.end_lineno
    return "".join(lines[:first]), "".join(lines[first:last]), "".join(lines[last:])
