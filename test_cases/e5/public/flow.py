"""Two looks into a `SequenceClassifier`: the gradient at each step, and the gates. Probes and pictures share them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from backend import device_of

# names of the gates, and their blocks in torch's order
GATES = {"rnn": {}, "lstm": {"forget": 1, "input": 0, "output": 3}, "gru": {"update": 1, "reset": 0}}
BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}


def gradient_sizes(model: Any, x: Tensor, y: Tensor) -> Tensor:
    """The size of the loss's gradient with respect to the state after each step, float64 (time,).

    It is the root of the mean square over the batch. The state of the LSTM is hidden state and cell state. Steps that
    no gradient reaches have 0.

    Args:
        model: a `SequenceClassifier`; its cell runs step by step.
        x: (batch, time, inputs).
        y: int64 (batch,).
    """
    x, y = (each.to(device_of(model)) for each in (x, y))
    with torch.enable_grad():
        states, state = [], model.first_state(len(x))
        for step in x.unbind(1):
            state = model.cell(step, state, *model.weights)
            states.append((state,) if isinstance(state, Tensor) else tuple(state))
        loss = cross_entropy(model.output(states[-1][0]), y, reduction="sum")
        parts = [part for state in states for part in state]
        wanted = [part if part.requires_grad else part.clone().requires_grad_() for part in parts]
        found = torch.autograd.grad(loss, wanted, allow_unused=True)
    width = len(states[0])
    nothing = loss.new_zeros((), dtype=torch.float64)
    sizes = [nothing if each is None else each.double().square().sum() for each in found]
    return torch.stack(sizes).reshape(-1, width).sum(dim=1).div(len(x)).sqrt().cpu()


@torch.no_grad()
def gates(model: Any, x: Tensor) -> Tensor:
    """The gates of one sequence in the order of `GATES`, float32 (gates, units, time); of a plain cell, its state.

    Args:
        model: a `SequenceClassifier`.
        x: (1, time, inputs).
    """
    input_weight, hidden_weight, input_bias, hidden_bias = model.weights
    chosen = GATES[model.kind].values()
    columns, state = [], model.first_state(1)
    for step in x.to(device_of(model)).unbind(1):
        hidden = state if isinstance(state, Tensor) else state[0]
        sums = step @ input_weight.T + input_bias + hidden @ hidden_weight.T + hidden_bias
        blocks = sums.chunk(BLOCKS[model.kind], dim=1)
        state = model.cell(step, state, *model.weights)
        columns.append(torch.cat([blocks[block] for block in chosen]).sigmoid() if chosen else state)
    return torch.stack(columns, dim=2).cpu()
