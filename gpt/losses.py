"""How well a model predicts a text."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import cross_entropy

from training.device import Device
from training.shards import map_with_copies

ROWS_AT_ONCE = 64


def of_blocks(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy in nats per character. logits: (batch, time, vocabulary); targets: int64 (batch, time)."""
    return cross_entropy(logits.float().flatten(0, 1), targets.flatten())


def of_text(
    model: Module, ids: Tensor, block_size: int, device: Device, context: bool = True, characters: int | None = None
) -> float:
    """Mean cross-entropy, in nats per character, of every character of a text but the first ones.

    Args:
        model: left in the mode it was in.
        ids: int64 (count,), count more than block_size.
        block_size: characters that the model sees at once.
        device: where the model lies.
        context: predict each character from at least half a block before it, as when text is generated; otherwise
            cut the text into blocks, in each of which the first characters are predicted from next to nothing.
        characters: measure about so many only, in blocks from all over the text.
    """
    skipped = block_size // 2 if context else 0
    rows = ids.unfold(0, block_size + 1, block_size - skipped)  # (rows, block_size + 1)
    if characters is not None:
        wanted = min(len(rows), -(-characters // (block_size - skipped)))
        rows = rows[torch.linspace(0, len(rows) - 1, wanted).long()]

    def summed(model: Module, batch: Tensor) -> float:
        batch = batch.to(device.torch_device)
        with device.precision():
            logits = model(batch[:, :-1])
        targets = batch[:, 1 + skipped :]  # (rows, block_size - skipped)
        return of_blocks(logits[:, skipped:], targets).item() * targets.numel()

    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            total = sum(map_with_copies(model, device.workers, summed, rows.split(ROWS_AT_ONCE)))
    finally:
        model.train(was_training)
    return total / (len(rows) * (block_size - skipped))
