"""Optimizers, each with its highest learning rate, which a schedule scales."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Linear, Module
from torch.optim import AdamW, Optimizer

from training.device import Device
from training.muon import Muon

Optimizers = list[tuple[Optimizer, float]]  # with each, its highest learning rate
ADAM_BETAS = (0.9, 0.99)


def muon_and_adamw(
    model: Module,
    vocabulary: int,
    device: Device,
    matrix_learning_rate: float,
    learning_rate: float,
    weight_decay: float,
) -> Optimizers:
    """Muon for the matrices between layers, AdamW for the rest.

    Args:
        model: on the device.
        vocabulary: how many tokens there are: a linear layer of that size is an embedding or the output.
        device: where the model lies.
        matrix_learning_rate: of Muon.
        learning_rate: of AdamW.
        weight_decay: of matrices, in both; vectors keep their size.
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
    found: Optimizers = [(AdamW(groups, lr=learning_rate, betas=ADAM_BETAS, fused=fused), learning_rate)]
    if inner:
        dtype = torch.bfloat16 if device.bfloat16 else torch.float32
        muon = Muon(inner, matrix_learning_rate, weight_decay=weight_decay, dtype=dtype)
        found.append((muon, matrix_learning_rate))
    return found
