"""Small recorders of one training run: losses, optimizers, the model's inputs, the graph, and new parameters.

They look on. They change no number and draw none. `grading.child.training_stats` attaches them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import permutations
from typing import Any
from weakref import WeakSet

import torch
from torch.nn.modules.module import register_module_forward_pre_hook, register_module_parameter_registration_hook

MAX_MEANS = 40  # of losses: enough for a course, few enough to send
MAX_CALLS = 100  # of the model, with or without gradients: a hook costs time in every later one
WATCHED_BATCHES = 8  # whose range is looked at; more would cost time and tell the same
SLOW = 0.01  # of the first learning rate
MAX_NODES = 100_000  # of a graph; larger ones would take too long
Range = list[float]  # empty, or the smallest and the largest number


class LossCourse:
    """The mean losses of equally long stretches of training, at most `MAX_MEANS` of them."""

    def __init__(self) -> None:
        self._sums: list[float] = []
        self._stride, self._total, self._count = 1, 0.0, 0
        self._first: float | None = None
        self._latest = self._lowest = math.inf

    def add(self, loss: Any) -> None:
        """Take in what a backward pass starts from; anything but a single number is left out."""
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            return
        value = loss.item()
        if self._first is None:
            self._first = value
        self._latest = value
        if value < self._lowest:
            self._lowest = value
        self._total += value
        self._count += 1
        if self._count == self._stride:
            self._sums.append(self._total)
            self._total, self._count = 0.0, 0
            if len(self._sums) == MAX_MEANS:
                self._sums = [one + other for one, other in zip(self._sums[::2], self._sums[1::2], strict=True)]
                self._stride *= 2

    def told(self) -> dict[str, Any]:
        """`losses`: the means, in order. `first_loss`, `latest_loss`, `lowest_loss`: of single passes, or None."""
        means = [total / self._stride for total in self._sums]
        if self._count:
            means.append(self._total / self._count)
        known = self._latest < math.inf
        return {
            "losses": means,
            "first_loss": self._first,
            "latest_loss": self._latest if known else None,
            "lowest_loss": self._lowest if known else None,
        }


class Steps:
    """The optimizers that took steps, and the learning rates of the first and of the latest step."""

    def __init__(self) -> None:
        self._optimizers: WeakSet[torch.optim.Optimizer] = WeakSet()
        self._count = 0
        self._name = ""
        self._rates: Range = []
        self._weight_decay = 0.0
        self._steps = 0
        self._slow_from: int | None = None

    def add(self, optimizer: torch.optim.Optimizer) -> None:
        """Note a step."""
        if optimizer not in self._optimizers:
            self._optimizers.add(optimizer)
            self._count += 1
            self._name = type(optimizer).__name__
        self._steps += 1
        group = optimizer.param_groups[0]
        rate, weight_decay = group.get("lr"), group.get("weight_decay")
        self._weight_decay = float(weight_decay) if isinstance(weight_decay, (int, float)) else 0.0
        if isinstance(rate, (int, float)):
            self._rates = [self._rates[0] if self._rates else float(rate), float(rate)]
            if self._slow_from is None and rate < SLOW * self._rates[0]:
                self._slow_from = self._steps

    def told(self) -> dict[str, Any]:
        """What was seen.

        Returns:
            `optimizers`: how many. `optimizer`: the class of the newest one. `learning_rates`: first and latest.
            `slow_from`: the step, from 1, at which the learning rate was first below 1% of the first one; 0 if never.
            `weight_decay`: of the latest step.
        """
        return {
            "weight_decay": self._weight_decay,
            "optimizers": self._count,
            "optimizer": self._name,
            "learning_rates": self._rates,
            "slow_from": self._slow_from or 0,
        }


class Inputs:
    """What the first batches hold as `x`, and what the model is called with meanwhile.

    Args:
        model: being trained.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._batches: list[Range] = []
        self._calls: list[Range] = []
        self._latest: torch.Tensor | None = None
        self._reordered = 0

    def batch(self, columns: dict[str, torch.Tensor]) -> None:
        """Note a batch that the dataset has handed out."""
        if len(self._batches) < WATCHED_BATCHES and "x" in columns:
            self._latest = columns["x"]
            self._batches.append(_range(self._latest))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what the model is called with, if gradients are recorded: validation records none."""

        calls = 0

        def before_call(module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
            nonlocal calls
            if module is not self._model:
                return
            calls += 1
            if torch.is_grad_enabled() and inputs:
                self._calls.append(_range(inputs[0]))
                self._reordered += self._latest is not None and _is_reordered(self._latest, inputs[0])
            if len(self._calls) == WATCHED_BATCHES or calls == MAX_CALLS:
                handle.remove()

        handle = register_module_forward_pre_hook(before_call)
        try:
            yield
        finally:
            handle.remove()

    def told(self) -> dict[str, Any]:
        """What was seen.

        Returns:
            `batch_range`, `input_range`: smallest and largest number, or nothing. `reordered`: calls with the numbers
            of a batch in an order that no exchange of dimensions gives.
        """
        return {
            "batch_range": _joined(self._batches),
            "input_range": _joined(self._calls),
            "reordered": self._reordered,
        }


class Graph:
    """The tensors on which the first loss depends, beside the model's parameters.

    Args:
        parameters: gives the model's parameters.
    """

    def __init__(self, parameters: Callable[[], Sequence[torch.nn.Parameter]]) -> None:
        self._parameters = parameters
        self._foreign: list[torch.Tensor] | None = None
        self._has_stepped = False

    def add(self, loss: Any) -> None:
        """Look through the graph of the first loss."""
        if self._foreign is None and isinstance(loss, torch.Tensor):
            own = set(map(id, self._parameters()))
            self._foreign = [leaf for leaf in _leaves(loss) if id(leaf) not in own]

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Leave out what the first step's optimizer trains."""
        if self._foreign and not self._has_stepped:
            held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
            self._foreign = [leaf for leaf in self._foreign if id(leaf) not in held]
        self._has_stepped = True

    def told(self) -> dict[str, Any]:
        """`foreign`: how many tensors with gradients neither the model nor the optimizer has."""
        return {"foreign": len(self._foreign or ())}


