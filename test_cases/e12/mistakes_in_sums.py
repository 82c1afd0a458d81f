"""What can go wrong in the log-probabilities of elective 12, alone and in pairs: each part with its wrong values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grading.checks import variants
from grading.checks.combinations import Computation, Part, Variant
from grading.checks.diagnosis import Probe
from grading.checks.variants import EXACT
from test_cases.e12 import reference
from test_cases.e12.public.verses import END, PAD


def log_probabilities(
    table: np.ndarray,
    rows: np.ndarray,
    *,
    scored: str = "next token",
    number: str = "log p",
    counted: str = "tokens",
    divided: str = "not",
    result: str = "nats",
    is_together: bool = False,
) -> np.ndarray:
    """Log-probabilities of verses, (verses,), or what mistakes make of them. The keywords are right as they are.

    Args:
        table, rows: as in `reference.verse_log_probabilities`.
        scored: which token is scored by which logits, a key of `_tokens`.
        number: what each token gives: "logits", "p", "log sigmoid" or "softmax over time".
        counted: "padding", "padding read", "no end" or "first left out".
        divided: "by tokens" or "by positions".
        result: "negative", "binary", "decimal" or "p".
        is_together: whether the verses of the batch are added.
    """
    read, targets, masked = _tokens(rows)[scored]
    logits = table.T[read] if scored == "columns" else table[read]  # (verses, time, vocabulary)
    logs = reference.log_softmax(logits)
    if number == "softmax over time":
        logs = np.swapaxes(reference.log_softmax(np.swapaxes(logits, 1, 2)), 1, 2)
    given = {"logits": logits, "p": np.exp(logs), "log sigmoid": reference.log_sigmoid(logits)}.get(number, logs)
    each = np.take_along_axis(given, targets[:, :, None], axis=2)[:, :, 0]  # (verses, time)
    is_token = masked != PAD
    is_counted = {
        "padding": np.ones_like(is_token),
        "padding read": read != PAD,
        "no end": is_token & (masked != END),
        "first left out": is_token & (np.arange(targets.shape[1]) > 0),
    }.get(counted, is_token)
    sums = np.where(is_counted, each, 0).sum(axis=1)
    sums = sums / {"by tokens": is_token.sum(axis=1), "by positions": targets.shape[1]}.get(divided, 1)
    sums = {
        "negative": lambda: -sums,
        "binary": lambda: sums / np.log(2),
        "decimal": lambda: sums / np.log(10),
        "p": lambda: np.exp(sums),
    }.get(result, lambda: sums)()
    return np.asarray(sums.sum() if is_together else sums)


def _tokens(rows: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The tokens that are read, those that are scored by the logits there, and those that the mask looks at."""
    ids, after = rows[:, :-1], rows[:, 1:]
    return {
        "next token": (ids, after, after),
        "same token": (rows, rows, rows),
        "same token, START left out": (after, after, after),
        "token before": (after, ids, ids),
        "columns": (after, ids, after),
    }


_SAME = "Each token was scored at its own position. The logits at position i score the token at i + 1."
SUMS = Computation(
    log_probabilities,
    (
        Part(
            "scored",
            (
                Variant("same token", _SAME),
                Variant("same token, START left out", _SAME),
                Variant(
                    "token before",
                    "Each token was scored by the logits of the position after it. The logits at position i score the "
                    "token at i + 1.",
                ),
                Variant(
                    "columns",
                    "The token before was scored from the token after. The logits at position i score token i + 1.",
                ),
            ),
        ),
        Part(
            "number",
            (
                Variant(
                    "logits", "Logits were added.", "Which function turns logits into logarithms of probabilities?"
                ),
                Variant("p", "Probabilities were added. Their logarithms are added."),
                Variant("log sigmoid", "A sigmoid was taken of each logit. A softmax runs over the vocabulary."),
                Variant(
                    "softmax over time",
                    "The softmax runs over the positions. It runs over the vocabulary: which `dim` is it?",
                ),
            ),
        ),
        Part(
            "counted",
            (
                Variant("padding", "PAD was counted, too. The sum ends with END."),
                Variant(
                    "padding read",
                    "The first PAD after END was counted.",
                    "Does the mask look at the token read, or at the next one?",
                ),
                Variant(
                    "no end",
                    "END was left out. A verse that ends is less likely than its words: END belongs to the sum.",
                ),
                Variant(
                    "first left out", "The first token after START was left out. The logits at START score this token."
                ),
            ),
        ),
        Part(
            "divided",
            (
                Variant(
                    "by tokens",
                    "The sum was divided by the number of tokens. Long verses then count like short ones. Take the "
                    "sum.",
                ),
                Variant("by positions", "The mean over all positions was taken. Take the sum."),
            ),
        ),
        Part(
            "result",
            (
                Variant(
                    "negative",
                    "The sign is reversed: this is a loss. Probabilities are below 1, so their logarithms are below 0.",
                ),
                Variant("binary", "The logarithm has the base 2. Nats have the natural logarithm."),
                Variant("decimal", "The logarithm has the base 10. Nats have the natural logarithm."),
                Variant("p", "These are probabilities. Their logarithms are asked for."),
            ),
        ),
        Part(
            "is_together",
            (Variant(True, "The verses of the batch were added. Each verse has a sum of its own."),),
        ),
    ),
)


def of_log_probabilities(probes: Sequence[Probe]) -> str:
    """The explanation of the mistakes that give these sums."""
    constants = [("the probability in the logarithm", _with_constant)]
    why = variants.nearly_right(reference.verse_log_probabilities, probes, constants)
    return variants.first(why, lambda: SUMS.explanation(probes, EXACT))


def _with_constant(table: np.ndarray, rows: np.ndarray, constant: float) -> np.ndarray:
    logs = np.log(np.exp(reference.log_softmax(table)) + constant)[rows[:, :-1], rows[:, 1:]]
    return np.where(rows[:, 1:] != PAD, logs, 0).sum(axis=1)
