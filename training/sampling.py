"""Sampling: token after token from what a model scores."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import Module

from training.device import Device
from training.errors import UserError


@dataclass(frozen=True)
class Sampler:
    """Lets a model continue a sequence.

    Attributes:
        model: maps ids (1, time) to logits (1, time, vocabulary); left in the mode it was in.
        block_size: the most tokens that the model can see at once.
        device: where the model lies.
        temperature: below 1 plays safe, above 1 dares more, 0 always takes the likeliest token.
        top_k: draw from the so many likeliest tokens only, or None.
    """

    model: Module
    block_size: int
    device: Device
    temperature: float = 1.0
    top_k: int | None = None

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise UserError(f"--temperature should be at least 0; got {self.temperature}")
        if self.top_k is not None and self.top_k < 1:
            raise UserError(f"--top-k should be at least 1; got {self.top_k}")

    @torch.no_grad()
    def extend(self, ids: Tensor, length: int, seed: int) -> Tensor:
        """Ids (time,) and `length` drawn after them; same seed, same draws."""
        generator = Generator().manual_seed(seed)
        was_training = self.model.training
        self.model.eval()
        for _ in range(length):
            seen = ids[None, -self.block_size :].to(self.device.torch_device)  # (1, time)
            logits = self.model(seen)[0, -1].float().cpu()  # (vocabulary,)
            ids = torch.cat([ids, self._next(logits, generator)])
        self.model.train(was_training)
        return ids

    def _next(self, logits: Tensor, generator: Generator) -> Tensor:
        """Draw one id, (1,), from logits (vocabulary,)."""
        if self.top_k is not None:
            least = logits.topk(min(self.top_k, len(logits))).values[-1]
            logits = logits.masked_fill(logits < least, float("-inf"))
        if self.temperature == 0:
            return logits.argmax(dim=0, keepdim=True)
        return torch.multinomial((logits / self.temperature).softmax(dim=0), 1, generator=generator)