@contextmanager
def made_parameters(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` for each parameter that any module gets while the block runs."""
    handle = register_module_parameter_registration_hook(lambda module, name, parameter: note())
    try:
        yield
    finally:
        handle.remove()


def _leaves(loss: torch.Tensor) -> list[torch.Tensor]:
    """The tensors in which gradients of a loss end; none of a graph that is too large."""
    waiting, seen, found = [loss.grad_fn], {loss.grad_fn}, []
    while waiting and len(seen) < MAX_NODES:
        node = waiting.pop()
        if node is None:
            continue
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, torch.Tensor):
            found.append(leaf)
        for following, _ in node.next_functions:
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return found if len(seen) < MAX_NODES else []


def _is_reordered(batch: torch.Tensor, inputs: Any) -> bool:
    """Whether inputs hold a batch's numbers, in another order than any exchange of its dimensions gives."""
    if not isinstance(inputs, torch.Tensor) or sorted(inputs.shape) != sorted(batch.shape):
        return False
    numbers = inputs.detach().cpu()
    if any(
        numbers.shape == moved.shape and torch.equal(numbers, moved)
        for moved in map(batch.permute, permutations(range(batch.dim())))
    ):
        return False
    return torch.equal(numbers.flatten().sort().values, batch.flatten().sort().values)


def _range(numbers: Any) -> Range:
    if not isinstance(numbers, torch.Tensor) or not numbers.is_floating_point() or not numbers.numel():
        return []
    low, high = numbers.detach().aminmax()
    return [float(low), float(high)]


def _joined(ranges: list[Range]) -> Range:
    known = [one for one in ranges if one]
    return [min(low for low, _ in known), max(high for _, high in known)] if known else []
