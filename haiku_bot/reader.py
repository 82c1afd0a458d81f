"""Reads a message: how much each of its words, and each pair of neighbours, speaks for each theme.

A linear classifier. Staff fit it to thousands of messages that were labelled by hand, and to the lists of words in
data/haiku_themes.txt (`python -m staff.build.haiku.reader`); what it learned is data/haiku_reader.npz.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data import read_archive, require
from data.haiku import DIRECTORY, themes

PATH = DIRECTORY / "haiku_reader.npz"
MAX_THEMES = 8  # that one feature may speak for or against
START, END = "^", "$"  # the neighbours of the first word and of the last
STEM = "~"  # before a word without its ending
MIN_STEMMED_LETTERS, MIN_COMPARED_LETTERS = 4, 5  # letters
MIN_SIMILARITY = 0.6
ENDINGS = (
    ("ies", "y"), ("ied", "y"), ("iest", "y"), ("ier", "y"), ("ness", ""), ("ment", ""), ("ing", ""), ("ing", "e"),
    ("ed", ""), ("ed", "e"), ("er", ""), ("er", "e"), ("est", ""), ("ly", ""), ("ful", ""), ("less", ""), ("es", ""),
    ("'s", ""), ("s", ""), ("y", ""), ("y", "e"),
)  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """What the known features of one message speak for.

    Attributes:
        features: those of the message, and the words that the reader does not know but one that is much like them.
        known_as: the feature that each counts as: itself, or the word that is like it.
        theme_numbers: int (features, MAX_THEMES), the themes that each touches, by their position in `themes()`.
        contributions: float32 (features, MAX_THEMES), what it adds to the score of each of them.
    """

    features: tuple[str, ...]
    known_as: tuple[str, ...]
    theme_numbers: NDArray[np.uint8]
    contributions: NDArray[np.float32]

    def scores(self) -> NDArray[np.float32]:
        """What the message asks for: float32 (themes,), near 1 for what it names, 0 for the rest."""
        found = np.zeros(len(themes()), np.float32)
        np.add.at(found, self.theme_numbers, self.contributions)
        return found

    def about(self, theme_number: int) -> list[tuple[int, float]]:
        """The numbers of the features that touch a theme, and what each adds to its score; the most first."""
        touched = np.where(self.theme_numbers == theme_number, self.contributions, 0).sum(axis=1)
        order = np.argsort(-touched, kind="stable")
        return [(int(number), float(touched[number])) for number in order if touched[number]]


class Reader:
    """The fitted classifier.

    Args:
        features: their names, as `features_of` writes them.
        rarity: float (features,), each feature's weight in a message: high where few messages have it.
        theme_numbers: int (features, MAX_THEMES), the themes that a feature touches, by their position in `themes()`.
        worths: float (features, MAX_THEMES), what it is worth to each of them.
    """

    def __init__(
        self,
        features: Sequence[str],
        rarity: NDArray[np.float32],
        theme_numbers: NDArray[np.uint8],
        worths: NDArray[np.float32],
    ) -> None:
        self._numbers = {feature: number for number, feature in enumerate(features)}
        self._rarity, self._theme_numbers, self._worths = rarity, theme_numbers, worths

    @classmethod
    def load(cls, path: Path = PATH) -> Reader:
        """Read a file that `python -m staff.build.haiku.reader` wrote.

        Raises:
            DataError: the file is missing or damaged.
        """
        read = read_archive(path, ("features", "rarity", "themes", "worths", "unit"))
        features = read["features"].tobytes().decode("utf-8", "replace").split("\n")
        count, form = len(features), read["themes"].shape
        fits = read["rarity"].shape == (count,) and form == read["worths"].shape == (count, MAX_THEMES)
        require(path, fits, f"{count} features should have as many weights and themes; got {form}")
        worths = read["worths"].astype(np.float32) * read["unit"]
        return cls(features, read["rarity"].astype(np.float32), read["themes"], worths)

    def evidence(self, words: Sequence[str]) -> Evidence | None:
        """What each known feature of a message speaks for; None if nothing is known.

        Args:
            words: of the message, as `haiku_bot.messages.normalize` leaves them.
        """
        if not words:
            return None
        seen = [(feature, feature) for feature in features_of(words) if feature in self._numbers]
        seen += [(word, alike) for word in words if (alike := self._alike(word))]
        if not seen:
            return None
        features, known_as = zip(*seen, strict=True)
        known = [self._numbers[feature] for feature in known_as]
        weights = self._rarity[known] / np.linalg.norm(self._rarity[known])
        return Evidence(features, known_as, self._theme_numbers[known], weights[:, None] * self._worths[known])

    def scores(self, words: Sequence[str]) -> NDArray[np.float32] | None:
        """What a message asks for, as `Evidence.scores` has it; None if nothing is known."""
        found = self.evidence(words)
        return None if found is None else found.scores()

    @cached_property
    def _pieces_of_words(self) -> dict[str, frozenset[str]]:
        """The pieces of each known word that is long enough; made when the first unknown word comes."""
        return {
            word: _pieces(word)
            for word in self._numbers
            if len(word) >= MIN_COMPARED_LETTERS and " " not in word and not word.startswith(STEM)
        }

    def _alike(self, word: str) -> str | None:
        """The known word with the same first letter that an unknown one is most like (Dice's coefficient of pieces)."""
        if word in self._numbers or len(word) < MIN_COMPARED_LETTERS or STEM + shortest(word) in self._numbers:
            return None
        pieces = _pieces(word)

        def similarity(known: str) -> float:
            other = self._pieces_of_words[known]
            return 2 * len(pieces & other) / (len(pieces) + len(other))

        best = max((known for known in self._pieces_of_words if known[0] == word[0]), key=similarity, default="")
        return best if best and similarity(best) >= MIN_SIMILARITY else None


@cache
def reader() -> Reader:
    """The one that data/ holds."""
    return Reader.load()


def features_of(words: Sequence[str]) -> list[str]:
    """What the reader sees of a message: its words, their stems, and the pairs of neighbours, none twice."""
    bounded = [START, *words, END]
    pairs = [f"{one} {other}" for one, other in pairwise(bounded)]
    shortened = [STEM + shortest(word) for word in words if len(word) >= MIN_STEMMED_LETTERS]
    return list(dict.fromkeys([*words, *pairs, *shortened]))


def stems(word: str) -> Iterator[str]:
    """A word without each ending that it may have: "running" -> "runn", "run", "runne"."""
    for ending, instead in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word[: -len(ending)]
            yield stem + instead
            if len(stem) > 2 and stem[-1] == stem[-2]:
                yield stem[:-1]


def shortest(word: str) -> str:
    """The shortest of a word and its stems: what "rains", "rained" and "raining" have in common."""
    return min([word, *stems(word)], key=len)


def _pieces(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))
