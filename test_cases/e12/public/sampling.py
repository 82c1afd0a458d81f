"""Verses that a language model writes in the student's process, for pictures, with fixed random numbers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from backend import device_of
from test_cases.e12.public.verses import END, MAX_TOKENS, PAD, START


@torch.no_grad()
def written(model: Any, count: int, seed: int) -> Tensor:
    """Verses drawn at temperature 1: int64 (count, MAX_TOKENS). torch's own random state stays as it was."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.full((count, MAX_TOKENS), PAD)
    rows[:, 0] = START
    has_ended = torch.zeros(count, dtype=torch.bool)
    for here in range(MAX_TOKENS - 1):
        chances = model(rows[:, : here + 1].to(device_of(model)))[:, -1].softmax(dim=-1).cpu()
        draws = torch.rand(count, 1, generator=generator, dtype=chances.dtype)
        sums = chances.cumsum(dim=1)
        drawn = (sums < draws * sums[:, -1:]).sum(dim=1).clamp(max=chances.shape[1] - 1)
        rows[:, here + 1] = drawn.masked_fill(has_ended, PAD)
        has_ended |= drawn == END
    return rows


@torch.no_grad()
def log_probabilities(model: Any, rows: Tensor) -> Tensor:
    """How likely a model finds verses, (count,), in nats."""
    scores = model(rows[:, :-1].to(device_of(model))).log_softmax(dim=-1).cpu()
    picked = torch.take_along_dim(scores, rows[:, 1:, None], dim=2)[..., 0]
    return torch.where(rows[:, 1:] == PAD, 0.0, picked).sum(dim=1)
