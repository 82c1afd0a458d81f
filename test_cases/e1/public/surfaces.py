"""The functions that are minimised. Each works on numpy arrays and on torch tensors alike."""

from __future__ import annotations

from typing import Any

BOWL_MINIMUM = (2.0, 1.0)
VALLEY_START, VALLEY_MINIMUM = (-1.2, 1.0), (1.0, 1.0)


def bowl(points: Any) -> Any:
    """(x - 2)² + (y - 1)². points: (..., 2). Returns (...)."""
    return (points[..., 0] - BOWL_MINIMUM[0]) ** 2 + (points[..., 1] - BOWL_MINIMUM[1]) ** 2


def stretched_bowl(points: Any, centre: Any, curvatures: Any) -> Any:
    """Half the sum of curvature * (entry - centre)² over all entries. All three have one shape. Returns one number."""
    return (curvatures * (points - centre) ** 2).sum() / 2


def rosenbrock(points: Any) -> Any:
    """(1 - x)² + 100 (y - x²)² (Rosenbrock, 1960). points: (..., 2). Returns (...)."""
    return (1 - points[..., 0]) ** 2 + 100 * (points[..., 1] - points[..., 0] ** 2) ** 2
