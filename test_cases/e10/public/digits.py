"""Digits of 14 x 14 pixels for elective 10: means of 2 x 2 pixels of the course's digits."""

from __future__ import annotations

import numpy as np

from data.splits import DataSource, Split, Splits

SIDE, CLASSES, NOISE_SIZE = 14, 10, 32
PIXELS = SIDE * SIDE
TRAIN = 12_000  # images


def load(source: DataSource) -> Splits:
    """Splits of `x`, float32 (count, 196), 0 paper to 1 ink, and `y`, int64 (count,); no validation split."""
    digits = source.load("digits")
    assert digits.test is not None
    train = Split(x=halved(digits.train.x[:TRAIN]), y=digits.train.y[:TRAIN])
    return Splits("small_digits", digits.source, train, None, Split(x=halved(digits.test.x), y=digits.test.y))


def halved(pixels: np.ndarray) -> np.ndarray:
    """Images at half the side, float32 (count, 196) in [0, 1], of pixels uint8 (count, 784)."""
    blocks = pixels.reshape(-1, SIDE, 2, SIDE, 2)
    sums = blocks.sum(axis=(2, 4), dtype=np.float32)
    return sums.reshape(-1, PIXELS) / np.float32(4 * 255)
