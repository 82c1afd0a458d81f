"""300 digits to train on and 150 to validate with, drawn from a seed; a fifth of their labels is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data import digits
from data.splits import DataSource, Split, Splits

TRAIN, VALIDATION = 300, 150
WRONG_SHARE = 0.2  # of the labels of both


@dataclass(frozen=True)
class Drawn:
    """Which training images of the digits are used.

    Attributes:
        rows: their numbers, int64 (count,); every digit as often as the others.
        y: the labels that they are given, int64 (count,).
        truth: the right ones, int64 (count,).
    """

    rows: np.ndarray
    y: np.ndarray
    truth: np.ndarray


def load(source: DataSource) -> Splits:
    """Splits of `x`, float32 (count, 784) in [0, 1], and `y`, int64 (count,) in 0..9.

    All labels of the test split, which is that of the digits, are right.
    """
    all_digits = source.load("digits")
    assert all_digits.test is not None
    train, validation = drawn(source)
    return Splits(
        "e3",
        all_digits.source,
        train=Split(x=digits.inputs(all_digits.train.x[train.rows]), y=train.y),
        validation=Split(x=digits.inputs(all_digits.train.x[validation.rows]), y=validation.y),
        test=Split(x=digits.inputs(all_digits.test.x), y=all_digits.test.y),
        is_drawn=True,
    )


def drawn(source: DataSource) -> tuple[Drawn, Drawn]:
    """The images for training and for validation, none in both."""
    random = np.random.default_rng([source.seed, 303])
    y = source.load("digits").train.y
    each = (TRAIN + VALIDATION) // digits.CLASSES
    columns = [random.choice(np.flatnonzero(y == digit), each, replace=False) for digit in range(digits.CLASSES)]
    rows = np.stack(columns, axis=1).ravel()  # the digits take turns
    return _mislabelled(rows[:TRAIN], y, random), _mislabelled(rows[TRAIN:], y, random)


def _mislabelled(rows: np.ndarray, y: np.ndarray, random: np.random.Generator) -> Drawn:
    """Another digit, each as likely as the others, for a share of the labels."""
    truth = y[rows]
    wrong = random.choice(len(rows), round(WRONG_SHARE * len(rows)), replace=False)
    given = truth.copy()
    given[wrong] = (truth[wrong] + random.integers(1, digits.CLASSES, len(wrong))) % digits.CLASSES
    return Drawn(rows, given, truth)
