"""Verses that nothing forbids: what the model writes by itself, to see what the form does."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import Module

from haiku_bot.candidates import Sampling
from haiku_bot.functions import Parts
from haiku_bot.vocabulary import LONGEST, Form


@torch.no_grad()
def write_unbound(
    model: Module, prompt: Sequence[int], form: Form, sampling: Sampling, parts: Parts, count: int, seed: int
) -> list[list[int]]:
    """So many verses for one prompt, each drawn by the student's `sample_next` until the model ends it.

    model: maps ids (batch, time) to logits (batch, time, vocab). Returns the token ids of each verse; one that the
    model has not ended within `LONGEST` tokens, prompt included, is cut off there.
    """
    generator = torch.Generator().manual_seed(seed)
    ids = torch.tensor([list(prompt)] * count)  # (count, time)
    ended = torch.zeros(count, dtype=torch.bool)
    while ids.shape[1] < LONGEST and not ended.all():
        drawn = parts.sample_next(model(ids)[:, -1], sampling.temperature, sampling.top_k, generator)  # (count,)
        ids = torch.cat((ids, drawn.unsqueeze(1)), dim=1)
        ended |= drawn == form.end
    verses = ids[:, len(prompt) :].tolist()
    return [verse[: verse.index(form.end) + 1] if form.end in verse else verse for verse in verses]
