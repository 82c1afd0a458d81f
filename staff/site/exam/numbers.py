"""The numbers of the practice exam, each computed from what its question gives.

The page of the exam names them: what it asks for, what it accepts, and what its workings show all come from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

TOLERANCE = 0.006  # answers that are asked for with two decimals may be rounded or cut


@dataclass(frozen=True)
class Answer:
    """One number that the exam asks for.

    Attributes:
        value: the right answer.
        tolerance: how far an accepted answer may be from it; 0 for counts.
        text: as workings show it.
    """

    value: float
    tolerance: float
    text: str

    def accepts(self, given: float) -> bool:
        """Whether an answer is right; the page's script decides alike."""
        return abs(given - self.value) <= self.tolerance + 1e-9


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x)."""
    return float(1 / (1 + np.exp(-x)))


def softmax(scores: np.ndarray) -> np.ndarray:
    """Along the last dimension."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def one_neuron() -> dict[str, float]:
    """Question 1: a sigmoid neuron with binary cross-entropy, one step of gradient descent."""
    x, weight, bias, label, rate = 2.0, 0.75, -1.0, 1.0, 0.4
    prediction = sigmoid(weight * x + bias)
    slope = (prediction - label) * x
    return {
        "neuron_prediction": prediction,
        "neuron_loss": -float(np.log(prediction)),
        "neuron_slope": slope,
        "neuron_weight": weight - rate * slope,
    }


def momentum() -> dict[str, float]:
    """Question 3: two steps of gradient descent with momentum."""
    weight, velocity, rate, keep = 1.0, 0.0, 0.1, 0.9
    found = {}
    for step, gradient in enumerate((4.0, 2.0), start=1):
        velocity = keep * velocity - rate * gradient
        weight += velocity
        found[f"momentum_velocity_{step}"] = velocity
    return found | {"momentum_weight": weight}


def conv_length(length: int, kernel: int, stride: int, padding: int) -> int:
    """How many positions a kernel has along one side of an image."""
    return (length - kernel + 2 * padding) // stride + 1


def conv_layer() -> dict[str, float]:
    """Question 5: 24 kernels of 5 x 5 on an image of 64 x 48 x 3, stride 2, padding 1."""
    kernels, size, channels = 24, 5, 3
    height, width = conv_length(64, size, 2, 1), conv_length(48, size, 2, 1)
    parameters = kernels * (size * size * channels + 1)
    return {
        "conv_height": height,
        "conv_width": width,
        "conv_parameters": parameters,
        "conv_multiplications": height * width * kernels * size * size * channels,
    }


def edge() -> dict[str, float]:
    """Question 6: a kernel that answers to vertical edges, slid over a small image."""
    image = np.array([[1, 1, 5, 5], [1, 1, 5, 5], [1, 1, 5, 5], [1, 3, 5, 5]])
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    response = (windows * kernel).sum(axis=(2, 3))
    return {"edge_first": int(response[0, 0]), "edge_last": int(response[1, 1]), "edge_third": int(response[1, 0])}


def stacked_kernels() -> dict[str, float]:
    """Question 7: three layers of 3 x 3 against one of 7 x 7, 64 channels each."""
    channels, field = 64, 1
    for _ in range(3):
        field += 2
    small, large = 3 * 3 * 3 * channels**2, 7 * 7 * channels**2
    return {"field": field, "small_weights": small, "large_weights": large, "saved_percent": 100 * (1 - small / large)}


def gaussian_kl() -> dict[str, float]:
    """Question 9: the divergence of two independent normal numbers from two standard normal ones, in nats."""
    means, deviations = np.array([1.0, -0.5]), np.array([0.5, 1.0])
    parts = (means**2 + deviations**2 - 1 - 2 * np.log(deviations)) / 2
    return {"kl_first": float(parts[0]), "kl_second": float(parts[1]), "kl": float(parts.sum())}


def word_vectors() -> dict[str, float]:
    """Question 11: pairs of a sentence of 8 words with a window of 2, and how alike two vectors are."""
    words, window = 8, 2
    pairs = sum(0 < abs(centre - context) <= window for centre in range(words) for context in range(words))
    a, b = np.array([1.0, 2.0, 2.0]), np.array([4.0, 0.0, 3.0])
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    return {"pairs": pairs, "cosine": float(cosine), "distance": float(np.linalg.norm(a - b))}


def cell_parameters() -> dict[str, float]:
    """Question 13: an LSTM and a GRU that read 40 numbers and keep 64; one bias for each gate and unit."""
    inputs, units = 40, 64
    gate = units * inputs + units * units + units
    return {"gate": gate, "lstm": 4 * gate, "gru": 3 * gate, "kept_percent": 100 * 0.98**100}


def adversaries() -> dict[str, float]:
    """Question 15: losses where the discriminator gives a real image 0.8 and a made one 0.3, in nats."""
    real, made = 0.8, 0.3
    return {
        "discriminator": -float(np.log(real) + np.log(1 - made)),
        "generator": -float(np.log(made)),
        "slope_minimax": made,  # of log(1 - D) with respect to D's logit, without its sign
        "slope_other": 1 - made,  # of -log D, without its sign
    }


def attention() -> dict[str, float]:
    """Question 17: scaled dot-product attention of two positions and two numbers."""
    queries, keys = np.array([[1.0, 1.0], [0.0, 2.0]]), np.array([[1.0, 0.0], [1.0, 2.0]])
    values = np.array([[10.0, 0.0], [0.0, 10.0]])
    scores = queries @ keys.T / np.sqrt(2)
    weights = softmax(scores)
    output = weights @ values
    causal = softmax(np.where(np.tril(np.ones((2, 2))) == 1, scores, -np.inf)) @ values
    return {
        "score_12": float(scores[0, 1]),
        "weight_12": float(weights[0, 1]),
        "output_12": float(output[0, 1]),
        "causal_12": float(causal[0, 1]),
    }


def graph() -> dict[str, float]:
    """Question 19: one normalised graph convolution on the path 1 - 2 - 3."""
    adjacency = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
    features, weight = np.array([1.0, 0.0, 2.0]), 2.0
    with_loops = adjacency + np.eye(3)
    scale = 1 / np.sqrt(with_loops.sum(axis=1))
    hidden = np.maximum(scale[:, None] * with_loops * scale @ features * weight, 0)
    return {f"node_{number}": float(value) for number, value in enumerate(hidden, start=1)}


COMPUTATIONS: tuple[Callable[[], Mapping[str, float]], ...] = (
    one_neuron, momentum, conv_layer, edge, stacked_kernels, gaussian_kl, word_vectors, cell_parameters, adversaries,
    attention, graph,
)  # fmt: skip


def _answer(value: float) -> Answer:
    if isinstance(value, int):
        return Answer(value, 0, f"{value:,}")
    return Answer(value, TOLERANCE, f"{value:.2f}".replace("-", "−"))


ANSWERS = {name: _answer(value) for compute in COMPUTATIONS for name, value in compute().items()}
