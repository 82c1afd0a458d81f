"""The course's choices for the harness: settings.toml."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grading.gradescope.feedback import DETAILS, FULL, Feedback
from grading.questions import CORE, Question

SETTINGS_FILE = Path(__file__).resolve().parent / "settings.toml"
SECONDS_VARIABLE = "AUTOGRADER_SECONDS"
VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")
ORDERS = ("asc", "desc")
ENTRIES: Mapping[str, tuple[str, ...]] = {  # what each part of the file may hold
    "time": ("seconds", "margin_seconds", "processors"),
    "memory": ("student_mebibytes", "container_mebibytes"),
    "grading": ("seed", "attempts", "questions"),
    "visibility": ("tests", "standard_output"),
    "feedback": ("detail", "questions"),
    "rate_limit": ("submissions", "hours"),
}
LEADERBOARD = ("name", "question", "metric", "order")


class SettingsError(Exception):
    """settings.toml or the environment asks for what cannot be; the text says what and how to fix it."""


@dataclass(frozen=True)
class LeaderboardEntry:
    """A metric that a question records, shown to everybody."""

    name: str
    question: str
    metric: str
    order: str


@dataclass(frozen=True)
class HarnessSettings:
    """What settings.toml says."""

    harness_seconds: float  # until the harness ends a run
    seconds: float  # until the grader ends, the margin taken off
    processors: float  # that the container has
    student_bytes: int
    container_bytes: int
    seed: int
    attempts: int | None  # of a check that misses by little, at most; None for what its question permits
    questions: tuple[str, ...]
    test_visibility: str
    output_visibility: str
    max_submissions: int
    rate_hours: float
    feedback: Feedback
    leaderboard: tuple[LeaderboardEntry, ...]


def load(path: Path = SETTINGS_FILE, environment: Mapping[str, str] = os.environ) -> HarnessSettings:
    """Read the settings. `assigned` and `require_known` compare them with the questions.

    Raises:
        SettingsError: the file cannot be read, an entry is missing, unknown or makes no sense.
    """
    try:
        return _checked(tomllib.loads(path.read_text(encoding="utf-8")), environment)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from error


def assigned(questions: Iterable[Question], settings: HarnessSettings) -> list[Question]:
    """The questions of the assignment: those that the settings name, else the core.

    Raises:
        SettingsError: the settings name a question or a metric that does not exist.
    """
    questions = list(questions)
    require_known(questions, settings)
    return [q for q in questions if (q.id in settings.questions if settings.questions else q.group == CORE)]


def require_known(questions: Sequence[Question], settings: HarnessSettings) -> None:
    """Compare the settings with the questions that there are.

    Raises:
        SettingsError: the settings name a question or a metric that does not exist.
    """
    file, by_id = SETTINGS_FILE.name, {question.id: question for question in questions}
    for name in settings.questions:
        _require_one_of(f"{file}: a question of grading.questions", name, by_id)
    for name in settings.feedback.by_question:
        _require_one_of(f"{file}: a question of [feedback.questions]", name, by_id)
    for entry in settings.leaderboard:
        key = f"{file}: leaderboard {entry.name!r}"
        _require_one_of(f"{key}: question", entry.question, by_id)
        _require_one_of(f"{key}: metric", entry.metric, [bound.metric for bound in by_id[entry.question].bounds])


def outside(questions: Iterable[Question], settings: HarnessSettings) -> list[LeaderboardEntry]:
    """The entries of the leaderboard whose question is not among these: students are not shown them."""
    names = {question.id for question in questions}
    return [entry for entry in settings.leaderboard if entry.question not in names]


def _checked(table: Mapping[str, Any], environment: Mapping[str, str]) -> HarnessSettings:
    _require_known_entries(table)
    harness_seconds = _seconds_of_harness(table, environment)
    seconds = harness_seconds - _number(table, "time", "margin_seconds", least=0)
    if seconds < 1:
        raise SettingsError(
            f"{harness_seconds:g} seconds less the margin leave no time; raise time.seconds or {SECONDS_VARIABLE}, or "
            "lower time.margin_seconds"
        )
    for name in ENTRIES["visibility"]:
        _require_one_of(f"visibility.{name}", _entry(table, "visibility", name), VISIBILITIES)
    rows = _list(table.get("leaderboard", []), "leaderboard", dict)
    return HarnessSettings(
        harness_seconds=harness_seconds,
        seconds=seconds,
        processors=_number(table, "time", "processors", above=0),
        student_bytes=_whole(table, "memory", "student_mebibytes", 1) * 2**20,
        container_bytes=_whole(table, "memory", "container_mebibytes", 1) * 2**20,
        seed=_whole(table, "grading", "seed", 0),
        attempts=_whole(table, "grading", "attempts", 1) if "attempts" in table["grading"] else None,
        questions=tuple(_list(_entry(table, "grading", "questions"), "grading.questions", str)),
        test_visibility=table["visibility"]["tests"],
        output_visibility=table["visibility"]["standard_output"],
        max_submissions=_whole(table, "rate_limit", "submissions", 0),
        rate_hours=_number(table, "rate_limit", "hours", above=0),
        feedback=_feedback(table.get("feedback", {})),
        leaderboard=tuple(map(_leaderboard_entry, rows)),
    )


def _require_known_entries(table: Mapping[str, Any]) -> None:
    """Raises SettingsError for a part or an entry that nothing reads, such as one with a typing mistake."""
    for part, entries in table.items():
        _require_one_of("a part", part, (*ENTRIES, "leaderboard"))
        if part == "leaderboard":
            continue
        if not isinstance(entries, dict):
            raise SettingsError(f"{part} is {entries!r}; it should be a part, [{part}]")
        for name in entries:
            _require_one_of(f"an entry of [{part}]", name, ENTRIES[part])


def _seconds_of_harness(table: Mapping[str, Any], environment: Mapping[str, str]) -> float:
    asked = environment.get(SECONDS_VARIABLE)
    if asked is None:
        return _number(table, "time", "seconds", above=0)
    try:
        return float(asked)
    except ValueError:
        raise SettingsError(f"{SECONDS_VARIABLE} is {asked!r}; it should be a number of seconds") from None


def _feedback(table: Mapping[str, Any]) -> Feedback:
    """How much of a message is shown. Without the table: everything."""
    by_question = table.get("questions", {})
    if not isinstance(by_question, dict):
        raise SettingsError(f"feedback.questions is {by_question!r}; it should be a part, [feedback.questions]")
    _require_one_of("feedback.detail", table.get("detail", FULL), DETAILS)
    for name, detail in by_question.items():
        _require_one_of(f"feedback.questions.{name}", detail, DETAILS)
    return Feedback(table.get("detail", FULL), dict(by_question))


def _leaderboard_entry(row: Mapping[str, Any]) -> LeaderboardEntry:
    for name in row:
        _require_one_of("an entry of [[leaderboard]]", name, LEADERBOARD)
    for name in LEADERBOARD:
        if name not in row:
            raise SettingsError(f"an entry of [[leaderboard]] lacks {name!r}: {dict(row)!r}")
        if not isinstance(row[name], str) or not row[name]:
            raise SettingsError(f"leaderboard: {name} is {row[name]!r}; it should be a text")
    _require_one_of(f"leaderboard {row['name']!r}: order", row["order"], ORDERS)
    return LeaderboardEntry(**row)


def _require_one_of(key: str, value: Any, possible: Iterable[str]) -> None:
    """Raises SettingsError with key, value and all possible values."""
    possible = tuple(possible)
    if not isinstance(value, str) or value not in possible:
        what = f"one of {', '.join(possible)}" if possible else "left out: there is nothing to choose"
        raise SettingsError(f"{key} is {value!r}; it should be {what}")


def _entry(table: Mapping[str, Any], part: str, name: str) -> Any:
    if name not in table.get(part, {}):
        raise SettingsError(f"the part [{part}] lacks {name!r}")
    return table[part][name]


def _list(value: Any, key: str, kind: type) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        form = 'such as ["q1", "e5"]' if kind is str else f"of parts [[{key}]]"
        raise SettingsError(f"{key} is {value!r}; it should be a list {form}")
    return value


def _whole(table: Mapping[str, Any], part: str, name: str, least: int) -> int:
    value = _entry(table, part, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SettingsError(f"{part}.{name} is {value!r}; it should be a whole number of {least} or more")
    return value


def _number(
    table: Mapping[str, Any], part: str, name: str, least: float = -math.inf, above: float = -math.inf
) -> float:
    value = _entry(table, part, name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or value < least or value <= above:
        bound = f"above {above:g}" if above > -math.inf else f"of {least:g} or more"
        raise SettingsError(f"{part}.{name} is {value!r}; it should be a number {bound}")
    return float(value)
