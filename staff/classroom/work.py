"""What is handed to a worker and what comes back; plain data, so that workers need no file system in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from staff.classroom.export import Submission
from staff.classroom.grader import Grader, digest


@dataclass(frozen=True)
class GradingSettings:
    """What influences a grade besides the grader's files and the submission.

    Attributes:
        questions: ids, in the project's order.
        seed: of every random number.
        time_limit_seconds: for each question, instead of its own; or None.
        versions: of what is installed here.
    """

    questions: tuple[str, ...]
    seed: int = 0
    time_limit_seconds: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return json.loads(json.dumps(asdict(self)))


@dataclass(frozen=True)
class Key:
    """Two results with the same key came from the same files, graded in the same way."""

    submission: str
    grader: str
    settings: str


@dataclass(frozen=True)
class WorkItem:
    """One submission to be graded.

    Attributes:
        id: the submission's.
        key: what decides its result.
        files: content of the student files by name.
        settings: of the run.
        timeout_seconds: after which the grader itself must be stuck.
        report: write the page with pictures, too; it costs time and changes nothing else.
    """

    id: str
    key: Key
    files: Mapping[str, bytes]
    settings: GradingSettings
    timeout_seconds: float
    report: bool = True


@dataclass(frozen=True)
class Reply:
    """What came of an item.

    Attributes:
        document: what `grade_one` wrote; empty after a failure.
        report: files of the readable report, by path.
        output: the end of what was printed.
        failure: why the *grader* failed; empty if it did not.
        seconds: that it took, from the first byte to the last.
        worker: where.
        attempts: how often it was tried.
    """

    document: dict[str, Any] = field(default_factory=dict)
    report: Mapping[str, bytes] = field(default_factory=dict)
    output: str = ""
    failure: str = ""
    seconds: float = 0.0
    worker: str = ""
    attempts: int = 1


def key_of(submission: Submission, grader: Grader, settings: GradingSettings) -> Key:
    """The submission's files and what was odd about them, every file of the grader, and the settings."""
    handed_in = {name: digest(content) for name, content in submission.files.items()}
    text = json.dumps([handed_in, submission.notes], sort_keys=True)
    return Key(digest(text.encode()), grader.hash, digest(json.dumps(settings.as_dict(), sort_keys=True).encode()))
