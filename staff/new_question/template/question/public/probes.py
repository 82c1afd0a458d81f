"""What the grader runs in the student's process, besides single calls. TODO: the probes of the real question."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import Module, Parameter

Step = Callable[[Tensor, Tensor, float], Tensor]


def path(step: Step, start: Tensor, target: Tensor, rate: float, steps: int) -> Tensor:
    """Take steps down the bowl |weights - target|^2 with the student's `step`.

    Returns:
        the weights before and after each step, (steps + 1, numbers).
    """
    weights = [start]
    for _ in range(steps):
        at = weights[-1].detach().requires_grad_()
        (gradient,) = torch.autograd.grad(((at - target) ** 2).sum(), at)
        weights.append(step(at.detach(), gradient, rate))
    return torch.stack(weights)


def values(line: Callable[[], Module], weights: Tensor, x: Tensor) -> Tensor:
    """What a line of the student's class gives for x, (count, 1), with these weights, (2,)."""
    model = line()
    model.weights = Parameter(weights)
    return model(x)
