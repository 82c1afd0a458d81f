"""What can come of a check, and the exceptions that lead there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from grading.questions import CORE, ELECTIVE, Question
from pictures.panels import Exhibit

PASSED = "passed"
FAILED = "failed"
CRASHED = "crashed"
NOT_FINISHED = "not finished"

# Why a check did not pass, where no finding about the student's code says it. Programs decide by these; a message is
# for its reader, and a student's code can print the same words.
STUB = "stub"  # what the check calls is not filled in
WAITS = "waits"  # the check requires one that did not pass
TIME, MEMORY, DISK = "time", "memory", "disk"  # the limit that is used up
GRADER = "grader"  # the check itself or its data failed
PROCESS = "process"  # the student's process reports that a part of the project failed in it, which it could do any time

NOT_IMPLEMENTED = "not implemented yet: "  # how the message of an unfilled stub begins

Progress = dict[str, Any]  # that a training function reports while it runs, such as {"epochs": 2.41}


class CheckFailed(Exception):
    """The student is wrong.

    Attributes:
        evidence: what was done, what was expected, what came.
        explanation: the mistake's name or where to look; "" if nothing is known.
    """

    def __init__(self, evidence: str, explanation: str = "") -> None:
        super().__init__(f"{evidence} {explanation}".strip())
        self.evidence, self.explanation = evidence, explanation


class NotImplementedYet(CheckFailed):
    """A stub that the student has not filled in."""

    def __init__(self, stub: str) -> None:
        super().__init__(f"{NOT_IMPLEMENTED}{stub}")
        self.stub = stub


class StudentCrashed(Exception):
    """The student's code raised.

    Attributes:
        evidence: their traceback, trimmed to their frames.
        explanation: what a known error means; "" for others.
    """

    def __init__(self, evidence: str, explanation: str = "") -> None:
        super().__init__(f"{evidence}\n{explanation}".strip())
        self.evidence, self.explanation = evidence, explanation


class ToldFault(Exception):
    """The student's process reports that a part of the project failed in it. It could report that at any time."""


class OutOfLimits(Exception):
    """The question's time or memory is used up; no further check of it can run.

    Attributes:
        reason: which limit: `TIME`, `MEMORY` or `DISK`.
        seen: a sentence about how far training had come, or "".
    """

    def __init__(self, reason: str, seen: str = "") -> None:
        super().__init__(reason)
        self.reason, self.seen = reason, seen


class RunEnded(Exception):
    """The run was interrupted while a question was graded; the question has no result."""


@dataclass(frozen=True)
class Attempt:
    """One of several runs of a check, each with another random seed: how it ended, and what it measured."""

    status: str
    metrics: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """For reports that programs read."""
        return {"status": self.status, "metrics": self.metrics}


@dataclass(frozen=True)
class Outcome:
    """One check's result.

    Attributes:
        name, title, status: of the check.
        score, max_score: `score` is `max_score` if the check passed, else 0.
        message: everything that the student is told: evidence, explanation, remarks.
        attempts: of a check that ran more than once.
        evidence: the message without the explanation.
        cause: `STUB`, `WAITS`, `TIME`, `MEMORY`, `DISK`, `GRADER` or `PROCESS`; "" for every other outcome.
    """

    name: str
    title: str
    status: str
    score: float
    max_score: float
    message: str = ""
    attempts: tuple[Attempt, ...] = ()
    evidence: str = ""
    cause: str = ""

    def attempts_for_programs(self) -> dict[str, Any]:
        """What a report adds where there was more than one attempt; nothing otherwise."""
        several = len(self.attempts) > 1
        return {"attempts": [attempt.as_dict() for attempt in self.attempts]} if several else {}


@dataclass
class QuestionResult:
    """One question's result; `outcomes` grows as checks finish, so that what is earned is never lost."""

    id: str
    title: str
    max_score: float
    extra_credit: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    stubs: list[str] = field(default_factory=list)  # what the student has left unfilled, as "name (file:line)"
    exhibits: list[Exhibit] = field(default_factory=list)  # for reports with pictures; empty unless asked for
    seconds: float = 0.0
    group: str = CORE
    requires: tuple[str, ...] = ()  # ids of the questions that this one builds on

    @property
    def score(self) -> float:
        """Points earned so far."""
        return sum(outcome.score for outcome in self.outcomes)


def not_graded_yet(question: Question) -> QuestionResult:
    """The result that a question begins with."""
    return QuestionResult(
        question.id,
        question.title,
        question.points,
        question.extra_credit,
        group=question.group,
        requires=question.requires,
    )


@dataclass
class RunResult:
    """A whole run; questions in the order in which they were asked for."""

    seed: int
    versions: dict[str, str]
    questions: list[QuestionResult] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """Points earned in the core, extra credit apart."""
        return sum(question.score for question in self._counted(CORE))

    @property
    def max_score(self) -> float:
        """Points to be had in the core, extra credit apart."""
        return sum(question.max_score for question in self._counted(CORE))

    @property
    def electives(self) -> tuple[float, float] | None:
        """Points earned and to be had in the electives, extra credit apart; None if none was asked for."""
        counted = self._counted(ELECTIVE)
        if not counted:
            return None
        return sum(question.score for question in counted), sum(question.max_score for question in counted)

    @property
    def passed(self) -> bool:
        """Whether every check of every question passed."""
        return all(
            question.outcomes and all(outcome.status == PASSED for outcome in question.outcomes)
            for question in self.questions
        )

    @property
    def extra_credit(self) -> float:
        """Extra credit earned."""
        return sum(question.score for question in self.questions if question.extra_credit)

    def _counted(self, group: str) -> list[QuestionResult]:
        return [question for question in self.questions if question.group == group and not question.extra_credit]

    def as_dict(self) -> dict[str, Any]:
        """The JSON report; its layout is part of the command line's contract."""
        return {
            "score": self.score,
            "max_score": self.max_score,
            "extra_credit": self.extra_credit,
            **({"electives": dict(zip(("score", "max_score"), self.electives, strict=True))} if self.electives else {}),
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "versions": self.versions,
            "questions": [
                {
                    "id": question.id,
                    "title": question.title,
                    "score": question.score,
                    "max_score": question.max_score,
                    "seconds": round(question.seconds, 3),
                    "metrics": question.metrics,
                    "checks": [
                        {
                            "name": outcome.name,
                            "status": outcome.status,
                            "score": outcome.score,
                            "max_score": outcome.max_score,
                            "message": outcome.message,
                            **outcome.attempts_for_programs(),
                        }
                        for outcome in question.outcomes
                    ],
                }
                for question in self.questions
            ],
        }
