"""Elective 2: backpropagation, written out. Fill in every part with NotImplementedError.

torch computes all of these gradients by itself. That is not allowed here: no `backward`, no `torch.autograd`, no
`torch.func`. Layers, losses, sigmoid and softmax are not allowed either. `torch.exp`, `torch.log`, `torch.tanh`,
`torch.where` and all of `torch.optim` are.

Not allowed here: `torch.autograd*`, `torch.func`, `torch.enable_grad`, `torch.set_grad_enabled`,
`torch.inference_mode`, `torch._C*`, `torch.nn`, `torch.sigmoid`, `torch.softmax`, `torch.log_softmax`,
`torch.logsumexp`, `torch.special.*`, `torch.ops.*`. In these names, `*` stands for any text. Also not allowed, as
methods of a tensor: `log_softmax`, `logsumexp`, `sigmoid`, `softmax`. Everything else of torch is allowed.

A function comes in two halves. The forward half computes its value. The backward half applies the chain rule:

    gradient of the loss with respect to the input
        =  gradient of the loss with respect to the output  *  derivative of the function

- upstream: the gradient of the loss with respect to the function's output. It has the shape of the output.
- x: what the function was given in the forward half.

A backward half returns the gradient of the loss with respect to each of the function's inputs. Each gradient has the
shape of its input. A loss ends the chain: its backward half has no upstream.

All tensors of a call have one dtype, float32 or float64. No function changes its arguments in place.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

Network = list[tuple[Tensor, Tensor]]  # weight and bias of each layer


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return y = x W + b for each row of a batch.

    x: (batch, inputs). weight: W, (inputs, outputs). bias: b, (outputs,). Returns (batch, outputs).
    """
    # BEGIN SOLUTION
    return x @ weight + bias
    # END SOLUTION


