"""What the functions of elective 6 should give, in numpy and float64. Tests compare it with torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

Lists = Sequence[Sequence[int]]


def neighbours(words: Sequence[int], window: int) -> list[list[int]]:
    """The neighbours of each position, from left to right."""
    return [
        [other for place, other in enumerate(words) if 0 < abs(place - here) <= window] for here in range(len(words))
    ]


def skip_gram_pairs(words: Sequence[int], window: int) -> Counter[tuple[int, int]]:
    """How often each pair occurs."""
    around = neighbours(words, window)
    return Counter((words[here], other) for here in range(len(words)) for other in around[here])


def cbow_pairs(words: Sequence[int], window: int) -> Counter[tuple[tuple[int, ...], int]]:
    """How often each pair occurs; neighbours are sorted."""
    around = neighbours(words, window)
    return Counter((tuple(sorted(others)), words[here]) for here, others in enumerate(around) if others)


def noise_distribution(counts: np.ndarray, power: float = 0.75) -> np.ndarray:
    """Probabilities of noise words, (words,)."""
    raised = np.asarray(counts, np.float64) ** power
    return raised / raised.sum()


def log_sigmoid(x: np.ndarray) -> np.ndarray:
    """log(1 / (1 + e^-x)), finite for any x."""
    return -np.logaddexp(0.0, -x)


def negative_sampling_losses(v: np.ndarray, u: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Of each pair, (batch,). v, u: (batch, size). n: (batch, noise words, size)."""
    fits, misfits = np.einsum("bs,bs->b", u, v), np.einsum("bks,bs->bk", n, v)
    return -log_sigmoid(fits) - log_sigmoid(-misfits).sum(axis=1)


def negative_sampling_loss(v: np.ndarray, u: np.ndarray, n: np.ndarray) -> float:
    """The mean of the losses of the pairs."""
    return float(negative_sampling_losses(v, u, n).mean())


def co_occurrences(sentences: Lists, words: int, window: int) -> np.ndarray:
    """How often words are neighbours, each time divided by the distance; float64 (words, words)."""
    found = np.zeros((words, words))
    for line in sentences:
        for here, one in enumerate(line):
            for there, other in enumerate(line):
                if 0 < abs(there - here) <= window:
                    found[one, other] += 1 / abs(there - here)
    return found


def glove_weight(counts: np.ndarray, maximum: float = 100.0, power: float = 0.75) -> np.ndarray:
    """The weights of co-occurrences."""
    return np.minimum(1.0, (np.asarray(counts, np.float64) / maximum) ** power)


def glove_losses(
    w: np.ndarray, c: np.ndarray, b: np.ndarray, d: np.ndarray, counts: np.ndarray, maximum: float = 100.0
) -> np.ndarray:
    """Of each pair, (batch,). w, c: (batch, size). b, d, counts: (batch,)."""
    return glove_weight(counts, maximum) * (np.einsum("bs,bs->b", w, c) + b + d - np.log(counts)) ** 2


def glove_loss(
    w: np.ndarray, c: np.ndarray, b: np.ndarray, d: np.ndarray, counts: np.ndarray, maximum: float = 100.0
) -> float:
    """The mean of the losses of the pairs."""
    return float(glove_losses(w, c, b, d, counts, maximum).mean())


def units(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1, rows of zeros left as they are."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)


def cosine_similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The cosine of each row with each row, (rows, columns)."""
    return units(one) @ units(other).T


def nearest(vectors: np.ndarray, word: int, count: int) -> list[int]:
    """The most similar other words, the most similar first."""
    likeness = cosine_similarity(vectors, vectors[[word]])[:, 0]
    ranked = np.argsort(-likeness, kind="stable")
    return [int(other) for other in ranked if other != word][:count]


def analogies(vectors: np.ndarray, questions: np.ndarray) -> np.ndarray:
    """The answers to questions (count, 3): the first word is to the second as the third is to which? (count,)."""
    directions = units(vectors)
    first, second, third = (directions[column] for column in questions.T)
    likeness = cosine_similarity(second - first + third, vectors)
    np.put_along_axis(likeness, questions, -np.inf, axis=1)
    return likeness.argmax(axis=1)


def neighbours_of_a_theme(vectors: np.ndarray, themes: Sequence[Any], count: int) -> np.ndarray:
    """Which share of the `count` nearest other words has the theme of a word, for each word, (words,)."""
    likeness = cosine_similarity(vectors, vectors)
    np.fill_diagonal(likeness, -np.inf)
    rows = np.argsort(-likeness, axis=1)[:, :count]
    named = np.asarray(themes)
    return (named[rows] == named[:, None]).mean(axis=1)


def chance(themes: Sequence[Any]) -> float:
    """The share of other words that have the theme of a word, over all words."""
    sizes = np.array(list(Counter(themes).values()))
    return float((sizes * (sizes - 1)).sum() / (sizes.sum() * (sizes.sum() - 1)))
