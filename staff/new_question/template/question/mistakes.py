"""TEMPLATE_TITLE's classic mistakes: what each would give, and its explanation. TODO: those of the real question."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from grading.checks import diagnosis
from grading.checks.diagnosis import Mistake

Rule = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
TOLERANCE = 1e-4


def right(weights: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
    """One step of gradient descent."""
    way = -rate * gradient  # written in another way than in the solution: this file is shipped
    return weights + way


def path(start: np.ndarray, target: np.ndarray, rate: float, steps: int, rule: Rule = right) -> np.ndarray:
    """The weights before and after each step down the bowl |weights - target|^2, float64 (steps + 1, numbers)."""
    found = [start.astype(np.float64)]
    for _ in range(steps):
        found.append(rule(found[-1], 2 * (found[-1] - target), rate))
    return np.stack(found)


MISTAKES = [
    Mistake(
        partial(path, rule=lambda weights, gradient, rate: weights + rate * gradient),
        "The step goes along the gradient, so the loss rises. Which sign does the update have?",
    ),
    Mistake(
        partial(path, rule=lambda weights, gradient, rate: weights - gradient),
        "The step is as long as the gradient. Where is the rate used?",
    ),
]


def values(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What a line with these weights gives for x, of the shape of x, float64."""
    slope, offset = weights.astype(np.float64)
    return slope * x + offset


MISTAKES_OF_LINES = [
    Mistake(lambda weights, x: values(weights[::-1], x), "Slope and offset are swapped. Which of them multiplies x?"),
    Mistake(lambda weights, x: weights[0].astype(np.float64) * x, "The offset is missing. What does `weights[1]` do?"),
]


def of_path(found: np.ndarray, start: np.ndarray, target: np.ndarray, rate: float) -> str:
    """The explanation of the mistake that gives what was found."""
    return diagnosis.recognised(MISTAKES, [((start, target, rate, len(found) - 1), found)], TOLERANCE)


def of_line(found: np.ndarray, weights: np.ndarray, x: np.ndarray) -> str:
    """The explanation of the mistake that gives what was found."""
    return diagnosis.recognised(MISTAKES_OF_LINES, [((weights, x), found)], TOLERANCE)
