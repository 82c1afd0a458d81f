"""The classic mistakes of elective 5: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np

from grading.checks import expect, variants
from grading.checks.diagnosis import Probe
from grading.checks.variants import ROUNDED
from test_cases.e5 import reference
from test_cases.e5.reference import Weights, sigmoid

NAMES = {"lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}

TRANSPOSED = "U and its transpose are swapped. For rows of a batch, U h is `hidden @ hidden_weight.T`."
FORGETS = "The hidden state before the step has no influence. Where is U h used?"
ONE_BIAS = "One of the two biases is missing, or counted twice. The formula adds b and c."
NO_BIAS = "Neither bias is added. The formula adds b and c."
CUT_OFF = (
    "At least one of them gets none. What lies before it does not learn. Is something detached, or turned into numpy?"
)
STATE_CUT = "Some step gets none, so nothing is learned over time. Is the state detached between two steps?"
READ_TWICE = (
    "With a list of parameters, the gradients are right. `model.parameters()` gives each parameter once: a second loop "
    "over it finds none. How many loops go over `parameters`?"
)


def _sums(x: np.ndarray, hidden: np.ndarray, weights: Weights, wrong: str) -> tuple[np.ndarray, np.ndarray]:
    """W x + b and U h + c, or what mistakes that all cells share make of them."""
    w, u, b, c = weights
    b, c = {"no bias": (0 * b, 0 * c), "b twice": (b, b), "c twice": (c, c)}.get(wrong, (b, c))
    b, c = {"no b": (0 * b, c), "no c": (b, 0 * c)}.get(wrong, (b, c))
    blocks = np.split(u, len(u) // u.shape[1])
    if wrong == "transposed":
        u = np.concatenate([block.T for block in blocks])
    return x @ w.T + b, (0 if wrong == "forgets" else 1) * (hidden @ u.T) + c


IN_ALL = {
    "transposed": TRANSPOSED,
    "forgets": FORGETS,
    "no bias": NO_BIAS,
    **dict.fromkeys(("no b", "no c", "b twice", "c twice"), ONE_BIAS),
}


def rnn_cell(x: np.ndarray, parts: Sequence[np.ndarray], weights: Weights, wrong: str) -> np.ndarray:
    """The new hidden state of the plain cell with a mistake."""
    total = np.add(*_sums(x, parts[0], weights, wrong))
    found = {"linear": total, "sigmoid": sigmoid(total), "relu": np.maximum(total, 0)}
    return found.get(wrong, np.tanh(total))[None]


def lstm_cell(x: np.ndarray, parts: Sequence[np.ndarray], weights: Weights, wrong: str) -> np.ndarray:
    """Hidden state and cell state of the LSTM with a mistake, (2, batch, units)."""
    hidden, old = parts[::-1] if wrong == "state exchanged" else parts
    total = np.add(*_sums(x, hidden, weights, wrong))
    blocks = [total[:, part::4] for part in range(4)] if wrong == "in turn" else np.split(total, 4, axis=-1)
    order = wrong.removeprefix("order ") if wrong.startswith("order ") else "ifgo"
    i, f, g, o = (blocks[order.index(name)] for name in "ifgo")
    keep, candidate = sigmoid(f), sigmoid(g) if wrong == "candidate sigmoid" else np.tanh(g)
    keep = {"coupled": 1 - sigmoid(i), "reversed": 1 - keep, "always kept": np.ones_like(keep)}.get(wrong, keep)
    written = candidate if wrong == "input gate forgotten" else sigmoid(i) * candidate
    cell = keep * old + written
    seen = {"cell shown bare": cell, "old cell": np.tanh(old), "sigmoid of the cell": sigmoid(cell)}
    new = sigmoid(o) * seen.get(wrong, np.tanh(cell))
    new = np.tanh(cell) if wrong == "output gate forgotten" else new
    return np.stack([cell, new] if wrong == "exchanged" else [new, cell])


def gru_cell(x: np.ndarray, parts: Sequence[np.ndarray], weights: Weights, wrong: str) -> np.ndarray:
    """The new hidden state of the GRU with a mistake."""
    (hidden,) = parts
    from_x, from_hidden = (
        [part[:, gate::3] for gate in range(3)] if wrong == "in turn" else np.split(part, 3, axis=-1)
        for part in _sums(x, hidden, weights, wrong)
    )
    order = wrong.removeprefix("order ") if wrong.startswith("order ") else "rzn"
    places = [order.index(name) for name in "rzn"]
    (r_x, z_x, n_x), (r_h, z_h, n_h) = ([part[place] for place in places] for part in (from_x, from_hidden))
    reset, keep = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    u, c = np.split(weights[1], 3)[places[2]], np.split(weights[3], 3)[places[2]]
    inner = {
        "reset before the product": n_x + (reset * hidden) @ u.T + c,
        "reset without the bias": n_x + reset * (hidden @ u.T) + c,
        "reset of everything": reset * (n_x + n_h),
        "reset of everything, reversed": reset * (n_x + n_h),
        "update gate resets": n_x + keep * n_h,
        "reset forgotten": n_x + n_h,
    }.get(wrong, n_x + reset * n_h)
    candidate = sigmoid(inner) if wrong == "candidate sigmoid" else np.tanh(inner)
    if wrong.endswith("reversed"):
        keep = 1 - keep
    return (candidate + keep * hidden if wrong == "whole candidate" else (1 - keep) * candidate + keep * hidden)[None]


CELLS = {"rnn": rnn_cell, "lstm": lstm_cell, "gru": gru_cell}


def _orders(kind: str) -> dict[str, str]:
    """Wrong orders of a cell's blocks, by the name of the mistake."""
    right = "".join(NAMES[kind])
    found = {}
    for order in permutations(right):
        if "".join(order) != right:
            said = f"The blocks were taken in the order {', '.join(order)}. The formula has {', '.join(right)}."
            found[f"order {''.join(order)}"] = said
    return found


