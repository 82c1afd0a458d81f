"""A device of our own making: tensors on it refuse to meet tensors in main memory, as those of a GPU do.

`with MadeUpDevice():` makes `.to("cuda")` put tensors there, and `torch.zeros(3, device=tensor.device)` make one there.
They hold ordinary tensors inside, and every operation of torch reaches them through `__torch_dispatch__`. What this
shows: that no training, comparison, validation or input of ours mixes devices, where a model has new Parameter objects
after it has moved. What it does not show: anything about kernels, speed, memory or random numbers of a real GPU;
`python -m staff.evidence.cuda` does.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import torch
import torch.optim.optimizer as optimizers
from torch.overrides import TorchFunctionMode
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode

DEVICE = torch.device("meta")  # a type that torch knows and that is not "cpu"; nothing is ever computed on it
CPU = torch.device("cpu")
CONVERSIONS = ("_to_copy", "to")
COPIES = (*CONVERSIONS, "copy_")  # the operations that may read from one device and write to another
# the positions of arguments that may lie in main memory, that must, and of results that do
NEAR_ALLOWED = {"index": 1, "index_put_": 1, "_index_put_impl_": 1}  # rows of a tensor by number
NEAR_NEEDED = {"_pack_padded_sequence": 1, "_pack_padded_sequence_backward": 2}  # lengths of sequences
NEAR_RESULTS = {"_pack_padded_sequence": 1}


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
        name, keywords = function.overloadpacket.__name__, keywords or {}
        _refuse_mixed_devices(name, arguments, keywords)
        held: dict[int, Far] = {}

        def near(item: Any) -> Any:
            if isinstance(item, Far):
                held[id(item.near)] = item
                return item.near
            return CPU if isinstance(item, torch.device) else item

        found = function(*_mapped(near, arguments), **{key: _mapped(near, value) for key, value in keywords.items()})
        if torch.Tag.inplace_view in function.tags:  # such as `transpose_`: the shape of the tensor itself changes
            with no_dispatch():
                function(*arguments, **keywords)
        if name in CONVERSIONS and keywords.get("device") == CPU:
            return found
        if name == "copy_" and not isinstance(arguments[0], Far):
            return arguments[0]

        def far(item: Any) -> Any:
            return held.get(id(item), Far(item)) if isinstance(item, torch.Tensor) else item

        if name in NEAR_RESULTS:
            return tuple(item if place == NEAR_RESULTS[name] else far(item) for place, item in enumerate(found))
        return _mapped(far, found)


class MadeUpDevice(TorchFunctionMode):
    """While this is entered, "cuda", or the device of a tensor on it, names the made-up device.

    `.to` moves tensors there. Functions that make tensors make them there.
    """

    def __enter__(self) -> MadeUpDevice:
        fused = [*optimizers._get_fused_kernels_supported_devices(), DEVICE.type]
        patches = (
            mock.patch.object(optimizers, "_get_fused_kernels_supported_devices", return_value=fused),
            mock.patch.object(
                torch, "inference_mode", torch.no_grad
            ),  # it would hand over a whole GRU as one operation
            _Operations(),
        )
        self._entered = ExitStack()
        for patch in patches:
            self._entered.enter_context(patch)
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._entered.close()

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        keywords = keywords or {}
        if "device" in keywords:
            keywords = {**keywords, "device": _renamed(keywords["device"])}
        if function is torch.Tensor.to:
            arguments = tuple(map(_renamed, arguments))
        # the next three read or write the memory of a tensor, past all operations
        if function is torch.tensor and keywords.get("device") == DEVICE:
            return function(*arguments, **keywords | {"device": CPU}).to(DEVICE)
        if function is torch.Tensor.new_tensor and isinstance(arguments[0], Far):
            return function(arguments[0].near, *arguments[1:], **keywords).to(DEVICE)
        if function is torch.Tensor.tolist and isinstance(arguments[0], Far):
            return arguments[0].near.tolist()
        return function(*arguments, **keywords)


class _Operations(TorchDispatchMode):
    """Lets operations that make tensors on the device, or copy tensors to the device, give tensors of this file."""

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        keywords = keywords or {}
        if Far in types:
            return Far.__torch_dispatch__(function, types, arguments, keywords)
        if keywords.get("device") == DEVICE:
            return Far(function(*arguments, **keywords | {"device": CPU}))
        return function(*arguments, **keywords)


def _refuse_mixed_devices(name: str, arguments: Any, keywords: Any) -> None:
    """Raise what CUDA raises where tensors of both devices meet; one number alone may come from main memory."""
    if name in COPIES:
        return
    needed = NEAR_NEEDED.get(name)
    if needed is not None and isinstance(arguments[needed], Far):
        raise RuntimeError(f"{name}: the lengths should be on the CPU, but lie on another device")

    def refuse(item: Any) -> None:
        if isinstance(item, torch.Tensor) and not isinstance(item, Far) and item.ndim > 0:
            raise RuntimeError(f"Expected all tensors to be on the same device, but found two: {name}")

    for place, argument in enumerate(arguments):
        if place not in (needed, NEAR_ALLOWED.get(name)):
            _mapped(refuse, argument)
    _mapped(refuse, list(keywords.values()))


def _mapped(change: Callable[[Any], Any], value: Any) -> Any:
    """What `change` makes of a value, or of each value of a list or tuple."""
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(change, item) for item in value)
    return change(value)


def _renamed(device: Any) -> Any:
    """The made-up device in place of a GPU; all else as it is."""
    is_gpu = isinstance(device, (str, torch.device)) and str(device).partition(":")[0] == "cuda"
    return DEVICE if is_gpu else device
