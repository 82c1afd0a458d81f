"""What the grader runs in the student's process: log-probabilities, losses and steps of a small model of this file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Table(torch.nn.Module):
    """A language model without memory: the scores of what follows depend on the last token alone.

    Args:
        scores: (vocabulary, vocabulary), a row for each last token.
    """

    def __init__(self, scores: Tensor) -> None:
        super().__init__()
        self.scores = torch.nn.Parameter(scores.clone())

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (batch, time) to logits (batch, time, vocabulary)."""
        return self.scores[ids]


def log_probabilities(function: Callable[..., Any], scores: Tensor, verses: Tensor, weights: Tensor) -> dict[str, Any]:
    """What `verse_log_probabilities` gives for a table.

    Returns:
        `value`: what it gave. `gradient`: of the value times weights (batch,), with respect to the table, if there is
        one. `changed`: whether the verses were changed in place.
    """
    model, given = Table(scores), verses.clone()
    value = function(model, given)
    gradient = None
    if isinstance(value, Tensor) and value.requires_grad and value.shape == weights.shape:
        (gradient,) = torch.autograd.grad((value * weights).sum(), [model.scores], allow_unused=True)
    return {"value": value, "gradient": gradient, "changed": not torch.equal(given, verses)}


def pooled(function: Callable[..., Any], hidden: Tensor, verses: Tensor) -> dict[str, Any]:
    """`value`: what `pool` gives. `changed`: whether an argument was changed in place."""
    given = hidden.clone(), verses.clone()
    value = function(*given)
    return {"value": value, "changed": not (torch.equal(given[0], hidden) and torch.equal(given[1], verses))}


def loss(function: Callable[..., Any], arguments: list[Tensor], numbers: list[float]) -> dict[str, Any]:
    """A loss of tensors that want gradients, and of numbers behind them.

    Returns:
        `value`: what the function gave. `gradients`: of each tensor, where the value has a graph. `changed`: whether a
        tensor was changed in place.
    """
    given = [tensor.clone().requires_grad_() for tensor in arguments]
    value = function(*given, *numbers)
    changed = not all(torch.equal(one, other) for one, other in zip(given, arguments, strict=True))
    gradients: list[Any] = []
    if isinstance(value, Tensor) and value.requires_grad:
        gradients = list(torch.autograd.grad(value.sum(), given, allow_unused=True))
    return {"value": value, "gradients": gradients, "changed": changed}


def steps(
    function: Callable[..., Any],
    policy: Tensor,
    reference: Tensor,
    chosen: list[Tensor],
    rejected: list[Tensor],
    beta: float,
    rate: float,
) -> dict[str, Any]:
    """Steps of `dpo_step` on tables, by plain gradient descent; a list has the verses of each step.

    Returns:
        `losses`: what each step gave. `policies`: the table after each step. `reference`: the reference at the end.
        `leaked`: whether a gradient reached the reference.
    """
    learner, fixed = Table(policy), Table(reference)
    optimizer = torch.optim.SGD(learner.parameters(), lr=rate)
    learner.scores.grad = torch.ones_like(policy)  # left from before
    losses, policies = [], []
    for better, worse in zip(chosen, rejected, strict=True):
        losses.append(function(learner, fixed, optimizer, better, worse, beta))
        policies.append(learner.scores.detach().clone())
    leaked = fixed.scores.grad is not None
    return {"losses": losses, "policies": policies, "reference": fixed.scores, "leaked": leaked}


def best(function: Callable[..., Any], verses: Tensor, rewards: Tensor, n: int) -> Any:
    """What `best_of_n` gives."""
    return function(verses, rewards, n)
