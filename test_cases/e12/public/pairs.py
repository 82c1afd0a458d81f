"""Pairs of verses, of which people preferred one. The rule is known: they like verses that name a season."""

from __future__ import annotations

import numpy as np

from data.splits import DataSource, Split, Splits
from test_cases.e12.public import verses

TRAIN, TEST = 800, 250  # pairs
CONTRARY = 0.1  # of the people, who prefer the other verse


def load(source: DataSource) -> Splits:
    """Splits of `chosen` and `rejected`, verses, int64 (count, 21) each.

    In each pair one verse names the season and one does not. The season is drawn. In the test split, every chosen verse
    names the season, and the language model has read none of the verses.
    """
    random = np.random.default_rng([source.seed, 1203])
    season = str(random.choice(list(verses.SEASON_WORDS)))
    train = drawn(random, verses.was_read(), season, TRAIN)
    turned = (random.random(TRAIN) < CONTRARY)[:, None]
    train = Split(
        chosen=np.where(turned, train.rejected, train.chosen), rejected=np.where(turned, train.chosen, train.rejected)
    )
    test = drawn(random, ~verses.was_read(), season, TEST)
    about = {"tokens": list(verses.tokens()), "season": season}
    return Splits("e12-pairs", "pairs of haiku", train, test=test, about=about, is_drawn=True)


def drawn(random: np.random.Generator, is_chosen: np.ndarray, season: str, count: int) -> Split:
    """Pairs of some of the verses that are chosen, bool (readable haiku,): one with the season, one without."""
    has_season = verses.names_season(verses.encoded(), season)
    preferred, others = (
        random.choice(np.flatnonzero(is_chosen & kind), count, replace=False) for kind in (has_season, ~has_season)
    )
    return Split(chosen=verses.encoded()[preferred], rejected=verses.encoded()[others])
