"""What the functions of elective 1 should give, in numpy and float64. Tests compare it with torch.optim."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

# the new array and the new memory, from an array, its gradient, the memory and the rate
Update = Callable[[np.ndarray, np.ndarray, Any, float], tuple[np.ndarray, Any]]

MU, BETA1, BETA2, EPSILON = 0.9, 0.9, 0.999, 1e-8


def gradient_descent(x: np.ndarray, slope: np.ndarray, memory: Any, rate: float) -> tuple[np.ndarray, Any]:
    """One step of gradient descent."""
    return x - rate * slope, memory


def momentum(x: np.ndarray, slope: np.ndarray, memory: Any, rate: float) -> tuple[np.ndarray, Any]:
    """One step with momentum, the rate outside of the buffer; the memory is the buffer or None."""
    velocity = MU * (0 if memory is None else memory) + slope
    return x - rate * velocity, velocity


def adam(x: np.ndarray, slope: np.ndarray, memory: Any, rate: float) -> tuple[np.ndarray, Any]:
    """One step of Adam; the memory is both moments and the count of steps, or None."""
    first, second, count = memory or (np.zeros_like(x), np.zeros_like(x), 0)
    first, second, count = first + (1 - BETA1) * (slope - first), second + (1 - BETA2) * (slope**2 - second), count + 1
    size = np.sqrt(second / (1 - BETA2**count)) + EPSILON
    return x - rate * (first / (1 - BETA1**count)) / size, (first, second, count)


UPDATES: dict[str, Update] = {"gradient_descent": gradient_descent, "momentum": momentum, "adam": adam}


def step_decay(rate: float, step: int, every: int, factor: float) -> float:
    """The rate in stairs."""
    return rate * factor ** np.floor(step / every)


def exponential_decay(rate: float, step: int, decay: float) -> float:
    """The rate along an exponential."""
    return rate / np.exp(decay * step)


def cosine_annealing(rate: float, step: int, steps: int, final_rate: float) -> float:
    """The rate along half a wave: the mean of both ends, and half their distance times a cosine."""
    return (rate + final_rate) / 2 + (rate - final_rate) / 2 * np.cos(np.pi * step / steps)


def run(update: Update, start: np.ndarray, slopes: np.ndarray, rates: Iterable[float]) -> np.ndarray:
    """The path under given gradients.

    Args:
        update: takes the steps.
        start: any shape.
        slopes: the gradient of each step, (steps, *start.shape).
        rates: of each step.
    Returns:
        float64 (steps + 1, *start.shape): the start, and the array after each step.
    """
    path, memory = [start.astype(np.float64)], None
    for slope, rate in zip(slopes, rates, strict=True):
        x, memory = update(path[-1], slope, memory, rate)
        path.append(x)
    return np.stack(path)


def descend(
    update: Update, start: np.ndarray, slope_at: Callable[[np.ndarray], np.ndarray], rates: Iterable[float]
) -> np.ndarray:
    """The path down a function whose gradient is `slope_at`; float64 (steps + 1, *start.shape).

    Where the path diverges, its end is infinite or NaN.
    """
    path, memory = [start.astype(np.float64)], None
    with np.errstate(over="ignore", invalid="ignore"):
        for rate in rates:
            x, memory = update(path[-1], slope_at(path[-1]), memory, rate)
            path.append(x)
    return np.stack(path)


def bowl_slope(points: np.ndarray) -> np.ndarray:
    """The gradient of `surfaces.bowl`, (..., 2)."""
    return 2 * (points - np.array([2.0, 1.0]))


def rosenbrock_slope(points: np.ndarray) -> np.ndarray:
    """The gradient of `surfaces.rosenbrock`, (..., 2)."""
    x, y = points[..., 0], points[..., 1]
    rise = 200 * (y - x**2)
    return np.stack([2 * (x - 1) - 2 * x * rise, rise], axis=-1)


def largest_stable_rate(hessian: np.ndarray) -> float:
    """2 / the largest curvature. hessian: symmetric, (n, n)."""
    return 2 / float(np.linalg.eigvalsh(hessian)[-1])
