"""Elective 2 of a mediocre but honest solution: masks, loops, sigmoid units, three tries at XOR, Adam at one rate."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

Network = list[tuple[Tensor, Tensor]]


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """With matmul."""
    return torch.matmul(x, weight) + bias.unsqueeze(0)


def linear_backward(upstream: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The gradient with respect to b with a product."""
    dx = torch.matmul(upstream, weight.t())
    dw = torch.matmul(x.t(), upstream)
    db = torch.matmul(torch.ones(1, len(x), dtype=x.dtype), upstream).squeeze(0)
    return dx, dw, db


def sigmoid(x: Tensor) -> Tensor:
    """Through tanh."""
    return (torch.tanh(x / 2) + 1) / 2


def sigmoid_backward(upstream: Tensor, x: Tensor) -> Tensor:
    """As in the text."""
    s = sigmoid(x)
    return (s - s * s) * upstream


def tanh(x: Tensor) -> Tensor:
    """Through the sigmoid."""
    return 2 / (1 + torch.exp(-2 * x)) - 1


def tanh_backward(upstream: Tensor, x: Tensor) -> Tensor:
    """As in the text."""
    t = tanh(x)
    return upstream - upstream * t * t


def relu(x: Tensor) -> Tensor:
    """With a mask."""
    y = x.clone()
    y[y < 0] = 0
    return y


def relu_backward(upstream: Tensor, x: Tensor) -> Tensor:
    """With a mask."""
    g = upstream.clone()
    g[x <= 0] = 0
    return g


def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    """With a mask."""
    y = x.clone()
    y[x < 0] *= slope
    return y


def leaky_relu_backward(upstream: Tensor, x: Tensor, slope: float = 0.01) -> Tensor:
    """With a mask."""
    g = upstream.clone()
    g[x <= 0] *= slope
    return g


def mean_squared_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """The sum by the count."""
    difference = predictions - targets
    return (difference * difference).sum() / difference.numel()


def mean_squared_error_backward(predictions: Tensor, targets: Tensor) -> Tensor:
    """As in the text."""
    return (predictions - targets) * 2.0 / targets.numel()


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """As in the text."""
    zeros = torch.zeros_like(logits)
    return torch.mean(torch.maximum(logits, zeros) - logits * targets + torch.log(1 + torch.exp(-torch.abs(logits))))


def binary_cross_entropy_backward(logits: Tensor, targets: Tensor) -> Tensor:
    """As in the text."""
    return (sigmoid(logits) - targets) / targets.numel()


def softmax(logits: Tensor) -> Tensor:
    """Row by row."""
    rows = []
    for row in logits:
        powers = torch.exp(row - row.max())
        rows.append(powers / powers.sum())
    return torch.stack(rows)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Row by row."""
    total = torch.zeros((), dtype=logits.dtype)
    for row, target in zip(logits, targets, strict=True):
        z = row - row.max()
        total = total + torch.log(torch.exp(z).sum()) - z[target.argmax()]
    return total / len(logits)


def cross_entropy_backward(logits: Tensor, targets: Tensor) -> Tensor:
    """As in the text."""
    return (softmax(logits) - targets) / logits.shape[0]


ACTIVATIONS = {
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (tanh, tanh_backward),
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
}


def initial_network(sizes: list[int], gain: float = 1.0) -> Network:
    """As given."""
    return [
        (gain * torch.randn(inputs, outputs, dtype=torch.float64) / inputs**0.5, torch.zeros(outputs).double())
        for inputs, outputs in pairwise(sizes)
    ]


def parameters_of(network: Network) -> list[Tensor]:
    """As given."""
    return [tensor for layer in network for tensor in layer]


def set_gradients(network: Network, gradients: Network) -> None:
    """As given."""
    for tensor, gradient in zip(parameters_of(network), parameters_of(gradients), strict=True):
        tensor.grad = gradient


def network_forward(x: Tensor, network: Network, activation: str) -> tuple[Tensor, Any]:
    """A dictionary of everything."""
    kept = {0: x}
    h = x
    for i, (weight, bias) in enumerate(network):
        z = linear(h, weight, bias)
        h = z if i == len(network) - 1 else ACTIVATIONS[activation][0](z)
        kept[2 * i + 1] = z
        kept[2 * i + 2] = h
    return h, kept


def network_backward(upstream: Tensor, kept: Any, network: Network, activation: str) -> Network:
    """Backwards."""
    gradients = []
    g = upstream
    for i in range(len(network) - 1, -1, -1):
        if i != len(network) - 1:
            g = ACTIVATIONS[activation][1](g, kept[2 * i + 1])
        g, dw, db = linear_backward(g, kept[2 * i], network[i][0])
        gradients.append((dw, db))
    return gradients[::-1]


def train_xor(x: Tensor, targets: Tensor) -> tuple[str, Network]:
    """Plain gradient descent by hand, sigmoid units, at most three tries."""
    network = initial_network([2, 2, 1])
    for _ in range(3):
        network = initial_network([2, 2, 1])
        loss = torch.zeros(())
        for _ in range(1500):
            z, kept = network_forward(x, network, "sigmoid")
            loss = binary_cross_entropy(z, targets)
            gradients = network_backward(binary_cross_entropy_backward(z, targets), kept, network, "sigmoid")
            for (weight, bias), (dw, db) in zip(network, gradients, strict=True):
                weight -= 3.0 * dw
                bias -= 3.0 * db
        if loss < 0.1:
            break
    return "sigmoid", network


def train_sine(x: Tensor, targets: Tensor) -> tuple[str, Network]:
    """Adam, biases of 0, one rate."""
    network = initial_network([1, 20, 1])
    optimizer = torch.optim.Adam(parameters_of(network), lr=0.02)
    for _ in range(4000):
        y, kept = network_forward(x, network, "tanh")
        set_gradients(network, network_backward(mean_squared_error_backward(y, targets), kept, network, "tanh"))
        optimizer.step()
    return "tanh", network
