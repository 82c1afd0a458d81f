"""The same net without regularisation, trained by the grader: the measure of what regularisation brings.

It is the classifier of elective 3 without dropout, in numpy: a hidden layer, batch normalisation, ReLU, an output
layer. A test holds its gradients equal to torch's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data import Split, Splits, digits

UNITS, EPOCHS, BATCH, STEP_SIZE = 64, 60, 50, 1e-3
MOMENTUM, EPSILON = 0.1, 1e-5  # of batch normalisation
DECAY, SQUARE_DECAY, TINY = 0.9, 0.999, 1e-8  # of Adam

Net = dict[str, np.ndarray]  # by the names of the classifier's state dictionary
SHAPES = {
    "hidden.weight": (UNITS, digits.PIXELS),
    "gain": (UNITS,),
    "shift": (UNITS,),
    "output.weight": (digits.CLASSES, UNITS),
    "output.bias": (digits.CLASSES,),
    "running_mean": (UNITS,),
    "running_variance": (UNITS,),
}
STATISTICS = ("running_mean", "running_variance")


@dataclass(frozen=True)
class Baseline:
    """A net that was trained without regularisation.

    Attributes:
        net: its weights.
        course: training and validation loss before training and after each epoch, float64 (epochs + 1, 2).
    """

    net: Net
    course: np.ndarray


def trained(splits: Splits, seed: int) -> Baseline:
    """Train the net with Adam, epoch by epoch, until it knows every label by heart. Takes less than a second."""
    assert splits.validation is not None
    random = np.random.default_rng([seed, 304])
    net = initial(random)
    parameters = [name for name in SHAPES if name not in STATISTICS]
    means, squares = ({name: np.zeros_like(net[name]) for name in parameters} for _ in range(2))
    course, count = [_losses(net, splits.train, splits.validation)], 0
    for _ in range(EPOCHS):
        order = random.permutation(len(splits.train))
        for start in range(0, len(order), BATCH):
            rows, count = order[start : start + BATCH], count + 1
            slopes, found = gradients(net, splits.train.x[rows], splits.train.y[rows])
            net |= found
            for name in parameters:
                means[name] += (1 - DECAY) * (slopes[name] - means[name])
                squares[name] += (1 - SQUARE_DECAY) * (slopes[name] ** 2 - squares[name])
                size = np.sqrt(squares[name] / (1 - SQUARE_DECAY**count)) + TINY
                net[name] = net[name] - np.float32(STEP_SIZE / (1 - DECAY**count)) * means[name] / size
        course.append(_losses(net, splits.train, splits.validation))
    return Baseline(net, np.array(course))


def initial(random: np.random.Generator) -> Net:
    """Weights as torch draws them for linear layers: uniform up to 1 / sqrt(inputs); float32."""
    net: Net = {}
    for name, inputs in (("hidden.weight", digits.PIXELS), ("output.weight", UNITS), ("output.bias", UNITS)):
        net[name] = random.uniform(-(inputs**-0.5), inputs**-0.5, SHAPES[name]).astype(np.float32)
    ones, zeros = np.ones(UNITS, np.float32), np.zeros(UNITS, np.float32)
    return net | {"gain": ones, "shift": zeros, "running_mean": zeros, "running_variance": ones}


def logits(net: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """What a net answers in evaluation: (count, 784) to (count, 10)."""
    scale = net["gain"] / np.sqrt(net["running_variance"] + EPSILON)
    units = scale * (x @ net["hidden.weight"].T - net["running_mean"]) + net["shift"]
    return np.maximum(units, 0) @ net["output.weight"].T + net["output.bias"]


def loss(scores: np.ndarray, y: np.ndarray) -> float:
    """The mean cross-entropy of logits (count, 10) and labels (count,)."""
    return float(-np.log(_softmax(scores.astype(np.float64))[np.arange(len(y)), y] + 1e-300).mean())


def gradients(net: Mapping[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> tuple[Net, Net]:
    """One batch in training mode: the loss's gradients by name, and the new running statistics by name."""
    rows = len(x)
    sums = x @ net["hidden.weight"].T
    centred = sums - sums.mean(axis=0)
    spread = (centred**2).mean(axis=0)
    root = np.sqrt(spread + EPSILON)
    normal = centred / root
    units = net["gain"] * normal + net["shift"]
    active = np.maximum(units, 0)
    errors = _softmax(active @ net["output.weight"].T + net["output.bias"])
    errors[np.arange(rows), y] -= 1
    errors /= rows
    backwards = (errors @ net["output.weight"]) * (units > 0)
    inner = net["gain"] * backwards
    inner = (inner - inner.mean(axis=0) - normal * (inner * normal).mean(axis=0)) / root
    slopes = {
        "hidden.weight": inner.T @ x,
        "gain": (backwards * normal).sum(axis=0),
        "shift": backwards.sum(axis=0),
        "output.weight": errors.T @ active,
        "output.bias": errors.sum(axis=0),
    }
    old_mean, old_spread = net["running_mean"], net["running_variance"]
    return slopes, {
        "running_mean": old_mean + MOMENTUM * (sums.mean(axis=0) - old_mean),
        "running_variance": old_spread + MOMENTUM * (spread * rows / (rows - 1) - old_spread),
    }


def _losses(net: Net, *splits: Split) -> list[float]:
    return [loss(logits(net, split.x), split.y) for split in splits]


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
