"""What a generator makes of the same noise, again and again while it is trained, and the losses of both networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import softplus
from torch.optim.optimizer import register_optimizer_step_post_hook

from backend import device_of, left_as_it_was

GROWTH = 1.25  # each snapshot is taken after so many times as many steps as the one before
MAX_SNAPSHOTS = 60


class Snapshots:
    """Watches a model from outside: training comes out the same with and without.

    Args:
        model: with `generator`, `discriminator` and `sample(noise, *labels)`.
        noise: of every snapshot, (count, noise_size).
        labels: int64 (count,), or None for a generator without classes.
        real: what the discriminator takes: real samples (rows, size), and their labels if there are any. Without
            them, no losses are kept.
    """

    def __init__(self, model: Any, noise: Tensor, labels: Tensor | None, real: Sequence[Tensor] = ()) -> None:
        self._model, self._noise, self._real = model, noise, real
        self._labels = () if labels is None else (labels,)
        self._steps = [0, 0]  # of the optimizers of generator and discriminator
        self._is_mixed = False
        self._next = 1.0
        self._updates: list[int] = []
        self._made: list[Tensor] = []
        self._losses: list[Tensor] = []
        self._keep()
        self._handle = register_optimizer_step_post_hook(self._after_step)

    def now(self) -> tuple[Tensor, Tensor]:
        """The snapshots so far and one of this moment: steps of the generator, int64 (snapshots,), and what it made."""
        if self._updates[-1:] != [self._steps[0]]:
            self._keep()
        return torch.tensor(self._updates), torch.stack(self._made)

    def end(self) -> None:
        """Watch no longer."""
        self._handle.remove()

    def told(self) -> dict[str, Any]:
        """End watching.

        Returns:
            `updates`: steps of the generator before each snapshot, int64 (snapshots,). `made`: what the generator made
            then, (snapshots, count, size). `losses`: of generator and discriminator then, in evaluation mode,
            (snapshots, 2). `generator_steps`, `discriminator_steps`: in all. `is_mixed`: whether one optimizer had
            parameters of both networks.
        """
        self.end()
        updates, made = self.now() if self._made else (None, None)
        return {
            "updates": updates,
            "made": made,
            "losses": torch.stack(self._losses) if self._losses else None,
            "generator_steps": self._steps[0],
            "discriminator_steps": self._steps[1],
            "is_mixed": self._is_mixed,
        }

    def _after_step(self, optimizer: torch.optim.Optimizer, args: Any, keywords: Any) -> None:
        own = {id(each) for group in optimizer.param_groups for each in group["params"]}
        networks = self._model.generator, self._model.discriminator  # a move to a device may give them new parameters
        of_both = [any(id(each) in own for each in network.parameters()) for network in networks]
        self._is_mixed |= all(of_both)
        for number, is_of in enumerate(of_both):
            self._steps[number] += is_of
        if of_both[0] and self._steps[0] >= self._next and len(self._made) < MAX_SNAPSHOTS:
            self._next = max(self._next + 1, self._next * GROWTH)
            self._keep()

    def _keep(self) -> None:
        try:
            with left_as_it_was(self._model), torch.no_grad():
                device = device_of(self._model)
                labels = [each.to(device) for each in self._labels]
                made = self._model.sample(self._noise.to(device), *labels).clone()
                losses = self._losses_of(made, labels, [each.to(device) for each in self._real]) if self._real else None
                made, losses = made.cpu(), None if losses is None else losses.cpu()
        except Exception:  # the student's networks: a check will tell, training is not disturbed
            return
        if not self._made or made.shape == self._made[0].shape:
            self._updates.append(self._steps[0])
            self._made.append(made)
            if losses is not None:
                self._losses.append(losses)

    def _losses_of(self, made: Tensor, labels: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
        """The losses of generator and discriminator for what was made, (2,)."""
        of_real = self._model.discriminator(*real)
        of_made = self._model.discriminator(made, *labels)
        judging = softplus(-of_real).mean() + softplus(of_made).mean()
        return torch.stack([softplus(-of_made).mean(), judging])


def belief(model: Module, places: Tensor) -> Tensor:
    """The discriminator's probability that points (count, 2) are real, (count,)."""
    discriminator: Any = model.discriminator
    with left_as_it_was(model), torch.no_grad():
        return torch.as_tensor(discriminator(places.to(device_of(model)))).reshape(-1).sigmoid().cpu()
