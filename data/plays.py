"""Question 7: plays about machines that learn, drawn from a grammar whose entropy is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.archive import HOW_TO_FIX_BUILT_IN, DataError, read_text
from data.splits import DataSource, Split, Splits

FILES = ("plays.txt",)
BUILT_IN_FILE = Path(__file__).resolve().parent / FILES[0]
BUILT_IN = "built-in plays"
VALIDATION_FRACTION = 0.1
# Nats per character, exact, by `python -m staff.build.plays.build`: no model, however large, does better.
ENTROPY = 0.4549
DIGEST = "d1819be330ff6f0b0b9e69a3a95ebebfb6940ba008f4ee4837041a5dc3b31d25"  # SHA-256 of plays.txt


def load(source: DataSource) -> Splits:
    """Read the plays; see `read`."""
    return read(*source.find(FILES, BUILT_IN))


def read(path: Path, source: str) -> Splits:
    """Read the plays; the last tenth of the text is held out for validation.

    Returns:
        the text as character ids: `x` is uint8 (count,), `y` the id that follows each. `about["characters"]` is the
        vocabulary in order of code point; a character's id is its position there.
    Raises:
        DataError: the file is missing, is not text, or holds too little or too many different characters.
    """
    text = read_text(path)
    characters = "".join(sorted(set(text)))
    if len(text) < 10_000 or len(characters) > 256:
        raise DataError(
            f"{path}: holds {len(text)} characters, {len(characters)} different ones. {HOW_TO_FIX_BUILT_IN}"
        )
    table = np.zeros(ord(characters[-1]) + 1, np.uint8)
    table[[ord(character) for character in characters]] = np.arange(len(characters))
    ids = table[np.frombuffer(text.encode("utf-32-le"), np.uint32)]
    boundary = int(len(ids) * (1 - VALIDATION_FRACTION))
    train, validation = (Split(x=part[:-1], y=part[1:]) for part in (ids[:boundary], ids[boundary:]))
    return Splits("plays", source, train, validation, about={"characters": characters})
