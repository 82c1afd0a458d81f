"""Grades unseen mistakes through the engine, several side by side, and keeps what a student would read."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from grading.console import Console
from grading.engine import Engine, Settings
from grading.outcomes import Outcome
from grading.questions import discover
from staff.evidence.mutants.run import grade, passed_or_waits
from staff.evidence.unseen.format import Mistake
from staff.places import SOLUTIONS_DIRECTORY


@dataclass(frozen=True)
class Reading:
    """What a student reads who hands in a mistake.

    Attributes:
        mistake: which.
        lost: the checks that did not pass, without those that wait for one of these; empty if nothing was noticed.
        seconds: that grading took.
    """

    mistake: Mistake
    lost: tuple[Outcome, ...]
    seconds: float


def read_messages(
    mistakes: Sequence[Mistake], jobs: int, seed: int, time_limit_seconds: float | None
) -> Iterator[Reading]:
    """Grade mistakes, each on its own question alone; readings come in the same order.

    Args:
        mistakes: which.
        jobs: how many are graded side by side.
        seed: of the data that is drawn, the checks' random inputs and the student's randomness.
        time_limit_seconds: for each mistake, instead of its question's own; or None.
    Raises:
        MutantError: an `old` text is not there exactly once.
    """
    questions = {question.id: question for question in discover()}
    settings = Settings(SOLUTIONS_DIRECTORY, seed=seed, time_limit_seconds=time_limit_seconds)
    with Engine(settings, Console(io.StringIO())) as engine, ThreadPoolExecutor(jobs) as pool:

        def read(mistake: Mistake) -> Reading:
            result = grade(engine, questions[mistake.question], mistake)
            lost = tuple(outcome for outcome in result.outcomes if not passed_or_waits(outcome))
            return Reading(mistake, lost, result.seconds)

        yield from pool.map(read, mistakes)
