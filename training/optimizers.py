"""Optimizers with their highest learning rates, and the schedules that scale these over a run."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import Linear, Module
from torch.optim import AdamW, Optimizer

from training import compiler
from training.device import Device
from training.muon import Muon

Optimizers = list[tuple[Optimizer, float]]  # with each, its highest learning rate
Schedule = Callable[[float], float]  # from the share of a run that is done, 0 to 1, to the highest rate's factor
ADAM_BETAS = (0.9, 0.99)
WARM_UP = 0.02  # of the whole run: Adam's and Muon's averages are empty at first
COSINE_END = 0.05  # the factor at the end of a run


def muon_and_adamw(
    model: Module, vocabulary: int, device: Device, matrix_rate: float, rate: float, weight_decay: float
) -> Optimizers:
    """Muon at `matrix_rate` for the matrices between layers, AdamW at `rate` for the rest of a model on a device.

    A linear layer with as many rows or columns as the vocabulary has tokens is an embedding or the output, not between
    layers. Only matrices decay.
    """
    inner: list[Tensor] = [
        module.weight
        for module in model.modules()
        if isinstance(module, Linear) and vocabulary not in module.weight.shape
    ]
    chosen = {id(parameter) for parameter in inner}
    others = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    groups = [
        {"params": [parameter for parameter in others if parameter.ndim > 1], "weight_decay": weight_decay},
        {"params": [parameter for parameter in others if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    fused = device.torch_device.type in ("cpu", "cuda")
    compiler.leave_out()
    found: Optimizers = [(AdamW(groups, lr=rate, betas=ADAM_BETAS, fused=fused), rate)]
    if inner:
        dtype = torch.bfloat16 if device.bfloat16 else torch.float32
        found.append(
            (Muon(inner, matrix_rate, weight_decay=weight_decay, dtype=dtype, workers=device.workers), matrix_rate)
        )
    return found


def linear_decay(progress: float) -> float:
    """Rise over the warm-up, then fall in a straight line to zero.

    Bergsma et al. (2025), "Straight to Zero", find the line better than a cosine at a fixed budget.
    """
    return max(0.0, min(progress / WARM_UP, (1 - progress) / (1 - WARM_UP), 1.0))


def cosine_decay(steps: int) -> Schedule:
    """Rise over a twentieth of the steps, then fall along a cosine to `COSINE_END` (Loshchilov and Hutter, 2017)."""
    warm_up = max(1, steps // 20)
    middle, half = (1 + COSINE_END) / 2, (1 - COSINE_END) / 2

    def factor(progress: float) -> float:
        step = round(progress * steps)
        return min((step + 1) / warm_up, middle + half * math.cos(math.pi * step / steps))

    return factor
