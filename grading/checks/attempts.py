"""Runs one check. Training that misses its threshold by little may be unlucky: it runs again with another seed."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from data import DataError, Library
from grading.checks.expect import Miss
from grading.checks.notes import Records
from grading.checks.student import Student
from grading.outcomes import (
    CRASHED,
    FAILED,
    GRADER,
    NOT_FINISHED,
    PASSED,
    PROCESS,
    STUB,
    Attempt,
    CheckFailed,
    NotImplementedYet,
    OutOfLimits,
    RunEnded,
    StudentCrashed,
    ToldFault,
)
from grading.questions import Check, Question
from grading.report import metric
from startup.packages import Unusable

OUR_FAULT = "the check itself failed. This is not your fault: please tell the course staff"
DATA_FAULT = "the data is not usable"
TOLD_FAULT = "a part of the project failed beside your code. This is not your fault: please tell the course staff"
TIME_FOR_ANOTHER = 1.2  # times what the latest attempt took: so much time must be left


@dataclass(frozen=True)
class CheckRun:
    """What came of a check: of its only attempt, or of the best one.

    Attributes:
        status, message, evidence, cause: of the outcome.
        attempts: all of them, in order; none of a check that was not run.
    """

    status: str
    message: str
    evidence: str = ""
    attempts: tuple[Attempt, ...] = ()
    cause: str = ""


@dataclass(frozen=True)
class _Tried:
    """One attempt, and what the student's records were after it."""

    status: str
    message: str
    evidence: str
    shortfall: float  # of the permitted error: 0 for a pass, infinite for whatever is no miss of a threshold
    metrics: dict[str, float]
    records: Records
    cause: str = ""


def run(
    question: Question, check: Check, student: Student, library: Library, run_seed: int, most: int | None = None
) -> CheckRun:
    """Run a check, and run it again if it misses its threshold by little and time lasts.

    Args:
        question, check: which.
        student: whose code. The first attempt has the run's seed; each later one has its own, made of it.
        library: the data. Drawn data is the same in every attempt.
        run_seed: of the run.
        most: attempts, instead of what the question permits.
    Raises:
        OutOfLimits: the first attempt used up the question's time or memory. Later ones leave the best before them.
        RunEnded: the run was interrupted.
        Unusable: torch cannot be used here.
    """
    most = question.attempts if most is None else most
    before = student.records()
    tried: list[_Tried] = []
    while True:
        left = student.seconds_left()
        name = f"{question.id}/{check.name}" + (f"/attempt {len(tried) + 1}" if tried else "")
        try:
            tried.append(_attempt(question, check, student, library, name, run_seed))
        except OutOfLimits:
            if not tried:
                raise
            tried.append(_Tried(NOT_FINISHED, "", "", float("inf"), {}, student.records()))
        best = min(tried, key=lambda attempt: attempt.shortfall)
        is_miss = 0 < tried[-1].shortfall < float("inf")
        is_narrow = is_miss and best.shortfall <= question.narrow_miss
        time_for_another = TIME_FOR_ANOTHER * (left - student.seconds_left())
        if not is_narrow or len(tried) >= most or student.seconds_left() < time_for_another:
            break
        student.restore(before)
    student.restore(best.records)
    attempts = tuple(Attempt(attempt.status, attempt.metrics) for attempt in tried)
    told = [_told(attempts)] if len(attempts) > 1 else []
    message, evidence = ("\n".join([text] * bool(text) + told) for text in (best.message, best.evidence))
    return CheckRun(best.status, message, evidence, attempts, best.cause)


def _attempt(
    question: Question, check: Check, student: Student, library: Library, seed_name: str, run_seed: int
) -> _Tried:
    shortfall, cause = float("inf"), ""
    known = student.records().metrics
    try:
        student.seed(seed_name, run_seed)
        question.functions[check.name](student, library, question.thresholds)
        status, message, evidence, shortfall = PASSED, "", "", 0.0
    except NotImplementedYet as stub:
        status, message, evidence, cause = FAILED, str(stub), str(stub), STUB
    except CheckFailed as failure:
        name = question.id.upper()
        status, message, evidence = FAILED, f"{name}: {failure}", f"{name}: {failure.evidence}"
        shortfall = failure.shortfall if isinstance(failure, Miss) else shortfall
    except StudentCrashed as crash:
        status, message, evidence = CRASHED, str(crash), crash.evidence
    except DataError as error:
        status, message, evidence, cause = NOT_FINISHED, f"{DATA_FAULT}: {error}", "", GRADER
    except (OutOfLimits, RunEnded, Unusable):
        raise
    except ToldFault as error:
        status, message = NOT_FINISHED, f"{question.id.upper()}: {TOLD_FAULT}. {error}"
        evidence, cause = str(error), PROCESS
    except (Exception, SystemExit) as error:  # a fault of ours must cost no other check and no other question
        traceback.print_exc()
        status, message = NOT_FINISHED, f"{question.id.upper()}: {OUR_FAULT} ({type(error).__name__})."
        evidence, cause = f"{type(error).__name__}: {error}", GRADER
    records = student.records()
    own = {name: value for name, value in records.metrics.items() if name not in known}
    return _Tried(status, message, evidence, shortfall, own, records, cause)


def _told(attempts: Sequence[Attempt]) -> str:
    """A line that tells every attempt: `3 attempts with different random seeds: test accuracy 96.98%, …`."""
    told = "; ".join(map(_measured, attempts))
    return f"{len(attempts)} attempts with different random seeds: {told}. The best one counts."


def _measured(attempt: Attempt) -> str:
    values = ", ".join(f"{name.replace('_', ' ')} {metric(name, value)}" for name, value in attempt.metrics.items())
    return f"{values} ({attempt.status})" if values else attempt.status