def linear_backward(upstream: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the loss with respect to x, W and b, in this order.

    With G for `upstream`, (batch, outputs), and T for the transpose:

        by x    G W^T                            (batch, inputs)
        by W    x^T G                            (inputs, outputs)
        by b    the sum of G over the batch      (outputs,)
    """
    # BEGIN SOLUTION
    return upstream @ weight.T, x.T @ upstream, upstream.sum(dim=0)
    # END SOLUTION


def sigmoid(x: Tensor) -> Tensor:
    """Return s(x) = 1 / (1 + e^(-x)) for each entry of x, a tensor of any shape."""
    # BEGIN SOLUTION
    return 1 / (1 + torch.exp(-x))
    # END SOLUTION


def sigmoid_backward(upstream: Tensor, x: Tensor) -> Tensor:
    """Return the gradient with respect to x. The derivative is s'(x) = s(x) (1 - s(x)). It is at most 1/4."""
    # BEGIN SOLUTION
    value = sigmoid(x)
    return upstream * value * (1 - value)
    # END SOLUTION


def tanh(x: Tensor) -> Tensor:
    """Return tanh(x) = (e^x - e^(-x)) / (e^x + e^(-x)) for each entry of x.

    Entries may be large: e^1000 is infinite in float64. `torch.tanh` is allowed.
    """
    # BEGIN SOLUTION
    return torch.tanh(x)
    # END SOLUTION


def tanh_backward(upstream: Tensor, x: Tensor) -> Tensor:
    """Return the gradient with respect to x. The derivative is tanh'(x) = 1 - tanh(x)²."""
    # BEGIN SOLUTION
    return upstream * (1 - torch.tanh(x) ** 2)
    # END SOLUTION


def relu(x: Tensor) -> Tensor:
    """Return max(x, 0) for each entry of x."""
    # BEGIN SOLUTION
    return x.clamp(min=0)
    # END SOLUTION


def relu_backward(upstream: Tensor, x: Tensor) -> Tensor:
    """Return the gradient with respect to x. The derivative is 1 where x > 0 and 0 elsewhere, also at x = 0."""
    # BEGIN SOLUTION
    return upstream * (x > 0)
    # END SOLUTION


def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    """Return x where x > 0 and slope * x elsewhere (Maas and others, 2013). slope: a number from 0 to 1."""
    # BEGIN SOLUTION
    return torch.where(x > 0, x, slope * x)
    # END SOLUTION


def leaky_relu_backward(upstream: Tensor, x: Tensor, slope: float = 0.01) -> Tensor:
    """Return the gradient with respect to x. The derivative is 1 where x > 0 and `slope` elsewhere, also at x = 0."""
    # BEGIN SOLUTION
    return torch.where(x > 0, upstream, slope * upstream)
    # END SOLUTION


def mean_squared_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of (prediction - target)² over all entries, a tensor of shape (). Both inputs have one shape."""
    # BEGIN SOLUTION
    return ((predictions - targets) ** 2).mean()
    # END SOLUTION


def mean_squared_error_backward(predictions: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient with respect to the predictions: 2 (prediction - target) / n, where n counts all entries."""
    # BEGIN SOLUTION
    return 2 * (predictions - targets) / predictions.numel()
    # END SOLUTION


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over all entries of -(t log p + (1 - t) log(1 - p)), where p = sigmoid(z).

    logits: z, any shape, any size of entries. targets: t, of the same shape, 0 or 1. Returns a tensor of shape ().
    For z = -1000, p is 0 in floating-point numbers, and log p is infinite. No constant is added to p. This form has the
    same value and stays finite:

        max(z, 0) - z t + log(1 + e^(-|z|))
    """
    # BEGIN SOLUTION
    return (logits.clamp(min=0) - logits * targets + torch.log1p(torch.exp(-logits.abs()))).mean()
    # END SOLUTION


def binary_cross_entropy_backward(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient with respect to the logits: (sigmoid(z) - t) / n, where n counts all entries."""
    # BEGIN SOLUTION
    return (sigmoid(logits) - targets) / logits.numel()
    # END SOLUTION


def softmax(logits: Tensor) -> Tensor:
    """Return probabilities: e^z divided by the sum of e^z over the classes of its row.

    logits: z, (batch, classes), any size of entries. Returns (batch, classes); each row sums to 1.
    e^1000 is infinite. If the same number is subtracted from all entries of a row, the probabilities do not change.
    No constant is added to the sum.
    """
    # BEGIN SOLUTION
    powers = torch.exp(logits - logits.amax(dim=1, keepdim=True))
    return powers / powers.sum(dim=1, keepdim=True)
    # END SOLUTION


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over the batch of -log p, where p is the softmax probability of a row's own class.

    logits: (batch, classes), any size of entries. targets: (batch, classes), one-hot: 1 at the row's class, else 0.
    Returns a tensor of shape (). A probability may be 0 in floating-point numbers, and its logarithm infinite. So do
    not take the logarithm of a probability, and add no constant to it. With z less the largest entry of its row:

        log p  =  z of the row's class  -  log(sum of e^z over the classes)
    """
    # BEGIN SOLUTION
    lowered = logits - logits.amax(dim=1, keepdim=True)
    logs = lowered - torch.log(torch.exp(lowered).sum(dim=1, keepdim=True))  # (batch, classes)
    return -(targets * logs).sum(dim=1).mean()
    # END SOLUTION


def cross_entropy_backward(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient with respect to the logits: (softmax(z) - targets) / batch."""
    # BEGIN SOLUTION
    return (softmax(logits) - targets) / len(logits)
    # END SOLUTION


# The activations by name: forward half and backward half. This is complete.
ACTIVATIONS = {
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (tanh, tanh_backward),
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
}


def initial_network(sizes: list[int], gain: float = 1.0) -> Network:
    """Return a network with random weights and biases of 0, in float64. This is complete.

    sizes: the inputs, the units of each hidden layer, the outputs: [2, 3, 1] has two layers.
    The weights of a layer are drawn from a normal distribution with the standard deviation gain / sqrt(inputs).
    """
    return [
        (gain * torch.randn(inputs, outputs, dtype=torch.float64) / inputs**0.5, torch.zeros(outputs).double())
        for inputs, outputs in pairwise(sizes)
    ]


def parameters_of(network: Network) -> list[Tensor]:
    """Return all weights and biases, for an optimizer of `torch.optim`. This is complete."""
    return [tensor for layer in network for tensor in layer]


def set_gradients(network: Network, gradients: Network) -> None:
    """Put gradients where `torch.optim` looks for them, in `.grad` of each weight and bias. This is complete."""
    for tensor, gradient in zip(parameters_of(network), parameters_of(gradients), strict=True):
        tensor.grad = gradient


def network_forward(x: Tensor, network: Network, activation: str) -> tuple[Tensor, Any]:
    """Send a batch through a network. Returns two things: the outputs, and what `network_backward` needs.

    Each layer is linear. The activation follows every layer but the last, so outputs may take any value.

    x: (batch, inputs). network: weight and bias of each layer, one layer or more. activation: a name in ACTIVATIONS.
    Returns the outputs, (batch, outputs), and a second thing of a form that you choose. The backward half of a layer
    needs what went into the layer; the backward half of an activation needs what went into the activation.
    """
    # BEGIN SOLUTION
    forward, _ = ACTIVATIONS[activation]
    entered, sums = [x], []  # what went into each layer, and into each activation
    for weight, bias in network[:-1]:
        sums.append(linear(entered[-1], weight, bias))
        entered.append(forward(sums[-1]))
    return linear(entered[-1], *network[-1]), (entered, sums)
    # END SOLUTION


def network_backward(upstream: Tensor, kept: Any, network: Network, activation: str) -> Network:
    """Backpropagate: go through the layers from the last to the first, and apply the chain rule at each.

    upstream: the gradient of the loss with respect to the network's outputs, (batch, outputs).
    kept: the second thing that `network_forward` returned. network, activation: the same as in `network_forward`.
    Returns a list with a tuple for each layer, in the order of the network: the gradient with respect to its
    weight and the gradient with respect to its bias.
    """
    # BEGIN SOLUTION
    _, backward = ACTIVATIONS[activation]
    entered, sums = kept
    gradients: Network = []
    for number in reversed(range(len(network))):
        upstream, by_weight, by_bias = linear_backward(upstream, entered[number], network[number][0])
        gradients.insert(0, (by_weight, by_bias))
        if number > 0:
            upstream = backward(upstream, sums[number - 1])
    return gradients
    # END SOLUTION


def train_xor(x: Tensor, targets: Tensor) -> tuple[str, Network]:
    """Train a network of two hidden units on XOR, and return the name of its activation and the network.

    x: float64 (4, 2), the corners of a square, which may be turned. targets: float64 (4, 1), 0 or 1; opposite corners
    have one target. No straight line parts the ones from the zeros (Minsky and Papert, 1969).
    Returns a name in ACTIVATIONS and a network of the sizes [2, 2, 1]: nine numbers. Its outputs are logits.
    XOR is learned if the network gives the right class of each corner a probability of at least 0.9.

    Gradient descent on all four corners at once takes some hundred steps:

        optimizer = torch.optim.SGD(parameters_of(network), lr=...)
        set_gradients(network, gradients)       # then in each step, with the gradients of that step
        optimizer.step()

    From some first weights, two units get stuck: one or two corners do not get their class however long training goes
    on. The loss shows this. What can be done then? Ten squares are learned, one after the other, and nine of them must
    be right.
    """
    # BEGIN SOLUTION
    best, least = initial_network([2, 2, 1]), float("inf")
    for _ in range(20):
        network = initial_network([2, 2, 1])
        optimizer = torch.optim.SGD(parameters_of(network), lr=1.0, momentum=0.5)
        for _ in range(500):
            logits, kept = network_forward(x, network, "tanh")
            upstream = binary_cross_entropy_backward(logits, targets)
            set_gradients(network, network_backward(upstream, kept, network, "tanh"))
            optimizer.step()
        loss = binary_cross_entropy(network_forward(x, network, "tanh")[0], targets).item()
        if loss < least:
            best, least = network, loss
        if least < 0.03:  # stuck networks stay above 0.3: begin with other weights
            break
    return "tanh", best
    # END SOLUTION


def train_sine(x: Tensor, targets: Tensor) -> tuple[str, Network]:
    """Train a network of two layers on a sine wave, and return the name of its activation and the network.

    x: float64 (200, 1), from 0 to 2 pi in even steps. targets: float64 (200, 1), sin(x + phase) with a phase that you
    are not told.
    Returns a name in ACTIVATIONS and a network of the sizes [1, hidden, 1], with at most 64 hidden units.
    The mean squared error at other x from 0 to 2 pi must be at most 0.001. Use all 200 points in every step.

    A unit bends at x = -bias / weight. With biases of 0, all units bend at x = 0. Where are bends wanted?
    """
    # BEGIN SOLUTION
    network = initial_network([1, 32, 1])
    weight, bias = network[0]
    bias -= weight[0] * 2 * torch.pi * torch.rand(32, dtype=x.dtype)  # the units bend anywhere from 0 to 2 pi
    optimizer = torch.optim.LBFGS(
        parameters_of(network), max_iter=1000, history_size=50, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        predictions, kept = network_forward(x, network, "tanh")
        upstream = mean_squared_error_backward(predictions, targets)
        set_gradients(network, network_backward(upstream, kept, network, "tanh"))
        return mean_squared_error(predictions, targets)

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return "tanh", network
    # END SOLUTION