IN_TURN = (
    "The columns of the sum went to the gates in turn. A gate's block is `units` columns side by side. Is a product "
    "reshaped?"
)
EXPLANATIONS = {
    "rnn": {
        "linear": "The sum was returned as it is. What does the formula do with it?",
        "sigmoid": "The activation is a sigmoid. The formula has tanh, which takes both signs.",
        "relu": "The activation is ReLU. The formula has tanh.",
    },
    "lstm": {
        **_orders("lstm"),
        "in turn": IN_TURN,
        "candidate sigmoid": "The candidate g went through a sigmoid. The formula has tanh: g takes both signs.",
        "coupled": "The old cell state was kept with 1 - i. The LSTM has a forget gate of its own.",
        "reversed": "The old cell state was kept with 1 - f. The forget gate f itself says how much is kept.",
        "always kept": "The whole old cell state is kept. Where is the forget gate used?",
        "input gate forgotten": "The candidate is written whole. Where is the input gate used?",
        "output gate forgotten": "The hidden state is tanh(s'). Where is the output gate used?",
        "cell shown bare": "The output gate was multiplied by s' itself. The formula has tanh(s').",
        "sigmoid of the cell": "The output gate was multiplied by sigmoid(s'). The formula has tanh(s').",
        "old cell": "The hidden state shows the cell state before the step. Which of the two does the formula show?",
        "state exchanged": "Hidden state and cell state of `state` are swapped. The hidden state comes first.",
        "exchanged": "Hidden state and cell state are swapped. The tuple begins with the hidden state.",
    },
    "gru": {
        **_orders("gru"),
        "in turn": IN_TURN,
        "update gate resets": "The candidate has the update gate z in place of the reset gate r.",
        "reset of everything, reversed": (
            "Two parts are wrong. The reset gate was multiplied by all of the candidate's sum. z and 1 - z are swapped."
        ),
        "candidate sigmoid": "The candidate n went through a sigmoid. The formula has tanh: n takes both signs.",
        "reversed": ("z and 1 - z are swapped. Papers have both forms; in torch's form z says how much of h is kept."),
        "reset before the product": (
            "The reset gate was multiplied by h before the product with U. The first paper does that; torch's form "
            "multiplies block 2 of U h + c."
        ),
        "reset without the bias": "The reset gate leaves the bias c out. It multiplies the whole block 2 of U h + c.",
        "reset of everything": "The reset gate was multiplied by all of the candidate's sum. It leaves W x + b alone.",
        "reset forgotten": "The reset gate has no influence. Where is r used?",
        "whole candidate": "The candidate is added whole. Its share is 1 - z.",
    },
}


