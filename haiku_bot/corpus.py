"""All haiku: those that a grammar made, those that people wrote, and the vocabulary that both share."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data import haiku as texts
from data.haiku import Haiku, words_of
from haiku_bot.vocabulary import Vocabulary, build_vocabulary

HELD_OUT = 10  # of so many hand-written haiku, one is kept for validation
COMMON_SHARE = 0.004  # of all words; what is more common than this is no keyword


@dataclass(frozen=True)
class Corpus:
    """The haiku of both stages, and the vocabulary that they share."""

    pretraining: list[Haiku]
    training: list[Haiku]
    validation: list[Haiku]
    vocabulary: Vocabulary

    @property
    def everything(self) -> list[Haiku]:
        """All haiku, of every split."""
        return [*self.pretraining, *self.training, *self.validation]


def load_corpus() -> Corpus:
    """Reads both collections; every tenth hand-written haiku of a fixed shuffle is for validation."""
    pretraining, handwritten = texts.read(texts.PRETRAINING), texts.read(texts.HANDWRITTEN)
    shuffled = random.Random("haiku/validation").sample(handwritten, len(handwritten))
    validation = shuffled[::HELD_OUT]
    training = [haiku for number, haiku in enumerate(shuffled) if number % HELD_OUT]
    return Corpus(pretraining, training, validation, build_vocabulary([*pretraining, *training]))


def content_words(collection: Sequence[Haiku]) -> frozenset[str]:
    """The words that are about something: all but the most common, such as "the" and "and"."""
    counts = Counter(word for haiku in collection for line in haiku.lines for word in words_of(line))
    limit = COMMON_SHARE * counts.total()
    return frozenset(word for word, number in counts.items() if number < limit and len(word) > 2)
