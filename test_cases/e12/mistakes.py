"""The classic mistakes of elective 12: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grading.checks import variants
from grading.checks.diagnosis import Probe
from test_cases.e12 import reference
from test_cases.e12.public.verses import END, PAD


def pooled(hidden: np.ndarray, rows: np.ndarray, wrong: str) -> np.ndarray:
    """Pooled states with a mistake."""
    real = (rows != PAD)[:, :, None]
    last = real.sum(axis=1)[:, 0] - 1
    return {
        "padding": hidden.mean(axis=1),
        "all positions": (real * hidden).sum(axis=1) / hidden.shape[1],
        "sum": (real * hidden).sum(axis=1),
        "last": hidden[np.arange(len(rows)), last],
        "last position": hidden[:, -1],
        "first": hidden[:, 0],
        "largest": np.where(real, hidden, -np.inf).max(axis=1),
        "largest of all": hidden.max(axis=1),
        "all tokens": (real * hidden).sum(axis=1) / real.sum(),
        "all of the batch": np.broadcast_to(
            (real * hidden).sum(axis=(0, 1)) / real.sum(), (len(rows), hidden.shape[2])
        ),
        "one length": (real * hidden).sum(axis=1) / real.sum() * len(rows),
        "without start": (real * hidden)[:, 1:].sum(axis=1) / (real.sum(axis=1) - 1),
        "without end": _without_end(hidden, rows),
    }[wrong]


def _without_end(hidden: np.ndarray, rows: np.ndarray) -> np.ndarray:
    kept = ((rows != PAD) & (rows != END))[:, :, None]
    return (kept * hidden).sum(axis=1) / kept.sum(axis=1)


IN_POOL = {
    "padding": "The mean is that of all positions, PAD among them. A short verse is then mostly PAD.",
    "all positions": "The sum is right. It was divided by the number of positions, not by the number of tokens.",
    "sum": "This is the sum. The mean is asked for.",
    "last": "This is the last token's state. The mean of all tokens is asked for.",
    "last position": "This is the state of the last position, which is PAD in most verses.",
    "first": "This is the state of START, which has seen nothing else.",
    "largest": "These are the largest numbers. The mean is asked for.",
    "largest of all": "These are the largest numbers, PAD among them. The mean of the tokens is asked for.",
    "all tokens": "The sum was divided by the number of tokens of the whole batch. Each verse has its own number.",
    "all of the batch": "All verses have one mean. Each verse has its own.",
    "one length": "All sums were divided by one number. Each verse has its own number of tokens.",
    "without start": "START was left out. Only PAD is left out.",
    "without end": "END was left out. Only PAD is left out.",
}


def _divided(hidden: np.ndarray, rows: np.ndarray, constant: float) -> np.ndarray:
    real = (rows != PAD)[:, :, None]
    return (real * hidden).sum(axis=1) / (real.sum(axis=1) + constant)


IN_THE_COUNT = [("the number of tokens", _divided)]


def of_pool(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these means."""
    return variants.recognised(reference.pool, pooled, IN_POOL, probes, IN_THE_COUNT)


def best(rows: np.ndarray, scores: np.ndarray, n: int, wrong: str) -> np.ndarray:
    """The best of n with a mistake."""
    groups = scores.reshape(-1, n)
    starts = np.arange(0, len(rows), n)
    return {
        "worst": lambda: rows[starts + groups.argmin(axis=1)],
        "first": lambda: rows[starts],
        "last": lambda: rows[starts + n - 1],
        "in turn": lambda: rows[np.arange(len(groups)) + len(groups) * scores.reshape(n, -1).argmax(axis=0)],
        "no start": lambda: rows[groups.argmax(axis=1)],
        "of all": lambda: rows[np.argsort(-scores, kind="stable")[: len(groups)]],
        "largest": lambda: rows[starts + np.abs(groups).argmax(axis=1)],
    }[wrong]()


IN_BEST = {
    "worst": "These verses have the lowest reward of their group.",
    "first": "The first verse of each group was taken. Rewards have no influence.",
    "last": "The last verse of each group was taken. Rewards have no influence.",
    "in turn": "The groups were taken in turn: rows 0, groups, 2 * groups. The first n rows are the first group.",
    "no start": "All verses come from the first group. The position inside of a group is no row of the batch.",
    "of all": "These are the best verses of the whole batch. Each group has a best verse of its own.",
    "largest": "The size of the reward decided. A reward of -5 is worse than one of 1.",
}


def of_best(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these verses."""
    return variants.named(best, IN_BEST, probes, 0.0)
