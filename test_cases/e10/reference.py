"""The right losses, gradients and steps in numpy, and the points that a trained generator makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Weights = Sequence[np.ndarray]  # inner, outer and rows of `probes.Network`


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)) without overflow."""
    return np.logaddexp(0.0, x)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) without overflow."""
    return np.exp(-softplus(-x))


def discriminator_loss(real: np.ndarray, fake: np.ndarray) -> float:
    """The sum of two means over logits of any shape."""
    return float(softplus(-real).mean() + softplus(fake).mean())


def generator_loss(fake: np.ndarray) -> float:
    """The non-saturating loss of logits of any shape."""
    return float(softplus(-fake).mean())


def discriminator_slopes(real: np.ndarray, fake: np.ndarray) -> list[np.ndarray]:
    """The gradients of `discriminator_loss` by both arguments."""
    return [-sigmoid(-real) / real.size, sigmoid(fake) / fake.size]


def generator_slopes(fake: np.ndarray) -> list[np.ndarray]:
    """The gradient of `generator_loss`, in a list."""
    return [-sigmoid(-fake) / fake.size]


@dataclass(frozen=True)
class Pass:
    """One call of a `probes.Network`: input, hidden layer, output (batch, outputs), and the class of each row."""

    x: np.ndarray
    hidden: np.ndarray
    output: np.ndarray
    classes: np.ndarray


def forward(weights: Weights, x: np.ndarray, labels: np.ndarray | None) -> Pass:
    """Call a network. Without labels, all rows have the class 0."""
    inner, outer, rows = weights
    classes = np.zeros(len(x), np.int64) if labels is None else labels
    hidden = np.tanh(x @ inner + rows[classes])
    return Pass(x, hidden, hidden @ outer, classes)


def backward(weights: Weights, made: Pass, slopes: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Send slopes by the output (batch, outputs) back.

    Returns:
        the gradients of the weights, and of the input.
    """
    inner, outer, rows = weights
    by_sums = (slopes @ outer.T) * (1 - made.hidden**2)  # (batch, hidden)
    by_rows = np.zeros_like(rows)
    np.add.at(by_rows, made.classes, by_sums)
    return [made.x.T @ by_sums, made.hidden.T @ slopes, by_rows], by_sums @ inner.T


@dataclass(frozen=True)
class Turn:
    """One turn of a network: its gradients and its loss."""

    gradients: list[np.ndarray]
    loss: float


def discriminator_turn(
    generator: Weights, discriminator: Weights, real: np.ndarray, noise: np.ndarray, labels: np.ndarray | None
) -> Turn:
    """What `discriminator_step` computes before its step."""
    fake = forward(generator, noise, labels).output
    of_real, of_fake = (forward(discriminator, x, labels) for x in (real, fake))
    logits = of_real.output, of_fake.output
    slopes = discriminator_slopes(*logits)
    parts = [backward(discriminator, made, slope)[0] for made, slope in zip((of_real, of_fake), slopes, strict=True)]
    return Turn([one + other for one, other in zip(*parts, strict=True)], discriminator_loss(*logits))


def generator_turn(
    generator: Weights, discriminator: Weights, real: np.ndarray, noise: np.ndarray, labels: np.ndarray | None
) -> Turn:
    """What `generator_step` computes before its step; it has no use for real samples."""
    made = forward(generator, noise, labels)
    judged = forward(discriminator, made.output, labels)
    _, by_samples = backward(discriminator, judged, generator_slopes(judged.output)[0])
    return Turn(backward(generator, made, by_samples)[0], generator_loss(judged.output))


def with_class(x: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Rows of x, each followed by its class as a one-hot row."""
    return np.concatenate([x, np.eye(classes)[labels]], axis=1)


def ring_points(parameters: Mapping[str, np.ndarray], noise: np.ndarray) -> np.ndarray:
    """What the generator of `RingAdversaries` makes of noise, float64 (count, 2), by its weights."""
    found = noise.astype(np.float64)
    for layer in RING_LAYERS:
        found = found @ parameters[f"{layer}.weight"].astype(np.float64).T + parameters[f"{layer}.bias"]
        found = found if layer == RING_LAYERS[-1] else np.maximum(found, 0)
    return found


RING_LAYERS = ("generator.0", "generator.2", "generator.4")
RING_SHAPES = {
    "generator.0.weight": (64, 2), "generator.0.bias": (64,), "generator.2.weight": (64, 64), "generator.2.bias": (64,),
    "generator.4.weight": (2, 64), "generator.4.bias": (2,),
}  # fmt: skip