def of_cell(kind: str, found: np.ndarray, x: np.ndarray, parts: Sequence[np.ndarray], weights: Weights) -> str:
    """The explanation of the mistake that gives the state that a cell gave, (parts, batch, units)."""
    state = parts[0] if len(parts) == 1 else tuple(parts)

    def right(x: np.ndarray, _: Sequence[np.ndarray], weights: Weights) -> np.ndarray:
        following = reference.CELLS[kind](x, state, weights)
        return np.stack(following) if isinstance(following, tuple) else following[None]

    return variants.recognised(right, CELLS[kind], {**IN_ALL, **EXPLANATIONS[kind]}, [((x, parts, weights), found)])


def leaky(x: np.ndarray, state: Any, weights: Weights) -> Any:
    """`probes.leaky` in numpy."""
    w, u, b, c = weights
    hidden, carried = state if isinstance(state, tuple) else (state, None)
    hidden = x @ w.T + np.tanh(hidden @ u.T + b + c)
    if carried is None:
        return hidden
    carried = 0.5 * carried + x @ w.T
    return hidden + carried, carried


def unrolled(inputs: np.ndarray, state: Any, weights: Weights, wrong: str = "") -> np.ndarray:
    """The outputs of `unroll` with that cell, or what a mistake makes of them."""
    if wrong == "state not passed on":
        steps = [reference.hidden_of(leaky(inputs[:, step], state, weights)) for step in range(inputs.shape[1])]
        return np.stack(steps, axis=1)
    if wrong in ("backwards", "backwards and turned"):
        inputs = inputs[:, ::-1]
    if wrong == "first input left out":
        inputs = inputs[:, 1:]
    outputs, _ = reference.run_through(leaky, inputs, state, weights)
    first = reference.hidden_of(state)[:, None]
    return {
        "time first": outputs.swapaxes(0, 1),
        "reversed": outputs[:, ::-1],
        "backwards and turned": outputs[:, ::-1],
        "states before": np.concatenate([first, outputs[:, :-1]], axis=1),
        "first state, too": np.concatenate([first, outputs], axis=1),
        "first input left out": np.concatenate([first, outputs], axis=1),
        "last alone": outputs[:, -1],
    }.get(wrong, outputs)


IN_UNROLL = {
    "state not passed on": "Each step begins with the first state. Does the state of a step go into the next one?",
    "backwards": "The steps were read from the last to the first.",
    "backwards and turned": "The steps were read from the last to the first.",
    "reversed": "The outputs stand in reverse order. The output of the first step comes first.",
    "time first": "The outputs have the shape (time, batch, units). Along which dimension are they stacked?",
    "states before": "The outputs are those before each step. Is the hidden state noted after the cell was called?",
    "first state, too": "The first state is among the outputs. They begin after the first step.",
    "first input left out": (
        "The cell did not read the first step, and the first state stands in its position. Where does the loop begin?"
    ),
    "last alone": "Only the last hidden state was returned. Every step has one.",
}


