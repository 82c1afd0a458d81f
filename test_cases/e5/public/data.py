"""Sequences that begin with one of four symbols and go on with noise, drawn from a seed."""

from __future__ import annotations

import numpy as np

from data.splits import DataSource, Split, Splits

SYMBOLS, NOISE_INPUTS, DELAY = 4, 8, 50
INPUTS, TIME = SYMBOLS + NOISE_INPUTS, DELAY + 1
NOISE = 3.0  # standard deviation: it drowns the symbol in a cell that cannot keep it out
COUNTS = {"train": 2000, "validation": 400, "test": 1000}


def load(source: DataSource) -> Splits:
    """Splits of `x`, float32 (count, 51, 12), and `y`, int64 (count,): which of the first inputs is 1 in step 0."""
    random = np.random.default_rng([source.seed, 505])
    train, validation, test = (drawn(random, count) for count in COUNTS.values())
    return Splits("e5", "a symbol and 50 steps of noise", train, validation, test, is_drawn=True)


def draw_hidden_test(seed: int) -> Split:
    """Other test sequences, drawn from a secret, for grading."""
    return drawn(np.random.default_rng([seed, 506]), COUNTS["test"])


def drawn(random: np.random.Generator, count: int) -> Split:
    """Sequences, each symbol as likely as the others."""
    y = random.integers(SYMBOLS, size=count)
    x = np.zeros((count, TIME, INPUTS), np.float32)
    x[np.arange(count), 0, y] = 1
    x[:, 1:, SYMBOLS:] = NOISE * random.standard_normal((count, DELAY, NOISE_INPUTS))
    return Split(x=x, y=y)
