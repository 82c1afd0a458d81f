"""What the grader runs in the student's process: unrolling with a cell of its own, clipping, gradients over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from test_cases.e5.public import flow

Cell = Callable[..., Any]


def step(cell: Cell, x: Tensor, parts: list[Tensor], weights: list[Tensor]) -> dict[str, Any]:
    """One step of a cell.

    Args:
        cell: the student's.
        x: (batch, inputs).
        parts: of the state: one tensor, or two of the LSTM, (batch, units) each.
        weights: the four tensors of the cell.
    Returns:
        `state`: what the cell gave. `changed`: whether an argument was changed in place. `reached`: for each argument,
        whether a gradient flows back to it.
    """
    before = [x, *parts, *weights]
    leaves = [tensor.clone().requires_grad_() for tensor in before]
    given = [leaf * 1 for leaf in leaves]
    state = cell(given[0], _state(given[1:-4]), *given[-4:])
    changed = not all(torch.equal(one, other) for one, other in zip(given, before, strict=True))
    return {"state": state, "changed": changed, "reached": _reached(state, leaves)}


def leaky(x: Tensor, state: Any, input_weight: Tensor, hidden_weight: Tensor, *biases: Tensor) -> Any:
    """A cell of this file, so that `unroll` and `bidirectional` are looked at alone.

    Its state is a tensor, or a tuple of two: what the second part holds is added to the first.
    """
    hidden, carried = state if isinstance(state, tuple) else (state, None)
    hidden = x @ input_weight.T + torch.tanh(hidden @ hidden_weight.T + sum(biases))
    if carried is None:
        return hidden
    carried = 0.5 * carried + x @ input_weight.T
    return hidden + carried, carried


def unrolled(unroll: Callable[..., Any], inputs: Tensor, parts: list[Tensor], weights: list[Tensor]) -> dict[str, Any]:
    """What the student's `unroll` gives with the cell of this file.

    Returns:
        `answer`: what came. `reached`: for the inputs of each step, whether a gradient of the last output flows back
        to them; empty if the first thing that came is no tensor.
    """
    leaf = inputs.clone().requires_grad_()
    answer = unroll(leaky, leaf * 1, _state(parts), tuple(weights))
    outputs = answer[0] if isinstance(answer, (tuple, list)) and answer else None
    reached: list[bool] = []
    if isinstance(outputs, Tensor) and outputs.ndim == leaf.ndim:
        gradient = None
        if outputs.requires_grad:
            (gradient,) = torch.autograd.grad(outputs[:, -1].sum(), leaf, allow_unused=True)
        reached = [gradient is not None and bool(gradient[:, step].any()) for step in range(leaf.shape[1])]
    return {"answer": answer, "reached": reached}


def both_directions(
    bidirectional: Callable[..., Any],
    inputs: Tensor,
    parts: list[list[Tensor]],
    weights: list[list[Tensor]],
) -> Any:
    """What the student's `bidirectional` gives with the cell of this file; `parts` and `weights` for each direction."""
    return bidirectional(leaky, inputs, (_state(parts[0]), _state(parts[1])), (tuple(weights[0]), tuple(weights[1])))


def clipped(
    clip: Callable[..., Any], gradients: list[Tensor], largest_norm: float, is_list: bool = False
) -> dict[str, Any]:
    """What `clip_gradients` makes of gradients, and what it returns. One parameter in between has no gradient.

    The parameters come as from `model.parameters()`, which can be gone through once, or in a list.
    """
    parameters = [torch.nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    unused = torch.nn.Parameter(torch.zeros(2, dtype=gradients[0].dtype))
    given = [*parameters[:1], unused, *parameters[1:]]
    norm = clip(given if is_list else (parameter for parameter in given), largest_norm)
    moved = any(bool(parameter.detach().any()) for parameter in parameters)
    return {"norm": norm, "gradients": [parameter.grad for parameter in parameters], "moved": moved}


def gradient_flow(model: Any, x: Tensor, y: Tensor) -> Tensor:
    """How the gradient of the loss reaches back over time in the student's cells; see `flow.gradient_sizes`."""
    return flow.gradient_sizes(model, x, y)


def _state(parts: list[Tensor]) -> Any:
    return parts[0] if len(parts) == 1 else tuple(parts)


def _reached(state: Any, leaves: list[Tensor]) -> list[bool]:
    """Whether a gradient of the sum of a state flows back to each leaf."""
    parts = [part for part in (state if isinstance(state, (tuple, list)) else [state]) if isinstance(part, Tensor)]
    carrying = [part.sum() for part in parts if part.requires_grad]
    if not carrying:
        return [False] * len(leaves)
    found = torch.autograd.grad(carrying, leaves, allow_unused=True)
    return [gradient is not None for gradient in found]
