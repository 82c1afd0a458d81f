"""Digits for the Vision Transformer of elective 8."""

from __future__ import annotations

import numpy as np

from data.digits import inputs
from data.splits import DataSource, Split, Splits

SIDE, CLASSES = 28, 10
TRAIN, VALIDATION, TEST = 25_000, 500, 3000  # images


def load(source: DataSource) -> Splits:
    """Splits of the digits: `x` uint8 (count, 784), 0 paper to 255 ink, and `y` int64 (count,)."""
    digits = source.load("digits")
    assert digits.validation is not None
    assert digits.test is not None
    parts = ((digits.train, TRAIN), (digits.validation, VALIDATION), (digits.test, TEST))
    train, validation, test = (Split(x=split.x[:count], y=split.y[:count]) for split, count in parts)
    return Splits("digits", digits.source, train, validation, test)


def images(pixels: np.ndarray) -> np.ndarray:
    """What a model reads: float32 (count, 28, 28) in [0, 1], of pixels uint8 (count, 784)."""
    return inputs(pixels.reshape(-1, SIDE, SIDE))
