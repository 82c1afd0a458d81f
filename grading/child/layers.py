"""Watches one call of a model: what each of its layers receives, and which tensors the model has beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

MAX_CALLS = 64  # of layers in one call of a model; more are counted and not described
MAX_NUMBERS = 100_000  # of all inputs that are sent; later ones are described by their shape alone
MAX_HELD = 32  # tensors
SENT = (torch.float32, torch.float64, torch.int64, torch.int32, torch.bool)


def watched(model: Any, call: Callable[[], Any]) -> dict[str, Any]:
    """Call a model, and note what its layers receive.

    Args:
        model: of the student's.
        call: calls the model.
    Returns:
        `calls`: one dictionary for each call of a layer, in order: `name` in the model, `kind` of layer, whether it
        `has_weights`, `shape` of what the layer receives, and `inputs`, these numbers as an array, or None. A layer is
        a module without parts.
        `counts`: calls by the name of the layer; 0 for a layer that was not called. `held`: shapes of the tensors that
        the model has beside its layers, by name. `error`: the class of the exception that ended the call, or "".
    """
    if not isinstance(model, nn.Module):
        return {"calls": [], "counts": {}, "held": {}, "error": ""}
    layers = {name: module for name, module in model.named_modules() if name and not any(module.children())}
    counts = dict.fromkeys(layers, 0)
    calls: list[dict[str, Any]] = []
    left = MAX_NUMBERS

    def note(name: str, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        nonlocal left
        counts[name] += 1
        if len(calls) == MAX_CALLS or not inputs or not isinstance(inputs[0], Tensor):
            return
        received = inputs[0].detach()
        is_sent = received.numel() <= left and received.dtype in SENT and not received.is_sparse
        left -= received.numel() if is_sent else 0
        calls.append(
            {
                "name": name,
                "kind": type(module).__name__,
                "has_weights": any(True for _ in module.parameters()),
                "shape": list(received.shape),
                "inputs": received.cpu().clone().numpy() if is_sent else None,
            }
        )

    handles = [
        module.register_forward_pre_hook(lambda module, inputs, name=name: note(name, module, inputs))
        for name, module in layers.items()
    ]
    error = ""
    try:
        call()
    except Exception as raised:  # what came before it is wanted all the same
        error = type(raised).__name__
    finally:
        for handle in handles:
            handle.remove()
    return {"calls": calls, "counts": counts, "held": _held(model), "error": error}


def _held(model: nn.Module) -> dict[str, list[int]]:
    """The shapes of parameters, buffers and other tensors that are attributes of the model itself."""
    own = {
        **{name: value for name, value in vars(model).items() if isinstance(value, Tensor)},
        **dict(model.named_buffers(recurse=False)),
        **dict(model.named_parameters(recurse=False)),
    }
    return {name: list(value.shape) for name, value in list(own.items())[:MAX_HELD]}
