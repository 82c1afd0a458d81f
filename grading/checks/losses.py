"""The two losses of the core, described once, with what can go wrong in each of their parts.

`squared_error` and `cross_entropy` are right without keywords. `SQUARED_ERROR` and `CROSS_ENTROPY` list the wrong
values of the keywords; `grading.checks.combinations` tries them, alone and in pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grading.checks.combinations import Computation, Part, Variant

Reduction = tuple[str, float]  # how the numbers of a batch become one, and a factor

_BATCH = "A larger batch would then give a larger loss. The loss should be the mean over the batch."


def squared_error(
    predictions: np.ndarray,
    labels: np.ndarray,
    *,
    differences: str = "predictions - labels",
    power: str = "square",
    reduction: Reduction = ("mean", 1.0),
    root: bool = False,
) -> float:
    """The mean squared error of (batch, 1) arrays in float64, and what mistakes make of it."""
    y, right = predictions.astype(np.float64), labels.astype(np.float64)
    if differences == "pairs":
        right = right.T  # (batch, batch) differences
    errors = y + right if differences == "sum" else y - right
    powers: dict[str, Callable[[], np.ndarray]] = {
        "square": lambda: np.square(errors),
        "absolute": lambda: np.abs(errors),
        "none": lambda: errors,
        "cube": lambda: errors**3,
        "fourth": lambda: errors**4,
        "square of the mean": lambda: np.full_like(errors, errors.mean() ** 2),
        "square of the sum": lambda: np.full_like(errors, errors.sum() ** 2),
    }
    value = _reduced(powers[power](), reduction)
    return float(np.sqrt(value)) if root else value


def cross_entropy(
    logits: np.ndarray,
    labels: np.ndarray,
    *,
    scores: str = "log_softmax",
    axis: int = 1,
    errors: str = "cross-entropy",
    reduction: Reduction = ("mean", 1.0),
) -> float:
    """The mean over rows of -sum(labels * log softmax(logits)), in float64, and what mistakes make of it.

    Args:
        logits, labels: (batch, classes); labels are one-hot.
        scores: what is made of the logits before they meet the labels.
        axis: of the softmax.
        errors: how the scores meet the labels.
        reduction: right by default.
    """
    z, y = logits.astype(np.float64), labels.astype(np.float64)
    logarithms = log_softmax(z, axis)
    ways: dict[str, Callable[[], np.ndarray]] = {
        "log_softmax": lambda: logarithms,
        "softmax": lambda: np.exp(logarithms),
        "logits": lambda: z,
        "log_softmax of softmax": lambda: log_softmax(np.exp(logarithms), axis),
        "log_sigmoid": lambda: -np.logaddexp(0, -z),
        "log_softmax of relu": lambda: log_softmax(np.maximum(z, 0), axis),
        "log_softmax of sigmoid": lambda: log_softmax(1 / (1 + np.exp(-z)), axis),
    }
    value = ways[scores]()
    numbers: dict[str, Callable[[], np.ndarray]] = {
        "cross-entropy": lambda: -(y * value).sum(axis=1),  # (batch,)
        "logits squared": lambda: np.square(z - y),  # (batch, classes)
        "logits absolute": lambda: np.abs(z - y),
        "probabilities squared": lambda: np.square(np.exp(logarithms) - y),
        "probabilities absolute": lambda: np.abs(np.exp(logarithms) - y),
        "class numbers squared": lambda: np.square(_class_errors(z, y)),
        "class numbers absolute": lambda: np.abs(_class_errors(z, y)),
        "wrong answers": lambda: (_class_errors(z, y) != 0).astype(np.float64),
        "right answers": lambda: (_class_errors(z, y) == 0).astype(np.float64),
        "binary": lambda: np.logaddexp(0, z) - y * z,  # (batch, classes)
    }
    return _reduced(numbers[errors](), reduction, width=logits.shape[1])


def log_softmax(logits: np.ndarray, axis: int = 1) -> np.ndarray:
    """The logarithm of the softmax, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _reduced(numbers: np.ndarray, reduction: Reduction, width: int = 1) -> float:
    how, factor = reduction
    values: dict[str, Callable[[], Any]] = {
        "mean": numbers.mean,
        "sum": numbers.sum,
        "max": numbers.max,
        "first": lambda: numbers[0].mean(),
        "mean over all numbers": lambda: numbers.mean() / width,
    }
    return factor * float(values[how]())


