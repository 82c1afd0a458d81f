"""The classic mistakes in the functions of elective 2: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grading.checks import diagnosis, variants
from grading.checks.diagnosis import Mistake
from grading.checks.variants import EXACT, Constants, joined
from test_cases.e2 import reference
from test_cases.e2.reference import sigmoid, softmax

NO_UPSTREAM = "That is the derivative alone. The chain rule multiplies it by `upstream`."
NOT_DIVIDED = "The gradient is that of a sum. The loss is a mean: what is the gradient divided by?"
SIGN = "The sign is reversed. The gradient points where the loss rises."
SUM = "That is a sum. The loss is a mean."
AT_0 = "At x = 0 the gradient is whole. In the docstring, x = 0 belongs to the left side."
WHERE_UPSTREAM = (
    "Your gradient passes where `upstream` is above 0. Which tensor decides where the function is 0: `x` or `upstream`?"
)
CRASHES = {
    "does not require grad and does not have a grad_fn": (
        "Your code asks torch for the gradient. In this elective you write the gradient yourself, by the formula in "
        "the docstring."
    ),
}

LINEAR = [
    Mistake(lambda x, w, b: x @ w, "The bias is missing."),
    Mistake(lambda x, w, b: x @ w - b, "The bias is subtracted. The formula adds it."),
    Mistake(lambda x, w, b: x @ (w + b), "The bias was added to the weight. It is added to each row of the product."),
]


def linear_backward(upstream: np.ndarray, x: np.ndarray, weight: np.ndarray, wrong: str) -> np.ndarray:
    """All three gradients one after the other, with a mistake."""
    by_x, by_weight, by_bias = reference.linear_backward(upstream, x, weight)
    count = len(x)
    return joined(
        *{
            "averaged": (by_x, by_weight / count, by_bias / count),
            "bias averaged": (by_x, by_weight, by_bias / count),
            "everything averaged": (by_x / count, by_weight / count, by_bias / count),
            "bias of one row": (by_x, by_weight, upstream[0]),
            "bias of ones": (by_x, by_weight, np.full_like(by_bias, count)),
            "x without upstream": (np.tile(weight.sum(axis=1), (count, 1)), by_weight, by_bias),
            "weight without upstream": (by_x, np.tile(x.sum(axis=0)[:, None], (1, len(by_bias))), by_bias),
        }[wrong]
    )


IN_LINEAR_BACKWARD = {
    "averaged": (
        "Your code divides the gradients of W and b by the batch size. `upstream`, the gradient of the loss, is "
        "divided by it already."
    ),
    "bias averaged": "The gradient with respect to b is a mean over the batch. The formula has a sum.",
    "everything averaged": "All gradients are divided by the batch. The loss's gradient is divided already.",
    "bias of one row": "The gradient with respect to b is that of the first row. The formula sums over the batch.",
    "bias of ones": "The gradient with respect to b does not depend on `upstream`. What is summed over the batch?",
    "x without upstream": (
        "The gradient with respect to x does not depend on `upstream`. Which product does the formula have?"
    ),
    "weight without upstream": (
        "The gradient with respect to W does not depend on `upstream`. Which product does the formula have?"
    ),
}


def _slope_of_sigmoid(x: np.ndarray) -> np.ndarray:
    return sigmoid(x) * sigmoid(-x)


OF_EACH: dict[str, list[Mistake]] = {
    "linear": LINEAR,
    "sigmoid": [
        Mistake(lambda x: sigmoid(-x), "That is 1 - s(x). Which sign does the exponent have?"),
        Mistake(lambda x: np.exp(x) / (1 + np.exp(-x)), "The numerator is e^x. The formula has 1."),
        Mistake(lambda x: 1 + np.exp(-x), "That is 1 + e^(-x). What does the formula do with it?"),
    ],
    "sigmoid_backward": [
        Mistake(lambda g, x: _slope_of_sigmoid(x), NO_UPSTREAM),
        Mistake(
            lambda g, x: g * x * (1 - x),
            "Your code has x (1 - x). The formula has s (1 - s) with s = sigmoid(x): x is the input of the sigmoid.",
        ),
        Mistake(
            lambda g, x: g * _slope_of_sigmoid(sigmoid(x)),
            "The sigmoid was taken twice. x is what went into the sigmoid, not what came out.",
        ),
        Mistake(lambda g, x: g * sigmoid(x), "That is upstream * s(x). The derivative is s(x) (1 - s(x))."),
        Mistake(lambda g, x: g * sigmoid(-x), "That is upstream * (1 - s(x)). The derivative is s(x) (1 - s(x))."),
        Mistake(lambda g, x: g + _slope_of_sigmoid(x), "`upstream` is added. The chain rule multiplies."),
    ],
    "tanh": [
        Mistake(lambda x: sigmoid(x), "That is the sigmoid, between 0 and 1. tanh lies between -1 and 1."),
        Mistake(lambda x: 2 * sigmoid(x) - 1, "That is tanh(x / 2). A stretched sigmoid is tanh at another scale."),
        Mistake(lambda x: np.sinh(x), "That is sinh(x). What does the formula divide by?"),
    ],
    "tanh_backward": [
        Mistake(lambda g, x: 1 - np.tanh(x) ** 2, NO_UPSTREAM),
        Mistake(
            lambda g, x: g * (1 - x**2),
            "That is 1 - x². The formula has 1 - tanh(x)²: x is what went into tanh, not what came out.",
        ),
        Mistake(
            lambda g, x: g * (1 - np.tanh(np.tanh(x)) ** 2),
            "tanh was taken twice. x is what went into tanh, not what came out.",
        ),
        Mistake(lambda g, x: g * (1 - np.tanh(x)), "That is 1 - tanh(x). The derivative has the square of tanh(x)."),
        Mistake(
            lambda g, x: g * np.tanh(x) * (1 - np.tanh(x)), "That is the sigmoid's formula. tanh has 1 - tanh(x)²."
        ),
    ],
    "relu": [
        Mistake(lambda x: np.minimum(x, 0), "That is min(x, 0). Which side does ReLU keep?"),
        Mistake(lambda x: np.abs(x), "That is |x|. Below 0, ReLU is 0."),
        Mistake(lambda x: (x > 0) * 1.0, "That is the derivative. The value is max(x, 0)."),
        Mistake(lambda x: np.maximum(x, 0.01 * x), "That is leaky ReLU. Below 0, ReLU is 0."),
    ],
    "relu_backward": [
        Mistake(lambda g, x: (x > 0) * 1.0, NO_UPSTREAM),
        Mistake(lambda g, x: g * (x >= 0), AT_0),
        Mistake(lambda g, x: g * (g > 0), WHERE_UPSTREAM),
        Mistake(lambda g, x: g * np.maximum(x, 0), "That is upstream * relu(x). The derivative is 1 or 0."),
        Mistake(lambda g, x: g * (x < 0), "The gradient passes where x is below 0. Where is ReLU flat?"),
        Mistake(lambda g, x: g, "The gradient passes everywhere. Where is ReLU flat?"),
    ],
    "leaky_relu": [
        Mistake(lambda x, slope: np.maximum(x, 0.01 * x), "The slope is 0.01, whatever `slope` is."),
        Mistake(lambda x, slope: np.maximum(x, 0), "That is ReLU. Below 0, the value is slope * x."),
        Mistake(lambda x, slope: np.where(x > 0, x, -slope * x), "Below 0, the value is above 0. Which sign has x?"),
        Mistake(
            lambda x, slope: x * (x > 0) + slope * (x <= 0), "Below 0, the value is the slope itself, not slope * x."
        ),
        Mistake(lambda x, slope: np.where(x > 0, slope * x, x), "The slope is on the right side. It belongs below 0."),
    ],
    "leaky_relu_backward": [
        Mistake(lambda g, x, slope: (x > 0) + slope * (x <= 0), NO_UPSTREAM),
        Mistake(lambda g, x, slope: g * np.where(x >= 0, 1, slope), AT_0),
        Mistake(lambda g, x, slope: np.where(g > 0, g, slope * g), WHERE_UPSTREAM),
        Mistake(lambda g, x, slope: g * np.where(x > 0, 1, 0.01), "The slope is 0.01, whatever `slope` is."),
        Mistake(lambda g, x, slope: g * (x > 0), "That is ReLU's gradient. Below 0, the derivative is `slope`."),
        Mistake(
            lambda g, x, slope: g * (x > 0) + slope * (x <= 0),
            "Below 0, the gradient is the slope alone. " + NO_UPSTREAM,
        ),
        Mistake(
            lambda g, x, slope: np.where(x > 0, g, slope * x), "Below 0, that is the value slope * x, not the gradient."
        ),
    ],
    "mean_squared_error": [
        Mistake(lambda p, t: np.square(p - t).sum(), SUM),
        Mistake(lambda p, t: np.square(p - t).mean() / 2, "That is half of the mean. The formula has no factor 1/2."),
        Mistake(lambda p, t: np.square(p - t).sum() / len(p), "The sum is divided by the batch. n counts all entries."),
        Mistake(lambda p, t: np.abs(p - t).mean(), "That is the mean of the distances. The formula squares them."),
        Mistake(lambda p, t: (p - t).mean(), "Differences of both signs cancel. The formula squares them."),
        Mistake(lambda p, t: np.sqrt(np.square(p - t).mean()), "That is the root of the mean squared error."),
    ],
    "mean_squared_error_backward": [
        Mistake(lambda p, t: 2 * (p - t), NOT_DIVIDED),
        Mistake(lambda p, t: (p - t) / p.size, "The factor 2 is missing. What is the derivative of a square?"),
        Mistake(lambda p, t: 2 * (t - p) / p.size, SIGN),
        Mistake(lambda p, t: 2 * (p - t) / len(p), "The gradient is divided by the batch. n counts all entries."),
        Mistake(lambda p, t: np.square(p - t) / p.size, "That is the loss of each entry. What is its derivative?"),
    ],
    "binary_cross_entropy": [
        Mistake(lambda z, t: reference.binary_cross_entropy(z, t) * z.size, SUM),
        Mistake(lambda z, t: -reference.binary_cross_entropy(z, t), "The sign is reversed: the loss is below 0."),
        Mistake(lambda z, t: reference.binary_cross_entropy(-z, t), "The targets 0 and 1 are swapped."),
        Mistake(
            lambda z, t: reference.binary_cross_entropy(sigmoid(z), t),
            "The sigmoid was taken twice. The formula takes logits, and brings the sigmoid itself.",
        ),
        Mistake(
            lambda z, t: (-t * np.log(sigmoid(z))).mean(),
            "Only entries with the target 1 count. Where is (1 - t) log(1 - p) used?",
        ),
        Mistake(
            lambda z, t: (np.logaddexp(0, np.abs(z)) - z * t + np.maximum(z, 0)).mean(),
            "The exponent is |z|. The formula has -|z|.",
        ),
        Mistake(lambda z, t: np.square(sigmoid(z) - t).mean(), "That is the mean squared error of the probabilities."),
    ],
    "binary_cross_entropy_backward": [
        Mistake(lambda z, t: sigmoid(z) - t, NOT_DIVIDED),
        Mistake(lambda z, t: (t - sigmoid(z)) / z.size, SIGN),
        Mistake(lambda z, t: (z - t) / z.size, "That is (z - t) / n. The formula has sigmoid(z)."),
        Mistake(lambda z, t: (sigmoid(z) - t) / len(z), "The gradient is divided by the batch. n counts all entries."),
        Mistake(
            lambda z, t: (sigmoid(z) - t) * _slope_of_sigmoid(z) / z.size,
            "The derivative of the sigmoid is a factor too many. It cancels against the derivative of the logarithm.",
        ),
        Mistake(
            lambda z, t: (sigmoid(z) - t) / _slope_of_sigmoid(z) / z.size,
            "That is the gradient with respect to the probabilities. The chain rule goes one step further, to the "
            "logits.",
        ),
    ],
    "softmax": [
        Mistake(lambda z: softmax(z.T).T, "Each column sums to 1. Along which dimension do the classes lie?"),
        Mistake(lambda z: sigmoid(z), "That is the sigmoid of each entry. A row does not sum to 1."),
        Mistake(lambda z: np.exp(z) / np.exp(z).sum(), "The whole batch sums to 1. Each row should."),
        Mistake(lambda z: np.exp(z), "That is e^z. What does the formula divide by?"),
        Mistake(lambda z: z / z.sum(axis=1, keepdims=True), "The logits are divided by their sum. Where is e^z?"),
        Mistake(lambda z: np.log(softmax(z)), "That is the logarithm of the probabilities."),
    ],
    "cross_entropy": [
        Mistake(lambda z, t: reference.cross_entropy(z, t) * len(z), SUM),
        Mistake(
            lambda z, t: reference.cross_entropy(z, t) / z.shape[1],
            "Your code takes the mean over all entries. Sum over the classes, and take the mean over the rows.",
        ),
        Mistake(lambda z, t: -reference.cross_entropy(z, t), "The sign is reversed: the loss is below 0."),
        Mistake(
            lambda z, t: reference.cross_entropy(softmax(z), t),
            "The softmax was taken twice. The formula takes logits, and brings the softmax itself.",
        ),
        Mistake(lambda z, t: -(t * softmax(z)).sum(axis=1).mean(), "The logarithm of the probability is missing."),
        Mistake(lambda z, t: -(t * z).sum(axis=1).mean(), "That is minus the logit. Where is the sum of e^z?"),
        Mistake(
            lambda z, t: -(t * np.log(softmax(z.T).T)).sum(axis=1).mean(),
            "The softmax runs over the batch. Along which dimension do the classes lie?",
        ),
        Mistake(
            lambda z, t: reference.binary_cross_entropy(z, t),
            "That is the binary cross-entropy. One softmax over the classes is wanted, not a sigmoid for each.",
        ),
    ],
    "cross_entropy_backward": [
        Mistake(lambda z, t: softmax(z) - t, NOT_DIVIDED),
        Mistake(lambda z, t: (t - softmax(z)) / len(z), SIGN),
        Mistake(lambda z, t: (softmax(z) - t) / z.size, "The gradient is divided by all entries. n counts the rows."),
        Mistake(
            lambda z, t: softmax(z) / len(z), "The targets are missing. What is subtracted from the probabilities?"
        ),
        Mistake(lambda z, t: (z - t) / len(z), "That is (z - targets) / batch. The formula has softmax(z)."),
        Mistake(
            lambda z, t: t * (softmax(z) - t) / len(z),
            "Only the right class gets a gradient. The softmax ties all classes of a row together.",
        ),
        Mistake(
            lambda z, t: (softmax(z.T).T - t) / len(z),
            "The softmax runs over the batch. Along which dimension do the classes lie?",
        ),
    ],
}


def _from_probabilities(z: np.ndarray, t: np.ndarray, constant: float) -> float:
    p = sigmoid(z)
    return float(-(t * np.log(p + constant) + (1 - t) * np.log(1 - p + constant)).mean())


def _share(exponentials: np.ndarray, constant: float) -> np.ndarray:
    return exponentials / (exponentials.sum(axis=1, keepdims=True) + constant)


def _shifted(z: np.ndarray) -> np.ndarray:
    return np.exp(z - z.max(axis=1, keepdims=True))


IN_THE_LOGARITHM, BELOW = "the probability in the logarithm", "the sum of the exponentials"
CONSTANTS: dict[str, Constants] = {
    "binary_cross_entropy": [("the probabilities in the logarithms", _from_probabilities)],
    "softmax": [
        (BELOW, lambda z, constant: _share(np.exp(z), constant)),
        (BELOW, lambda z, constant: _share(_shifted(z), constant)),
    ],
    "cross_entropy": [
        (IN_THE_LOGARITHM, lambda z, t, constant: -(t * np.log(softmax(z) + constant)).sum(axis=1).mean()),
        (BELOW, lambda z, t, constant: -(t * np.log(_share(np.exp(z), constant))).sum(axis=1).mean()),
        (BELOW, lambda z, t, constant: -(t * np.log(_share(_shifted(z), constant))).sum(axis=1).mean()),
    ],
}

SATURATED = {
    "sigmoid": "e^1000 is infinite. Does a form stay finite that takes e^(-|x|)?",
    "sigmoid_backward": "An infinite number was divided by an infinite one. s(x) itself is finite: use it.",
    "tanh": "e^1000 is infinite, and infinite / infinite is NaN. The docstring names a way out.",
    "tanh_backward": "An infinite number came in between. tanh(x) itself lies between -1 and 1: use it.",
    "binary_cross_entropy": "p is 0 or 1 in floating-point numbers, and the logarithm of 0 is infinite. The docstring "
    "has a form without the logarithm of p.",
    "binary_cross_entropy_backward": "Something infinite or 0 was divided by. The formula divides by n alone.",
    "softmax": "e^1000 is infinite. What may be subtracted from a row before the exponential?",
    "cross_entropy": "For huge logits, the softmax p is 0, and log(0) is infinite. Do not compute p first. The "
    "docstring writes log p as a difference.",
    "cross_entropy_backward": "Something infinite came in between. Is the softmax finite for huge logits?",
}


ROWS_ALONE = (
    "Each row alone gives a right result. Together, a row with small logits does not: after the subtraction, all its "
    "powers are 0. Which entry should be subtracted from this row?"
)


def of_function(name: str, found: Any, given: Sequence[Any]) -> str:
    """The explanation of the mistake that gives what a function gave.

    Args:
        name: of the function, a key of `OF_EACH`.
        found: what it gave, an array or a number.
        given: what it was given.
    """
    probes = [(tuple(given), found)]
    why = variants.nearly_right(getattr(reference, name), probes, CONSTANTS.get(name, ()))
    with np.errstate(all="ignore"):
        return variants.first(why, lambda: diagnosis.recognised(OF_EACH[name], probes, EXACT))


def of_linear_backward(found: np.ndarray, given: Sequence[Any]) -> str:
    """The explanation of the mistake that gives all three gradients, one after the other."""

    def right(*arguments: np.ndarray) -> np.ndarray:
        return joined(*reference.linear_backward(*arguments))

    return variants.recognised(right, linear_backward, IN_LINEAR_BACKWARD, [(tuple(given), found)])
