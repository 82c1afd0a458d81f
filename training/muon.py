"""Muon: momentum whose every step is made orthogonal, for the matrices inside a network.

Follows Keller Jordan et al. (2024), "Muon: An optimizer for hidden layers in neural networks",
https://kellerjordan.github.io/posts/muon/. At equal numbers of tokens it gets a small GPT about as far as AdamW does in
twice the steps. Vectors, embeddings and the output layer are not for Muon: give those to AdamW.

torch.optim.Muon (torch 2.9 and later) takes the same steps, but one matrix at a time, and it always iterates in
bfloat16. A step of chargpt's default model then takes 6% longer on a processor with bfloat16 instructions, and 4 times
as long on one without: `python -m staff.evidence.bench_muon --threads 1`, the second with ONEDNN_MAX_CPU_ISA=AVX2.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from training.workers import ONE, Workers

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic whose iteration drives every singular value towards 1
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """The optimizer.

    Args:
        parameters: matrices.
        lr: size of a step, in units in which an orthogonal matrix has size 1.
        momentum: share of the old direction that is kept.
        weight_decay: a matrix shrinks by `lr * weight_decay` of itself in a step.
        dtype: what the iteration computes in; bfloat16 is enough.
        workers: share the matrices.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        dtype: torch.dtype = torch.float32,
        workers: Workers = ONE,
    ) -> None:
        super().__init__(list(parameters), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._dtype, self._workers = dtype, workers

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every matrix that has a gradient; matrices of one shape are worked on together."""
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            if not parameters:
                continue
            gradients: list[Tensor] = [parameter.grad for parameter in parameters]
            momenta = [self._momentum_of(parameter) for parameter in parameters]
            torch._foreach_mul_(momenta, group["momentum"])
            torch._foreach_add_(momenta, gradients)
            directions = torch._foreach_add(gradients, momenta, alpha=group["momentum"])  # Nesterov's look ahead
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
            by_shape: dict[torch.Size, list[int]] = {}
            for index, parameter in enumerate(parameters):
                by_shape.setdefault(parameter.shape, []).append(index)
            for (rows, columns), indices in by_shape.items():
                stacked = torch.stack([directions[index] for index in indices])  # (count, rows, columns)
                moves = torch.cat(self._workers.map(self._orthogonal, stacked.chunk(self._workers.count)))
                scale = max(1.0, rows / columns) ** 0.5
                moved = [parameters[index] for index in indices]
                torch._foreach_add_(moved, list(moves.to(moved[0].dtype)), alpha=-group["lr"] * scale)

    def _momentum_of(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum: Tensor = state["momentum"]
        return momentum

    def _orthogonal(self, matrices: Tensor) -> Tensor:
        return orthogonal(matrices, self._dtype)


def orthogonal(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The orthogonal matrices closest to `matrices`, (count, rows, columns), nearly: singular values 0.7 to 1.2."""
    first, third, fifth = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices  # (count, short, long)
    x = (x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)).to(dtype)
    for _ in range(ITERATIONS):
        square = x @ x.mT  # (count, short, short)
        factor = torch.baddbmm(square, square, square, beta=third, alpha=fifth)  # (count, short, short)
        x = torch.baddbmm(x, factor, x, beta=first)  # (count, short, long)
    return x.mT if tall else x  # (count, rows, columns)
