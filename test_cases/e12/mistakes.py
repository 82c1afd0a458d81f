"""The classic mistakes of elective 12: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grading.checks import variants
from grading.checks.diagnosis import Probe
from test_cases.e12 import reference
from test_cases.e12.public.verses import END, PAD


def log_probabilities(table: np.ndarray, rows: np.ndarray, wrong: str) -> np.ndarray:
    """Log-probabilities of verses with a mistake."""
    ids, after = rows[:, :-1], rows[:, 1:]
    logs = reference.log_softmax(table)[ids, after]
    real = after != PAD
    whole = real.sum(axis=1)
    if wrong == "scores":
        return np.where(real, table[ids, after], 0).sum(axis=1)
    if wrong == "probabilities":
        return np.where(real, np.exp(logs), 0).sum(axis=1)
    if wrong == "same token":
        same = reference.log_softmax(table)[rows, rows]
        return np.where(rows != PAD, same, 0).sum(axis=1)
    if wrong in ("same token, START left out", "shifted the other way"):
        read, scored = (after, after) if wrong == "same token, START left out" else (after, ids)
        return np.where(scored != PAD, reference.log_softmax(table)[read, scored], 0).sum(axis=1)
    if wrong == "own column":
        return np.where(real, reference.log_softmax(table.T)[after, ids], 0).sum(axis=1)
    if wrong == "over time":
        over_time = np.swapaxes(reference.log_softmax(np.swapaxes(table[ids], 1, 2)), 1, 2)
        return np.where(real, np.take_along_axis(over_time, after[:, :, None], axis=2)[:, :, 0], 0).sum(axis=1)
    return {
        "padding": logs.sum(axis=1),
        "padding read": np.where(ids != PAD, logs, 0).sum(axis=1),
        "no end": np.where(real & (after != END), logs, 0).sum(axis=1),
        "mean": np.where(real, logs, 0).sum(axis=1) / whole,
        "mean of positions": np.where(real, logs, 0).mean(axis=1),
        "negative": -np.where(real, logs, 0).sum(axis=1),
        "first left out": np.where(real, logs, 0)[:, 1:].sum(axis=1),
        "together": np.array(np.where(real, logs, 0).sum()),
        "product": np.exp(np.where(real, logs, 0).sum(axis=1)),
        "binary": np.where(real, logs, 0).sum(axis=1) / np.log(2),
    }[wrong]


IN_LOG_PROBABILITIES = {
    "padding": "PAD was counted, too. The sum ends with END.",
    "padding read": "The first PAD after END was counted. Does the mask look at the token read, or at the next one?",
    "no end": "END was left out. A verse that ends is less likely than its words: END belongs to the sum.",
    "mean": "The sum was divided by the number of tokens. Long verses then count like short ones. Take the sum.",
    "mean of positions": "The mean over all positions was taken. Take the sum.",
    "negative": "The sign is reversed: this is a loss. Probabilities are below 1, so their logarithms are below 0.",
    "first left out": "The first token after START was left out. The logits at START score this token.",
    "together": "The verses of the batch were added. Each verse has a sum of its own.",
    "product": "These are probabilities. Their logarithms are asked for.",
    "binary": "The logarithm has the base 2. Nats have the natural logarithm.",
    "scores": "Logits were added. Which function turns logits into logarithms of probabilities?",
    "over time": "The softmax runs over the positions. It runs over the vocabulary: which `dim` is it?",
    "probabilities": "Probabilities were added. Their logarithms are added.",
    **dict.fromkeys(
        ("same token", "same token, START left out"),
        "Each token was scored at its own position. The logits at position i score the token at i + 1.",
    ),
    "shifted the other way": (
        "Each token was scored by the logits of the position after it. The logits at position i score the token at "
        "i + 1."
    ),
    "own column": "The token before was scored from the token after. The logits at position i score token i + 1.",
}


def _with_constant(table: np.ndarray, rows: np.ndarray, constant: float) -> np.ndarray:
    logs = np.log(np.exp(reference.log_softmax(table)) + constant)[rows[:, :-1], rows[:, 1:]]
    return np.where(rows[:, 1:] != PAD, logs, 0).sum(axis=1)


def of_log_probabilities(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these sums."""
    constants = [("the probability in the logarithm", _with_constant)]
    right = reference.verse_log_probabilities
    return variants.recognised(right, log_probabilities, IN_LOG_PROBABILITIES, probes, constants)


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