def _class_errors(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """By how much each row's class number is off, (batch,)."""
    return (logits.argmax(axis=1) - labels.argmax(axis=1)).astype(np.float64)


_REDUCTIONS = (
    Variant(("sum", 1.0), f"Your loss is the sum over the batch. {_BATCH}"),
    Variant(
        ("mean", -1.0), "The sign of your loss is reversed. Training makes the loss smaller, and the errors larger."
    ),
    Variant(("mean", 0.5), "Your loss is half of the right loss."),
    Variant(("mean", 2.0), "Your loss is twice the right loss."),
    Variant(("max", 1.0), "Your loss is the largest error of the batch. The loss should be the mean over the batch."),
    Variant(("first", 1.0), "Your loss uses only the first example of the batch. Is there a `return` inside a loop?"),
)
SQUARED_ERROR = Computation(
    squared_error,
    (
        Part(
            "differences",
            (
                Variant(
                    "pairs",
                    "Your loss uses all pairs of a prediction and a label. Each prediction belongs to its own label "
                    "only.",
                    "Shapes (n,) and (n, 1) broadcast to (n, n). Which shapes are subtracted?",
                ),
                Variant("sum", "Predictions and labels are added. The error is their difference."),
            ),
        ),
        Part(
            "power",
            (
                Variant("absolute", "Your loss uses the absolute differences. The differences should be squared."),
                Variant(
                    "none",
                    "Your loss uses the differences without a square. Positive and negative differences cancel out.",
                ),
                *(
                    Variant(
                        f"square of the {total}",
                        f"Your loss is the square of the {total} of the differences. Positive and negative differences "
                        "cancel out. The loss should be the mean of the squared differences.",
                    )
                    for total in ("mean", "sum")
                ),
                Variant("cube", "Your loss uses the third power of the differences. They should be squared."),
                Variant("fourth", "Your loss uses the fourth power of the differences. They should be squared."),
            ),
        ),
        Part("reduction", _REDUCTIONS),
        Part("root", (Variant(True, "Your loss takes a square root. The mean squared error has no root."),)),
    ),
)

_NUMBERS = (
    "Your loss compares class numbers, as argmax gives them. The distance of two class numbers means nothing. No "
    "gradient passes argmax. The loss should use the scores and the one-hot labels."
)
_OTHER_KIND = "Your loss is the mean {} error between {} and labels. Classes need the cross-entropy."
CROSS_ENTROPY = Computation(
    cross_entropy,
    (
        Part(
            "scores",
            (
                Variant(
                    "log_softmax of softmax",
                    "The logits pass through two softmaxes. `cross_entropy` applies a softmax itself.",
                    "What happens to the logits before `cross_entropy`?",
                ),
                Variant(
                    "logits",
                    "The logits are used as if they were log-probabilities. The softmax is missing.",
                    "Where do the logits become probabilities?",
                ),
                Variant("softmax", "The loss is made of probabilities. The cross-entropy uses their logarithm."),
                Variant("log_sigmoid", "The scores pass through a sigmoid. Classes need a softmax."),
                Variant("log_softmax of relu", "The logits pass through a relu before the softmax."),
                Variant("log_softmax of sigmoid", "The logits pass through a sigmoid before the softmax."),
            ),
        ),
        Part(
            "axis",
            (
                Variant(
                    0,
                    "The softmax runs over the batch, dimension 0. It should run over the classes of each row.",
                    "Along which dimension of the logits do the classes lie?",
                ),
            ),
        ),
        Part(
            "errors",
            (
                *(
                    Variant(f"{tensor} {kind}", _OTHER_KIND.format(kind, tensor))
                    for tensor in ("logits", "probabilities")
                    for kind in ("squared", "absolute")
                ),
                Variant("class numbers squared", _NUMBERS),
                Variant("class numbers absolute", _NUMBERS),
                Variant(
                    "wrong answers",
                    "Your loss is the share of wrong answers. A small change of the logits does not change this share, "
                    "so that no gradient flows. The loss should use the logits themselves.",
                ),
                Variant(
                    "right answers",
                    "Your loss is the share of right answers. A small change of the logits does not change this share, "
                    "so that no gradient flows. The loss should use the logits themselves.",
                ),
                Variant(
                    "binary",
                    "Your loss is the binary cross-entropy, one for each class. An example has one class of several.",
                ),
            ),
        ),
        Part(
            "reduction",
            (
                *_REDUCTIONS,
                Variant(
                    ("mean over all numbers", 1.0),
                    "Your loss is divided by the number of classes. The mean should run over the rows only.",
                ),
            ),
        ),
    ),
)
