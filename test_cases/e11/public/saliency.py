"""Which atoms decide what a net believes about a molecule. Probes and pictures share this."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from backend import device_of


def beliefs(model: Any, x: Tensor, adjacency: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """What a model believes, and how much the features of each atom move this.

    Args:
        model: gives logits (graphs, 2).
        x, adjacency, sizes: a padded batch of molecules.
    Returns:
        the probability of poison, float32 (graphs,), and the length of the gradient of the difference of logits with
        respect to each row of x, float32 (graphs, longest).
    """
    with torch.enable_grad():
        x, adjacency, sizes = (each.to(device_of(model)) for each in (x, adjacency, sizes))
        given = x.clone().requires_grad_()
        logits = model(given, adjacency, sizes)
        margin = logits[:, 1] - logits[:, 0]
        found = torch.autograd.grad(margin.sum(), given, allow_unused=True)[0] if margin.requires_grad else None
    influence = x.new_zeros(x.shape[:2]) if found is None else found.norm(dim=2)
    return margin.detach().sigmoid().cpu(), influence.cpu()
