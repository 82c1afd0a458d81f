"""Questions 3 and 5: handwritten digits, built in or the real MNIST."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.archive import read_archive, require
from data.splits import Split, Splits

SIDE = 28
PIXELS = SIDE * SIDE
CLASSES = 10
FILES = ("mnist.npz", "digits.npz")  # the first one found is used
BUILT_IN = "built-in digits (for the real MNIST: python -m data.download mnist)"

EASY_CLASSES = (0, 1, 4, 6, 7)  # told apart by eye at a glance; their labels stay 10-way
EASY_TRAIN, EASY_VALIDATION, EASY_TEST = 400, 100, 300

_KEYS = ("train_images", "train_labels", "test_images", "test_labels")


def load(path: Path, source: str) -> Splits:
    """Read a digits file; its test images become validation (even rows) and test (odd rows).

    Returns:
        splits with `x` uint8 (count, 784), 0 paper to 255 ink, row by row from the top, and `y` int64 (count,) in 0..9.
    Raises:
        DataError: the file is missing, damaged, or not a digits file.
    """
    arrays = read_archive(path, _KEYS)
    train = _split(path, "train", arrays)
    held_out = _split(path, "test", arrays)
    return Splits(
        "digits",
        source,
        train=train,
        validation=Split(held_out.x[0::2], held_out.y[0::2]),
        test=Split(held_out.x[1::2], held_out.y[1::2]),
    )


def load_test(path: Path) -> Split:
    """Read a file that holds `test_images` and `test_labels` alone, such as the hidden test split.

    Raises:
        DataError: the file is missing, damaged, or not such a file.
    """
    return _split(path, "test", read_archive(path, _KEYS[2:]))


def easy(digits: Splits) -> Splits:
    """The greatly simplified set of question 5: five classes, few images, every split balanced and disjoint.

    Training and validation images are training images of `digits`; the test images come from its test split.
    """
    if digits.test is None:
        raise ValueError("the easy digits need a test split to draw from")
    chosen = _first_of_each_class(digits.train, EASY_TRAIN + EASY_VALIDATION)
    return Splits(
        "easy_digits",
        digits.source,
        train=Split(chosen.x[:EASY_TRAIN], chosen.y[:EASY_TRAIN]),
        validation=Split(chosen.x[EASY_TRAIN:], chosen.y[EASY_TRAIN:]),
        test=_first_of_each_class(digits.test, EASY_TEST),
    )


def inputs(pixels: np.ndarray) -> np.ndarray:
    """What a model reads: float32 in [0, 1], same shape."""
    return pixels.astype(np.float32) / np.float32(255)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Class numbers (count,) to float32 rows (count, 10)."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


def _first_of_each_class(split: Split, count: int) -> Split:
    """The first images of each easy class, the classes taking turns, so that any prefix is balanced."""
    each = count // len(EASY_CLASSES)
    rows = np.stack([np.flatnonzero(split.y == digit)[:each] for digit in EASY_CLASSES], axis=1).ravel()
    return Split(split.x[rows], split.y[rows])


def _split(path: Path, name: str, arrays: dict[str, np.ndarray]) -> Split:
    images, labels = arrays[f"{name}_images"], arrays[f"{name}_labels"]
    if images.ndim == 3 and images.shape[1:] == (SIDE, SIDE):
        images = images.reshape(-1, PIXELS)
    require(path, images.dtype == np.uint8, f"{name}_images should be uint8, got {images.dtype}")
    require(path, images.shape[1:] == (PIXELS,), f"{name}_images should be (count, {PIXELS}), got {images.shape}")
    require(path, labels.dtype.kind in "iu", f"{name}_labels should be integers, got {labels.dtype}")
    require(path, labels.shape == (len(images),), f"{name}_labels should be ({len(images)},), got {labels.shape}")
    found = np.unique(labels)
    require(
        path,
        np.array_equal(found, np.arange(CLASSES)),
        f"{name}_labels should hold 0 to 9, got {found.tolist()}",
    )
    require(path, int(images.max()) > 127, f"{name}_images should reach up to 255, got at most {images.max()}")
    smallest = 2 * EASY_TEST // len(EASY_CLASSES)
    rarest = int(np.bincount(labels).min())
    require(
        path,
        rarest >= smallest,
        f"{name}_labels should hold each digit at least {smallest} times, got {rarest}",
    )
    return Split(images, labels.astype(np.int64))
