"""A model's parameters as training found them, beside what has become of them.

These recorders look on. They change no number. `grading.child.training_stats` attaches them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import torch

from grading.child.first_values import FirstValues, movement

MAX_NAMES = 20  # of parameters that did not move


class Weights:
    """The parameters with which a model begins, those that training gives it, and the values that each began with.

    Args:
        model: to be trained; one that is no module has no parameters.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.parameters = parameters_of(model)
        self._values = FirstValues(lambda: parameters_of(model))
        self._version = _versions(self.parameters)
        self._own = {id(parameter) for parameter in self.parameters}

    def are_among(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether an optimizer holds a parameter of the model, one from the start or a present one."""
        held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        return not self._own.isdisjoint(held) or not held.isdisjoint(map(id, parameters_of(self._model)))

    def added(self) -> list[torch.nn.Parameter]:
        """The present parameters that the model did not begin with: a move to a device has made them, say."""
        return [parameter for parameter in parameters_of(self._model) if id(parameter) not in self._own]

    def look(self) -> None:
        """Take in parameters that are new, before a step changes them."""
        self._values.look()

    def are_still(self) -> bool:
        """Whether there are parameters and each is as it began."""
        pairs = self._values.pairs()
        return bool(pairs) and all(_equal(old, new) for old, new in pairs)

    def are_finite(self) -> bool:
        """Whether no present parameter holds NaN or infinity."""
        return all(bool(torch.isfinite(parameter).all()) for _, parameter in self._values.pairs())

    def told(self) -> dict[str, Any]:
        """What has become of them.

        Returns:
            `changed`, `finite`: whether any moved, and whether all are finite.
            `unmoved`: names of the parameters that are as they began, at most `MAX_NAMES`.
            `moved`: how far they moved together, see `movement`.
            `writes`: how often one of them was written to in place, as far as torch counts it.
        """
        pairs = self._values.pairs()
        still = [new for old, new in pairs if _equal(old, new)]
        return {
            "writes": _versions(self.parameters) - self._version,
            "changed": len(still) < len(pairs),
            "unmoved": _names(self._model, still[:MAX_NAMES]),
            "finite": self.are_finite(),
            "moved": movement([(old, new) for old, new in pairs if old is not None]),
        }


class Moves:
    """The batches of the latest pass over the data after which a parameter had been written to in place.

    Args:
        parameters: of the model. torch counts how often each of them is written to.
        batches: in a pass, if each batch holds one example.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter], batches: int) -> None:
        self._parameters = parameters
        self._version = _versions(parameters)
        self._latest: deque[int] = deque(maxlen=max(1, batches))  # writes in each batch

    def batch_ended(self) -> None:
        """Note whether the batch that was handed out last has moved a parameter."""
        version = _versions(self._parameters)
        self._latest.append(version - self._version)
        self._version = version

    def told(self) -> dict[str, Any]:
        """What was seen.

        Returns:
            `moves`: how many of these batches moved a parameter. `last_moved`: whether the last one did.
            `most_writes`: in one of these batches, as torch counts them.
        """
        return {
            "moves": sum(count != 0 for count in self._latest),
            "last_moved": bool(self._latest) and self._latest[-1] != 0,
            "most_writes": max(self._latest, default=0),
        }


def parameters_of(model: Any) -> list[torch.nn.Parameter]:
    """The present parameters of a model; none of what is no module."""
    return list(model.parameters()) if isinstance(model, torch.nn.Module) else []


def _versions(parameters: Sequence[torch.nn.Parameter]) -> int:
    return sum(parameter._version for parameter in parameters)


def _names(model: Any, parameters: list[torch.nn.Parameter]) -> list[str]:
    """What a model calls its parameters; "" for one that has no name."""
    names = {id(parameter): name for name, parameter in model.named_parameters()} if parameters else {}
    return [names.get(id(parameter), "") for parameter in parameters]


def _equal(one: torch.Tensor | None, other: torch.Tensor) -> bool:
    """Whether a tensor in main memory, if there is one, equals another one, wherever that lies."""
    return one is not None and one.dtype == other.dtype and torch.equal(one, other.detach().cpu())
