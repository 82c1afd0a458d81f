"""Looks at the held-out text during a run: the best weights so far, and whether the loss has risen for long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from gpt import losses
from gpt.config import Config
from training.device import Device

MIN_CHARACTERS, BATCHES_AS_LONG = 8_192, 4  # of a look: at least so many, or as many as so many batches hold
SHARE_OF_LOOKS = 1 / 30  # of the time of a run; a character looked at costs about two thirds of one trained on
MIN_STEPS_BETWEEN = 50
LOOKS_UNTIL_RISEN = 10  # so many in a row ...
RISEN_BY = 0.05  # ... are worse than the best by more than so many nats per character


@dataclass
class Best:
    """The best look so far.

    Attributes:
        loss: in nats per character.
        step: after which it was.
        weights: the model's at that time.
    """

    loss: float = math.inf
    step: int = 0
    weights: dict[str, Tensor] | None = None


class HeldOut:
    """Measures the loss on a part of the held-out text, and keeps the weights that did best.

    Args:
        ids: the held-out text, int64 (count,). A look takes blocks from all over it, always the same.
        config: block_size and batch_size decide how often to look.
        device: where the model lies.
    """

    def __init__(self, ids: Tensor, config: Config, device: Device) -> None:
        self._ids, self._block_size, self._device = ids, config.block_size, device
        trained_on = config.batch_size * config.block_size  # characters, in a step
        self._characters = min(len(ids), max(MIN_CHARACTERS, BATCHES_AS_LONG * trained_on))
        steps_as_long = 2 / 3 * self._characters / trained_on
        self.steps_between = max(MIN_STEPS_BETWEEN, round(steps_as_long / SHARE_OF_LOOKS))
        self.best = Best()
        self._last: list[float] = []

    def look(self, model: Module, step: int) -> float:
        """The loss after a step; the weights are kept if none were better."""
        loss = losses.of_text(model, self._ids, self._block_size, self._device, characters=self._characters)
        if loss <= self.best.loss:
            weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
            self.best = Best(loss, step, weights)
        self._last = [*self._last[1 - LOOKS_UNTIL_RISEN :], loss]
        return loss

    @property
    def has_risen(self) -> bool:
        """Whether the loss has been above its best for long: the model learns its text by heart."""
        return len(self._last) == LOOKS_UNTIL_RISEN and min(self._last) > self.best.loss + RISEN_BY

    def give_best(self, model: Module) -> bool:
        """Put the best weights into a model; returns whether these are others than it has."""
        if self.best.weights is None:
            return False
        present = model.state_dict()
        if all(torch.equal(value, present[name]) for name, value in self.best.weights.items()):
            return False
        model.load_state_dict(self.best.weights)
        return True

    def state(self) -> dict[str, Any]:
        """What the next looks depend on, besides the best weights."""
        return {"loss": self.best.loss, "step": self.best.step, "last": self._last}

    def restore(self, state: dict[str, Any], weights: dict[str, Tensor]) -> None:
        """Continue from a state; weights: the best ones, if there was a look."""
        if state["last"]:
            self.best = Best(float(state["loss"]), int(state["step"]), weights)
        self._last = [float(loss) for loss in state["last"]]
