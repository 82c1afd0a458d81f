"""How a language model writes: what its verses name, their form, and how likely it finds haiku that people know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grading.checks import diagnosis, expect
from grading.checks.answers import Training
from test_cases.e12 import decoding
from test_cases.e12.public import language_model as shipped
from test_cases.e12.public import verses
from test_cases.e12.public.verses import PAD

MANY_TIMES = 0.1  # of all verses, one and the same
ROWS_APART = 200  # verses of which the divergence is the mean
ROWS_READ = 100  # verses at whose tokens changes of logits are averaged


@dataclass(frozen=True)
class Manner:
    """How a language model writes.

    Attributes:
        rows: verses that it wrote, int64 (count, 21).
        names: whether each names the season, bool (count,).
        forms: whether each is 5-7-5, bool (count,).
        different: how many of them are different, as a share.
        divergence: from the shipped model, in nats a verse: the mean difference of log-probabilities
            over some of `rows`.
        loss: on haiku that it did not read, in nats a token.
    """

    rows: np.ndarray
    names: np.ndarray
    forms: np.ndarray
    different: float
    divergence: float
    loss: float

    @classmethod
    def of(
        cls, weights: decoding.Weights, season: str, count: int, held_out: np.ndarray, random: np.random.Generator
    ) -> Manner:
        """Let a model write `count` verses, and read `held_out`."""
        rows = decoding.written(weights, count, random)
        apart = 0.0
        if weights is not shipped.weights():
            own, old = (decoding.log_probabilities(each, rows[:ROWS_APART]) for each in (weights, shipped.weights()))
            apart = float((own - old).mean())
        loss = -decoding.log_probabilities(weights, held_out).sum() / (held_out[:, 1:] != PAD).sum()
        different = len({row.tobytes() for row in rows}) / len(rows)
        names, forms = verses.names_season(rows, season), verses.in_form(rows)
        return cls(rows, names, forms, different, apart, float(loss))

    @property
    def season(self) -> float:
        """The share of verses that name the season."""
        return float(self.names.mean())

    @property
    def in_form(self) -> float:
        """The share of verses that are exactly 5-7-5."""
        return float(self.forms.mean())


def season_share(before: Manner, now: Manner) -> float:
    """The share of verses that name the season before training, divided by that after it."""
    return before.season / now.season if now.season else 1.0


def require(before: Manner, now: Manner, season: str, thresholds: Mapping[str, float]) -> None:
    """Fail if what people prefer came too rarely, or if too much was given up for it."""
    what = (
        f"{before.season:.1%} of the verses named {season} before DPO, {now.season:.1%} after it; the first divided by "
        "the second"
    )
    expect.at_most(
        season_share(before, now), thresholds["maximum_season_before"], what, "Twice as many should be the least."
    )
    what = f"of {len(now.rows):,} verses after DPO, the share that is different from all others"
    expect.at_least(now.different, thresholds["minimum_different"], what)
    what = f"of the verses after DPO, the share that is 5-7-5 ({before.in_form:.1%} before DPO)"
    expect.at_least(now.in_form, thresholds["minimum_in_form"], what)
    what = f"the loss on new haiku rose from {before.loss:.3f} to {now.loss:.3f} nats per token; the rise"
    expect.at_most(now.loss - before.loss, thresholds["maximum_loss_rise"], what)


def without_frequencies(weights: decoding.Weights, verses_read: np.ndarray) -> dict[str, np.ndarray]:
    """A model whose words are as likely as those of the shipped model, on average over the tokens of verses.

    What a word's logit has gained or lost at all tokens alike is taken from the bias of the output layer. What depends
    on the words before it stays.

    Args:
        weights: of a model that began as the shipped one.
        verses_read: int64 (count, 21).
    """
    rows = verses_read[:ROWS_READ, :-1]
    own, old = (decoding.logits(each, rows)[rows != PAD] for each in (weights, shipped.weights()))  # (tokens, words)
    change = (own - old).mean(axis=0)
    return {**weights, "output.bias": (weights["output.bias"] - change).astype(np.float32)}


def require_context(before: Manner, plain: Manner, season: str, thresholds: Mapping[str, float]) -> None:
    """Fail if only the words of the season have become more likely, wherever they stand: nobody has to train for this.

    Args:
        before: the shipped model.
        plain: the policy `without_frequencies`.
    """
    what = (
        f"the grader took the mean change of each word's logit from the policy. Verses that name {season} were "
        f"{before.season:.1%} before DPO; now they are {plain.season:.1%}. The first divided by the second"
    )
    hint = "Does training move more than the bias of the output layer?"
    expect.at_most(season_share(before, plain), thresholds["maximum_season_without_frequencies"], what, hint)


def explained(training: Training, before: Manner, now: Manner) -> str:
    """What was seen of a policy that is no good assistant."""
    return diagnosis.first(
        lambda: diagnosis.training(training), lambda: _repeated(now), lambda: _turned(before, now),
        lambda: _moved(before, now), lambda: _rarely(before, now),
    )  # fmt: skip


def _repeated(now: Manner) -> str:
    (row, count), *_ = Counter(row.tobytes() for row in now.rows).most_common(1)
    if count < MANY_TIMES * len(now.rows):
        return ""
    text = " / ".join(verses.lines_of(np.frombuffer(row, now.rows.dtype)))[:120]
    return (
        f"One verse came {count:,} times: {text!r}. The policy found one answer that is rewarded, and repeats it. A "
        "larger beta, fewer steps or a smaller learning rate keep it near the reference."
    )


def _turned(before: Manner, now: Manner) -> str:
    if now.season > 0.7 * before.season:
        return ""
    return (
        "What people prefer comes more rarely than before. Have chosen and rejected verses changed places in "
        "`train_dpo`?"
    )


def _moved(before: Manner, now: Manner) -> str:
    if now.season < before.season * 1.5:
        return ""
    return (
        f"The policy moved {now.divergence:.1f} nats away from the reference. The season comes often enough; what was "
        "given up for it is too much. A larger beta, fewer steps or a smaller learning rate keep more."
    )


def _rarely(before: Manner, now: Manner) -> str:
    if now.divergence > 1.0:
        return ""
    return (
        f"The policy moved {now.divergence:.2f} nats away from the reference: it writes as before. Are there enough "
        "steps, and is the learning rate large enough?"
    )
