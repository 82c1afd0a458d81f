"""Reproducible random numbers for a batch of images: integers from a generator whose stream never changes.

numpy promises that the raw bits of PCG64 stay the same in every version and on every machine; it promises nothing for
`Generator.normal`. Everything here is therefore made from raw bits by exact arithmetic.
"""

import math
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# A bell is the sum of four uniform 16-bit integers: mean 4 * 65535 / 2, variance 4 * (65536**2 - 1) / 12.
BELL_MEAN = 2 * 65535
BELL_DEVIATION = math.sqrt((65536**2 - 1) / 3)


class Hand:
    """Draws numbers for `count` images at a time, from the stream that `key` names.

    `key` is a sequence of integers and names, such as `(seed, "train", block)`: equal keys give equal streams.
    """

    def __init__(self, count: int, key: tuple[int | str, ...]) -> None:
        self.count = count
        words = [crc32(part.encode()) if isinstance(part, str) else part for part in key]
        self._bits = np.random.PCG64(np.random.SeedSequence(words))

    def _raw(self, shape: tuple[int, ...]) -> NDArray[np.uint64]:
        return np.asarray(self._bits.random_raw(math.prod(shape))).reshape(shape)

    def between(self, low: float, high: float, *shape: int) -> Floats:
        """Uniform numbers in [low, high), of shape (count, *shape)."""
        unit = (self._raw((self.count, *shape)) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
        return np.float32(low) + np.float32(high - low) * unit

    def bell(self, deviation: float, *shape: int) -> Floats:
        """Bell-shaped numbers around zero, of shape (count, *shape), never more than 3.5 deviations away."""
        quarters = self._raw((self.count, *shape)).astype("<u8").view("<u2").reshape(self.count, *shape, 4)
        total = quarters.sum(axis=-1, dtype=np.int32) - BELL_MEAN
        return total.astype(np.float32) * np.float32(deviation / BELL_DEVIATION)

    def speckle(self, height: int, width: int) -> Floats:
        """Cheap uniform noise in [-1, 1), of shape (count, height, width); height * width must divide by 4."""
        words = self._raw((self.count, height * width // 4)).astype("<u8").view("<i2")
        return words.reshape(self.count, height, width).astype(np.float32) * np.float32(2.0**-15)

    def choice(self, weights: list[float], count: int) -> NDArray[np.intp]:
        """`count` indices into `weights`, each drawn as often as its weight says."""
        unit = (self._raw((count,)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        edges = np.cumsum(weights) / np.sum(weights)
        return np.minimum(np.searchsorted(edges, unit, side="right"), len(weights) - 1)

    def shuffled(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy of the one-dimensional `values` in random order."""
        return values[np.argsort(self._raw((len(values),)), kind="stable")]
