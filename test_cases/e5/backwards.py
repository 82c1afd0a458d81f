"""The gradient of the loss back through time, and the gates, from the weights of a classifier, in numpy and float64.

Tests compare both with what `test_cases.e5.public.flow` finds in a model of torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from test_cases.e5 import reference
from test_cases.e5.reference import Weights, hidden_of, sigmoid

Parameters = Mapping[str, np.ndarray]
NAMES = ("input_weight", "hidden_weight", "input_bias", "hidden_bias")
# gradients with respect to the parts of a state: the hidden state, and the cell state of the LSTM; (batch, units) each
Slopes = tuple[np.ndarray, ...]


def gradient_sizes(kind: str, parameters: Parameters, inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The size of the loss's gradient with respect to the state after each step, (time,).

    It is the root of the mean square over the batch. The loss is the cross-entropy after the last step. The state of
    the LSTM is hidden state and cell state.

    Args:
        kind: "rnn", "gru" or "lstm".
        parameters: of a `SequenceClassifier`.
        inputs: (batch, time, inputs).
        labels: integers (batch,).
    """
    weights, states = _run(kind, parameters, inputs)
    output = parameters["output.weight"].astype(np.float64)  # (classes, units)
    logits = hidden_of(states[-1]) @ output.T + parameters["output.bias"]
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    slope, last = (probabilities - np.eye(len(output))[labels]) @ output, inputs.shape[1] - 1
    slopes, sizes = _of_parts(kind, slope, states, weights, inputs, last), []
    for step in range(last, -1, -1):
        sizes.append(float(np.sqrt(sum(np.square(slope).sum() for slope in slopes) / len(inputs))))
        if step:
            slopes = _STEPS_BACK[kind](slopes, states, weights, inputs, step)
    return np.array(sizes[::-1])


def gates(kind: str, parameters: Parameters, inputs: np.ndarray) -> np.ndarray:
    """The gates of one sequence, (gates, units, time): forget, input and output gate of the LSTM; update and reset gate
    of the GRU; the hidden state of the plain cell.

    Args:
        kind, parameters: as in `gradient_sizes`.
        inputs: (1, time, inputs).
    """
    weights, states = _run(kind, parameters, inputs)
    columns = []
    for step in range(inputs.shape[1]):
        hidden = hidden_of(states[step])
        if kind == "rnn":
            columns.append([hidden_of(states[step + 1])[0]])
        elif kind == "lstm":
            of_step = reference.lstm_gates(inputs[:, step], hidden, weights)
            columns.append([of_step[name][0] for name in ("forget", "input", "output")])
        else:
            reset, update, _, _ = _gru_parts(inputs[:, step], hidden, weights)
            columns.append([update[0], reset[0]])
    return np.moveaxis(np.array(columns), 0, 2)  # (gates, units, time)


def _run(kind: str, parameters: Parameters, inputs: np.ndarray) -> tuple[Weights, list[Any]]:
    """The cell's weights in float64, and all states: before the first step, and after each."""
    weights = [parameters[name].astype(np.float64) for name in NAMES]
    zeros = np.zeros((len(inputs), weights[1].shape[1]))
    states: list[Any] = [(zeros, zeros) if kind == "lstm" else zeros]
    for step in range(inputs.shape[1]):
        states.append(reference.CELLS[kind](inputs[:, step].astype(np.float64), states[-1], weights))
    return weights, states


def _of_parts(
    kind: str, slope: np.ndarray, states: list[Any], weights: Weights, inputs: np.ndarray, step: int
) -> Slopes:
    """The slopes of all parts of the state after a step, counted from 0, from the slope of its hidden state."""
    if kind != "lstm":
        return (slope,)
    show = reference.lstm_gates(inputs[:, step], states[step][0], weights)["output"]
    return slope, slope * show * (1 - np.tanh(states[step + 1][1]) ** 2)


def _plain_back(slopes: Slopes, states: list[Any], weights: Weights, inputs: np.ndarray, step: int) -> Slopes:
    """From the slopes of the state after a step, counted from 0, to those of the state before it."""
    return ((slopes[0] * (1 - states[step + 1] ** 2)) @ weights[1],)


def _gru_back(slopes: Slopes, states: list[Any], weights: Weights, inputs: np.ndarray, step: int) -> Slopes:
    (slope,), hidden = slopes, states[step]
    reset, update, candidate, from_hidden = _gru_parts(inputs[:, step], hidden, weights)
    of_sum = slope * (1 - update) * (1 - candidate**2)  # the sum inside of the candidate's tanh
    of_reset = of_sum * from_hidden * reset * (1 - reset)
    of_update = slope * (hidden - candidate) * update * (1 - update)
    return (slope * update + np.concatenate([of_reset, of_update, of_sum * reset], axis=1) @ weights[1],)


def _lstm_back(slopes: Slopes, states: list[Any], weights: Weights, inputs: np.ndarray, step: int) -> Slopes:
    (of_hidden, of_cell), (hidden, cell), (_, after) = slopes, states[step], states[step + 1]
    of_step = reference.lstm_gates(inputs[:, step], hidden, weights)
    write, keep, candidate, show = (of_step[name] for name in ("input", "forget", "candidate", "output"))
    blocks = [
        of_cell * candidate * write * (1 - write),
        of_cell * cell * keep * (1 - keep),
        of_cell * write * (1 - candidate**2),
        of_hidden * np.tanh(after) * show * (1 - show),
    ]
    slope = np.concatenate(blocks, axis=1) @ weights[1]
    _, through_hidden = _of_parts("lstm", slope, states, weights, inputs, step - 1)
    return slope, of_cell * keep + through_hidden


def _gru_parts(
    x: np.ndarray, hidden: np.ndarray, weights: Weights
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Reset gate, update gate, candidate, and the candidate's block of U h + c; (batch, units) each."""
    input_weight, hidden_weight, input_bias, hidden_bias = weights
    from_x = np.split(x @ input_weight.T + input_bias, 3, axis=-1)
    from_h = np.split(hidden @ hidden_weight.T + hidden_bias, 3, axis=-1)
    reset, update = (sigmoid(one + other) for one, other in zip(from_x[:2], from_h[:2], strict=True))
    return reset, update, np.tanh(from_x[2] + reset * from_h[2]), from_h[2]


_STEPS_BACK = {"rnn": _plain_back, "gru": _gru_back, "lstm": _lstm_back}
