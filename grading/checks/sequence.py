"""Runs the checks of one question, one after the other: each gets an outcome, whatever happened to those before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from data import Library
from grading.checks import attempts
from grading.checks.attempts import CheckRun
from grading.checks.student import Student
from grading.outcomes import DISK, NOT_FINISHED, PASSED, TIME, WAITS, Outcome, OutOfLimits
from grading.questions import Check, Question, QuestionError


@dataclass(frozen=True)
class Limits:
    """The limits of one question, as messages tell them.

    Attributes:
        seconds: that all its checks have together.
        memory_bytes: that the student's process may hold.
        have_flags: whether the student may give the run other ones, as at home.
    """

    seconds: float
    memory_bytes: int
    have_flags: bool


def run(
    question: Question, student: Student, library: Library, run_seed: int, limits: Limits, most: int | None = None
) -> Iterator[Outcome]:
    """Run the checks in order, and give each outcome as soon as it is known.

    A check that requires one that did not pass is not run, nor is any check once a limit is reached. If the question
    itself cannot be graded, every check says so.

    Args:
        question: whose checks.
        student: whose code.
        library: the data.
        run_seed: of the run.
        limits: that the student's process has.
        most: attempts of each check, instead of what the question permits; or None.
    Raises:
        RunEnded: the run was interrupted.
        Unusable: torch cannot be used here.
    """
    try:
        question.functions  # noqa: B018  (imports checks.py)
    except QuestionError as fault:
        yield from _outcomes_of_a_broken_question(question, str(fault))
        return
    passed: set[str] = set()
    exhausted: CheckRun | None = None
    for check in question.checks:
        missing = [
            other.title for other in question.checks if other.name in check.requires and other.name not in passed
        ]
        if exhausted is not None:
            found = exhausted
        elif missing:
            found = CheckRun(NOT_FINISHED, f"skipped: fix {' and '.join(map(repr, missing))} first", cause=WAITS)
        else:
            try:
                found = attempts.run(question, check, student, library, run_seed, most)
            except OutOfLimits as reached:
                found = exhausted = CheckRun(NOT_FINISHED, _limit_message(reached, limits), cause=reached.reason)
        if found.status == PASSED:
            passed.add(check.name)
        yield _outcome(check, found, student.take_remarks())


def _outcome(check: Check, run: CheckRun, remarks: Iterable[str]) -> Outcome:
    """What came of a check, with the remarks that were made meanwhile."""
    told = [f"Remark: {text}" for text in remarks]
    message, evidence = ("\n".join([text] * bool(text) + told) for text in (run.message, run.evidence))
    score = check.points if run.status == PASSED else 0.0
    return Outcome(check.name, check.title, run.status, score, check.points, message, run.attempts, evidence, run.cause)


def _outcomes_of_a_broken_question(question: Question, fault: str) -> list[Outcome]:
    message = f"this question cannot be graded: {fault}. This is not your fault: please tell the course staff."
    broken = question.checks or (Check("question", "The question can be graded", 0.0, ()),)
    return [Outcome(check.name, check.title, NOT_FINISHED, 0.0, check.points, message) for check in broken]


def _limit_message(reached: OutOfLimits, limits: Limits) -> str:
    """What to say of a limit that is reached."""
    if reached.reason == TIME:
        seen = f"{reached.seen} " if reached.seen else ""
        more = " (--time-limit SECONDS allows more)" if limits.have_flags else ""
        return (
            f"stopped after {limits.seconds:.4g} seconds. {seen}Does a loop never end? Is validation run too "
            f"often?{more}"
        )
    if reached.reason == DISK:
        return "stopped for writing too much to disk. Nothing in this project needs files."
    hint = reached.seen or "Is a list of tensors growing? Keep numbers (loss.item()), not tensors."
    return f"stopped at {limits.memory_bytes // 2**20} MiB of memory. {hint}"
