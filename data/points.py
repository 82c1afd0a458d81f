"""Question 1: 500 points in the plane that a line separates."""

from __future__ import annotations

import numpy as np

from data.splits import DataSource, Split, Splits

POINTS = 500
MARGIN = 0.05  # no point lies closer to the line, so Novikoff's bound keeps the number of mistakes small


def load(source: DataSource) -> Splits:
    """Draw the points from the run's seed; see `draw`."""
    return draw(source.seed)


def draw(seed: int) -> Splits:
    """Draw the points.

    Returns:
        splits whose `train.x` is float32 (500, 3), the last column all ones so that the line may miss the origin, and
        whose `train.y` is float32 (500, 1) holding 1 or -1, each at least 100 times.
    """
    generator = np.random.default_rng([seed, 1])
    angle = generator.uniform(0, 2 * np.pi)
    normal, offset = np.array([np.cos(angle), np.sin(angle)]), generator.uniform(-0.5, 0.5)
    candidates = generator.standard_normal((4 * POINTS, 2))
    distance = candidates @ normal - offset
    clear = np.abs(distance) >= MARGIN
    positions, sides = candidates[clear][:POINTS], np.sign(distance[clear][:POINTS])
    features = np.concatenate([positions, np.ones((POINTS, 1))], axis=1)
    return Splits(
        "points",
        "500 separable points",
        Split(x=features.astype(np.float32), y=sides[:, None].astype(np.float32)),
        is_drawn=True,
    )
