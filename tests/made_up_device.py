"""A device of our own making: tensors on it refuse to meet tensors in main memory, as those of a GPU do.

`with MadeUpDevice():` makes `.to("cuda")` put tensors there. They hold ordinary tensors inside, and every operation of
torch reaches them through `__torch_dispatch__`. What this shows: that no comparison, validation or input of ours mixes
devices, where a model has new Parameter objects after it has moved. What it does not show: anything about kernels,
speed, memory or random numbers of a real GPU; `python -m staff.evidence.cuda` does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

DEVICE = torch.device("meta")  # a type that torch knows and that is not "cpu"; nothing is ever computed on it
CONVERSIONS = ("_to_copy", "to")
COPIES = (*CONVERSIONS, "copy_")  # the operations that may read from one device and write to another


class Far(torch.Tensor):
    """A tensor on the made-up device."""

    near: torch.Tensor

    @staticmethod
    def __new__(cls, near: torch.Tensor) -> Far:
        made = torch.Tensor._make_wrapper_subclass(
            cls, near.size(), strides=near.stride(), dtype=near.dtype, device=DEVICE, requires_grad=False
        )
        made.near = near
        return made

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"Far({self.near!r})"

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:  # type: ignore[override]
        name = function.overloadpacket.__name__
        keywords = dict(keywords or {})
        tensors = [item for item in pytree.tree_leaves((arguments, keywords)) if isinstance(item, torch.Tensor)]
        if name not in COPIES and any(not isinstance(tensor, Far) and tensor.ndim > 0 for tensor in tensors):
            raise RuntimeError(f"Expected all tensors to be on the same device, but found two: {name}")
        devices = [item for item in pytree.tree_leaves((arguments, keywords)) if isinstance(item, torch.device)]
        leaves = name in CONVERSIONS and any(device.type == "cpu" for device in devices)
        arguments, keywords = pytree.tree_map_only(torch.device, lambda _: torch.device("cpu"), (arguments, keywords))
        held = {id(tensor.near): tensor for tensor in tensors if isinstance(tensor, Far)}
        near_arguments, near_keywords = pytree.tree_map_only(Far, lambda far: far.near, (arguments, keywords))
        found = function(*near_arguments, **near_keywords)
        if leaves or (name == "copy_" and not isinstance(arguments[0], Far)):
            return found
        return pytree.tree_map_only(torch.Tensor, lambda near: held[id(near)] if id(near) in held else Far(near), found)


class MadeUpDevice(TorchFunctionMode):
    """While this is entered, `.to("cuda")` and `.to` the device of a tensor on it move tensors to the made-up device."""

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        keywords = keywords or {}
        if function is torch.Tensor.to and isinstance(arguments[0], torch.Tensor):
            wanted = keywords.get("device", arguments[1] if len(arguments) > 1 else None)
            if isinstance(wanted, str):
                wanted = DEVICE if wanted == "cuda" else torch.device(wanted)
            if isinstance(wanted, torch.device) and wanted.type in ("cuda", DEVICE.type):
                return arguments[0] if isinstance(arguments[0], Far) else _Moved.apply(arguments[0])
        return function(*arguments, **keywords)


class _Moved(torch.autograd.Function):
    """Moves a tensor there, and its gradient back."""

    @staticmethod
    def forward(context: Any, near: torch.Tensor) -> torch.Tensor:
        return Far(near.detach().clone())

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient.near if isinstance(gradient, Far) else gradient
