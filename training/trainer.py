"""Training steps, and all the state that makes the next step what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.utils import clip_grad_norm_

from training.device import CPU, Device
from training.loop import Length, Loop
from training.optimizers import Optimizers, Schedule
from training.parallel import ALONE, Parallel
from training.shards import Shards
from training.watching import Note

MAX_GRADIENT_NORM = 1.0  # a longer gradient is shortened to this norm: one strange batch must not undo many

Batch = tuple[Tensor, ...]  # what the model reads, then what the loss takes besides the logits; each (batch, ...)


class Trainer:
    """Trains a model.

    Args:
        model: maps ids (batch, time) to logits (batch, time, vocabulary); already on the device.
        loss: from logits and the rest of a batch to a scalar.
        batches: without end.
        optimizers: of the model's parameters.
        schedule: of their learning rates.
        device: where to compute.
        parallel: this process among others; all draw the same batches.
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[..., Tensor],
        batches: Iterator[Batch],
        optimizers: Optimizers,
        schedule: Schedule,
        device: Device = CPU,
        parallel: Parallel = ALONE,
    ) -> None:
        self.model, self.device, self.parallel = model, device, parallel
        self._loss, self._batches, self._optimizers, self._schedule = loss, batches, optimizers, schedule
        self._forward: Callable[[Tensor], Tensor] | None = None
        self._shards: Shards | None = None

    def step(self, progress: float) -> Tensor:
        """Take one step and return the loss before it, as a scalar on the device.

        progress: the share of the run that is done, which sets the learning rates.
        """
        loss = self._backward(*(self.parallel.share(part) for part in next(self._batches)))
        self.parallel.average_gradients(self.model)
        clip_grad_norm_(self.model.parameters(), MAX_GRADIENT_NORM)
        for optimizer, highest in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = highest * self._schedule(progress)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return loss

    def _backward(self, inputs: Tensor, *rest: Tensor) -> Tensor:
        """Compute the gradients of a batch; returns the loss."""
        if self._forward is None:
            self._forward = self.device.compile(self.model, inputs)
            self._shards = Shards(self.model, self.device)
        if self._shards is not None and (shared := self._shards.backward(self._loss, inputs, rest)) is not None:
            return shared
        with self.device.precision():
            logits = self._forward(inputs)
        loss = self._loss(logits, *rest)
        loss.backward()
        return loss.detach()

    def train(self, steps: int, note: Note) -> None:
        """Take so many steps in training mode, and tell of each."""
        self.model.train()
        with torch.enable_grad():
            loop = Loop(Length(steps))
            for progress in loop.steps():
                loss = self.step(progress)
                note((loop.steps_done + 1) / steps, loss)

    def state(self) -> dict[str, Any]:
        """What the next step depends on, besides the weights and the position in the data."""
        return {
            "optimizers": [optimizer.state_dict() for optimizer, _ in self._optimizers],
            "random": torch.get_rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state, whose weights are already in the model."""
        for (optimizer, _), saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        torch.set_rng_state(state["random"])