def _of_margins(margins: np.ndarray, wrong: str) -> float:
    """The loss of margins with a mistake that both losses share."""
    log, share = reference.log_sigmoid(margins), np.exp(reference.log_sigmoid(margins))
    return float(
        {
            "exchanged": -reference.log_sigmoid(-margins).mean(),
            "no minus": log.mean(),
            "no log": -share.mean(),
            "wrong answers": 1 - share.mean(),
            "sum": -log.sum(),
            "no sigmoid": -margins.mean(),
            "hinge": np.maximum(0, 1 - margins).mean(),
            "log of mean": -np.log(share.mean()),
            "square": (margins**2).mean(),
        }[wrong]
    )


IN_BOTH = {
    "exchanged": "Chosen and rejected are swapped. The loss is small if the chosen verse is ahead.",
    "no minus": "The minus is missing: training would make the loss smaller, and the chosen verses worse.",
    "no log": "The logarithm is missing. This is the mean of -sigmoid.",
    "wrong answers": "This is 1 - sigmoid. The formula has -log sigmoid.",
    "sum": "The losses of the batch were added. Their mean is asked for.",
    "no sigmoid": "The sigmoid and its logarithm are missing. Without them the loss has no lower bound.",
    "hinge": "This is the hinge loss, max(0, 1 - difference). The formula has -log sigmoid.",
    "log of mean": "The mean was taken before the logarithm. Each pair has a logarithm of its own.",
    "square": "This is the square of the difference. The formula has -log sigmoid.",
}


def preference(better: np.ndarray, worse: np.ndarray, wrong: str) -> float:
    """The loss of a reward model with a mistake."""
    return _of_margins(better - worse, wrong)


SIGMOID = "the sigmoid in the logarithm"


def _loss_with_constant(margins: np.ndarray, constant: float) -> float:
    return float(-np.log(np.exp(reference.log_sigmoid(margins)) + constant).mean())


def of_preference(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these losses."""
    constants = [(SIGMOID, lambda better, worse, constant: _loss_with_constant(better - worse, constant))]
    return variants.recognised(reference.preference_loss, preference, IN_BOTH, probes, constants)


def dpo(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, beta: float, wrong: str) -> float:
    """The loss of DPO with a mistake. a, b: of the policy. c, d: of the reference."""
    own = {
        "no reference": beta * (a - b),
        "no beta": (a - b) - (c - d),
        "divided": ((a - b) - (c - d)) / beta,
        "models exchanged": beta * ((c - d) - (a - b)),
        "reference added": beta * ((a - b) + (c - d)),
        "chosen alone": beta * (a - c),
        "rejected alone": -beta * (b - d),
        "beta of the chosen": beta * (a - c) - (b - d),
        "beta of the policy": beta * (a - b) - (c - d),
        "sum of rewards": beta * ((a - c) + (b - d)),
        "ratio": beta * (np.exp(a - c) - np.exp(b - d)),
    }
    if wrong in own:
        return float(-reference.log_sigmoid(own[wrong]).mean())
    margins = reference.margins((a, b, c, d), 1.0 if wrong == "beta outside" else beta)
    if wrong == "beta outside":
        return float(-beta * reference.log_sigmoid(margins).mean())
    return _of_margins(margins, wrong)


IN_DPO = {
    **IN_BOTH,
    "no reference": "The reference has no influence. The formula subtracts its log-probabilities.",
    "no beta": "Beta has no influence. The formula multiplies by beta inside of the sigmoid.",
    "divided": "The difference was divided by beta. The formula multiplies.",
    "models exchanged": "Policy and reference are swapped, or chosen and rejected. Which is subtracted?",
    "reference added": "The log-probabilities of the reference were added. The formula subtracts them.",
    "chosen alone": "The rejected verses have no influence.",
    "rejected alone": "The chosen verses have no influence.",
    "beta of the chosen": "Only the chosen verses are multiplied by beta. Both implicit rewards have the factor.",
    "beta of the policy": "Only the policy is multiplied by beta. Beta is a factor of both models.",
    "sum of rewards": "The two implicit rewards were added. The formula subtracts that of the rejected verse.",
    "ratio": "Ratios of probabilities were used. The formula has their logarithms, which are differences.",
    "beta outside": "Beta stands outside of the sigmoid. The formula has beta inside, in the implicit rewards.",
}
del IN_DPO["exchanged"]  # the same numbers as exchanged models


def of_dpo(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these losses."""

    def with_constant(*given: Any, constant: float) -> float:
        return _loss_with_constant(reference.margins(given[:4], given[4]), constant)

    return variants.recognised(reference.dpo_loss, dpo, IN_DPO, probes, [(SIGMOID, with_constant)])


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
