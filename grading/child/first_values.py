"""Where the parameters of a model began, and how far training has moved them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch


class FirstValues:
    """The values that a model's parameters began with, also of those that training gave it, such as a new head's.

    Args:
        parameters: gives the parameters that the model has now.
    """

    def __init__(self, parameters: Callable[[], Sequence[torch.nn.Parameter]]) -> None:
        self._parameters = parameters
        self._known: list[tuple[torch.nn.Parameter, torch.Tensor]] = []  # the value in main memory
        self.look()

    def look(self) -> None:
        """Take in parameters that are new, before a step changes them; forget those that the model has no more."""
        values = {id(parameter): value for parameter, value in self._known}
        self._known = [
            (parameter, values[id(parameter)] if id(parameter) in values else parameter.detach().cpu().clone())
            for parameter in self._parameters()
        ]

    def pairs(self) -> list[tuple[torch.Tensor | None, torch.nn.Parameter]]:
        """Each parameter that the model has now, behind its first value; None if nobody looked before it changed.

        A model that moves to another device may get other parameters, as many as before and in the same order.
        """
        now = self._parameters()
        if len(now) == len(self._known):
            return [(value, parameter) for (_, value), parameter in zip(self._known, now, strict=True)]
        values = {id(parameter): value for parameter, value in self._known}
        return [(values.get(id(parameter)), parameter) for parameter in now]


def movement(pairs: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> float | None:
    """How far parameters moved together, as a share of their size at first; None if that is no number.

    Args:
        pairs: their first values, in main memory, and the same parameters later, wherever they lie.
    """
    moved = size = 0.0
    for old, new in pairs:
        if old.shape != new.shape or not old.is_floating_point():
            return None
        moved += float((new.detach().cpu() - old).square().sum())
        size += float(old.square().sum())
    share = math.sqrt(moved / size) if size > 0 else math.inf
    return share if math.isfinite(share) else None
