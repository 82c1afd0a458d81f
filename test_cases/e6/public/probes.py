"""What the grader runs in the student's process: pairs, losses with their gradients, questions about vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def pairs(make: Callable[..., Any], sentence: list[int], window: int) -> Any:
    """What `skip_gram_pairs` or `cbow_pairs` makes of a sentence."""
    return make(list(sentence), window)


def loss(function: Callable[..., Any], arguments: list[Tensor]) -> dict[str, Any]:
    """A loss of arguments of which the floating ones want gradients.

    Returns:
        `value`: what the function gave. `gradients`: of each argument, where the value is a tensor that has a graph.
        `changed`: whether an argument was changed in place.
    """
    given = [tensor.clone().requires_grad_() for tensor in arguments]
    value = function(*given)
    changed = not all(torch.equal(one, other) for one, other in zip(given, arguments, strict=True))
    gradients: list[Any] = []
    if isinstance(value, Tensor) and value.requires_grad:
        gradients = list(torch.autograd.grad(value.sum(), given, allow_unused=True))
    return {"value": value, "gradients": gradients, "changed": changed}


def weighed(weigh: Callable[..., Any], counts: Tensor, setting: list[float]) -> dict[str, Any]:
    """`weights`: what `glove_weight` gives. `changed`: whether the counts were changed in place."""
    given = counts.clone()
    return {"weights": weigh(given, *setting), "changed": not torch.equal(given, counts)}


def answers(function: Callable[..., Any], vectors: Tensor, questions: list[list[int]]) -> dict[str, Any]:
    """What a function of vectors answers to questions. `changed`: whether the vectors were changed in place."""
    given = vectors.clone()
    found = [function(given, *question) for question in questions]
    return {"answers": found, "changed": not torch.equal(given, vectors)}
