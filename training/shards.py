"""Several workers compute with one model: each has a copy of it, and takes its part of a batch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from queue import SimpleQueue
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn import Module, Parameter

from training.device import Device
from training.workers import Workers

Result = TypeVar("Result")


class Shards:
    """Computes gradients of a model; each worker takes its rows of the batch.

    Gradients are added in the order of the rows. A repeated run therefore gives the same bits, however busy the machine
    is. Another number of workers rounds differently.

    A model that cannot be copied is not shared out (`copies`). The same holds for a model whose copies reach the
    parameters of the model itself, through a closure, say. A model that draws random numbers, for dropout,
    say, computes its logits part after part, so that the draws keep their order.

    Args:
        model: maps ids (batch, time) to logits (batch, time, vocabulary); on a CPU.
        device: its workers share the batch.
    """

    def __init__(self, model: Module, device: Device) -> None:
        self._model, self._device = model, device
        self._copies = copies(model, device.workers)
        self._draws: bool | None = None  # whether the model draws random numbers; not yet known

    def backward(self, loss: Callable[..., Tensor], inputs: Tensor, rest: Sequence[Tensor]) -> Tensor | None:
        """Give the model's parameters, which have no gradients, those of a batch; returns the loss, a scalar.

        loss: from logits and the rest of a batch. inputs: (batch, time). rest: what the loss takes besides the logits.
        Returns None where the model cannot be shared out, and nothing has happened.
        """
        parts = inputs.chunk(max(1, len(self._copies)))
        if len(parts) < 2:
            return None
        copied = self._copies[: len(parts)]
        for each in copied:
            if each.training != self._model.training:
                each.train(self._model.training)
        logits = self._logits(copied, parts)
        whole = torch.cat([part.detach() for part in logits]).requires_grad_()  # (batch, time, vocabulary)
        found = loss(whole, *rest)
        [gradient] = torch.autograd.grad(found, [whole])
        self._device.workers.map(torch.autograd.backward, logits, gradient.split([len(part) for part in parts]))
        if any(parameter.grad is not None for parameter in self._model.parameters()):
            self._copies = []
            self._model.zero_grad(set_to_none=True)
            return None
        self._add_gradients(copied)
        return found.detach()

    def _logits(self, copied: list[Module], parts: Sequence[Tensor]) -> list[Tensor]:
        """The logits of each part, by its copy of the model."""

        def forward(model: Module, part: Tensor) -> Any:
            with self._device.precision():
                return model(part)

        if self._draws is False:
            return self._device.workers.map(forward, copied, parts)
        before = torch.get_rng_state()
        logits = [forward(model, part) for model, part in zip(copied, parts, strict=True)]
        self._draws = self._draws or not torch.equal(before, torch.get_rng_state())
        return logits

    def _add_gradients(self, copied: list[Module]) -> None:
        """Move the gradients of the copies to the model, each sum in the same order."""
        for parameter, *shared in zip(*(each.parameters() for each in (self._model, *copied)), strict=True):
            for gradient in [each.grad for each in shared if each.grad is not None]:
                parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
            for each in shared:
                each.grad = None


def map_with_copies(
    model: Module, workers: Workers, function: Callable[[Module, Any], Result], rows: Iterable[Any]
) -> list[Result]:
    """Call a function with a model and each row, on all workers; returns the results in order.

    The model is the one that is given where one worker, or none of its copies, is all there is.
    """
    free: SimpleQueue[Module] = SimpleQueue()
    for each in copies(model, workers):
        free.put(each)
    if free.empty():
        return [function(model, row) for row in rows]

    def call(row: Any) -> Result:
        taken = free.get()
        try:
            return function(taken, row)
        finally:
            free.put(taken)

    return workers.map(call, rows)


def copies(model: Module, workers: Workers) -> list[Module]:
    """A copy of a model for each of several workers; none for a single one, or where the model cannot be copied.

    Parameters and buffers of a copy lie in the model's own memory. Its gradients do not, nor does anything else that
    the model keeps in its attributes.
    """
    if workers.count == 1:
        return []
    try:
        return [_copy(model) for _ in range(workers.count)]
    except (RuntimeError, TypeError, NotImplementedError):  # a lock, or a tensor that was computed, in an attribute
        return []


def _copy(model: Module) -> Module:
    shared: dict[int, Any] = {id(buffer): buffer for buffer in model.buffers()}
    for parameter in model.parameters():
        shared[id(parameter)] = Parameter(parameter.detach(), parameter.requires_grad)
    return copy.deepcopy(model, shared)
