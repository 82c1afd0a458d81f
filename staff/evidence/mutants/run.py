"""Grades mutants through the engine, several side by side, and compares what comes with what they declare."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from grading.console import Console
from grading.engine import Engine, Settings
from grading.outcomes import CRASHED, FAILED, PASSED, WAITS, Outcome, QuestionResult
from grading.questions import Question, discover
from staff.evidence.mutants.format import Mutant, Submission, long_checks, write_submission
from staff.places import SOLUTIONS_DIRECTORY

SECONDS_PER_MUTANT = 150.0  # most take one; those that train take up to a minute on a busy machine


@dataclass(frozen=True)
class Verdict:
    """How a mutant fared.

    Attributes:
        mutant: which.
        lost: the checks that it failed, joined by commas.
        diagnosis: the part of the message that names the mistake, or all of it.
        complaint: how that differs from what is declared; empty if it does not.
        seconds: that grading it took.
        title: of the check whose message names the mistake.
        message: of that check, whole.
    """

    mutant: Mutant
    lost: str
    diagnosis: str
    complaint: str
    seconds: float
    title: str = ""
    message: str = ""


def grade_all(mutants: Sequence[Mutant], jobs: int, seed: int = 0) -> Iterator[Verdict]:
    """Grade mutants, each on its own question alone; verdicts come in the same order.

    Long checks are left out for mutants that are not said to come as far: some would pass them, and take a minute.
    """
    questions = {question.id: question for question in discover()}
    short = {question.id: question for question in without_long_checks(questions.values())}
    settings = Settings(SOLUTIONS_DIRECTORY, seed=seed, time_limit_seconds=SECONDS_PER_MUTANT, attempts=1)

    def asked(mutant: Mutant) -> Question:
        return (questions if mutant.trains else short)[mutant.question]

    with Engine(settings, Console(io.StringIO())) as engine, ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda mutant: judge(mutant, grade(engine, asked(mutant), mutant)), mutants)


def told_to_a_right_submission(
    mutants: Sequence[Mutant], directory: Path, seeds: Iterable[int], jobs: int = 2
) -> list[str]:
    """What a right submission is told by the checks that need no training: nothing, if all is well.

    Args:
        mutants: whose questions are asked, apart from their long checks.
        directory: holds the submission, such as the reference solutions.
        seeds: of the checks, of the data that is drawn, and of the student's randomness.
        jobs: seeds side by side.
    """
    wanted = {mutant.question for mutant in mutants}
    asked = without_long_checks(question for question in discover() if question.id in wanted)
    with Engine(Settings(directory), Console(io.StringIO())) as engine, ThreadPoolExecutor(jobs) as pool:

        def told(seed: int) -> list[str]:
            results = engine.grade(asked, seed=seed)
            return [f"seed {seed}: {o.message}" for result in results for o in result.outcomes if o.message]

        return [message for messages in pool.map(told, seeds) for message in messages]


def without_long_checks(questions: Iterable[Question]) -> list[Question]:
    """The questions as they are, but for the checks that train for more than a few seconds."""
    long = long_checks()
    return [
        replace(question, checks=tuple(check for check in question.checks if (question.id, check.name) not in long))
        for question in questions
    ]


def judge(mutant: Mutant, result: QuestionResult) -> Verdict:
    """Compare a mutant's result with what it declares."""
    outcomes = {outcome.name: outcome for outcome in result.outcomes}
    lost = [outcome.name for outcome in result.outcomes if not passed_or_waits(outcome)]
    told = outcomes[mutant.check].message if mutant.check in outcomes else ""
    complaints = []
    if set(lost) != {mutant.check, *mutant.also_loses}:
        reasons = "; ".join(f"{name} ({outcomes[name].message})" for name in lost)
        complaints.append(f"should lose {', '.join([mutant.check, *mutant.also_loses])}; lost {reasons or 'nothing'}")
    elif outcomes[mutant.check].status not in (FAILED, CRASHED):
        complaints.append(f"{mutant.check} is {outcomes[mutant.check].status}: {told}")
    if mutant.phrase not in told:
        complaints.append(f"{mutant.phrase!r} is not in {told!r}")
    diagnosis = _sentences_with(mutant.phrase, told)
    title = outcomes[mutant.check].title if mutant.check in outcomes else ""
    return Verdict(mutant, ", ".join(lost), diagnosis, ". ".join(complaints), result.seconds, title, told)


def grade(engine: Engine, question: Question, submission: Submission) -> QuestionResult:
    """Grade one question of a submission that lies in a temporary folder while this takes.

    Raises:
        MutantError: an `old` text is not there exactly once.
    """
    with tempfile.TemporaryDirectory() as name:
        write_submission(submission, Path(name))
        (result,) = engine.grade([question], code_directory=Path(name).resolve())
        return result


def passed_or_waits(outcome: Outcome) -> bool:
    """Whether a check passed, or did not run because it requires one that did not pass."""
    return outcome.status == PASSED or outcome.cause == WAITS


def _sentences_with(phrase: str, message: str) -> str:
    """From the sentence that holds the phrase to the end."""
    start = message.find(phrase)
    if start < 0:
        return message
    breaks = [found.end() for found in re.finditer(r"[.?;:] |\n", message[:start])]
    return " ".join(message[breaks[-1] if breaks else 0 :].split())
