"""What the functions of elective 12 should give, in numpy and float64. Tests compare it with torch.

The language model is a table here: row i holds the scores of what follows token i, float64 (vocabulary, vocabulary).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from test_cases.e12.public.verses import PAD


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last dimension."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def verse_log_probabilities(table: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of each verse, (verses,). rows: ids (verses, time)."""
    logs = log_softmax(table)[rows[:, :-1], rows[:, 1:]]  # (verses, time - 1)
    return np.where(rows[:, 1:] == PAD, 0.0, logs).sum(axis=1)


def slopes(table: np.ndarray, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The gradient, with respect to the table, of the sum of weights (verses,) times log-probabilities."""
    chances, found = np.exp(log_softmax(table)), np.zeros_like(table)
    for row, weight in zip(rows, weights, strict=True):
        for one, other in pairwise(row.tolist()):
            if other != PAD:
                found[one] -= weight * chances[one]
                found[one, other] += weight
    return found


def pool(hidden: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The mean over what is not PAD, (verses, size). hidden: (verses, time, size). rows: ids (verses, time)."""
    return np.stack([states[row != PAD].mean(axis=0) for states, row in zip(hidden, rows, strict=True)])


def log_sigmoid(x: np.ndarray) -> np.ndarray:
    """log(1 / (1 + e^-x)), finite for any x."""
    return -np.logaddexp(0.0, -x)


def preference_loss(better: np.ndarray, worse: np.ndarray) -> float:
    """Bradley-Terry, the mean of the pairs."""
    return float(-log_sigmoid(better - worse).mean())


def margins(logs: Sequence[np.ndarray], beta: float) -> np.ndarray:
    """Differences of implicit rewards, (pairs,). logs: four arrays (pairs,), in the order of `dpo_loss`."""
    of_policy, of_reference = logs[0] - logs[1], logs[2] - logs[3]
    return beta * (of_policy - of_reference)


def dpo_loss(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, beta: float) -> float:
    """The mean over the pairs."""
    return float(-log_sigmoid(margins((a, b, c, d), beta)).mean())


def dpo_gradient(
    table: np.ndarray, old: np.ndarray, better: np.ndarray, worse: np.ndarray, beta: float
) -> tuple[float, np.ndarray]:
    """The loss of a table as policy, `old` as reference; and its gradient with respect to the table."""
    logs = [verse_log_probabilities(model, rows) for model in (table, old) for rows in (better, worse)]
    differences = margins(logs, beta)
    pulls = -beta * np.exp(log_sigmoid(-differences)) / len(differences)  # d loss / d log p of the chosen verse
    return float(-log_sigmoid(differences).mean()), slopes(table, better, pulls) - slopes(table, worse, pulls)


def best_of_n(rows: np.ndarray, scores: np.ndarray, n: int) -> np.ndarray:
    """Of each n rows the one with the highest score, (groups, time)."""
    starts = np.arange(0, len(rows), n)
    return np.stack([rows[start + np.argmax(scores[start : start + n])] for start in starts])
