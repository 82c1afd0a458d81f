"""Points around eight centres on a circle, drawn from a seed. The seed turns the ring."""

from __future__ import annotations

import numpy as np

from data.splits import DataSource, Split, Splits

MODES, RADIUS, DEVIATION = 8, 2.0, 0.1
COUNT = 20_000
NEAR = 3.0  # standard deviations from a centre; 98.9% of real points are nearer
MIN_SHARE_OF_FAIR = 0.16  # of an eighth of all points: a mode with fewer is lost


def load(source: DataSource) -> Splits:
    """Training points `x`, float32 (count, 2); `about` holds the centres and the standard deviation."""
    centres = drawn_centres(source.seed)
    random = np.random.default_rng([source.seed, 1001])
    modes = random.integers(MODES, size=COUNT)
    points = centres[modes] + DEVIATION * random.standard_normal((COUNT, 2))
    about = {"centres": centres.tolist()}
    return Splits("ring", "eight Gaussians", Split(x=points.astype(np.float32)), about=about, is_drawn=True)


def drawn_centres(seed: int) -> np.ndarray:
    """The centres of a seed's ring, float64 (8, 2)."""
    turn = np.random.default_rng([seed, 1000]).uniform(0, 2 * np.pi / MODES)
    angles = turn + 2 * np.pi * np.arange(MODES) / MODES
    return RADIUS * np.column_stack([np.cos(angles), np.sin(angles)])


def near_each_mode(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """For each mode, the share of the points that are near its centre, float64 (8,).

    Args:
        points: (count, 2).
        centres: (8, 2).
    """
    distances = np.linalg.norm(points[:, None] - centres, axis=2)  # (count, modes)
    is_near = distances < NEAR * DEVIATION
    return np.asarray(is_near.mean(axis=0), np.float64)


def held(shares: np.ndarray) -> np.ndarray:
    """Which modes are held, bool (8,), by the shares that `near_each_mode` gives."""
    return np.asarray(shares >= MIN_SHARE_OF_FAIR / MODES)
