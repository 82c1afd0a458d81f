"""The trainer of a character GPT: blocks of a text, Muon and AdamW, a learning rate that falls to zero."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import Module

from gpt import losses
from gpt.config import Config
from training.device import Device
from training.optimizers import linear_decay, muon_and_adamw
from training.parallel import ALONE, Parallel
from training.trainer import Batch, Trainer


class Blocks(Iterator[Batch]):
    """Batches without end: blocks of a text, int64 (count,), at positions that a generator draws.

    The state of `generator` is the position in the data. Of the configuration, block_size, batch_size and seed count.

    Args:
        vocabulary: how many characters there are, for `noise`.

    Attributes:
        noise: the share of the characters read that are replaced by random ones; what follows them stays. A model
            that reads a text many times learns it by heart less this way.
    """

    def __init__(self, ids: Tensor, config: Config, device: Device, vocabulary: int = 1) -> None:
        self.generator = torch.Generator().manual_seed(config.seed)
        self.noise, self._vocabulary = 0.0, vocabulary
        self._ids = ids.to(device.torch_device)
        self._window = torch.arange(config.block_size + 1, device=device.torch_device)
        self._config = config

    def __next__(self) -> Batch:
        """The next batch, over all processes: ids and the ids that follow them, int64 (batch_size, block_size)."""
        positions = len(self._ids) - self._config.block_size
        starts = torch.randint(positions, (self._config.batch_size, 1), generator=self.generator)
        rows = self._ids[starts.to(self._ids.device) + self._window]  # (batch_size, block_size + 1)
        read, follows = rows[:, :-1].contiguous(), rows[:, 1:]  # as noise leaves it: a compiled model counts on that
        return self._noisy(read), follows

    def _noisy(self, ids: Tensor) -> Tensor:
        if not self.noise:
            return ids
        replaced = torch.rand(ids.shape, generator=self.generator) < self.noise
        drawn = torch.randint(self._vocabulary, ids.shape, generator=self.generator)
        noise = torch.where(replaced, drawn, -1).int().to(ids.device)  # one small copy, which a GPU need not wait for
        return torch.where(noise >= 0, noise, ids)


def make_trainer(
    model: Module, batches: Iterator[Batch], vocabulary: int, config: Config, device: Device, parallel: Parallel = ALONE
) -> Trainer:
    """A trainer of a model on a device, with the learning rates and the weight decay of a configuration."""
    rates = config.matrix_learning_rate, config.learning_rate
    optimizers = muon_and_adamw(model, vocabulary, device, *rates, config.weight_decay)
    return Trainer(model, losses.of_blocks, batches, optimizers, linear_decay, device, parallel)
