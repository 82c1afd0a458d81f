"""The trainer of a character GPT: blocks of a text, Muon and AdamW, a learning rate that falls to zero."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import Module

from gpt import losses
from gpt.config import Config
from training.device import Device
from training.optimizers import muon_and_adamw
from training.parallel import Parallel
from training.schedules import linear_decay
from training.trainer import Batch, Trainer


class Blocks(Iterator[Batch]):
    """Batches without end: blocks of a text, at places that a generator draws.

    Args:
        ids: int64 (count,), the text.
        config: block_size, batch_size and seed are used.
        device: where the ids go.
    Attributes:
        generator: its state is the position in the data.
    """

    def __init__(self, ids: Tensor, config: Config, device: Device) -> None:
        self.generator = torch.Generator().manual_seed(config.seed)
        self._ids = ids.to(device.torch_device)
        self._window = torch.arange(config.block_size + 1, device=device.torch_device)
        self._config = config

    def __next__(self) -> Batch:
        """The next batch, over all processes: ids and the ids that follow them, int64 (batch_size, block_size)."""
        places = len(self._ids) - self._config.block_size
        starts = torch.randint(places, (self._config.batch_size, 1), generator=self.generator)
        rows = self._ids[starts.to(self._ids.device) + self._window]  # (batch_size, block_size + 1)
        return rows[:, :-1], rows[:, 1:]


def make_trainer(
    model: Module,
    batches: Iterator[Batch],
    vocabulary: int,
    config: Config,
    device: Device,
    parallel: Parallel | None = None,
) -> Trainer:
    """A trainer with the learning rates of a configuration.

    Args:
        model: already on the device.
        batches: such as `Blocks`.
        vocabulary: how many different characters there are.
        config: the learning rates and the weight decay are used.
        device: where to compute.
        parallel: this process among its fellows.
    """
    optimizers = muon_and_adamw(
        model, vocabulary, device, config.matrix_learning_rate, config.learning_rate, config.weight_decay
    )
    return Trainer(model, losses.of_blocks, batches, optimizers, linear_decay, device, parallel)
