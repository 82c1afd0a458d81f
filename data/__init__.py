"""Datasets of named splits, as numpy arrays: built in, or the real files where they are found.

>>> library = Library()
>>> library.load("digits").train.x.shape
(60000, 784)

A dataset is a module with a function `load(source: DataSource) -> Splits`: one of this folder, called by its name, or
one in a question's folder, called by its dotted name (`test_cases.e5.public.data`). Nothing lists them. A module may
have, too:

    HIDDEN_TEST = True                  grading uses a hidden test split, which staff draw with tools of their own
    draw_hidden_test(seed) -> Split     grading uses a hidden test split, which this draws from a secret number
"""

from __future__ import annotations

import startup.module_run  # noqa: F401  # isort: skip  (before all others: `python -m data.download` begins here)

import dataclasses
import importlib
import threading
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from data.archive import DataError, read_archive, read_text, require
from data.splits import DataSource, Split, Splits

__all__ = [
    "DataError",
    "DataSource",
    "Library",
    "Split",
    "Splits",
    "has_hidden_test",
    "hidden_file",
    "module_of",
    "read_archive",
    "read_text",
    "require",
    "training_arrays",
]

HIDDEN = "hidden test split"
BUILT_IN_DIRECTORY = Path(__file__).resolve().parent


class Library:
    """Finds, loads, checks and caches the datasets.

    Args:
        directory: looked through before the built-in directory, or None.
        seed: draws the data of the questions whose data is drawn.
        hidden_directory: holds an .npz file for each hidden test split, which takes the place of the shipped one; or
            None. Training and validation stay as they are.
    """

    def __init__(self, directory: Path | None = None, seed: int = 0, hidden_directory: Path | None = None) -> None:
        self.seed = seed
        self._hidden_directory = hidden_directory
        self._directories = ([directory] if directory is not None else []) + [BUILT_IN_DIRECTORY]
        self._loaded: dict[str, Splits] = {}
        self._lent: WeakValueDictionary[str, Splits] = WeakValueDictionary()
        self._files_of: Library = self
        self._reading = threading.RLock()  # questions side by side ask for the same data: it is read once

    def load(self, name: str) -> Splits:
        """Return a dataset by its name, or by the dotted name of its module.

        Raises:
            DataError: its file is missing, damaged or not what it should be.
            KeyError: there is no such dataset.
        """
        with self._reading:
            if name not in self._loaded:
                self._loaded[name] = self._load(name)
            return self._loaded[name]

    def lend(self, name: str) -> Splits:
        """As `load`, for a loader that chooses some examples of a dataset: it stays in memory only while it is used."""
        with self._reading:
            if name in self._loaded:
                return self._loaded[name]
            if self._files_of is not self and not (shared := self._files_of.lend(name)).is_drawn:
                return shared
            splits = self._lent.get(name)
            if splits is None:
                splits = self._lent[name] = self._read(name)
            return splits

    def with_seed(self, seed: int) -> Library:
        """A library whose drawn data is of another seed; what comes from files is this one's, read once for both."""
        other = Library(seed=seed)
        other._directories, other._hidden_directory, other._files_of = self._directories, self._hidden_directory, self
        return other

    def sources(self) -> list[str]:
        """One phrase for each file that datasets have come from so far, such as `built-in words`.

        Drawn data is not among them, unless its test split was hidden.
        """
        loaded = list(self._loaded.values())  # questions that run side by side may be loading more
        return list(dict.fromkeys(splits.source for splits in loaded if not splits.is_drawn or HIDDEN in splits.source))

    def find(self, names: tuple[str, ...], built_in: str) -> tuple[Path, str]:
        """Where a dataset's file lies, for its loader.

        Args:
            names: of files; the first one that exists is used, directory by directory.
            built_in: what the last of them is called where the built-in one is used.
        Returns:
            its path, and the phrase that says which it is.
        """
        for directory in self._directories:
            for name in names:
                path = directory / name
                if path.is_file():
                    is_built_in = path.parent == BUILT_IN_DIRECTORY and name == names[-1]
                    return path, built_in if is_built_in else str(path)
        return self._directories[-1] / names[-1], built_in

    def _load(self, name: str) -> Splits:
        if self._files_of is not self and not (shared := self._files_of.load(name)).is_drawn:
            return shared
        return self._read(name)

    def _read(self, name: str) -> Splits:
        module = module_of(name)
        splits: Splits = _without_the_rest(module.load(_Source(self)))
        if self._hidden_directory is None or not has_hidden_test(module):
            return splits
        path = self._hidden_directory / hidden_file(module.__name__)
        source = f"{splits.source}, {HIDDEN}"
        return dataclasses.replace(splits, source=source, test=_read_test(path, splits))


