"""The course's choices for the harness: settings.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grading.gradescope.feedback import DETAILS, FULL, Feedback

SETTINGS_FILE = Path(__file__).resolve().parent / "settings.toml"
SECONDS_VARIABLE = "AUTOGRADER_SECONDS"
VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")


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
    """Read the settings.

    Raises:
        SettingsError: the file cannot be read, or an entry is missing or makes no sense.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _checked(path, table, environment)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from error
    except KeyError as error:
        raise SettingsError(f"{path}: lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _checked(path: Path, table: dict[str, Any], environment: Mapping[str, str]) -> HarnessSettings:
    harness_seconds = float(environment.get(SECONDS_VARIABLE, table["time"]["seconds"]))
    seconds = harness_seconds - float(table["time"]["margin_seconds"])
    if seconds < 1:
        raise SettingsError(f"{harness_seconds:g} seconds less the margin leave no time; raise {SECONDS_VARIABLE}")
    visibility = table["visibility"]
    for name in ("tests", "standard_output"):
        if visibility[name] not in VISIBILITIES:
            raise SettingsError(f"{path}: visibility.{name} is {visibility[name]!r}, not one of {VISIBILITIES}")
    leaderboard = tuple(LeaderboardEntry(**row) for row in table.get("leaderboard", []))
    for entry in leaderboard:
        if entry.order not in ("asc", "desc"):
            raise SettingsError(f"{path}: the order of {entry.name!r} is {entry.order!r}, not asc or desc")
    return HarnessSettings(
        harness_seconds=harness_seconds,
        seconds=seconds,
        processors=_positive(table["time"]["processors"]),
        student_bytes=int(table["memory"]["student_mebibytes"]) * 2**20,
        container_bytes=int(table["memory"]["container_mebibytes"]) * 2**20,
        seed=int(table["grading"]["seed"]),
        attempts=_count(table["grading"]["attempts"]) if "attempts" in table["grading"] else None,
        questions=tuple(table["grading"]["questions"]),
        test_visibility=visibility["tests"],
        output_visibility=visibility["standard_output"],
        max_submissions=int(table["rate_limit"]["submissions"]),
        rate_hours=float(table["rate_limit"]["hours"]),
        feedback=_feedback(table.get("feedback", {})),
        leaderboard=leaderboard,
    )


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} should be a whole number of 1 or more")
    return value


def _feedback(table: Mapping[str, Any]) -> Feedback:
    """How much of a message is shown. Without the table: everything."""
    by_question = dict(table.get("questions", {}))
    for name, detail in {"detail": table.get("detail", FULL), **by_question}.items():
        if detail not in DETAILS:
            raise ValueError(f"feedback: {name} is {detail!r}, not one of {DETAILS}")
    return Feedback(table.get("detail", FULL), by_question)


def _positive(value: Any) -> float:
    number = float(value)
    if number <= 0:
        raise ValueError(f"{value!r} should be above 0")
    return number
