"""Elective 5: recurrent cells and their memory. Fill in every part with NotImplementedError.

torch has all of this ready-made (`RNNCell`, `LSTM`, `clip_grad_norm_` and others). It is not allowed here: you write
its core. `torch.optim` is allowed.

Not allowed here: `torch.nn.RNN*`, `torch.nn.LSTM*`, `torch.nn.GRU*`, `torch.nn.modules.rnn*`, `torch.nn.utils.*clip*`,
`torch.nn.utils.*total_norm`, `torch.*rnn_*`, `torch.*lstm*`, `torch.*gru*`, `torch._VF*`. In these names, `*` stands
for any text. Everything else of torch is allowed.

A cell reads one step of a sequence. All three cells have one form, so one loop can use any of them:

    state = cell(x, state, input_weight, hidden_weight, input_bias, hidden_bias)

- x: what is read in this step, (batch, inputs).
- state: what the cell remembers. `rnn_cell` and `gru_cell` have a tensor, the hidden state, (batch, units). `lstm_cell`
  has a tuple of two such tensors: the hidden state and the cell state.
- input_weight: (gates * units, inputs). hidden_weight: (gates * units, units). Both biases: (gates * units,).

`gates` is 1 for the plain cell, 4 for the LSTM and 3 for the GRU. The rows of the weights come in blocks of `units`
rows, one block for each gate. `tensor.chunk(gates, dim=1)` cuts a product of shape (batch, gates * units) into
`gates` parts of shape (batch, units).

All tensors of a call have one dtype, float32 or float64.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, sigmoid, stack, tanh
from torch.nn import Linear, Module, Parameter
from torch.nn.functional import cross_entropy, linear
from torch.optim import Adam
from torch.utils.data import DataLoader, Dataset

Weights = tuple[Tensor, Tensor, Tensor, Tensor]  # input_weight, hidden_weight, input_bias, hidden_bias


def parameter_counts(inputs: int, units: int) -> dict[str, int]:
    """Return how many numbers the weights and biases of each cell hold: {"rnn": ..., "gru": ..., "lstm": ...}.

    inputs: numbers that a cell reads in a step. units: numbers of its hidden state.
    Each cell has the four tensors of the text above. Count the entries of all four.
    Example: parameter_counts(10, 20)["rnn"] is 640.
    """
    # BEGIN SOLUTION
    of_one_gate = units * inputs + units * units + 2 * units
    return {"rnn": of_one_gate, "gru": 3 * of_one_gate, "lstm": 4 * of_one_gate}
    # END SOLUTION


def rnn_cell(
    x: Tensor, state: Tensor, input_weight: Tensor, hidden_weight: Tensor, input_bias: Tensor, hidden_bias: Tensor
) -> Tensor:
    """Take one step of a plain recurrent cell (Elman, 1990). Returns the new hidden state, (batch, units).

        h' = tanh(W x + b + U h + c)

    h: `state`, (batch, units). W, U, b, c: `input_weight`, `hidden_weight`, `input_bias`, `hidden_bias`.
    W x + b is meant for each row of the batch: `x @ input_weight.T + input_bias`. `linear(x, input_weight, input_bias)`
    gives the same.
    """
    # BEGIN SOLUTION
    return tanh(linear(x, input_weight, input_bias) + linear(state, hidden_weight, hidden_bias))
    # END SOLUTION


def lstm_cell(
    x: Tensor,
    state: tuple[Tensor, Tensor],
    input_weight: Tensor,
    hidden_weight: Tensor,
    input_bias: Tensor,
    hidden_bias: Tensor,
) -> tuple[Tensor, Tensor]:
    """Take one step of an LSTM (Hochreiter and Schmidhuber, 1997; forget gate: Gers and others, 2000).

    `state` holds the hidden state h and the cell state s, (batch, units) each. The sum W x + b + U h + c has the shape
    (batch, 4 * units). Its four blocks give, in this order:

        i = sigmoid(block 0)       input gate: how much is written
        f = sigmoid(block 1)       forget gate: how much of the cell state is kept
        g = tanh(block 2)          candidate: what is written
        o = sigmoid(block 3)       output gate: how much is shown

        s' = f * s + i * g
        h' = o * tanh(s')

    `*` works entry by entry. Returns the tuple (h', s').
    """
    # BEGIN SOLUTION
    hidden, cell = state
    gates = linear(x, input_weight, input_bias) + linear(hidden, hidden_weight, hidden_bias)  # (batch, 4 * units)
    write, keep, candidate, show = gates.chunk(4, dim=1)  # (batch, units) each
    cell = sigmoid(keep) * cell + sigmoid(write) * tanh(candidate)
    return sigmoid(show) * tanh(cell), cell
    # END SOLUTION


def gru_cell(
    x: Tensor, state: Tensor, input_weight: Tensor, hidden_weight: Tensor, input_bias: Tensor, hidden_bias: Tensor
) -> Tensor:
    """Take one step of a GRU (Cho and others, 2014), in torch's form. Returns the new hidden state, (batch, units).

    W x + b and U h + c have the shape (batch, 3 * units). Here their three blocks do not simply add up:

        r = sigmoid(block 0 of W x + b  +  block 0 of U h + c)          reset gate
        z = sigmoid(block 1 of W x + b  +  block 1 of U h + c)          update gate: how much of h is kept
        n = tanh(block 2 of W x + b  +  r * (block 2 of U h + c))       candidate

        h' = (1 - z) * n + z * h
    """
    # BEGIN SOLUTION
    reset_x, update_x, candidate_x = linear(x, input_weight, input_bias).chunk(3, dim=1)
    reset_h, update_h, candidate_h = linear(state, hidden_weight, hidden_bias).chunk(3, dim=1)
    reset, update = sigmoid(reset_x + reset_h), sigmoid(update_x + update_h)
    candidate = tanh(candidate_x + reset * candidate_h)
    return (1 - update) * candidate + update * state
    # END SOLUTION


def hidden_of(state: Any) -> Tensor:
    """Return the hidden state, (batch, units): the state itself, or the first of its parts. This is complete."""
    return state if isinstance(state, Tensor) else state[0]


def unroll(cell: Callable[..., Any], inputs: Tensor, state: Any, weights: Weights) -> tuple[Tensor, Any]:
    """Read whole sequences with a cell, one step after the other.

    cell: called once for each step as `state = cell(x, state, *weights)`, with the same weights every time.
    inputs: (batch, time, inputs); x is the (batch, inputs) of one step. `inputs.unbind(1)` gives the steps in order.
    state: before the first step.
    Returns two things: the hidden state after each step, (batch, time, units), and the state after the last step.
    `hidden_of(state)` is the hidden state of any cell's state.
    """
    # BEGIN SOLUTION
    outputs = []
    for x in inputs.unbind(1):
        state = cell(x, state, *weights)
        outputs.append(hidden_of(state))
    return stack(outputs, dim=1), state
    # END SOLUTION


def bidirectional(
    cell: Callable[..., Any], inputs: Tensor, states: tuple[Any, Any], weights: tuple[Weights, Weights]
) -> Tensor:
    """Read sequences in both directions (Schuster and Paliwal, 1997).

    One cell reads from the first step to the last. Another cell, with weights of its own, reads from the last to the
    first. The output of a step joins what both know once they have read that step: the forward hidden state in front,
    then the backward one.

    inputs: (batch, time, inputs). `inputs.flip(1)` has its steps in reverse order.
    states: the first state of the forward direction, and that of the backward direction.
    weights: those of the forward direction, and those of the backward direction.
    Returns (batch, time, 2 * units).
    """
    # BEGIN SOLUTION
    forward, _ = unroll(cell, inputs, states[0], weights[0])
    backward, _ = unroll(cell, inputs.flip(1), states[1], weights[1])
    return torch.cat([forward, backward.flip(1)], dim=2)
    # END SOLUTION


def clip_gradients(parameters: Iterable[Tensor], largest_norm: float) -> float:
    """Shorten the gradients of all parameters together, if they are too long (Pascanu and others, 2013).

        norm = the square root of the sum of squares of all entries of all gradients

    If the norm is above `largest_norm`, every gradient is multiplied by largest_norm / norm. Otherwise nothing changes.
    parameters: such as `model.parameters()`, which one loop uses up. Their gradients are in `.grad`, which changes in
    place. Parameters whose `.grad` is None are left out.
    Returns the norm before anything changed.
    """
    # BEGIN SOLUTION
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = sum((float((gradient**2).sum()) for gradient in gradients), 0.0) ** 0.5
    if norm > largest_norm:
        for gradient in gradients:
            gradient.mul_(largest_norm / norm)
    return norm
    # END SOLUTION


def initial_weights(kind: str, inputs: int, units: int) -> Weights:
    """Return the first weights of a cell, four float32 tensors of the shapes in the text above.

    kind: "rnn", "lstm" or "gru".
    torch draws all four from the uniform distribution between -1 / sqrt(units) and 1 / sqrt(units). That leaves every
    gate about half open: sigmoid(0) is 0.5. A memory that is halved in each step is gone after 50 steps. Which part of
    the biases decides what the LSTM keeps, and which part what the GRU keeps? Choose where these gates begin (Gers and
    others, 2000; Jozefowicz and others, 2015).
    """
    # BEGIN SOLUTION
    rows, bound = {"rnn": 1, "lstm": 4, "gru": 3}[kind] * units, units**-0.5
    shapes = [(rows, inputs), (rows, units), (rows,), (rows,)]
    input_weight, hidden_weight, input_bias, hidden_bias = (
        torch.empty(shape).uniform_(-bound, bound) for shape in shapes
    )
    if kind != "rnn":
        input_bias[units : 2 * units] += 5.0  # block 1: the forget gate, or the update gate; sigmoid(5) is 0.993
    return input_weight, hidden_weight, input_bias, hidden_bias
    # END SOLUTION


class SequenceClassifier(Module):
    """Reads a sequence and classifies it after the last step. This is complete.

    kind: "rnn", "lstm" or "gru".
    """

    def __init__(self, kind: str, inputs: int, units: int, classes: int) -> None:
        super().__init__()
        self.kind, self.units = kind, units
        cells: dict[str, Callable[..., Any]] = {"rnn": rnn_cell, "lstm": lstm_cell, "gru": gru_cell}
        self.cell = cells[kind]
        first = [Parameter(tensor) for tensor in initial_weights(kind, inputs, units)]
        self.input_weight, self.hidden_weight, self.input_bias, self.hidden_bias = first
        self.output = Linear(units, classes)

    @property
    def weights(self) -> Weights:
        """The four tensors of the cell."""
        return self.input_weight, self.hidden_weight, self.input_bias, self.hidden_bias

    def first_state(self, batch: int) -> Any:
        """Return the state before the first step: zeros."""
        zeros = self.output.weight.new_zeros(batch, self.units)
        return (zeros, zeros) if self.kind == "lstm" else zeros

    def forward(self, x: Tensor) -> Tensor:
        """Return logits. x: (batch, time, inputs). Returns (batch, classes)."""
        outputs, _ = unroll(self.cell, x, self.first_state(len(x)), self.weights)
        return self.output(outputs[:, -1])


def train_memory(model: SequenceClassifier, dataset: Dataset) -> None:
    """Train a model to say, at the end of a sequence, which of four symbols came first.

    Batches of a `DataLoader` are dictionaries: `batch["x"]`, float32 (batch, 51, 12), and `batch["y"]`, int64 (batch,),
    the symbol, 0 to 3. In step 0, the symbol is a 1 among the first four inputs. In the 50 later steps, the other eight
    inputs hold noise. There are 2,000 sequences.

    The same function trains all three cells. `clip_gradients` keeps a steep place of the loss from throwing the weights
    far away. `dataset.get_validation_accuracy()` tells how many sequences of a validation split are right, from 0 to 1.
    A plain cell does not learn this. End after 20 epochs at the latest, so that the check takes seconds.
    """
    # BEGIN SOLUTION
    # Training has some 200 steps. With its usual 0.999, Adam would average over 1,000 of them: after a few steep steps,
    # its updates stay small for long, and some seeds stop at three symbols of four.
    optimizer = Adam(model.parameters(), lr=0.007, betas=(0.9, 0.99))
    good = 0  # epochs in a row
    for _ in range(12):
        for batch in DataLoader(dataset, batch_size=64, shuffle=True, drop_last=True):
            optimizer.zero_grad()
            cross_entropy(model(batch["x"]), batch["y"]).backward()
            clip_gradients(model.parameters(), 1.0)
            optimizer.step()
        good = good + 1 if dataset.get_validation_accuracy() > 0.997 else 0
        if good == 2:
            break
        if good:
            optimizer.param_groups[0]["lr"] = 0.002  # small steps from here on: the last epoch is no lucky one
    # END SOLUTION
