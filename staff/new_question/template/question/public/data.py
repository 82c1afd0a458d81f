"""Points near a straight line, drawn from a seed. TODO: the data of the real question."""

from __future__ import annotations

import numpy as np

from data.splits import DataSource, Split, Splits

SLOPE, OFFSET, NOISE = 1.5, -0.5, 0.1
COUNTS = {"train": 200, "test": 100}


def load(source: DataSource) -> Splits:
    """Splits of `x` and `y`, float32 (count, 1) each; the training points and the test points differ."""
    random = np.random.default_rng([source.seed, 1])
    return Splits(
        "TEMPLATE_ID", "points near a line", _drawn(random, "train"), test=_drawn(random, "test"), is_drawn=True
    )


def draw_hidden_test(seed: int) -> Split:
    """Other test points, drawn from a secret, for grading."""
    return _drawn(np.random.default_rng([seed, 2]), "test")


def _drawn(random: np.random.Generator, name: str) -> Split:
    x = random.uniform(-1, 1, (COUNTS[name], 1))
    y = SLOPE * x + OFFSET + NOISE * random.standard_normal(x.shape)
    return Split(x=x.astype(np.float32), y=y.astype(np.float32))
