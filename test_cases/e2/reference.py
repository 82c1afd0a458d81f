"""What the functions of elective 2 should give, in numpy and float64. Tests compare it with torch's autograd."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Layers = Sequence[tuple[np.ndarray, np.ndarray]]  # matrix and shift of each layer


def linear(rows: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """A linear layer: (batch, inputs), (inputs, outputs), (outputs,) to (batch, outputs)."""
    return np.einsum("bi,io->bo", rows, matrix) + shift


def linear_backward(above: np.ndarray, rows: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, ...]:
    """Gradients with respect to rows, matrix and shift; `above` is the gradient with respect to the outputs."""
    return np.einsum("bo,io->bi", above, matrix), np.einsum("bi,bo->io", rows, above), above.sum(axis=0)


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-z), finite for any z."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1 + small)


def sigmoid_backward(above: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Gradient by z."""
    return above * sigmoid(z) * sigmoid(-z)


def tanh(z: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent."""
    return np.tanh(z)


def tanh_backward(above: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Gradient by z: 1 / cosh² of z, as 1 - tanh²."""
    return above * (1 - np.tanh(z)) * (1 + np.tanh(z))


def relu(z: np.ndarray) -> np.ndarray:
    """The positive part."""
    return np.maximum(z, 0.0)


def relu_backward(above: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Gradient by z, 0 at 0."""
    return np.where(z > 0, above, 0.0)


def leaky_relu(z: np.ndarray, slope: float = 0.01) -> np.ndarray:
    """The positive part, and a small share of the negative one."""
    return np.maximum(z, 0.0) + slope * np.minimum(z, 0.0)


def leaky_relu_backward(above: np.ndarray, z: np.ndarray, slope: float = 0.01) -> np.ndarray:
    """Gradient by z, `slope` at 0."""
    return above * np.where(z > 0, 1.0, slope)


def mean_squared_error(answers: np.ndarray, wanted: np.ndarray) -> float:
    """The mean over all entries."""
    return float(np.square(answers - wanted).mean())


def mean_squared_error_backward(answers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Gradient with respect to the answers."""
    return (answers - wanted) * (2.0 / answers.size)


def binary_cross_entropy(z: np.ndarray, wanted: np.ndarray) -> float:
    """The mean over all entries, finite for any z."""
    return float((np.logaddexp(0, z) - z * wanted).mean())


def binary_cross_entropy_backward(z: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Gradient by z."""
    return (sigmoid(z) - wanted) / z.size


def softmax(z: np.ndarray) -> np.ndarray:
    """Probabilities of each row."""
    return np.exp(_log_softmax(z))


def cross_entropy(z: np.ndarray, wanted: np.ndarray) -> float:
    """The mean over rows, finite for any z; `wanted` is one-hot."""
    return float(-np.einsum("bc,bc->b", wanted, _log_softmax(z)).mean())


def cross_entropy_backward(z: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Gradient by z."""
    return (softmax(z) - wanted) / z.shape[0]


def _log_softmax(z: np.ndarray) -> np.ndarray:
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


ACTIVATIONS: dict[str, tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]] = {
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (tanh, tanh_backward),
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
}


def network(rows: np.ndarray, layers: Layers, activation: str) -> np.ndarray:
    """The outputs of a network; no activation follows the last layer."""
    act = ACTIVATIONS[activation][0]
    for matrix, shift in layers[:-1]:
        rows = act(linear(rows, matrix, shift))
    return linear(rows, *layers[-1])


def network_backward(
    above: np.ndarray, rows: np.ndarray, layers: Layers, activation: str
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """The gradients with respect to the rows and to every layer: the first one's, and by recursion the later ones'."""
    act, back = ACTIVATIONS[activation]
    if len(layers) == 1:
        by_rows, by_matrix, by_shift = linear_backward(above, rows, layers[0][0])
        return by_rows, [(by_matrix, by_shift)]
    z = linear(rows, *layers[0])
    by_hidden, later = network_backward(above, act(z), layers[1:], activation)
    by_rows, by_matrix, by_shift = linear_backward(back(by_hidden, z), rows, layers[0][0])
    return by_rows, [(by_matrix, by_shift), *later]
