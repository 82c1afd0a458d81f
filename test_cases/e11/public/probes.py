"""What the grader runs in the student's process: calls that change no argument, and a look into a MoleculeNet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from test_cases.e11.public import saliency


def unchanged(function: Callable[..., Any], arguments: list[Any]) -> dict[str, Any]:
    """Call a function of the student's.

    Returns:
        `result`: what the function gave. `changed`: whether it changed a tensor among its arguments in place.
    """
    tensors = [each for each in arguments if isinstance(each, Tensor)]
    before = [each.clone() for each in tensors]
    result = function(*arguments)
    return {"result": result, "changed": not all(map(torch.equal, tensors, before))}


def looked_at(model: Any, x: Tensor, adjacency: Tensor, sizes: Tensor) -> dict[str, Any]:
    """What a MoleculeNet believes, and which atoms decide it; see `saliency.beliefs`."""
    model.eval()
    beliefs, influence = saliency.beliefs(model, x, adjacency, sizes)
    return {"beliefs": beliefs, "influence": influence}
