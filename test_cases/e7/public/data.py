"""Sentence pairs in numbers, drawn from a seed. Test sentences are up to twice as long as those of training."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from data.splits import DataSource, Split, Splits
from test_cases.e7.public.language import SOURCE, TARGET, Sentence

PADDING, BEGIN, END = 0, 1, 2
SHORTEST, MAX_LENGTH = 3, 14  # source words of the sentences of training
LONGEST = 28  # source words of a test sentence
MAX_CLAUSES = 5
GROUP = 2  # lengths of test sentences that are measured together
OF_EACH_GROUP = 40  # test sentences
COUNTS = {"train": 4800, "validation": 200}

_SOURCE_NUMBERS = {word: number for number, word in enumerate(SOURCE)}
_TARGET_NUMBERS = {word: number for number, word in enumerate(TARGET)}


def load(source: DataSource) -> Splits:
    """Splits of `source` and `target`, int64 (count, longest): words, then `PADDING`. `END` ends a target.

    Validation and test have `alignment`, too, int64 of the target's shape: the position of the source word that each
    target word comes from, and -1 where there is none.
    """
    random = Random(f"e7 {source.seed}")
    train, validation = (drawn(random, count) for count in COUNTS.values())
    test = drawn_test(random)
    train = Split(source=train.source, target=train.target)
    return Splits("e7", "sentences of two generated languages", train, validation, test, is_drawn=True)


def draw_hidden_test(seed: int) -> Split:
    """Other test sentences, drawn from a secret, for grading."""
    return drawn_test(Random(f"e7 hidden {seed}"))


def drawn(random: Random, count: int) -> Split:
    """Sentences of up to `MAX_LENGTH` words; longer ones are drawn more often, in proportion to their length."""
    starts = range(SHORTEST, MAX_LENGTH, GROUP)
    return arrays([sentence(random, least) for least in random.choices(starts, weights=starts, k=count)])


def drawn_test(random: Random) -> Split:
    """Sentences of all lengths, the same number of each group of lengths."""
    starts = range(SHORTEST, LONGEST, GROUP)
    return arrays([sentence(random, least) for least in starts for _ in range(OF_EACH_GROUP)], LONGEST)


def sentence(random: Random, least: int) -> Sentence:
    """A sentence of `least` source words or up to `GROUP - 1` more."""
    most = least + GROUP - 1
    while True:
        fewest, many = max(1, (least + 1) // 9), min(MAX_CLAUSES, (most + 1) // 5)  # 4 to 11 words a clause, about 6
        found = Sentence(random, random.randint(fewest, many))
        if least <= len(found.source) <= most:
            return found


def arrays(sentences: Sequence[Sentence], longest: int = MAX_LENGTH) -> Split:
    """Sentences in numbers."""
    shape = len(sentences), longest
    source, target = np.full(shape, PADDING), np.full((len(sentences), longest + 1), PADDING)
    alignment = np.full(target.shape, -1)
    for row, each in enumerate(sentences):
        source[row, : len(each.source)] = [_SOURCE_NUMBERS[word] for word in each.source]
        words = [_TARGET_NUMBERS[word] for word, _ in each.target]
        target[row, : len(words) + 1] = [*words, END]
        alignment[row, : len(words)] = [position for _, position in each.target]
    return Split(source=source, target=target, alignment=alignment)


def lengths(source: np.ndarray) -> np.ndarray:
    """The number of words of each sentence, int64 (count,)."""
    return (source != PADDING).sum(axis=1)


def words_of(numbers: Sequence[int] | np.ndarray, names: Sequence[str]) -> list[str]:
    """The words of a sentence as text, without padding; numbers that mean nothing are shown as `?`."""
    return [names[number] if 0 <= number < len(names) else "?" for number in map(int, numbers) if number != PADDING]
