"""Discovers the questions: every folder of `test_cases/` that holds a question.toml."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEST_CASES_DIRECTORY = Path(__file__).resolve().parent.parent / "test_cases"


class QuestionError(Exception):
    """A question's folder is not what it should be: our mistake, or the course's."""


@dataclass(frozen=True)
class Check:
    """One check of a question.

    Attributes:
        name: also the name of its function in checks.py.
        title: what a student reads.
        points: earned if it passes.
        requires: names of checks before it without which it is not run.
        function: called as `function(student, library, thresholds)`.
    """

    name: str
    title: str
    points: float
    requires: tuple[str, ...]
    function: Callable[..., None]


@dataclass(frozen=True)
class Question:
    """One question, as its question.toml describes it."""

    id: str
    title: str
    targets: tuple[str, ...]  # what students fill in, such as models.PerceptronModel
    aliases: Mapping[str, tuple[str, ...]]  # other names that existing solutions use for a target
    thresholds: Mapping[str, float]
    time_limit_seconds: float
    memory_limit_bytes: int
    extra_credit: bool
    allowed_imports: tuple[str, ...]
    forbidden_names: tuple[str, ...]
    checks: tuple[Check, ...]

    @property
    def points(self) -> float:
        """What all its checks together are worth."""
        return sum(check.points for check in self.checks)


def discover(directory: Path = TEST_CASES_DIRECTORY) -> list[Question]:
    """Every question, q2 before q10.

    Raises:
        QuestionError: a question.toml or checks.py does not fit.
    """
    folders = [path.parent for path in directory.glob("*/question.toml")]
    return [_load(folder) for folder in sorted(folders, key=lambda folder: natural_order(folder.name))]


def natural_order(question_id: str) -> list[Any]:
    """A sort key under which numbers inside names count as numbers."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", question_id)]


def _load(folder: Path) -> Question:
    path = folder / "question.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise QuestionError(f"{path}: {error}") from error
    checks_module = _import_checks(folder)
    try:
        checks = tuple(_check(path, row, checks_module) for row in table["checks"])
        question = Question(
            id=folder.name,
            title=table["title"],
            targets=tuple(table["targets"]),
            aliases={name: tuple(others) for name, others in table.get("aliases", {}).items()},
            thresholds=table.get("thresholds", {}),
            time_limit_seconds=float(table["time_limit_seconds"]),
            memory_limit_bytes=int(table["memory_limit_mebibytes"]) * 2**20,
            extra_credit=bool(table.get("extra_credit", False)),
            allowed_imports=tuple(table["imports"]["allowed"]),
            forbidden_names=tuple(table["imports"]["forbidden"]),
            checks=checks,
        )
    except KeyError as error:
        raise QuestionError(f"{path}: lacks {error}") from error
    seen: set[str] = set()
    for check in checks:
        unknown = set(check.requires) - seen
        if unknown or check.name in seen:
            raise QuestionError(
                f"{path}: check {check.name} is there twice or requires {unknown}, which is not before it"
            )
        seen.add(check.name)
    return question


def _check(path: Path, row: dict[str, Any], module: Any) -> Check:
    function = getattr(module, row["name"], None)
    if function is None:
        raise QuestionError(f"{path}: {path.parent / 'checks.py'} has no function {row['name']}")
    return Check(row["name"], row["title"], float(row.get("points", 0)), tuple(row.get("requires", ())), function)


def _import_checks(folder: Path) -> Any:
    path = folder / "checks.py"
    spec = importlib.util.spec_from_file_location(f"test_cases.{folder.name}.checks", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise QuestionError(f"{path}: no such file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
