"""Where the arithmetic runs, and in which precision."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from training.errors import UserError
from training.workers import ONE, Workers

CALLS_UNTIL_RECORDED = 3  # of a compiled model: one compiles, one warms up, one records the graph


@dataclass(frozen=True)
class Device:
    """What computes.

    Attributes:
        torch_device: where tensors lie.
        bfloat16: whether matrix products are taken in bfloat16; weights and losses stay in float32.
        compiled: whether `torch.compile` is worth its start-up.
        workers: share batches on a CPU.
    """

    torch_device: torch.device
    bfloat16: bool
    compiled: bool
    workers: Workers = ONE

    def precision(self) -> AbstractContextManager[Any]:
        """A context under which matrix products run in the device's precision."""
        if not self.bfloat16:
            return nullcontext()
        return torch.autocast(self.torch_device.type, dtype=torch.bfloat16)

    def compile(self, model: Module, example: Tensor) -> Callable[[Tensor], Tensor]:
        """The same model, compiled where that pays and where this machine has what it takes. example: its input.

        It is compiled once: gradients and precision are those of training. Its kernels become a CUDA graph: without
        one, a small model's step is mostly the time that the processor takes to start them.
        """
        if not self.compiled:
            return model
        compiled = torch.compile(model, mode="reduce-overhead")
        try:
            for _ in range(CALLS_UNTIL_RECORDED):
                with torch.enable_grad(), self.precision():
                    compiled(example).sum().backward()  # a graph waits for the backward pass of the call before
                model.zero_grad(set_to_none=True)
        except (RuntimeError, ImportError, OSError):  # no compiler, no Triton, a GPU too old
            model.zero_grad(set_to_none=True)
            return model
        return compiled

    def __str__(self) -> str:
        details = "bfloat16" if self.bfloat16 else "float32"
        if self.torch_device.type == "cpu":
            threads = max(self.workers.count, torch.get_num_threads())
            details += f", {threads} thread" + ("s" if threads > 1 else "")
        return f"{self.torch_device} ({details})"


CPU = Device(torch.device("cpu"), bfloat16=False, compiled=False)


def choose(
    name: str = "auto", local_rank: int = 0, precision: str = "auto", workers: Workers = ONE, is_long: bool = True
) -> Device:
    """The device of a name: auto, cpu, cuda or mps; auto takes the fastest there is.

    For a program's start: the choice of a CUDA device changes settings of the whole process, see `_set_up_cuda`.

    Args:
        name: which.
        local_rank: this process's number on this machine: which of several GPUs it takes.
        precision: of matrix products: float32, bfloat16, or auto for bfloat16 where the hardware has it.
        workers: share batches where the device is a CPU.
        is_long: whether a run lasts long enough for compiling, which takes 10 to 30 seconds on a GPU.

    Raises:
        UserError: it is not there.
    """
    found, name = _there(), kind(name)
    if name not in found:
        there = ", ".join(found)
        raise UserError(
            f"--device {name}: not on this machine, or this build of torch cannot use it. There is: {there}."
        )
    if name == "cuda":
        torch_device = torch.device("cuda", local_rank % torch.cuda.device_count())
        _set_up_cuda(torch_device)
        has_bfloat16 = torch.cuda.is_bf16_supported()
        return Device(torch_device, _wanted(precision, has_bfloat16), compiled=is_long)
    bfloat16 = _wanted(precision, name == "cpu" and cpu_has_bfloat16())
    return Device(torch.device(name), bfloat16, compiled=False, workers=workers if name == "cpu" else ONE)


def _set_up_cuda(torch_device: torch.device) -> None:
    """Make a device torch's own from now on, use TF32 for float32, and be silent about the compiler's choices."""
    torch.cuda.set_device(torch_device)
    torch.set_float32_matmul_precision("high")  # TF32: what bfloat16 leaves in float32 needs no more
    warnings.filterwarnings("ignore", module=r"torch\._(inductor|dynamo)")  # on its own choices, not on the user's


def kind(name: str) -> str:
    """The kind of device of a name: cpu, cuda or mps; for auto, the fastest there is."""
    return _there()[0] if name == "auto" else name


def _there() -> list[str]:
    """The kinds of devices of this machine, the fastest first."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [kind for kind, is_there in found.items() if is_there]


def _wanted(precision: str, has_bfloat16: bool) -> bool:
    return has_bfloat16 if precision == "auto" else precision == "bfloat16"


def cpu_has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware: with it a step takes half the time, without it twice."""
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        asked = getattr(torch.cpu, name, None)  # not in every torch, and not a promise of any
        if asked is not None and asked():
            return True
    return False
