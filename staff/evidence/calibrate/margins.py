"""What the records say: pass rates, and how much of the error that a threshold permits is left unused."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grading.questions import Bound, Question
from staff.evidence.calibrate.runs import Record

MIN_MARGIN = 0.2  # of the permitted error: the reference leaves at least this unused on its worst seed
MIN_MEDIOCRE_RATE = 0.8  # an honest solution that passes less often than this meets a threshold that is too harsh
MIN_SEEDS_FOR_A_RATE = 5  # of fewer, one failure says nothing about a rate


@dataclass(frozen=True)
class Metric:
    """One threshold and the values that were measured against it.

    Attributes:
        name: as `student.record` calls it.
        threshold: as question.toml states it.
        is_least: whether values have to be at least the threshold (a share, at most 1), or at most (0 or more).
        values: one for each seed that got as far as measuring it.
    """

    name: str
    threshold: float
    is_least: bool
    values: tuple[float, ...]

    @property
    def worst(self) -> float:
        """The value nearest to the threshold, or furthest beyond it."""
        return min(self.values) if self.is_least else max(self.values)

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    def margin(self, value: float) -> float | None:
        """The part of the permitted error that is left unused: 1 at no error, 0 at the threshold, below 0 past it.

        An accuracy of at least 0.97 permits an error of 0.03, a loss of at most 0.02 one of 0.02. None where no error
        at all is permitted: there is no margin to be had then.
        """
        permitted = 1 - self.threshold if self.is_least else self.threshold
        error = 1 - value if self.is_least else value
        return 1 - error / permitted if permitted > 0 else None


@dataclass(frozen=True)
class Row:
    """How one solution fared at one question with one number of threads.

    Attributes:
        seeds: how many were graded.
        passed: on how many of them every check passed.
        at_first: on how many of them every check passed in its first attempt.
    """

    question: str
    solution: str
    threads: int
    seeds: int
    passed: int
    at_first: int
    metrics: tuple[Metric, ...]


def rows(records: Iterable[Record], questions: Sequence[Question]) -> list[Row]:
    """Gather the records by question, solution and threads, in this order."""
    groups: dict[tuple[str, str, int], list[Record]] = {}
    for record in records:
        groups.setdefault((record.question, record.solution, record.threads), []).append(record)
    position = {question.id: number for number, question in enumerate(questions)}
    by_id = {question.id: question for question in questions}
    found = []
    for question, solution, count in sorted(groups, key=lambda key: (position[key[0]], key[1] != "reference", key)):
        group = groups[question, solution, count]
        metrics = _metrics(by_id[question].bounds, group)
        passed = sum(record.passed for record in group)
        at_first = sum(record.passed and record.attempts == 1 for record in group)
        found.append(Row(question, solution, count, len(group), passed, at_first, metrics))
    return found


def complaints(table: Iterable[Row], least_margin: float = MIN_MARGIN) -> list[str]:
    """A sentence for each margin that is gone; none if the thresholds are fair."""
    found = []
    for row in table:
        who = f"{row.question}, {row.solution}, {threads(row.threads)}"
        if row.solution == "reference":
            if row.at_first < row.seeds:
                found.append(
                    f"{who}: passes on {row.passed} of {row.seeds} seeds, {row.at_first} in the first attempt; the "
                    "reference must on all in the first."
                )
            for metric in row.metrics:
                margin = metric.margin(metric.worst)
                if margin is not None and margin < least_margin:
                    found.append(
                        f"{who}: {metric.name} is {metric.worst:.4g} on the worst seed, the threshold "
                        f"{metric.threshold:g}: {margin:.0%} of the permitted error unused, under {least_margin:.0%}."
                    )
        elif row.seeds >= MIN_SEEDS_FOR_A_RATE and row.passed < MIN_MEDIOCRE_RATE * row.seeds:
            found.append(
                f"{who}: passes on {row.passed} of {row.seeds} seeds, under {MIN_MEDIOCRE_RATE:.0%}: is the "
                "threshold too harsh for honest work?"
            )
    return found


def _metrics(bounds: Iterable[Bound], group: Sequence[Record]) -> tuple[Metric, ...]:
    found = []
    for bound in bounds:
        values = tuple(record.metrics[bound.metric] for record in group if bound.metric in record.metrics)
        if values:
            found.append(Metric(bound.metric, bound.threshold, bound.is_least, values))
    return tuple(found)


def threads(count: int) -> str:
    """`1 thread`, `2 threads`."""
    return f"{count} thread" if count == 1 else f"{count} threads"
