"""What a bot chooses from: verses that the model wrote, and what each is worth."""

from __future__ import annotations

from dataclasses import dataclass

from haiku_bot.weights import WEIGHTS


@dataclass(frozen=True)
class Sampling:
    """How each token is drawn: see `sample_next` in haiku.py."""

    temperature: float = 0.7
    top_k: int = 20


SAMPLING = Sampling()  # what a bot draws with if not told otherwise


@dataclass(frozen=True)
class Candidate:
    """One verse of the pool.

    Attributes:
        verse: its token ids, the last of them that of the end.
        lines: its text.
        steering: the nats that the scores of requested words were raised by while it was written.
        likelihood: how likely the model finds it, in nats per token; the weakest tokens count most.
    """

    verse: tuple[int, ...]
    lines: tuple[str, ...]
    steering: float
    likelihood: float


@dataclass(frozen=True)
class Score:
    """What the choice goes by; `total` is highest for the best verse.

    Attributes:
        likelihood: of the candidate, in nats per token.
        relevance: how far the verse is about the request, see `Judge.relevance`.
        faults, staleness: see `Judge`.
        repeated: words of the verse before that come again, in renku.
        is_new: see `Judge.is_new`.
        said: what lines cost that this conversation has had already.
    """

    likelihood: float
    relevance: float
    faults: float
    staleness: float
    repeated: int
    is_new: bool
    said: float

    @property
    def total(self) -> float:
        """The sum of everything, weighted."""
        total = WEIGHTS.likelihood * self.likelihood + WEIGHTS.relevance * self.relevance
        total -= self.faults + self.staleness + self.repeated
        return (total if self.is_new else total - WEIGHTS.not_new) - self.said


@dataclass(frozen=True)
class Pool:
    """All candidates, with the score of each; `best` is the number of the one that answers."""

    candidates: tuple[Candidate, ...]
    scores: tuple[Score, ...]

    @property
    def best(self) -> int:
        """The number of the candidate with the highest total; of equal ones, the first."""
        return self.ranking[0]

    @property
    def ranking(self) -> list[int]:
        """The numbers of the candidates, best first."""
        totals = [score.total for score in self.scores]
        return sorted(range(len(totals)), key=lambda number: (-totals[number], number))
