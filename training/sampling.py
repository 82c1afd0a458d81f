"""Sampling: token after token from what a model scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import Module

from training.device import Device
from training.errors import UserError

MIN_TEMPERATURE = 1e-6  # below, a score over the temperature may exceed float32, and 0 does the same


def chances(logits: Tensor, temperature: float, top_k: int | None) -> Tensor:
    """How likely each token is to be drawn: logits (..., vocabulary) to probabilities of the same shape.

    temperature: above 0; the logits are divided by it. top_k: how many of the highest logits keep a chance; None for
    all.
    """
    if top_k is not None:
        least = logits.topk(min(top_k, logits.shape[-1])).values[..., -1:]
        logits = logits.masked_fill(logits < least, float("-inf"))
    return (logits / temperature).softmax(dim=-1)


@dataclass(frozen=True)
class Sampler:
    """Lets a model continue a sequence.

    Attributes:
        model: maps ids (1, time) to logits (1, time, vocabulary); left in the mode it was in.
        block_size: the most tokens that the model can see at once.
        device: where the model lies.
        temperature: at least 0. Below 1 plays safe, above 1 dares more, 0 always takes the likeliest token.
        top_k: how many of the likeliest tokens can be drawn, at least 1; None for all.
    """

    model: Module
    block_size: int
    device: Device
    temperature: float = 1.0
    top_k: int | None = None

    def extend(self, ids: Tensor, length: int, seed: int) -> Tensor:
        """Ids (time,) and `length` drawn after them; same seed, same draws.

        Raises:
            UserError: the model's scores are nan or infinite.
        """
        return torch.cat([ids, *self.stream(ids, length, seed)])

    @torch.no_grad()
    def stream(self, ids: Tensor, length: int, seed: int) -> Iterator[Tensor]:
        """The same draws, each (1,), as soon as it is drawn. The model is in evaluation mode meanwhile."""
        generator = Generator().manual_seed(seed)
        was_training = self.model.training
        self.model.eval()
        try:
            for _ in range(length):
                seen = ids[None, -self.block_size :].to(self.device.torch_device)  # (1, time)
                logits = self.model(seen)[0, -1].float().cpu()  # (vocabulary,)
                drawn = self._next(logits, generator)
                ids = torch.cat([ids[-self.block_size :], drawn])
                yield drawn
        finally:
            self.model.train(was_training)

    def _next(self, logits: Tensor, generator: Generator) -> Tensor:
        """Draw one id, (1,), from logits (vocabulary,)."""
        if not logits.max().isfinite():  # the greatest of scores with a nan is nan
            raise UserError(
                f"the model's scores reach {logits.max():g}, so that nothing can be drawn. Are the learning rates too "
                "large? Does python autograder.py find a fault of the model?"
            )
        if self.temperature < MIN_TEMPERATURE:
            return logits.argmax(dim=0, keepdim=True)
        return torch.multinomial(chances(logits, self.temperature, self.top_k), 1, generator=generator)
