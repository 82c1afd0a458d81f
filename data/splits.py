"""The shape every dataset comes in: named splits of plain numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Split:
    """Features and labels; row i of `y` belongs to row i of `x`.

    `x` keeps its compact storage type (uint8 pixels, int8 letters, float32 numbers); `inputs` in the dataset's
    own module turns it into what a model reads. `y` holds float32 targets or int64 class numbers.
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Splits:
    """A dataset. `validation` and `test` are None where the question has no such split."""

    name: str
    source: str  # one phrase for the reader: where the numbers come from
    train: Split
    validation: Split | None = None
    test: Split | None = None
