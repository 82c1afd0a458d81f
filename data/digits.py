"""Question 3: handwritten digits, built in or the real MNIST."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.archive import read_archive, require
from data.splits import DataSource, Split, Splits

SIDE = 28
PIXELS = SIDE * SIDE
CLASSES = 10
FILES = ("mnist.npz", "digits.npz")  # the first one found is used
BUILT_IN = "built-in digits (for the real MNIST: python -m data.download mnist)"

HIDDEN_TEST = True
MIN_OF_EACH_TEST_DIGIT = 120  # the easy digits of question 5 take half as many from the test split

_KEYS = ("train_images", "train_labels", "test_images", "test_labels")


def load(source: DataSource) -> Splits:
    """Read the real digits where they are found, else the built-in ones; see `read`."""
    return read(*source.find(FILES, BUILT_IN))


def read(path: Path, source: str) -> Splits:
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
        validation=Split(x=held_out.x[0::2], y=held_out.y[0::2]),
        test=Split(x=held_out.x[1::2], y=held_out.y[1::2]),
    )


def inputs(pixels: np.ndarray) -> np.ndarray:
    """What a model reads: float32 in [0, 1], same shape."""
    return np.divide(pixels, np.float32(255), dtype=np.float32)  # without `astype`, which makes an array more


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Class numbers (count,) to float32 rows (count, 10)."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


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
    rarest = int(np.bincount(labels).min())
    require(
        path,
        rarest >= MIN_OF_EACH_TEST_DIGIT,
        f"{name}_labels should hold each digit at least {MIN_OF_EACH_TEST_DIGIT} times, got {rarest}",
    )
    return Split(x=images, y=labels.astype(np.int64))
