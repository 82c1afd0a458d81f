"""What the grader runs in the student's process: scores, attention, a block in float64, masking, the masked loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def unchanged(function: Callable[..., Any], arguments: list[Any]) -> dict[str, Any]:
    """Call a function of the student's.

    Returns:
        `result`: what it gave; a tuple comes as a list. `changed`: whether a tensor was changed in place.
    """
    before = [each.clone() if isinstance(each, Tensor) else each for each in arguments]
    result = function(*arguments)
    pairs = [(one, other) for one, other in zip(arguments, before, strict=True) if isinstance(one, Tensor)]
    changed = not all(torch.equal(one, other) for one, other in pairs)
    return {"result": list(result) if isinstance(result, tuple) else result, "changed": changed}


def block(
    block_class: Callable[..., Any],
    x: Tensor,
    is_padding: Tensor | None,
    heads: int,
    names: list[str],
    values: list[Tensor],
    order: Tensor,
) -> dict[str, Any]:
    """What an encoder block gives in float64.

    Args:
        block_class: the student's.
        x: (batch, time, width).
        is_padding: bool (batch, time), or None.
        heads: of the attention.
        names, values: of the block's parameters.
        order: int64 (time,), another order of the positions.
    Returns:
        `fits`: whether the block has these parameters. `output`: (batch, time, width). `permuted`: what the block gives
        for the positions in the other order.
    """
    model, wanted = block_class(x.shape[2], heads).double(), dict(zip(names, values, strict=True))
    found = dict(model.named_parameters())
    if {name: each.shape for name, each in found.items()} != {name: each.shape for name, each in wanted.items()}:
        return {"fits": False, "output": None, "permuted": None}
    model.load_state_dict(wanted)
    moved = None if is_padding is None else is_padding[:, order]
    return {"fits": True, "output": model(x, is_padding), "permuted": model(x[:, order], moved)}


def loss_of_masked(
    masked_loss: Callable[..., Any], states: Tensor, ids: Tensor, is_chosen: Tensor, table: Tensor
) -> dict[str, Any]:
    """What `masked_loss` gives where `predict` is a product with a table, and the loss's gradient for the states.

    Args:
        masked_loss: the student's.
        states: (batch, time, width).
        ids: int64 (batch, time).
        is_chosen: bool (batch, time).
        table: (words, width).
    Returns:
        `loss`: what came. `gradient`: (batch, time, width), or None if there is none.
    """
    states = states.clone().requires_grad_()
    loss = masked_loss(states, ids, is_chosen, lambda chosen: chosen @ table.T)
    gradient = None
    if isinstance(loss, Tensor) and loss.requires_grad and loss.numel() == 1:
        (gradient,) = torch.autograd.grad(loss.sum(), states, allow_unused=True)
    return {"loss": loss, "gradient": gradient}
