"""Elective 1: gradient descent, momentum, Adam, learning rate schedules. Fill in every part with NotImplementedError.

`torch.optim` has all of this ready-made. It is not allowed here: you write its core.

Not allowed here: `torch.optim`, `torch._fused_*`. In these names, `*` stands for any text. Everything else of torch is
allowed.

An update is a function that takes one step. The three updates have one form, so one loop can use any of them:

    weights, state = update(weights, gradient, state, rate)

- weights: what is trained, a float32 or float64 tensor of any shape.
- gradient: the gradient of the loss with respect to the weights, of the same shape and dtype.
- state: what the update has to remember from step to step. It is None before the first step. In each later step it is
  what the step before returned. You choose its form: a tensor, a tuple, None.
- rate: the learning rate of this step, a number above 0.

An update returns new weights and a new state. It does not change `weights` and `gradient` in place. It keeps nothing
outside of the state: two runs that take turns do not disturb each other.
"""

from collections.abc import Callable
from math import cos, exp, pi
from typing import Any

import torch
from torch import Tensor


def gradient_descent(weights: Tensor, gradient: Tensor, state: Any, rate: float) -> tuple[Tensor, Any]:
    """Take one step of gradient descent (Cauchy, 1847).

        new weights = weights - rate * gradient

    Gradient descent remembers nothing. Returns the new weights and None.
    """
    raise NotImplementedError("gradient_descent: your code here")


def momentum(weights: Tensor, gradient: Tensor, state: Any, rate: float, mu: float = 0.9) -> tuple[Tensor, Any]:
    """Take one step of gradient descent with momentum (Polyak, 1964), in torch's convention.

        buffer      = mu * buffer + gradient
        new weights = weights - rate * buffer

    The buffer has the shape of the weights. It is 0 before the first step. The rate is no part of the buffer.
    mu: the share of the buffer that is kept, from 0 to below 1.
    Returns the new weights and the state, which holds the new buffer.
    """
    raise NotImplementedError("momentum: your code here")


def adam(
    weights: Tensor,
    gradient: Tensor,
    state: Any,
    rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Tensor, Any]:
    """Take one step of Adam (Kingma and Ba, 2015, algorithm 1).

        mean   = beta1 * mean   + (1 - beta1) * gradient
        square = beta2 * square + (1 - beta2) * gradient²
        corrected mean   = mean   / (1 - beta1^t)
        corrected square = square / (1 - beta2^t)
        new weights = weights - rate * corrected mean / (sqrt(corrected square) + epsilon)

    All operations work entry by entry. `mean` and `square` have the shape of the weights and are 0 before the first
    step. t counts the steps: it is 1 in the first step.
    Returns the new weights and the state, which holds the new `mean`, the new `square` and t.
    """
    raise NotImplementedError("adam: your code here")


def step_decay(rate: float, step: int, every: int, factor: float) -> float:
    """Return the rate of a step when the rate drops in stairs.

    The rate is multiplied by `factor` after every `every` steps.
    rate: of step 0. step: an integer, 0 or more. every: an integer above 0. factor: from 0 to 1.
    Example: step_decay(0.1, step, 10, 0.5) is 0.1 for the steps 0 to 9, 0.05 for 10 to 19, 0.025 for 20 to 29.
    """
    raise NotImplementedError("step_decay: your code here")


def exponential_decay(rate: float, step: int, decay: float) -> float:
    """Return the rate of a step when the rate falls exponentially: rate * e^(-decay * step).

    rate: of step 0. step: an integer, 0 or more. decay: a number, 0 or more.
    """
    raise NotImplementedError("exponential_decay: your code here")


def cosine_annealing(rate: float, step: int, steps: int, final_rate: float = 0.0) -> float:
    """Return the rate of a step when the rate follows half a cosine wave (Loshchilov and Hutter, 2017, equation 5).

        final_rate + (rate - final_rate) * (1 + cos(pi * step / steps)) / 2

    rate: of step 0. final_rate: of step `steps`. step: an integer from 0 to `steps`.
    """
    raise NotImplementedError("cosine_annealing: your code here")


def minimize(
    function: Callable[[Tensor], Tensor],
    start: Tensor,
    update: Callable[[Tensor, Tensor, Any, int], tuple[Tensor, Any]],
    steps: int,
) -> Tensor:
    """Make a function small, step by step, and return the path of the weights.

    function: takes weights, shaped like `start`; returns one number, a tensor of shape (). torch differentiates it:
    `torch.autograd.grad` or `backward` gives the gradient with respect to weights that require one.
    start: the first weights, of any shape. They stay as they are.
    update: called once for each step as `weights, state = update(weights, gradient, state, step)`. `step` is 0 in the
    first step, then 1, 2 and so on. `state` is None in the first step, then what `update` returned in the step before.
    steps: how many steps to take.
    Returns the path, (steps + 1, *start.shape), in the dtype of `start`: row 0 is the start, row k are the weights
    after k steps.

    Detach the weights of each step. Otherwise torch keeps the graph of all steps. An update with a schedule:

        def update(weights, gradient, state, step):
            return adam(weights, gradient, state, cosine_annealing(0.1, step, 500))

        path = minimize(function, start, update, 500)
    """
    raise NotImplementedError("minimize: your code here")


def largest_stable_rate(hessian: Tensor) -> float:
    """Return the largest rate at which gradient descent is stable on the function f(w) = w^T H w / 2.

    The gradient is H w. A step multiplies the part of w along each eigenvector of H by 1 - rate * curvature. The
    curvature is the eigenvector's eigenvalue. The steps shrink w to 0 if every such factor lies between -1 and 1. At
    rates above the largest stable rate, some factor is below -1 and w grows without end.
    hessian: H, (n, n), float64, symmetric, with eigenvalues above 0. `torch.linalg.eigvalsh` gives the eigenvalues.
    Returns one number, exact to 1%.
    """
    raise NotImplementedError("largest_stable_rate: your code here")


def valley_recipe(steps: int) -> tuple[str, list[float]]:
    """Choose an update and its rates for Rosenbrock's valley (Rosenbrock, 1960).

        f(x, y) = (1 - x)² + 100 (y - x²)²

    The path starts near (-1.2, 1). The minimum is f(1, 1) = 0. The valley between them is narrow and curved. Its floor
    is almost flat. After `steps` steps, the loss f must be at most 0.001, from several starts.

    steps: how many steps will be taken; 2,000 when it is graded.
    Returns the name of an update ("gradient_descent", "momentum" or "adam") and the rate of each step, a list of
    `steps` numbers above 0. `mu`, `beta1`, `beta2` and `epsilon` keep their default values. Your schedules help:

        return "momentum", [exponential_decay(1e-4, step, 1e-3) for step in range(steps)]

    is a recipe, but not one that gets there. Try recipes with `minimize`.
    """
    raise NotImplementedError("valley_recipe: your code here")