def of_unroll(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives the outputs that `unroll` gave for arguments of `unrolled`."""
    return variants.recognised(unrolled, unrolled, IN_UNROLL, probes)


def both_directions(inputs: np.ndarray, states: Any, weights: Any, wrong: str = "") -> np.ndarray:
    """What `bidirectional` gives with that cell, or what a mistake makes of it."""
    swapped = weights[::-1] if wrong == "weights exchanged" else weights
    fore_weights, back_weights = (weights[0], weights[0]) if wrong == "one set of weights" else swapped
    fore_state, back_state = (states[0], states[0]) if wrong == "one state" else states
    if wrong == "goes on":
        _, back_state = reference.run_through(leaky, inputs, fore_state, fore_weights)
    fore, _ = reference.run_through(leaky, inputs, fore_state, fore_weights)
    backward_inputs = {"reads forward twice": inputs, "batch reversed": inputs[::-1]}.get(wrong, inputs[:, ::-1])
    back, _ = reference.run_through(leaky, backward_inputs, back_state, back_weights)
    if wrong not in ("not turned back", "reads forward twice"):
        back = back[::-1] if wrong == "batch reversed" else back[:, ::-1]
    if wrong == "added":
        return fore + back
    if wrong == "mean":
        return (fore + back) / 2
    if wrong == "along time":
        return np.concatenate([fore, back], axis=1)
    return np.concatenate([back, fore] if wrong == "exchanged" else [fore, back], axis=2)


IN_BIDIRECTIONAL = {
    "not turned back": (
        "The backward outputs stand in the order in which they were made. The first of them belongs to the last step."
    ),
    "reads forward twice": "Both directions read from the first step to the last. What turns the steps round?",
    "batch reversed": "The rows of the batch were reversed in place of the steps. Which dimension is time?",
    "exchanged": "The backward hidden state stands in front. The forward one comes first.",
    "added": "The two hidden states were added. They should stand side by side.",
    "mean": "The two hidden states were averaged. They should stand side by side.",
    "along time": "The outputs were joined along time. Each step has both, side by side.",
    "one set of weights": "Both directions use the same weights. The backward direction has weights of its own.",
    "weights exchanged": "The two sets of weights are swapped.",
    "one state": "Both directions begin with the forward state. The backward direction has a first state of its own.",
    "goes on": "The backward direction begins with the last forward state. It has a first state of its own.",
}


def of_bidirectional(found: Any, inputs: np.ndarray, states: Any, weights: Any) -> str:
    """The explanation of the mistake that gives what `bidirectional` gave."""
    probes = [((inputs, states, weights), found)]
    return variants.recognised(both_directions, both_directions, IN_BIDIRECTIONAL, probes)


def is_one_factor(gradients: Sequence[np.ndarray], after: np.ndarray) -> bool:
    """Whether all entries of gradients were multiplied by the same number."""
    before = np.concatenate([gradient.ravel() for gradient in gradients])
    factor = float(after @ before / (before @ before)) if before.any() else 1.0
    return expect.is_close(after, factor * before, ROUNDED)


def clipped(gradients: Sequence[np.ndarray], largest: float, wrong: str = "") -> np.ndarray:
    """All gradients after clipping, one after the other, or what a mistake makes of them."""
    right, norm = reference.clip_gradients(gradients, largest)
    norms = [float(np.linalg.norm(gradient)) for gradient in gradients]
    squares, entry = norm**2, max(float(np.abs(gradient).max()) for gradient in gradients)
    shares = {
        "each alone": [min(1.0, largest / one) if one else 1.0 for one in norms],
        "always": [largest / norm if norm else 1.0] * len(norms),
        "sum of norms": [min(1.0, largest / sum(norms)) if norm else 1.0] * len(norms),
        "largest entry": [largest / entry if entry > largest else 1.0] * len(norms),
        "no root": [largest / squares if squares > largest else 1.0] * len(norms),
        "not shortened": [1.0] * len(norms),
        "upside down": [norm / largest if norm > largest else 1.0] * len(norms),
        "divided by the norm": [1 / norm if norm > largest else 1.0] * len(norms),
        "last alone": [*[1.0] * (len(norms) - 1), min(1.0, largest / norm) if norm else 1.0],
    }
    if wrong == "entry by entry":
        found = [np.clip(gradient, -largest, largest) for gradient in gradients]
    elif wrong:
        found = [share * gradient for share, gradient in zip(shares[wrong], gradients, strict=True)]
    else:
        found = right
    return np.concatenate([gradient.ravel() for gradient in found])


IN_CLIPPING = {
    "each alone": "Each gradient was shortened by its own norm. There is one norm for all of them together.",
    "always": "Gradients that were short enough changed, too. They should stay as they are.",
    "sum of norms": "The norms of the gradients were added. The squares are added, and the root comes last.",
    "largest entry": "The norm is that of the largest entry. The formula adds squares and takes the root.",
    "no root": "The norm is the sum of squares. What does the formula take of the sum?",
    "entry by entry": "Each entry was cut off at the limit, which turns the gradient. All shrink by one factor.",
    "not shortened": "The gradients did not change. Is the result written back into `.grad`, in place?",
    "upside down": "The gradients grew. Which of the two stands above, the norm or the limit?",
    "divided by the norm": "The gradients have the length 1. Their length should be the limit.",
    "last alone": "Only the last gradient was shortened. All of them shrink by one factor.",
}


def of_norms(answers: Sequence[tuple[Any, float]]) -> str:
    """That `clip_gradients` returned other norms than those of the gradients, if all of them are numbers.

    Args:
        answers: what it returned, and the right norm, of each call; the gradients differ from call to call.
    """
    if not all(isinstance(found, (int, float)) and not isinstance(found, bool) for found, _ in answers):
        return ""
    wrong = [(found, right) for found, right in answers if not expect.is_close(found, right, ROUNDED)]
    if not wrong or len({found for found, _ in answers}) > 1:
        return ""
    found, right = wrong[0]
    return (
        f"`clip_gradients` returned {found:.4f} for gradients of norm {right:.4f}, and the same number for other "
        "gradients. Of which tensors does your code compute the norm?"
    )


def of_clipping(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives the gradients that came for arguments of `clipped`."""
    return variants.named(clipped, IN_CLIPPING, probes, ROUNDED)


def _count(kind: str, biases: int, inputs: int, units: int) -> int:
    return reference.GATES[kind] * (units * inputs + units * units + biases * units)


COUNTS = {
    "There is one bias for each unit in your count. The cells here have two: `input_bias` and `hidden_bias`.": (
        lambda kind, inputs, units: _count(kind, 1, inputs, units)
    ),
    "The biases are missing from your count. Both are parameters.": (
        lambda kind, inputs, units: _count(kind, 0, inputs, units)
    ),
    "The hidden weight is missing from your count.": (
        lambda kind, inputs, units: reference.GATES[kind] * (units * inputs + 2 * units)
    ),
    "The input weight is missing from your count.": (
        lambda kind, inputs, units: reference.GATES[kind] * (units * units + 2 * units)
    ),
    "All three have the count of one gate. How many blocks do LSTM and GRU have?": (
        lambda kind, inputs, units: _count("rnn", 2, inputs, units)
    ),
    "The counts of LSTM and GRU are swapped. Which of the two has more gates?": (
        lambda kind, inputs, units: _count({"rnn": "rnn", "gru": "lstm", "lstm": "gru"}[kind], 2, inputs, units)
    ),
    "You counted the three gates of the LSTM. Its candidate has a block of weights, too; so has the GRU's.": (
        lambda kind, inputs, units: _count(kind, 2, inputs, units) * {"lstm": 3, "gru": 2}.get(kind, 1)
        // reference.GATES[kind]
    ),
}  # fmt: skip


def of_counts(found: Sequence[dict[str, Any]], sizes: Sequence[tuple[int, int]]) -> str:
    """The explanation of the mistake that gives these counts."""
    fitting = [
        explanation
        for explanation, count in COUNTS.items()
        if all(
            counts == {kind: count(kind, *size) for kind in reference.GATES}
            for counts, size in zip(found, sizes, strict=True)
        )
    ]
    return fitting[0] if len(fitting) == 1 else ""
