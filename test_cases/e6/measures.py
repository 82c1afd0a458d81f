"""What the grader measures: slopes of losses, how well trained tables fit other texts, questions of analogy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations

import numpy as np

from test_cases.e6 import reference
from test_cases.e6.public import kinship

STEP = 1e-5  # differences over two steps are exact to about 1e-9
NOISE_PER_PAIR = 5
PAIRS_AT_ONCE = 4096  # all at once would take 100 MB
GLOVE_MAXIMUM = 100.0


def slopes(losses: Callable[..., np.ndarray], given: Sequence[np.ndarray], count: int = 3) -> list[np.ndarray]:
    """The gradient of the mean loss with respect to the first `count` arguments, by differences."""
    found = []
    for number in range(count):
        slope = np.zeros_like(given[number])
        for where in np.ndindex(slope.shape):
            ends = []
            for step in (STEP, -STEP):
                moved = [array.copy() for array in given]
                moved[number][where] += step
                ends.append(losses(*moved).mean())
            slope[where] = (ends[0] - ends[1]) / (2 * STEP)
        found.append(slope)
    return found


def pair_loss(
    word: np.ndarray, context: np.ndarray, x: np.ndarray, y: np.ndarray, random: np.random.Generator
) -> float:
    """The loss of negative sampling on pairs, with noise words of the grader's own."""
    probabilities = reference.noise_distribution(np.bincount(x, minlength=len(word)))
    noise = random.choice(len(word), (len(x), NOISE_PER_PAIR), p=probabilities)
    total = 0.0
    for start in range(0, len(x), PAIRS_AT_ONCE):
        rows = slice(start, start + PAIRS_AT_ONCE)
        total += reference.negative_sampling_losses(word[x[rows]], context[y[rows]], context[noise[rows]]).sum()
    return float(total / len(x))


def glove_error(tables: Mapping[str, np.ndarray], x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> float:
    """The mean of squared errors of log counts, by the weights of GloVe."""
    parts = tables["word"][x], tables["context"][y], tables["word_bias"][x], tables["context_bias"][y]
    losses = reference.glove_losses(*parts, counts, GLOVE_MAXIMUM)
    return float(losses.sum() / reference.glove_weight(counts, GLOVE_MAXIMUM).sum())


def analogies(row: Mapping[str, int]) -> np.ndarray:
    """All questions of two houses that differ in gender alone or in age alone, (240, 4): three words and the answer."""
    sides = [(0, 1), (1, 0), (2, 3), (3, 2), (0, 2), (2, 0), (1, 3), (3, 1)]
    return np.array(
        [
            [row[name] for name in (one[here], one[there], other[here], other[there])]
            for one, other in permutations(kinship.PEOPLE, 2)
            for here, there in sides
        ]
    )


def told(words: Sequence[str], question: np.ndarray, answer: int) -> str:
    """A wrong answer in words."""
    first, second, third, right = (words[number] for number in question)
    return f"{first} is to {second} as {third} is to {words[answer]}; {right} would be right."
