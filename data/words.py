"""Question 4: single words of five languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.archive import read_archive, require
from data.splits import DataSource, Split, Splits

FILES = ("lang_id.npz",)
BUILT_IN = "built-in words"
CHARACTERS = 47
LANGUAGES = 5
NO_LETTER = -1

HIDDEN_TEST = True


def load(source: DataSource) -> Splits:
    """Read the words; see `read`."""
    return read(*source.find(FILES, BUILT_IN))


def read(path: Path, source: str) -> Splits:
    """Read a language file (letter numbers padded behind the word with -1).

    Letters stand at the *end* of a row, behind `NO_LETTER` entries. A recurrent net that reads a batch of words of
    several lengths then reads every word's last letter last. Its hidden state is asked for an answer at that moment.

    Returns:
        splits with `x` int8 (count, longest) of letter numbers and `y` int64 (count,) of language numbers, about
        `characters` (47 letters), `language_names` and `language_codes` (5 each).
    Raises:
        DataError: the file is missing, damaged, or not a language file.
    """
    keys = ["chars", "language_names", "language_codes"]
    keys += [f"{stored}_{part}" for stored in ("train", "dev", "test") for part in ("x", "y")]
    arrays = read_archive(path, tuple(keys))
    for key, count in (("chars", CHARACTERS), ("language_names", LANGUAGES), ("language_codes", LANGUAGES)):
        require(path, arrays[key].shape == (count,), f"{key} should hold {count} entries, got {arrays[key].shape}")
        require(path, arrays[key].dtype.kind == "U", f"{key} should hold text, got {arrays[key].dtype}")
    about = {
        "characters": "".join(arrays["chars"]),
        "language_names": tuple(str(name) for name in arrays["language_names"]),
        "language_codes": tuple(str(code) for code in arrays["language_codes"]),
    }
    train, validation, test = (_split(path, stored, arrays) for stored in ("train", "dev", "test"))
    return Splits("words", source, train, validation, test, about)


def letters_last(rows: np.ndarray) -> np.ndarray:
    """Move the letters of each row from the front to the back."""
    count, longest = rows.shape
    lengths = (rows != NO_LETTER).sum(axis=1)
    places = np.arange(longest)[None, :] - (longest - lengths)[:, None]  # (count, longest), negative before the word
    letters = np.take_along_axis(rows, places.clip(0), axis=1)
    return np.where(places >= 0, letters, NO_LETTER).astype(rows.dtype)


def letters_first(rows: np.ndarray) -> np.ndarray:
    """The inverse of `letters_last`."""
    return letters_last(rows[:, ::-1])[:, ::-1]


def inputs(rows: np.ndarray) -> np.ndarray:
    """What a model reads: one-hot float32 (length, count, 47), zeros where a row has no letter."""
    table = np.concatenate([np.eye(CHARACTERS, dtype=np.float32), np.zeros((1, CHARACTERS), np.float32)])
    return table[rows.T]  # NO_LETTER is -1: the table's last row


def text(row: np.ndarray, splits: Splits) -> str:
    """The letters of one row, without what stands before them."""
    return "".join(splits.about["characters"][letter] for letter in row if letter != NO_LETTER)


def by_length(split: Split) -> list[Split]:
    """The words of a split, one split for each word length, without padding: `x` (count, length).

    Validation and test read words this way: a model that was trained on padded batches loses next to nothing, one
    that was trained on words of equal length loses nothing.
    """
    lengths = (split.x != NO_LETTER).sum(axis=1)
    groups = []
    for length in np.unique(lengths):
        chosen = lengths == length
        groups.append(Split(x=split.x[chosen][:, split.x.shape[1] - length :], y=split.y[chosen]))
    return groups


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Language numbers (count,) to float32 rows (count, 5)."""
    return np.eye(LANGUAGES, dtype=np.float32)[labels]


def _split(path: Path, name: str, arrays: dict[str, np.ndarray]) -> Split:
    rows, labels = arrays[f"{name}_x"], arrays[f"{name}_y"]
    require(
        path,
        rows.dtype.kind in "iu" and rows.ndim == 2,
        f"{name}_x should be a table of integers, got {rows.dtype} {rows.shape}",
    )
    require(path, labels.dtype.kind in "iu", f"{name}_y should be integers, got {labels.dtype}")
    require(
        path,
        len(rows) > 0 and labels.shape == (len(rows),),
        f"{name}_y should be ({len(rows)},), got {labels.shape}",
    )
    low, high = int(rows.min()), int(rows.max())
    require(
        path,
        low >= NO_LETTER and high < CHARACTERS,
        f"{name}_x should lie in -1..{CHARACTERS - 1}, got {low}..{high}",
    )
    found = np.unique(labels)
    require(
        path,
        np.array_equal(found, np.arange(LANGUAGES)),
        f"{name}_y should hold 0 to 4, got {found.tolist()}",
    )
    present = rows != NO_LETTER
    require(path, bool(present[:, 0].all()), f"{name}_x holds an empty word")
    require(path, not (present[:, 1:] & ~present[:, :-1]).any(), f"{name}_x has a gap inside a word")
    return Split(x=letters_last(rows.astype(np.int8)), y=labels.astype(np.int64))
