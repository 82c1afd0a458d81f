"""How one verse was written, token by token: what could be drawn, what was forbidden, where the model looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Module

from haiku_bot.attention import last_attention
from haiku_bot.candidates import Sampling
from haiku_bot.functions import Parts
from haiku_bot.vocabulary import Form, Vocabulary
from training.sampling import chances


@dataclass(frozen=True)
class Step:
    """One draw.

    Attributes:
        drawn: the token's id.
        line: the number of the line at hand, from 0.
        left: the syllables that the line still lacked.
        logits: of every token, those of requested words raised, (vocab,).
        allowed: the student's `allowed_tokens`, bool (vocab,).
        chances: how likely each token was to be drawn, (vocab,); 0 for what is forbidden.
        unbound: how likely it would have been if nothing were forbidden, (vocab,).
    """

    drawn: int
    line: int
    left: int
    logits: Tensor
    allowed: Tensor
    chances: Tensor
    unbound: Tensor

    @property
    def forbidden_share(self) -> float:
        """How likely a forbidden token would have been drawn if nothing were forbidden."""
        return float(self.unbound[~self.allowed].sum())


@dataclass(frozen=True)
class Trace:
    """All draws of a verse, and the attention of the last layer.

    Attributes:
        read: the ids that the model read: the prompt and the verse without its last token, (time,).
        steps: one for each token of the verse.
        attention: (time, time), see `last_attention`; token i of the verse was drawn at position prompt + i - 1.
    """

    read: tuple[int, ...]
    steps: tuple[Step, ...]
    attention: Tensor | None


def trace(
    model: Module, prompt: Sequence[int], verse: Sequence[int], form: Form, sampling: Sampling, parts: Parts
) -> Trace:
    """Look at the writing of a verse again, with the same scores.

    model: maps ids (1, time) to logits (1, time, vocab), with the bonus that the verse was written with.
    verse: token ids in form, see `in_form`.
    """
    read = [*prompt, *verse[:-1]]
    logits, attention = last_attention(model, torch.tensor([read]))
    logits = logits[len(prompt) - 1 :].float()  # (verse time, vocab): those that the verse was drawn from
    positions = positions_of(verse, form)
    left, line = torch.tensor([each.left for each in positions]), torch.tensor([each.line for each in positions])
    allowed = parts.allowed_tokens(left, line, form)  # (verse time, vocab)
    bound = chances(logits.masked_fill(~allowed, float("-inf")), sampling.temperature, sampling.top_k)
    unbound = chances(logits, sampling.temperature, sampling.top_k)
    rows = zip(verse, positions, logits, allowed, bound, unbound, strict=True)
    steps = tuple(Step(drawn, at.line, at.left, *columns) for drawn, at, *columns in rows)
    return Trace(tuple(read), steps, attention)


@dataclass(frozen=True)
class Position:
    """Where in the form a token is drawn: the number of its line, and the syllables that the line lacks."""

    line: int
    left: int


def positions_of(verse: Sequence[int], form: Form) -> list[Position]:
    """Where in the form each token of a verse was drawn. A token without syllables ends a line."""
    found, line, left = [], 0, form.lines[0]
    for token in verse:
        found.append(Position(line, left))
        count = int(form.syllables[token])
        left -= count
        if count == 0 and line < len(form.lines) - 1:
            line += 1
            left = form.lines[line]
    return found


def in_form(verse: Sequence[int], form: Form) -> bool:
    """Whether token ids are one whole verse in form."""
    if form.end not in verse or any(not 0 <= token < len(form.syllables) for token in verse):
        return False
    kept = []
    for token, at in zip(verse, positions_of(verse, form), strict=True):
        if at.left > 0:
            kept.append(0 < int(form.syllables[token]) <= at.left)
        else:
            kept.append(bool(form.breaks[token]) if at.line < len(form.lines) - 1 else token == form.end)
    return all(kept) and list(verse).index(form.end) == len(verse) - 1


def why_forbidden(step: Step, form: Form, vocabulary: Vocabulary) -> dict[str, Tensor]:
    """The reasons for which tokens were forbidden at a step, and which tokens each holds for: bool (vocab,).

    Every forbidden token has one reason. The reasons go by the form. The student's function says which are forbidden.
    """
    words, is_last = form.syllables > 0, step.line == len(form.lines) - 1
    end = torch.zeros_like(step.allowed)
    end[form.end] = True
    marks = form.breaks | end
    reasons = {
        "no part of a verse": ~words & ~marks,
        f"a mark, but {counted(step.left)} {'is' if step.left == 1 else 'are'} missing": marks
        & torch.tensor(step.left > 0),
        "only <end> ends the last line" if is_last else "<end> ends the last line only": marks,
        "the line is full": words & torch.tensor(step.left <= 0),
        f"too long for {counted(step.left)}": words & (form.syllables > step.left),
        "may not end a line": words & (form.syllables == step.left) & ~form.may_end_line,
        "forbidden by allowed_tokens alone": torch.ones_like(step.allowed),
    }
    waiting, found = ~step.allowed, {}
    for reason, holds in reasons.items():
        if (held := waiting & holds).any():
            found[reason] = held
        waiting = waiting & ~holds
    return found


def counted(syllables: int) -> str:
    """`1 syllable`, `2 syllables`."""
    return f"{syllables} syllable{'' if syllables == 1 else 's'}"


def syllables_by_line(verse: Sequence[int], form: Form) -> list[int]:
    """How many syllables each line has, of tokens in any form or none; only a mark ends a line."""
    counts = [0]
    for token in verse:
        counts[-1] += int(form.syllables[token])
        if form.breaks[token]:
            counts.append(0)
    return counts if form.end in verse or not verse or not form.breaks[verse[-1]] else counts[:-1]
