"""Verses and what they are about: a hundred to learn from, a thousand to compare with."""

from __future__ import annotations

from functools import cache

import numpy as np

from data.splits import DataSource, Split, Splits
from test_cases.e12.public import verses

THEMES = {  # each joins themes of data/haiku_themes.txt; a verse belongs to one if its themes belong to no other
    "family": ("parents", "family", "marriage", "birth"),
    "weather": ("snow", "ice", "storm", "fog"),
    "animals": ("dogs", "cats", "frogs", "insects", "birds", "fish"),
    "farm": ("farm", "field", "horses"),
    "school": ("school", "exam", "learning", "mathematics"),
    "computers": ("computers", "code", "machines", "neural networks", "training"),
}
FEW, MANY, TEST = 100, 1000, 400  # verses
NO_THEME = -1


def load(source: DataSource) -> Splits:
    """Splits of `x`, verses, int64 (count, 21), and `y`, themes, int64 (count,).

    The first `FEW` of the training verses are the hundred. The test verses are none that the language model has read.
    """
    random = np.random.default_rng([source.seed, 1201])
    train = drawn(random, verses.was_read(), MANY)
    test = drawn(random, ~verses.was_read(), TEST)
    about = {"tokens": list(verses.tokens()), "themes": list(THEMES)}
    return Splits("e12-themes", "haiku and their themes", train, test=test, about=about, is_drawn=True)


def draw_hidden_test(seed: int) -> Split:
    """Other verses that the language model has not read, drawn from a secret, for grading."""
    return drawn(np.random.default_rng([seed, 1202]), ~verses.was_read(), TEST)


def drawn(random: np.random.Generator, is_chosen: np.ndarray, count: int) -> Split:
    """Some of the verses that are chosen, bool (readable haiku,): one of each theme in turn."""
    parts = [random.permutation(np.flatnonzero(is_chosen & (themes_of_all() == theme))) for theme in range(len(THEMES))]
    least = -(-count // len(THEMES))
    rows = np.stack([part[:least] for part in parts], axis=1).ravel()[:count]
    return Split(x=verses.encoded()[rows], y=themes_of_all()[rows])


@cache
def themes_of_all() -> np.ndarray:
    """The theme of each readable haiku, int64; `NO_THEME` where there is none, or more than one."""
    group_of = {part: number for number, parts in enumerate(THEMES.values()) for part in parts}
    found = []
    for each in verses.readable():
        groups = {group_of[name] for name in each.themes if name in group_of}
        found.append(groups.pop() if len(groups) == 1 else NO_THEME)
    return np.array(found)
