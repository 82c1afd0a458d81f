"""Datasets of named splits, as numpy arrays: built in, or the real files where they are found.

>>> library = Library()
>>> library.load("digits").train.x.shape
(60000, 784)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from data import digits, plays, points, sine, words
from data.archive import DataError
from data.splits import Split, Splits

__all__ = ["DataError", "Library", "Split", "Splits", "training_arrays"]

BUILT_IN_DIRECTORY = Path(__file__).resolve().parent
DRAWN = ("points", "sine")  # from a seed; the others come from files


class Library:
    """Finds, loads, checks and caches the datasets.

    Args:
        directory: looked through before the built-in directory, or None.
        seed: draws the data of the questions whose data is drawn (1 and 2).
        hidden_directory: holds digits.npz and words.npz, whose test splits take the place of the shipped ones, or
            None. Training and validation stay as they are.
    """

    def __init__(self, directory: Path | None = None, seed: int = 0, hidden_directory: Path | None = None) -> None:
        self._hidden_directory = hidden_directory
        self._directories = ([directory] if directory is not None else []) + [BUILT_IN_DIRECTORY]
        self._loaded: dict[str, Splits] = {}
        self._loaders: dict[str, Callable[[], Splits]] = {
            "plays": lambda: plays.load(*self._find(plays.FILES, plays.BUILT_IN)),
            "points": lambda: points.load(seed),
            "sine": lambda: sine.load(seed),
            "digits": lambda: self._with_hidden_test(
                digits.load(*self._find(digits.FILES, digits.BUILT_IN)), digits.load_test
            ),
            "easy_digits": lambda: digits.easy(self.load("digits")),
            "words": lambda: self._with_hidden_test(
                words.load(*self._find(words.FILES, words.BUILT_IN)), words.load_test
            ),
        }

    def load(self, name: str) -> Splits:
        """Return a dataset by name: points, sine, digits, easy_digits, words or plays.

        Raises:
            DataError: its file is missing, damaged or not what it should be.
            KeyError: there is no such dataset.
        """
        if name not in self._loaded:
            self._loaded[name] = self._loaders[name]()
        return self._loaded[name]

    def drawn_anew(self, seed: int) -> Library:
        """A library whose drawn data is of another seed; what comes from files is this one's, read once for both."""
        other = Library(seed=seed)
        other._loaders |= {name: partial(self.load, name) for name in self._loaders if name not in DRAWN}
        return other

    def sources(self) -> list[str]:
        """One phrase for each file-backed dataset loaded so far, such as `built-in words`."""
        loaded = list(self._loaded.items())  # questions that run side by side may be loading more
        backed = [splits for name, splits in loaded if name in ("digits", "words", "plays")]
        return [splits.source for splits in backed]

    def _with_hidden_test(self, splits: Splits, load_test: Callable[[Path], Split]) -> Splits:
        if self._hidden_directory is None:
            return splits
        hidden = load_test(self._hidden_directory / f"{splits.name}.npz")
        return dataclasses.replace(splits, source=f"{splits.source}, hidden test split", test=hidden)

    def _find(self, names: tuple[str, ...], built_in: str) -> tuple[Path, str]:
        """The first of the files that exists, directory by directory, and the phrase that says which it is."""
        for directory in self._directories:
            for name in names:
                path = directory / name
                if path.is_file():
                    is_built_in = path.parent == BUILT_IN_DIRECTORY and name == names[-1]
                    return path, built_in if is_built_in else str(path)
        return self._directories[-1] / names[-1], built_in


def training_arrays(splits: Splits) -> dict[str, Any]:
    """What a training function may see of a dataset: its training and validation split, as plain arrays."""
    arrays: dict[str, Any] = {"train_x": splits.train.x, "train_y": splits.train.y}
    if splits.validation is not None:
        arrays |= {"validation_x": splits.validation.x, "validation_y": splits.validation.y}
    if isinstance(splits, words.Words):
        arrays["characters"] = splits.characters
        arrays["language_names"] = list(splits.language_names)
        arrays["language_codes"] = list(splits.language_codes)
    return arrays
