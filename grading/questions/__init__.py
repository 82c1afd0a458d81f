"""Discovers the questions: every folder of `test_cases/` that holds a question.toml.

A folder that is not as it should be becomes a question with a fault: the run reports it, and no other question suffers.
A question's checks.py is imported when the question is graded.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from grading.questions.rules import faults_of_parts, faults_of_table
from startup.project import PROJECT_DIRECTORY

TEST_CASES_DIRECTORY = PROJECT_DIRECTORY / "test_cases"
DEFAULTS_FILE = "defaults.toml"
CORE, ELECTIVE = "core", "elective"
BUDGETS = ("maximum_passes",)  # thresholds that bound work, and nothing that is measured
GROUPS = (CORE, ELECTIVE)  # in the order in which they are graded

CheckFunction = Callable[..., None]  # called as `function(student, library, thresholds)`


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
    """

    name: str
    title: str
    points: float
    requires: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """One question, as its question.toml and the defaults describe it.

    Attributes:
        id: the name of its folder, such as `q3`.
        title: what a student reads.
        folder: where it lies.
        group: core or elective.
        requires: ids of questions that this one builds on; told to students, no points depend on it.
        targets: what students fill in, such as `models.PerceptronModel`.
        aliases: other names that existing solutions use for a target.
        thresholds: numbers that checks compare with, by name.
        attempts: how often a check is run at most, each time with another seed, while it misses by little.
        narrow_miss: the share of the permitted error that counts as little.
        dataset: the dotted name of the class whose objects training functions get.
        picture: the dotted name of the module with the reader of its live picture, or "" for none.
        fault: why it cannot be graded; "" if it can.
    """

    id: str
    title: str
    folder: Path
    group: str = CORE
    requires: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    attempts: int = 1
    narrow_miss: float = 0.0
    time_limit_seconds: float = 0.0
    memory_limit_bytes: int = 0
    extra_credit: bool = False
    allowed_imports: tuple[str, ...] = ()
    forbidden_names: tuple[str, ...] = ()
    dataset: str = ""
    picture: str = ""
    checks: tuple[Check, ...] = ()
    fault: str = ""

    @property
    def points(self) -> float:
        """What all its checks together are worth."""
        return sum(check.points for check in self.checks)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The measured values that its thresholds bound, such as `test_accuracy`; how many passes are made is none."""
        bounded = (name.partition("_") for name in self.thresholds if name not in BUDGETS)
        return tuple(metric for bound, _, metric in bounded if bound in ("minimum", "maximum"))

    def names(self, target: str) -> tuple[str, ...]:
        """A target and the other names that it may have; of a method, `models.AttentionBlock.forward`, likewise."""
        found = [target]
        for name, others in self.aliases.items():
            if target == name or target.startswith(name + "."):
                found += [other + target[len(name) :] for other in others]
        return tuple(found)

    @cached_property
    def functions(self) -> Mapping[str, CheckFunction]:
        """The function of each check, by name; the first use imports checks.py.

        Raises:
            QuestionError: checks.py cannot be imported or lacks a function; what question.toml names is not there;
                or the question has a fault.
        """
        if self.fault:
            raise QuestionError(self.fault)
        path = self.folder / "checks.py"
        module = _imported(f"test_cases.{self.id}.checks", path)
        missing = [check.name for check in self.checks if not callable(getattr(module, check.name, None))]
        if missing:
            raise QuestionError(f"{path}: has no function {', '.join(missing)}, which question.toml names")
        self._require_parts()
        return {check.name: getattr(module, check.name) for check in self.checks}

    def _require_parts(self) -> None:
        try:
            faults = list(faults_of_parts(self.folder, self.dataset, self.picture, tuple(self.thresholds)))
        except (OSError, UnicodeDecodeError) as error:
            raise QuestionError(f"{self.folder}: {error}") from error
        if faults:
            raise QuestionError(f"{self.folder / 'question.toml'}: {faults[0]}")


def discover(directory: Path = TEST_CASES_DIRECTORY) -> list[Question]:
    """Every question, group by group, q2 before q10.

    Raises:
        QuestionError: the defaults cannot be read.
    """
    defaults = _sound_table(directory / DEFAULTS_FILE)
    found = [_load(path.parent, defaults) for path in directory.glob("*/question.toml")]
    known = {question.id for question in found}
    found = [_with_known_requirements(question, known) for question in found]
    return sorted(found, key=lambda question: (GROUPS.index(question.group), natural_order(question.id)))


def _with_known_requirements(question: Question, known: set[str]) -> Question:
    """The question itself, or with a fault if it builds on a question that is not there."""
    unknown = sorted(set(question.requires) - known)
    if question.fault or not unknown:
        return question
    names, path = " and ".join(unknown), question.folder / "question.toml"
    back = " and ".join(str(question.folder.parent / name) for name in unknown)
    return replace(
        question,
        fault=f"{path}: requires {names}, and there is no such question. Take {names} out of `requires`, or put {back} "
        "back",
    )


def required(names: Iterable[str], requires: Mapping[str, Sequence[str]]) -> list[str]:
    """The questions that some questions build on, directly or through others, the nearest first; none of themselves.

    Args:
        names: ids of questions.
        requires: what each question builds on directly, by its id; others are unknown and left out.
    """
    found = list(dict.fromkeys(names))
    given = len(found)
    for name in found:  # grows meanwhile
        found += [other for other in requires[name] if other in requires and other not in found]
    return found[given:]


def natural_order(name: str) -> list[str | int]:
    """A sort key for any names, under which numbers inside names count as numbers."""
    parts = re.split(r"(\d{1,999})", name)  # text and numbers take turns; Python refuses numbers of 4,301 digits
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _load(folder: Path, defaults: Mapping[str, Any]) -> Question:
    path = folder / "question.toml"
    try:
        own = _sound_table(path)
        merged = {name: {**defaults[name], **own.get(name, {})} for name in ("imports", "attempts")}
        table = {**defaults, **own, **merged}
        return _checked(path, _question(folder, table, own))
    except QuestionError as error:
        fault = str(error)
    except KeyError as error:
        fault = f"{path}: lacks {error}"
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        fault = f"{path}: {error}"
    return Question(folder.name, "(not readable)", folder, fault=fault)


def _question(folder: Path, table: Mapping[str, Any], own: Mapping[str, Any]) -> Question:
    public, aliases = folder / "public", table.get("aliases", {})
    own_picture = f"test_cases.{folder.name}.public.picture" if (public / "picture.py").is_file() else ""
    return Question(
        id=folder.name,
        title=str(own["title"]),
        folder=folder,
        group=str(table["group"]),
        requires=_strings(table, "requires"),
        targets=_strings(own, "targets"),
        aliases={name: _strings(aliases, name) for name in aliases},
        thresholds={name: float(value) for name, value in table.get("thresholds", {}).items()},
        attempts=int(table["attempts"]["most"]),
        narrow_miss=float(table["attempts"]["narrow_miss"]),
        time_limit_seconds=float(table["time_limit_seconds"]),
        memory_limit_bytes=int(table["memory_limit_mebibytes"]) * 2**20,
        extra_credit=bool(table.get("extra_credit", False)),
        allowed_imports=_strings(table["imports"], "allowed"),
        forbidden_names=_strings(table["imports"], "forbidden"),
        dataset=str(table["dataset"]),
        picture=str(table.get("picture", own_picture)),
        checks=tuple(
            Check(row["name"], row["title"], float(row.get("points", 0)), _strings(row, "requires"))
            for row in own["checks"]
        ),
    )


def _strings(table: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of strings, which may be missing.

    Raises:
        ValueError: it is something else, such as a single string.
    """
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ValueError(f"{name} should be a list of strings; it is {found!r}")
    return tuple(found)


