"""Digits for elective 4: all ten of them, 0 to 4 alone, and few images of 5 to 9."""

from __future__ import annotations

import numpy as np

from data.digits import inputs
from data.splits import DataSource, Split, Splits

SIDE, CLASSES = 28, 10
OLD = 5  # the digits 0 to 4 are old, 5 to 9 are new
TRAIN, OLD_TRAIN, VALIDATION, NEW_TEST = 30_000, 6000, 1000, 1500  # images


def load(source: DataSource) -> Splits:
    """Splits of the digits: `x` uint8 (count, 784), 0 paper to 255 ink, and `y` int64 (count,)."""
    digits = source.load("digits")
    assert digits.validation is not None
    train, validation = rows(digits.train, slice(TRAIN)), rows(digits.validation, slice(VALIDATION))
    return Splits("digits", digits.source, train, validation, digits.test)


def old(splits: Splits) -> Splits:
    """The digits 0 to 4 of all three splits."""
    assert splits.validation is not None
    assert splits.test is not None
    train = rows(splits.train, np.flatnonzero(splits.train.y < OLD)[:OLD_TRAIN])
    validation, test = (rows(split, split.y < OLD) for split in (splits.validation, splits.test))
    return Splits("old_digits", splits.source, train, validation, test)


def few_of_each(splits: Splits, each: int, random: np.random.Generator) -> Splits:
    """So many images of each of the digits 5 to 9, drawn at random, to train on, no validation; others to test on.

    Labels are 0 to 4.
    """
    assert splits.test is not None
    found = [random.choice(np.flatnonzero(splits.train.y == digit), each, False) for digit in range(OLD, CLASSES)]
    train, test = (
        rows(splits.train, np.concatenate(found)),
        rows(splits.test, np.flatnonzero(splits.test.y >= OLD)[:NEW_TEST]),
    )
    train, test = (Split(x=split.x, y=split.y - OLD) for split in (train, test))
    return Splits("new_digits", splits.source, train, None, test)


def rows(split: Split, which: slice | np.ndarray) -> Split:
    """Some rows of a split."""
    return Split(x=split.x[which], y=split.y[which])


def images(pixels: np.ndarray) -> np.ndarray:
    """What a model reads: float32 (count, 1, 28, 28) in [0, 1], of pixels uint8 (count, 784)."""
    return inputs(pixels.reshape(-1, 1, SIDE, SIDE))
