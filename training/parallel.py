"""Data-parallel training: every process takes its share of each batch, gradients are averaged (started by torchrun)."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import Module

from training.errors import UserError


@dataclass(frozen=True)
class Parallel:
    """This process among others. Rank 0 prints and saves.

    Attributes:
        rank: this process's number, from 0.
        size: how many processes there are.
        local_rank: its number on this machine: which GPU it takes.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def leads(self) -> bool:
        """Whether this is the process that prints and saves."""
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """This process's rows of a batch (rows, ...); every process holds the same whole batch."""
        rows = len(batch) // self.size
        return batch[self.rank * rows : (self.rank + 1) * rows]

    def average_gradients(self, model: Module) -> None:
        """Replace the gradients of a model by their means over all processes; all have gradients of the same ones."""
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        if self.size == 1 or not gradients:
            return
        together = torch.cat([gradient.flatten() for gradient in gradients])  # one message, not one for each
        dist.all_reduce(together)
        together /= self.size
        for gradient, mean in zip(gradients, together.split([each.numel() for each in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def agree(self, values: list[float], device: torch.device) -> list[float]:
        """The leading process's values, in every process: a clock or a Ctrl-C that only one has seen."""
        if self.size == 1:
            return values
        agreed = torch.tensor(values, dtype=torch.float64, device=device)
        dist.broadcast(agreed, src=0)
        return [float(value) for value in agreed.tolist()]

    def mean(self, value: Tensor) -> Tensor:
        """The elementwise mean over all processes of a tensor (...); each process holds one of the same shape."""
        if self.size == 1:
            return value
        total = value.detach().clone()
        dist.all_reduce(total)
        return total / self.size

    def meet(self) -> None:
        """Wait for the others: a process that ends early breaks the connections of the rest."""
        if self.size > 1:
            dist.barrier()

    def close(self) -> None:
        """Leave the group of processes."""
        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()


ALONE = Parallel()


def join(device_name: str, batch_size: int) -> Parallel:
    """Join the processes that torchrun has started, or be the only one.

    Raises:
        UserError: a batch cannot be shared out evenly, or this torch cannot do it.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return ALONE
    if batch_size % size:
        raise UserError(
            f"a batch of {batch_size} blocks cannot be shared evenly by {size} processes. Change --batch-size."
        )
    if not dist.is_available():
        raise UserError("this build of torch has no torch.distributed: run without torchrun.")
    on_cuda = device_name == "cuda" or (device_name == "auto" and torch.cuda.is_available())
    dist.init_process_group("nccl" if on_cuda else "gloo")
    return Parallel(dist.get_rank(), size, int(os.environ.get("LOCAL_RANK", "0")))
