"""What a corpus holds, counted for all sentences at once: pairs of neighbouring words, and how often they meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

NO_WORD = -1

Sentences = Sequence[np.ndarray]  # the words of each sentence, as integers


def pairs(sentences: Sentences, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Each word with each word that is at most `window` positions away: int64 (count,) and int64 (count,)."""
    found = [part for left, right, _ in _apart(sentences, window) for part in ((left, right), (right, left))]
    x, y = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return x, y


def meetings(sentences: Sentences, words: int, window: int) -> np.ndarray:
    """How often words meet, float64 (words, words); a meeting at a distance of d positions counts 1 / d."""
    table = np.zeros(words * words)
    for left, right, distance in _apart(sentences, window):
        table += np.bincount(left * words + right, minlength=words * words) / distance
    square = table.reshape(words, words)
    return square + square.T


def _apart(sentences: Sentences, window: int) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Left words and right words that are 1, 2, ... `window` positions apart, and how far."""
    lengths = np.array([len(sentence) for sentence in sentences])
    block = np.full((len(sentences), int(lengths.max())), NO_WORD)
    block[np.arange(block.shape[1]) < lengths[:, None]] = np.concatenate(sentences)
    for distance in range(1, min(window, block.shape[1] - 1) + 1):
        left, right = block[:, :-distance], block[:, distance:]
        is_inside = right != NO_WORD
        yield left[is_inside], right[is_inside], distance
