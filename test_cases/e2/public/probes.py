"""What the grader runs in the student's process: single functions, whole networks, deep networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NoReturn

import torch
from torch import Tensor

from test_cases.e2.public.picture import ACTIVATIONS

Network = list[tuple[Tensor, Tensor]]
MOMENTUM = 0.9
ENGINE = "_engine_run_backward"  # of torch.autograd: both `backward` and `grad` call this function


@contextmanager
def without_autograd() -> Iterator[None]:
    """Torch computes no gradients in the block: it records nothing, and what goes backward through a graph refuses.

    The names that the question forbids can be reached by detours, as `getattr(torch, "enable_grad")`.
    """

    def refuse(*args: Any, **keywords: Any) -> NoReturn:
        raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")  # as torch says it

    engine = getattr(torch.autograd, ENGINE, None)  # another version of torch may have none
    if engine is not None:
        setattr(torch.autograd, ENGINE, refuse)
    try:
        with torch.inference_mode():
            yield
    finally:
        if engine is not None:
            setattr(torch.autograd, ENGINE, engine)


@without_autograd()
def called(function: Callable[..., Any], arguments: list[Any]) -> dict[str, Any]:
    """What a function gives, and the positions of arguments that it changed in place.

    Torch's own `backward` does not work here, see `without_autograd`.
    """
    before = [argument.clone() if isinstance(argument, Tensor) else argument for argument in arguments]
    result = function(*arguments)
    changed = [
        position
        for position, (now, old) in enumerate(zip(arguments, before, strict=True))
        if isinstance(old, Tensor) and not torch.equal(now, old)
    ]
    return {"result": result, "changed": changed}


@without_autograd()
def backpropagated(
    network_forward: Callable[..., Any],
    network_backward: Callable[..., Any],
    x: Tensor,
    upstream: Tensor,
    weights: list[Tensor],
    biases: list[Tensor],
    activation: str,
) -> dict[str, Any]:
    """Both halves of a network, one after the other.

    Returns:
        `outputs` and `gradients`, or `odd`: what `network_forward` returned, where that was not two things.
    """
    network = list(zip(weights, biases, strict=True))
    found = network_forward(x, network, activation)
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        return {"odd": found}
    outputs, kept = found
    return {"outputs": outputs, "gradients": network_backward(upstream, kept, network, activation)}


@without_autograd()
def one_step(
    linear: Callable[..., Any],
    linear_backward: Callable[..., Any],
    sigmoid: Callable[..., Any],
    sigmoid_backward: Callable[..., Any],
    loss: Callable[..., Any],
    loss_backward: Callable[..., Any],
    x: Tensor,
    target: Tensor,
    weights: list[Tensor],
    biases: list[Tensor],
    rate: float,
) -> dict[str, Any]:
    """A step of gradient descent with two layers, each with a sigmoid behind it.

    Returns:
        `before` and `after`: output and loss, each of shape (2,).
    """
    told = {}
    for moment in ("before", "after"):
        hidden_sum = linear(x, weights[0], biases[0])
        hidden = sigmoid(hidden_sum)
        output_sum = linear(hidden, weights[1], biases[1])
        output = sigmoid(output_sum)
        told[moment] = torch.stack([output.reshape(()), loss(output, target).reshape(())])
        above = sigmoid_backward(loss_backward(output, target), output_sum)
        above, *output_gradients = linear_backward(above, hidden, weights[1])
        _, *hidden_gradients = linear_backward(sigmoid_backward(above, hidden_sum), x, weights[0])
        gradients = [hidden_gradients, output_gradients]
        weights = [weight - rate * by_weight for weight, (by_weight, _) in zip(weights, gradients, strict=True)]
        biases = [bias - rate * by_bias for bias, (_, by_bias) in zip(biases, gradients, strict=True)]
    return told


@without_autograd()
def deep(
    network_forward: Callable[..., Any],
    network_backward: Callable[..., Any],
    x: Tensor,
    targets: Tensor,
    weights: list[list[Tensor]],
    steps: int,
    rate: float,
    watch: Callable[..., AbstractContextManager[Callable[..., None]]] | None = None,
) -> dict[str, Tensor]:
    """Train one deep network for each of `ACTIVATIONS` with the student's two halves: all points, momentum.

    Args:
        network_forward, network_backward: the student's.
        x, targets: (count, 1).
        weights: of each network, the first weights of each layer; biases begin at 0.
        steps, rate: of training.
        watch: is told of each step: the number of the network, its loss, the size of the gradients, its answers.
    Returns:
        `sizes`: of the gradients with respect to the weights, layer by layer, before training, (networks, layers).
        `last_sizes`: the same in the last step. `losses`: (networks, steps). `outputs`: (networks, count).
    """
    sizes, last_sizes, losses, outputs = [], [], [], []
    with watch(torch.nn.Module(), x, targets, steps) if watch else nullcontext(_ignore) as note:
        for number, activation in enumerate(ACTIVATIONS):
            network = [(weight.clone(), weight.new_zeros(weight.shape[1])) for weight in weights[number]]
            velocity = [(torch.zeros_like(weight), torch.zeros_like(bias)) for weight, bias in network]
            course = []
            for step in range(steps):
                found, kept = network_forward(x, network, activation)
                error = found - targets
                gradients = network_backward(2 * error / error.numel(), kept, network, activation)
                size = torch.stack([by_weight.square().mean().sqrt() for by_weight, _ in gradients])
                course.append(error.square().mean())
                note(number, course[-1], size, found)
                if step == 0:
                    sizes.append(size)
                for layer, moving, gradient in zip(network, velocity, gradients, strict=True):
                    for tensor, moved, one in zip(layer, moving, gradient, strict=True):
                        tensor.sub_(rate * moved.mul_(MOMENTUM).add_(one))
            last_sizes.append(size)
            losses.append(torch.stack(course))
            outputs.append(found.reshape(-1))
    told = {"sizes": sizes, "last_sizes": last_sizes, "losses": losses, "outputs": outputs}
    return {name: torch.stack(tensors) for name, tensors in told.items()}


def _ignore(*told: Any) -> None:
    """Nobody is looking."""
