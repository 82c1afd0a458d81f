"""Question 2: the sine, one period to each side of 0."""

from __future__ import annotations

import numpy as np

from data.splits import DataSource, Split, Splits

POINTS = 200  # a multiple of many batch sizes, as the hand-out promises
INTERVAL = (-2 * np.pi, 2 * np.pi)
GRID_POINTS = 2001  # ten times finer than the training points: what happens between them counts


def load(source: DataSource) -> Splits:
    """Return float32 splits of shape (count, 1): 200 shuffled training points and a fine grid as the test split."""
    positions = np.linspace(*INTERVAL, POINTS)
    np.random.default_rng([source.seed, 2]).shuffle(positions)
    return Splits(
        "sine",
        "the sine over [-2 pi, 2 pi]",
        train=_sine(positions),
        test=_sine(np.linspace(*INTERVAL, GRID_POINTS)),
        is_drawn=True,
    )


def _sine(positions: np.ndarray) -> Split:
    return Split(x=positions[:, None].astype(np.float32), y=np.sin(positions)[:, None].astype(np.float32))
