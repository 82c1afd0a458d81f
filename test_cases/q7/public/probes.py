"""What question 7's checks need in the student's process: `python chargpt.py`'s trainer, on the student's model."""

from __future__ import annotations

from itertools import repeat

from torch import Tensor
from torch.nn import Module

from gpt.config import Config
from gpt.trainer import Blocks, make_trainer
from training import device
from training.device import CPU
from training.watching import Watch, unwatched


def fit(
    model: Module, ids: Tensor, vocabulary: int, block_size: int, steps: int, seed: int, watch: Watch = unwatched
) -> None:
    """Train a model on a text for a number of steps, as `python chargpt.py` does but on smaller batches.

    ids: int64 (count,), each from 0 to vocabulary - 1.
    """
    config = Config(block_size=block_size, batch_size=16, steps=steps, seed=seed)
    where = device.choose("cpu")
    with watch(model) as note:
        make_trainer(model, Blocks(ids, config, where), vocabulary, config, where).train(steps, note)


def overfit(model: Module, batch: Tensor, vocabulary: int, steps: int) -> None:
    """Train a model on one batch again and again. batch: int64 (rows, block_size + 1)."""
    again = repeat((batch[:, :-1], batch[:, 1:]))
    make_trainer(model, again, vocabulary, Config(), CPU).train(steps, lambda progress, loss: None)