class _Source:
    """What a loader may ask of its library."""

    def __init__(self, library: Library) -> None:
        self.seed, self.find, self.load = library.seed, library.find, library.lend


def _without_the_rest(splits: Splits) -> Splits:
    """The same splits. Rows that are a view of a larger array are copied, so that the larger one leaves the memory."""

    def copied(split: Split | None) -> Split | None:
        if split is None:
            return None
        return Split(**{name: array.copy() if _is_part(array) else array for name, array in split.arrays.items()})

    train = copied(splits.train)
    assert train is not None
    return dataclasses.replace(splits, train=train, validation=copied(splits.validation), test=copied(splits.test))


def _is_part(array: np.ndarray) -> bool:
    return isinstance(array.base, np.ndarray) and array.base.nbytes > array.nbytes


def module_of(name: str) -> ModuleType:
    """The module of a dataset.

    Raises:
        KeyError: there is no such dataset.
    """
    dotted = name if "." in name else f"{__name__}.{name}"
    try:
        module = importlib.import_module(dotted)
    except ModuleNotFoundError as error:
        if error.name is None or not dotted.startswith(error.name):
            raise
        raise KeyError(f"there is no dataset {name!r}: {dotted} is not a module") from None
    if not hasattr(module, "load"):
        raise KeyError(f"there is no dataset {name!r}: {dotted} has no function load")
    return module


def has_hidden_test(module: ModuleType) -> bool:
    """Whether grading uses a hidden test split of a dataset, given its module."""
    return getattr(module, "HIDDEN_TEST", False) or hasattr(module, "draw_hidden_test")


def hidden_file(name: str) -> str:
    """The file that holds a dataset's hidden test split, given the dotted name of its module.

    Such as `digits.npz` for `data.digits`, and `e11-molecules.npz` for `test_cases.e11.public.molecules`.
    """
    return "-".join(part for part in name.split(".")[1:] if part != "public") + ".npz"


def training_arrays(splits: Splits) -> dict[str, Any]:
    """What a training function may see of a dataset: its training and validation split, and what it is about.

    Returns:
        arrays such as `train_x` and `validation_y`, and the plain data of `splits.about`.
    """
    arrays: dict[str, Any] = {f"train_{name}": array for name, array in splits.train.arrays.items()}
    if splits.validation is not None:
        arrays |= {f"validation_{name}": array for name, array in splits.validation.arrays.items()}
    return arrays | {name: list(value) if isinstance(value, tuple) else value for name, value in splits.about.items()}


def _read_test(path: Path, splits: Splits) -> Split:
    """Read a hidden test split, which has to be of the same form as the shipped one."""
    assert splits.test is not None, f"{splits.name} has no test split that a hidden one could replace"
    shipped = splits.test.arrays
    found = read_archive(path, tuple(shipped))
    for name, array in shipped.items():
        form = f"{array.dtype} arrays of {array.ndim} dimensions, each row {array.shape[1:]}"
        fits = found[name].dtype == array.dtype and found[name].shape[1:] == array.shape[1:] and len(found[name]) > 0
        require(path, fits, f"{name} should be {form}; got {found[name].dtype} {found[name].shape}")
    return Split(**found)
