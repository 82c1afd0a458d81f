"""What the grader runs in the student's process, besides single calls. TODO: the probes of the real question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def path(step: Callable[[Tensor, Tensor, float], Tensor], start: Tensor, target: Tensor, rate: float, steps: int) -> Any:
    """Take steps down the bowl |weights - target|^2 with the student's `step`.

    Returns:
        `weights`, (steps + 1, numbers): before and after each step.
    """
    weights = [start]
    for _ in range(steps):
        at = weights[-1].detach().requires_grad_()
        (gradient,) = torch.autograd.grad(((at - target) ** 2).sum(), at)
        weights.append(step(at.detach(), gradient, rate))
    return {"weights": torch.stack(weights)}
