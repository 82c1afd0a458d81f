"""What the grader runs in the student's process: functions on copies, gradients, `generate` on its own model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def unchanged(function: Callable[..., Any], arguments: list[Any]) -> dict[str, Any]:
    """Call a function of the student's.

    Returns:
        `result`: what it gave. `changed`: whether it changed a tensor among its arguments in place.
    """
    before = [each.clone() if isinstance(each, Tensor) else each for each in arguments]
    result = function(*arguments)
    pairs = [(one, other) for one, other in zip(arguments, before, strict=True) if isinstance(one, Tensor)]
    return {"result": result, "changed": not all(torch.equal(one, other) for one, other in pairs)}


def twice(function: Callable[..., Any], arguments: list[Any]) -> dict[str, Any]:
    """Call a function that draws two times; `again` is the second result."""
    found = unchanged(function, arguments)
    return found | {"again": function(*arguments)}


def slopes(function: Callable[..., Any], arguments: list[Tensor], cotangent: Tensor) -> dict[str, Any]:
    """Gradients of a function, weighted by a cotangent of the result's shape.

    Returns:
        `result`: what the function gave. `gradients`: of each argument, or None; empty if the result has no graph.
    """
    given = [tensor.clone().requires_grad_() for tensor in arguments]
    result, gradients = function(*given), []
    if isinstance(result, Tensor) and result.requires_grad and result.shape == cotangent.shape:
        # given as the cotangent, it would have torch import 500 modules
        gradients = list(torch.autograd.grad((result * cotangent).sum(), given, allow_unused=True))
    return {"result": result, "gradients": gradients}


class Recorder(torch.nn.Module):
    """A model with a decoder of this file, logits = latent weight; it keeps what it is asked to decode."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.latent_size = len(weight)
        self.seen: list[Any] = []
        self.weight = torch.nn.Parameter(weight, requires_grad=False)

    def decode(self, latent: Any) -> Any:
        """Logits (batch, pixels) of a latent (batch, latent_size)."""
        self.seen.append(latent)
        return latent @ self.weight


def generated(generate: Callable[..., Any], weight: Tensor, count: int) -> dict[str, Any]:
    """What `generate` makes with a decoder of this file.

    Returns:
        `result`: images. `latents`: what was decoded, in one call or in several, (images, latent_size); at most one
        row more than `count`. None if nothing was decoded.
    """
    model = Recorder(weight)
    result = generate(model, count)
    rows = [latent.reshape(-1, model.latent_size) for latent in model.seen[: count + 1]]
    return {"result": result, "latents": torch.cat(rows)[: count + 1] if rows else None}
