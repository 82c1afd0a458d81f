"""Question 1: what can go wrong with a score and with a prediction of the perceptron."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from grading.checks.combinations import Computation, Part, Variant
from grading.checks.diagnosis import Mistake


def score(
    weights: np.ndarray, point: np.ndarray, *, numbers: str = "products", total: str = "sum", output: str = "as it is"
) -> np.ndarray | float:
    """The dot product of weights and point, both (1, dimensions), in float64, and what mistakes make of it."""
    w, x = weights.astype(np.float64), point.astype(np.float64)
    made = {"products": w * x, "sums": w + x, "differences": w - x, "point alone": x, "weights alone": w}[numbers]
    totals: dict[str, Callable[[], np.ndarray]] = {
        "sum": made.sum,
        "none": lambda: made,
        "mean": made.mean,
        "max": made.max,
        "first": lambda: made[0, 0],
        "all but the last": lambda: made[0, :-1].sum(),
    }
    value = totals[total]()
    outputs: dict[str, Callable[[], np.ndarray]] = {
        "as it is": lambda: value,
        "sign": lambda: np.sign(value),
        "class": lambda: np.where(value >= 0, 1.0, -1.0),
        "sigmoid": lambda: 1 / (1 + np.exp(-value)),
        "tanh": lambda: np.tanh(value),
        "relu": lambda: np.maximum(value, 0),
        "absolute": lambda: np.abs(value),
        "negative": lambda: -value,
        "plus 1": lambda: value + 1,
        "divided by the length": lambda: value / np.linalg.norm(w),
    }
    return outputs[output]()


_CLASS = "`get_prediction` makes the class of it."
SCORE = Computation(
    score,
    (
        Part(
            "numbers",
            (
                Variant("sums", "Weights and point are added entry by entry. They should be multiplied."),
                Variant("differences", "The score is made of differences. Weights and point should be multiplied."),
                Variant("point alone", "The score does not depend on the weights. Where does `forward` use them?"),
                Variant("weights alone", "The score does not depend on the point. Where does `forward` use `x`?"),
            ),
        ),
        Part(
            "total",
            (
                Variant("none", "You return the products of weights and point. A dot product is the sum of these."),
                Variant("mean", "You return the mean of the products. A dot product is their sum."),
                Variant("max", "You return the largest product. A dot product is the sum of all of them."),
                Variant("first", "Only the first number of a point has an effect. A dot product uses all of them."),
                Variant(
                    "all but the last", "The last number of a point has no effect. A dot product uses all of them."
                ),
            ),
        ),
        Part(
            "output",
            (
                Variant("sign", f"`forward` returns the sign of the score. The score itself is needed. {_CLASS}"),
                Variant("class", f"`forward` returns the class. The score itself is needed. {_CLASS}"),
                *(
                    Variant(name, f"The score passes through a {name}. The dot product itself is needed.")
                    for name in ("sigmoid", "tanh", "relu")
                ),
                Variant("absolute", "You return the absolute value of the score."),
                Variant("negative", "The sign of the score is reversed."),
                Variant("plus 1", "1 is added to the score. The third number of each point is 1 already."),
                Variant("divided by the length", "The score is divided by the length of the weights."),
            ),
        ),
    ),
)

PREDICTIONS = [
    Mistake(
        np.sign,
        "You return the sign of the score. The sign of 0 is 0. A score of 0 belongs to class 1.",
    ),
    Mistake(
        lambda score: 1 if score > 0 else -1,
        "Only the score of exactly 0 gets the wrong class. A score of 0 belongs to class 1. Which comparison do you "
        "use?",
    ),
    Mistake(lambda score: -1 if score >= 0 else 1, "Every prediction has the wrong sign."),
    Mistake(lambda score: -1 if score > 0 else 1, "Every prediction has the wrong sign, except for a score of 0."),
    Mistake(lambda score: 1 if score >= 0 else 0, "Your classes are 1 and 0. The classes should be 1 and -1."),
    Mistake(lambda score: score, "You return the score itself. The prediction is the class: 1 or -1."),
    Mistake(lambda score: 1, "The prediction is 1 for every point."),
    Mistake(lambda score: -1, "The prediction is -1 for every point."),
]


def threshold(scores: Sequence[float], predictions: Sequence[float]) -> str:
    """At which score predictions change, if they change once and not next to 0.

    Args:
        scores: increasing.
        predictions: of points with these scores.
    """
    found = np.asarray(predictions, np.float64)
    changes = np.flatnonzero(np.diff(found))
    if len(changes) != 1:
        return ""
    below, above = scores[changes[0]], scores[changes[0] + 1]
    if below <= 0 <= above:
        return ""
    return (
        f"The prediction changes from {found[0]:g} to {found[-1]:g} at a score between {below:.2g} and {above:.2g}. "
        "The prediction should change from -1 to 1 at 0. With what does your code compare the score?"
    )
