"""Digits for elective 9, without their labels: those of the test stay with the grader, no training needs any."""

from __future__ import annotations

import numpy as np

from data.digits import inputs
from data.splits import DataSource, Split, Splits

SIDE, PIXELS, CLASSES = 28, 784, 10
TRAIN, VALIDATION, TEST = 12_000, 500, 2500  # images
NOISE = 0.6  # standard deviation of the noise that is to be removed, of each pixel


def load(source: DataSource) -> Splits:
    """Splits of the digits: `x` uint8 (count, 784), 0 paper to 255 ink.

    Pictures colour the validation images by `y`, int64 (count,). The test split has `y`, too.
    """
    digits = source.load("digits")
    assert digits.validation is not None
    assert digits.test is not None
    train = Split(x=digits.train.x[:TRAIN])
    validation = Split(x=digits.validation.x[:VALIDATION], y=digits.validation.y[:VALIDATION])
    test = Split(x=digits.test.x[:TEST], y=digits.test.y[:TEST])
    return Splits("digits", digits.source, train, validation, test)


def images(pixels: np.ndarray) -> np.ndarray:
    """What a model reads: float32 in [0, 1], of pixels uint8, of the same shape."""
    return inputs(pixels)


def one_of_each(labels: np.ndarray) -> np.ndarray:
    """The first row of each digit, int64 (10,)."""
    return np.array([int(np.flatnonzero(labels == digit)[0]) for digit in range(CLASSES)])
