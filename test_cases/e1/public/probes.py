"""What the grader runs in the student's process: updates that take turns, and `minimize` on three functions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor

from test_cases.e1.public import surfaces

Update = Callable[[Tensor, Tensor, Any, float], tuple[Tensor, Any]]
Minimize = Callable[[Callable[[Tensor], Tensor], Tensor, Callable[..., Any], int], Tensor]
MU = 0.9


def updates(update: Update, starts: Tensor, gradients: Tensor, rates: Tensor) -> dict[str, Any]:
    """Several runs of an update that take turns, step by step, each with a state of its own.

    Args:
        update: the student's.
        starts: the weights of each run, (runs, ...).
        gradients: of each run and step, (runs, steps, ...).
        rates: of each step, (steps,).
    Returns:
        `paths`: (runs, steps + 1, ...), the start and the weights after each step.
        `changed`: the names of arguments that were changed in place, of which there should be none.
        `odd`: what the update returned, where that was not new weights and a state; the run ends there.
    """
    paths = [[start.clone()] for start in starts]
    states: list[Any] = [None] * len(starts)
    changed: set[str] = set()
    for step, rate in enumerate(rates.tolist()):
        for run, path in enumerate(paths):
            given = {"weights": path[-1].clone(), "gradient": gradients[run, step].clone()}
            before = {name: tensor.clone() for name, tensor in given.items()}
            found = update(given["weights"], given["gradient"], states[run], rate)
            changed |= {name for name, tensor in given.items() if not torch.equal(tensor, before[name])}
            if not isinstance(found, (tuple, list)) or len(found) != 2:
                return {"odd": found}
            weights, states[run] = found
            if not isinstance(weights, Tensor) or weights.shape != path[-1].shape:
                return {"odd": [weights, None]}
            path.append(weights.detach().clone())
    return {"paths": torch.stack([torch.stack(path) for path in paths]), "changed": sorted(changed)}


def stretched_bowl(
    minimize: Minimize, start: Tensor, centre: Tensor, curvatures: Tensor, rate: float, steps: int
) -> Any:
    """`minimize` on a stretched bowl, with an update of this file: momentum whose rate falls as rate / (1 + step).

    Returns:
        what `minimize` gave, which should be the path, (steps + 1, *start.shape).
    """

    def update(weights: Tensor, gradient: Tensor, state: Any, step: int) -> tuple[Tensor, Any]:
        buffer = gradient if state is None else MU * state + gradient
        return weights - rate / (1 + step) * buffer, buffer

    return minimize(
        partial(surfaces.stretched_bowl, centre=centre, curvatures=curvatures), start.clone(), update, steps
    )


def operations(minimize: Minimize, start: Tensor, rate: float, steps: int) -> list[int]:
    """Of how many operations torch keeps the graph behind the weights that a function gets, step by step."""
    found: list[int] = []

    def function(weights: Tensor) -> Tensor:
        found.append(_operations_behind(weights))
        return surfaces.stretched_bowl(weights, torch.ones_like(start), torch.ones_like(start))

    def update(weights: Tensor, gradient: Tensor, state: Any, step: int) -> tuple[Tensor, Any]:
        return weights.sub(gradient, alpha=rate), None

    minimize(function, start.clone(), update, steps)
    return found


def _operations_behind(weights: Tensor) -> int:
    """The nodes of the graph that leads to a tensor."""
    seen: set[Any] = set()
    waiting = [weights.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [before for before, _ in node.next_functions]
    return len(seen)


def bowl(minimize: Minimize, update: Update, start: Tensor, rates: Tensor, steps: int) -> list[Any]:
    """`minimize` on the round bowl, once with each constant rate; gives the paths."""
    found = []
    for rate in rates.tolist():
        found.append(minimize(surfaces.bowl, start.clone(), _scheduled(update, [rate] * steps), steps))
    return found


def valley(
    minimize: Minimize,
    gradient_descent: Update,
    momentum: Update,
    adam: Update,
    start: Tensor,
    rates: Tensor,
    watch: Callable[..., AbstractContextManager[Callable[..., None]]] | None = None,
) -> list[Any]:
    """`minimize` in Rosenbrock's valley, once with each update.

    Args:
        minimize, gradient_descent, momentum, adam: the student's.
        start: of all paths, (2,).
        rates: of each update and step, (3, steps).
        watch: is told of each step: the number of the update, and the weights before the step.
    Returns:
        the three paths.
    """
    found = []
    with watch(torch.nn.Module(), start, rates) if watch else nullcontext(_ignore) as note:
        for number, update in enumerate((gradient_descent, momentum, adam)):
            scheduled = _scheduled(update, rates[number].tolist(), partial(note, number))
            found.append(minimize(surfaces.rosenbrock, start.clone(), scheduled, rates.shape[1]))
    return found


def _ignore(*told: Any) -> None:
    """Nobody is looking."""


def _scheduled(update: Update, rates: list[float], note: Callable[[Tensor], None] = _ignore) -> Callable[..., Any]:
    """An update as `minimize` calls it, with the rate of each step."""

    def step_of(weights: Tensor, gradient: Tensor, state: Any, step: int) -> Any:
        note(weights)
        return update(weights, gradient, state, rates[min(step, len(rates) - 1)])

    return step_of