def _checked(path: Path, question: Question) -> Question:
    """The question itself.

    Raises:
        QuestionError: its parts do not fit together.
    """
    if question.group not in GROUPS:
        raise QuestionError(f"{path}: group is {question.group!r}, not one of {', '.join(GROUPS)}")
    if not question.checks or not question.targets:
        raise QuestionError(f"{path}: needs at least one target and one check")
    seen: set[str] = set()
    for check in question.checks:
        if check.name in seen:
            raise QuestionError(f"{path}: has two checks named {check.name}")
        if unknown := set(check.requires) - seen:
            raise QuestionError(
                f"{path}: check {check.name} requires {', '.join(sorted(unknown))}, which is not before it"
            )
        seen.add(check.name)
    return question


def _sound_table(path: Path) -> dict[str, Any]:
    """A TOML file whose keys and numbers are what they should be."""
    table = _table(path)
    for fault in faults_of_table(table):
        raise QuestionError(f"{path}: {fault}")
    return table


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise QuestionError(f"{path}: no such file. Put the original file back.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise QuestionError(f"{path}: {error}") from error


def _imported(name: str, path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise QuestionError(f"{path}: no such file. Put the original file back.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever a broken file raises, the other questions can be graded
        del sys.modules[name]
        raise QuestionError(f"{path}: cannot be imported ({type(error).__name__}: {error})") from error
    return module
