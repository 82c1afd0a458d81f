"""How the heads of a model look at its input, with torch's own operations: for live pictures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from backend import device_of


@torch.no_grad()
def last_attention(model: Any, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """The attention of the last block, (batch, heads, time, time), and what the model makes of the inputs.

    Args:
        model: a `MaskedLanguageModel` or a `VisionTransformer`.
        inputs: what it reads.
    """
    block, seen = model.encoder.blocks[-1], []
    hook = block.register_forward_pre_hook(lambda module, given: seen.append(given))
    try:
        outputs = model(inputs.to(device_of(model)))
    finally:
        hook.remove()
    x, *others = seen[0]
    queries, keys, _ = (
        part.unflatten(2, (block.heads, -1)).transpose(1, 2) for part in block.attention_in(x).chunk(3, dim=2)
    )
    scores = queries @ keys.mT / queries.shape[3] ** 0.5
    if others and others[0] is not None:
        scores = scores.masked_fill(others[0][:, None, None], -torch.inf)
    return scores.softmax(dim=3).cpu(), outputs.cpu()
