"""What the grader runs in the student's process: blocks, saliency of a model of its own, training from nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

STEPS_FROM_NOTHING, RATE_FROM_NOTHING = 50, 2e-3


def unchanged(function: Callable[..., Any], arguments: list[Any]) -> dict[str, Any]:
    """Call a function of the student's.

    Returns:
        `result`: what it gave. `changed`: whether it changed a tensor among its arguments in place.
    """
    before = [each.clone() if isinstance(each, Tensor) else each for each in arguments]
    result = function(*arguments)
    pairs = [(one, other) for one, other in zip(arguments, before, strict=True) if isinstance(one, Tensor)]
    return {"result": result, "changed": not all(torch.equal(one, other) for one, other in pairs)}


def block(function: Callable[..., Any], x: Tensor, layers: list[list[Tensor]], stride: int) -> Any:
    """What `residual_block` gives.

    Args:
        function: the student's.
        x: (batch, in, height, width).
        layers: weight and bias of the two convolutions, and of the shortcut if there is one.
        stride: of the first convolution and of the shortcut.
    """
    first, second, *others = [(weight, bias) for weight, bias in layers]
    return function(x, first, second, others[0] if others else None, stride)


class Curved(torch.nn.Module):
    """Scores V tanh(U pixels) of images (batch, channels, side, side); U is `inner`, V is `outer`."""

    def __init__(self, inner: Tensor, outer: Tensor) -> None:
        super().__init__()
        self.inner, self.outer = torch.nn.Parameter(inner), torch.nn.Parameter(outer)

    def forward(self, images: Tensor) -> Tensor:
        """Scores, (batch, classes)."""
        return torch.tanh(images.flatten(1) @ self.inner.T) @ self.outer.T


def salient(
    saliency: Callable[..., Any], images: Tensor, labels: Tensor, inner: Tensor, outer: Tensor
) -> dict[str, Any]:
    """What `saliency` gives for a model of this file.

    Returns:
        `result`: what it gave. `changed`: whether images or weights were changed. `left`: whether a gradient was left.
    """
    model, before = Curved(inner, outer), images.clone()
    result = saliency(model, images, labels)
    weights = list(model.parameters())
    changed = not (torch.equal(images, before) and torch.equal(weights[0], inner) and torch.equal(weights[1], outer))
    left = any(each.grad is not None for each in [images, *weights])
    return {"result": result, "changed": changed, "left": left}


def salient_digits(saliency: Callable[..., Any], model: Any, x: Tensor, y: Tensor) -> Any:
    """What `saliency` gives for the student's LeNet, in evaluation mode, to be looked at."""
    model.eval()
    return saliency(model, x, y)


def from_nothing(model: Any, x: Tensor, y: Tensor) -> float:
    """Train a fresh LeNet in place on a few images, the whole batch in each step; gives the last loss.

    Args:
        model: of the student's class.
        x: (batch, 1, 28, 28).
        y: int64 (batch,).
    """
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE_FROM_NOTHING)
    loss = torch.zeros(())
    for _ in range(STEPS_FROM_NOTHING):
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    return float(loss.detach())
