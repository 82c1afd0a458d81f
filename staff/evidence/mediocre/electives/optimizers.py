"""Elective 1 of a mediocre but honest solution: dictionaries for state, backward(), one constant rate with momentum."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def gradient_descent(weights: Tensor, gradient: Tensor, state: Any, rate: float) -> tuple[Tensor, Any]:
    """One step."""
    step = gradient * rate
    return weights - step, None


def momentum(weights: Tensor, gradient: Tensor, state: Any, rate: float, mu: float = 0.9) -> tuple[Tensor, Any]:
    """One step; the state is a dictionary."""
    if state is None:
        state = {"buffer": torch.zeros_like(weights)}
    buffer = state["buffer"] * mu + gradient
    return weights - buffer * rate, {"buffer": buffer}


def adam(
    weights: Tensor,
    gradient: Tensor,
    state: Any,
    rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Tensor, Any]:
    """One step; the state is a dictionary that is changed in place."""
    if state is None:
        state = {"t": 0, "m": torch.zeros_like(weights), "v": torch.zeros_like(weights)}
    state["t"] += 1
    state["m"] = state["m"] * beta1 + (1 - beta1) * gradient
    state["v"] = state["v"] * beta2 + (1 - beta2) * gradient * gradient
    m = state["m"] / (1 - beta1 ** state["t"])
    v = state["v"] / (1 - beta2 ** state["t"])
    return weights - rate * m / (torch.sqrt(v) + epsilon), state


def step_decay(rate: float, step: int, every: int, factor: float) -> float:
    """Counted in a loop."""
    for _ in range(step // every):
        rate = rate * factor
    return rate


def exponential_decay(rate: float, step: int, decay: float) -> float:
    """The formula."""
    return rate * math.exp(-step * decay)


def cosine_annealing(rate: float, step: int, steps: int, final_rate: float = 0.0) -> float:
    """The formula, with torch."""
    wave = torch.cos(torch.tensor(math.pi * step / steps, dtype=torch.float64))
    return final_rate + 0.5 * (rate - final_rate) * (1 + wave.item())


def minimize(
    function: Callable[[Tensor], Tensor], start: Tensor, update: Callable[..., tuple[Tensor, Any]], steps: int
) -> Tensor:
    """With backward(), as in the core questions."""
    weights = start.clone()
    state = None
    path = torch.zeros(steps + 1, *start.shape, dtype=start.dtype)
    path[0] = start
    for step in range(steps):
        weights = weights.detach().clone()
        weights.requires_grad = True
        loss = function(weights)
        loss.backward()
        assert weights.grad is not None
        weights, state = update(weights.detach(), weights.grad, state, step)
        path[step + 1] = weights
    return path


def largest_stable_rate(hessian: Tensor) -> float:
    """By power iteration, which is exact to some digits only."""
    vector = torch.ones(len(hessian), dtype=hessian.dtype)
    for _ in range(200):
        vector = hessian @ vector
        vector = vector / vector.norm()
    return float(2 / (vector @ hessian @ vector))


def valley_recipe(steps: int) -> tuple[str, list[float]]:
    """What worked at first try."""
    return "momentum", [0.0005] * steps
