"""The shape every dataset comes in: named splits of named numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np


class Split:
    """The arrays of one split, by name: `Split(x=pixels, y=labels).x`.

    The first array has one row for each example. Row i of the others belongs to example i, unless the loader says
    otherwise (the edges of a graph, say, have a row each).

    Most splits hold features `x` and targets `y`. Arrays keep their compact storage type (uint8 pixels, int8 letters,
    float32 numbers); the dataset's own module turns them into what a model reads.

    Args:
        arrays: at least one, each by its name.
    """

    def __init__(self, **arrays: np.ndarray) -> None:
        if not arrays:
            raise ValueError("a split holds at least one array")
        self.arrays: Mapping[str, np.ndarray] = arrays

    def __getattr__(self, name: str) -> np.ndarray:
        try:
            return self.__dict__["arrays"][name]
        except KeyError:
            held = ", ".join(self.__dict__.get("arrays", ()))
            raise AttributeError(f"this split has no array {name!r}; it holds {held}") from None

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))


@dataclass(frozen=True)
class Splits:
    """A dataset.

    Attributes:
        name: of the dataset, such as `digits`.
        source: one phrase for the reader: where the numbers come from.
        train: what models are trained on.
        validation, test: None where the dataset has no such split.
        about: plain data that belongs to every split, such as the letter behind each number.
        is_drawn: the numbers were drawn from the run's seed; those of other datasets come from a file.
    """

    name: str
    source: str
    train: Split
    validation: Split | None = None
    test: Split | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    is_drawn: bool = False


class DataSource(Protocol):
    """What a dataset's loader may ask of the library that loads it."""

    seed: int

    def find(self, names: tuple[str, ...], built_in: str) -> tuple[Path, str]:
        """Where the dataset's file lies, and the phrase that says which it is; see `data.Library.find`."""

    def load(self, name: str) -> Splits:
        """Another dataset, from which this one chooses."""
