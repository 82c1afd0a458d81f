"""How good generated digits are: whether they are read as asked, vary, are no copies, and reach where real ones are.

Distances are Euclidean, between images of 196 pixels. Each measure that needs a scale takes it from real digits: test
images of the same class, as many as there are generated ones. 1 then means: as real digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data import Split
from grading.checks import digit_reader
from test_cases.e10.public import digits as small_digits

NEIGHBOURS = 5  # the ball around a real digit reaches to its fifth neighbour
SAME = 1e-3  # two images that lie closer are one: sums of 196 squares are rounded


@dataclass(frozen=True)
class Measures:
    """Of generated digits.

    Attributes:
        read: the share that the reader reads as the digit that was asked for.
        read_by_class: that share for each digit, float64 (10,).
        variety: the median distance to the nearest other generated digit of the class, compared with real digits. Of
            the class that varies least.
        least_varied: that class.
        novelty: the median distance to the nearest known digit of the class, compared with real test digits. A test
            digit that is known itself is compared with the others. The mean over the classes.
        coverage: of real digits, the share that has a generated digit of its class nearer than its fifth real
            neighbour (Naeem and others, "Reliable fidelity and diversity metrics for generative models", 2020).
        nearest: for each generated digit, the row of the nearest training digit of its class, int64 (count,).
    """

    read: float
    read_by_class: np.ndarray
    variety: float
    least_varied: int
    novelty: float
    coverage: float
    nearest: np.ndarray


def measured(images: np.ndarray, labels: np.ndarray, train: Split, test: Split, known: Sequence[Split]) -> Measures:
    """Measure generated digits.

    Args:
        images: float (count, 196), as many of each class.
        labels: what was asked for, int64 (count,).
        train: what the generator was trained on.
        test: other real digits.
        known: all digits that a generator could copy, those of training among them; `x` uint8 (count, 784).
    """
    right = read_right(images, labels)
    classes = np.unique(labels)
    varieties, novelties, covered = [], [], []
    nearest = np.zeros(len(images), np.int64)
    for digit in classes:
        made, real, rows = images[labels == digit], test.x[test.y == digit], np.flatnonzero(train.y == digit)
        copied = np.concatenate([small_digits.halved(split.x[split.y == digit]) for split in known])
        count = min(len(made), len(real))  # of both, so that both lie equally close
        real, some = real[:count], made[:count]
        among_real, among_made = (distances(own, own, is_same=True) for own in (real, some))
        of_made, of_real = np.split(distances(np.concatenate([made, real]), copied), [len(made)])
        of_real = np.where(of_real < SAME, np.inf, of_real)
        varieties.append(np.median(among_made.min(axis=1)) / np.median(among_real.min(axis=1)))
        novelties.append(np.median(of_made.min(axis=1)) / np.median(of_real.min(axis=1)))
        reach = np.sort(among_real, axis=1)[:, NEIGHBOURS - 1]
        covered.append((distances(real, some).min(axis=1) < reach).mean())
        nearest[labels == digit] = rows[distances(made, train.x[rows]).argmin(axis=1)]
    least = int(np.argmin(varieties))
    return Measures(
        float(right.mean()),
        np.array([right[labels == digit].mean() for digit in classes]),
        float(varieties[least]),
        int(classes[least]),
        float(np.mean(novelties)),
        float(np.mean(covered)),
        nearest,
    )


def read_right(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which images (count, 196) are read as the digit that was asked for, bool (count,)."""
    return np.asarray(digit_reader.read(images).argmax(axis=1) == labels)


def distances(one: np.ndarray, other: np.ndarray, is_same: bool = False) -> np.ndarray:
    """Distances between rows (n, size) and rows (m, size): float64 (n, m).

    Args:
        one, other: any numbers.
        is_same: both are the same rows; the distance of a row to itself is then infinite.
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    found = np.sqrt(np.maximum(squares, 0))
    if is_same:
        np.fill_diagonal(found, np.inf)
    return found
