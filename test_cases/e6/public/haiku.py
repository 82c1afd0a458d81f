"""The haiku of the project as pairs of neighbouring words, and the themes by which their vectors are judged."""

from __future__ import annotations

from collections import Counter
from functools import cache
from sys import intern

import numpy as np

from data import haiku
from data.splits import DataSource, Split, Splits
from test_cases.e6.public import counting

THEMES = {  # each joins themes of data/haiku_themes.txt
    "water": ("sea", "river", "pond"),
    "garden": ("flowers", "garden", "fruit"),
    "farm": ("farm", "field", "horses"),
    "kitchen": ("food", "cooking", "tea"),
    "school": ("school", "exam", "learning", "mathematics"),
    "books": ("books", "writing"),
    "computers": ("computers", "code", "machines", "neural networks", "training"),
}
MIN_OCCURRENCES = 20  # of a word that has a vector
MIN_THEME_OCCURRENCES = 60  # of a word that is asked for its neighbours; in all 36,000 haiku
TRAINING_HAIKU, TEST_HAIKU = 16000, 2000
POOL = 30000  # the haiku before are for training, those behind for tests
WINDOW = 5
FREQUENT = 5e-4  # a word with a larger share f of the corpus is left out at random: sqrt(FREQUENT / f) of it stays


def load(source: DataSource) -> Splits:
    """Splits of `x` and `y`, int64 (count,): words that are at most 5 positions apart.

    The words have their numbers in an order that is drawn. `about` holds them in this order, as `words`. The test pairs
    come from other haiku; there a word's number is its position in `vocabulary()`.
    """
    random = np.random.default_rng([source.seed, 608])
    order = random.permutation(len(vocabulary()))
    place = np.argsort(order)
    train = drawn(random, np.arange(POOL), TRAINING_HAIKU)
    train = Split(x=place[train.x], y=place[train.y])
    test = drawn(random, np.arange(POOL, len(texts())), TEST_HAIKU)
    words = [vocabulary()[number] for number in order]
    return Splits("e6-haiku", "pairs of words in haiku", train, test=test, about={"words": words}, is_drawn=True)


def draw_hidden_test(seed: int) -> Split:
    """Pairs of other haiku, drawn from a secret, for grading."""
    return drawn(np.random.default_rng([seed, 609]), np.arange(POOL, len(texts())), TEST_HAIKU)


def drawn(random: np.random.Generator, rows: np.ndarray, count: int) -> Split:
    """The pairs of some of these haiku; of frequent words some are left out."""
    numbers = {word: number for number, word in enumerate(vocabulary())}
    kept = dict(zip(vocabulary(), kept_shares().tolist(), strict=True))
    chosen = random.choice(rows, count, replace=False)
    words = [[word for word in texts()[row] if word in numbers] for row in chosen]
    draws = iter(random.random(sum(map(len, words))).tolist())
    sentences = [np.array([numbers[word] for word in line if next(draws) < kept[word]], np.int64) for line in words]
    x, y = counting.pairs([sentence for sentence in sentences if len(sentence)], WINDOW)
    return Split(x=x, y=y)


@cache
def texts() -> list[list[str]]:
    """The words of each haiku; equal words are one object, which saves 25 MB."""
    every = haiku.read(haiku.PRETRAINING)
    return [[intern(word) for line in each.lines for word in haiku.words_of(line)] for each in every]


@cache
def occurrences() -> Counter[str]:
    """How often each word occurs in all haiku."""
    return Counter(word for text in texts() for word in text)


@cache
def vocabulary() -> list[str]:
    """The words that have vectors, in alphabetical order."""
    return sorted(word for word, count in occurrences().items() if count >= MIN_OCCURRENCES)


@cache
def kept_shares() -> np.ndarray:
    """Of each word of the vocabulary, which share of its occurrences stays in the corpus (Mikolov and others, 2013)."""
    counts = np.array([occurrences()[word] for word in vocabulary()])
    return np.minimum(1.0, np.sqrt(FREQUENT * occurrences().total() / counts))


def listed_themes() -> dict[str, str]:
    """The theme of each word that the lists of one theme alone hold."""
    found: dict[str, list[str]] = {}
    for theme, parts in THEMES.items():
        for word in {word for part in parts for word in haiku.themes()[part].shown_by}:
            found.setdefault(word, []).append(theme)
    return {word: names[0] for word, names in sorted(found.items()) if len(names) == 1}


def theme_words() -> dict[str, str]:
    """The theme of each word that is asked for its neighbours."""
    return {word: theme for word, theme in listed_themes().items() if occurrences()[word] >= MIN_THEME_OCCURRENCES}
