"""What the functions of elective 5 should give, in numpy and float64. Tests compare it with torch's own cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Weights = Sequence[np.ndarray]  # input weight, hidden weight, input bias, hidden bias
# the new state, from what is read in a step, the state and the weights
Cell = Callable[[np.ndarray, Any, Weights], Any]

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x), which no x makes overflow."""
    return 0.5 * (1 + np.tanh(x / 2))


def parameter_counts(inputs: int, units: int) -> dict[str, int]:
    """The entries of all four tensors, by kind of cell."""
    return {kind: sum(int(np.prod(shape)) for shape in shapes(kind, inputs, units)) for kind in GATES}


def shapes(kind: str, inputs: int, units: int) -> list[tuple[int, ...]]:
    """Of the four tensors of a cell."""
    rows = GATES[kind] * units
    return [(rows, inputs), (rows, units), (rows,), (rows,)]


def rnn_cell(x: np.ndarray, hidden: np.ndarray, weights: Weights) -> np.ndarray:
    """The plain cell. x: (batch, inputs). hidden: (batch, units)."""
    from_x, from_hidden = _products(x, hidden, weights)
    return np.tanh(from_x + from_hidden)


def lstm_cell(x: np.ndarray, state: tuple[np.ndarray, np.ndarray], weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """The LSTM; the state is hidden state and cell state, (batch, units) each."""
    gates = lstm_gates(x, state[0], weights)
    cell = gates["forget"] * state[1] + gates["input"] * gates["candidate"]
    return gates["output"] * np.tanh(cell), cell


def lstm_gates(x: np.ndarray, hidden: np.ndarray, weights: Weights) -> dict[str, np.ndarray]:
    """The gates of the LSTM, and the candidate, (batch, units) each."""
    i, f, g, o = np.split(np.add(*_products(x, hidden, weights)), 4, axis=-1)
    return {"forget": sigmoid(f), "input": sigmoid(i), "output": sigmoid(o), "candidate": np.tanh(g)}


def gru_cell(x: np.ndarray, hidden: np.ndarray, weights: Weights) -> np.ndarray:
    """The GRU in torch's form: the reset gate works on the product with the hidden weight."""
    (r_x, z_x, n_x), (r_h, z_h, n_h) = (np.split(part, 3, axis=-1) for part in _products(x, hidden, weights))
    keep = sigmoid(z_x + z_h)
    candidate = np.tanh(n_x + sigmoid(r_x + r_h) * n_h)
    return candidate + keep * (hidden - candidate)


def _products(x: np.ndarray, hidden: np.ndarray, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """W x + b and U h + c, (batch, gates * units) each."""
    input_weight, hidden_weight, input_bias, hidden_bias = (weight.astype(np.float64) for weight in weights)
    return x @ input_weight.T + input_bias, hidden @ hidden_weight.T + hidden_bias


CELLS: dict[str, Cell] = {"rnn": rnn_cell, "gru": gru_cell, "lstm": lstm_cell}


def hidden_of(state: Any) -> np.ndarray:
    """The hidden state of any cell's state."""
    return state[0] if isinstance(state, tuple) else state


def run_through(cell: Cell, inputs: np.ndarray, state: Any, weights: Weights) -> tuple[np.ndarray, Any]:
    """The hidden starts after each step, (batch, time, units), and the last state. inputs: (batch, time, inputs)."""
    collected = []
    for step in range(inputs.shape[1]):
        state = cell(inputs[:, step], state, weights)
        collected.append(hidden_of(state))
    return np.stack(collected, axis=1), state


def bidirectional(cell: Cell, inputs: np.ndarray, starts: Sequence[Any], weights: Sequence[Weights]) -> np.ndarray:
    """Both directions side by side, (batch, time, 2 * units)."""
    ahead, _ = run_through(cell, inputs, starts[0], weights[0])
    backward, _ = run_through(cell, inputs[:, ::-1], starts[1], weights[1])
    return np.concatenate([ahead, backward[:, ::-1]], axis=2)


def clip_gradients(gradients: Sequence[np.ndarray], largest_norm: float) -> tuple[list[np.ndarray], float]:
    """The gradients after clipping, and their norm before."""
    norm = float(np.sqrt(sum(np.square(gradient).sum() for gradient in gradients)))
    share = min(1.0, largest_norm / norm) if norm else 1.0
    return [share * gradient for gradient in gradients], norm


def logits(kind: str, parameters: Mapping[str, np.ndarray], inputs: np.ndarray) -> np.ndarray:
    """What a `SequenceClassifier` with these parameters gives, float64 (batch, classes)."""
    weights = [parameters[name] for name in ("input_weight", "hidden_weight", "input_bias", "hidden_bias")]
    zeros = np.zeros((len(inputs), weights[1].shape[1]))
    _, state = run_through(CELLS[kind], inputs.astype(np.float64), (zeros, zeros) if kind == "lstm" else zeros, weights)
    return hidden_of(state) @ parameters["output.weight"].T.astype(np.float64) + parameters["output.bias"]
