"""The classic mistakes of elective 11: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from grading.checks import variants
from grading.checks.diagnosis import Probe
from grading.checks.variants import Constants
from test_cases.e11 import reference
from test_cases.e11.reference import leaky

NO_NEIGHBOUR = {
    "aggregate": "A node of this graph has no neighbour. Is something divided by 0, or the maximum of nothing taken?",
    "attention_weights": "A node of this graph has no neighbour. Does N_i hold the node itself?",
    "gcn_layer": "A node of this graph has no neighbour. Which matrix do the degrees come from, A or A + I?",
}
OVERFLOW = "exp(1000) is infinite. Which function of torch has the softmax built in, without an overflow?"
LARGEST_EXPONENT = float(np.log(np.finfo(np.float64).max))  # exp of more is infinite
NOT_FLOAT32 = "torch multiplies no matrix with features of another dtype. Features are float32."


def adjacency(edges: np.ndarray, nodes: int, wrong: str = "") -> np.ndarray:
    """The matrix of a graph, or what a mistake makes of it."""
    right = reference.adjacency(edges, nodes)
    counted = np.zeros((nodes, nodes))
    np.add.at(counted, (edges[:, 0], edges[:, 1]), 1.0)
    return {
        "one direction": np.minimum(counted, 1),
        "other direction": np.minimum(counted.T, 1),
        "counted": counted + counted.T,
        "loops": right + np.eye(nodes),
        "complement": 1 - right,
        "upper half": np.triu(right),
        "whole rows": np.repeat(np.isin(np.arange(nodes), edges)[:, None] * 1.0, nodes, axis=1),
    }.get(wrong, right)


IN_ADJACENCY = {
    **dict.fromkeys(
        ("one direction", "other direction", "upper half"),
        "Each edge has one entry. Edges have no direction, so [i, j] and [j, i] are both 1.",
    ),
    "counted": "An edge that is listed twice has the entry 2. The entries are 1 all the same.",
    "loops": "The diagonal is 1. No node has an edge to itself; `gcn_layer` adds the loops.",
    "complement": "Entries are 1 where there is no edge.",
    "whole rows": (
        "The row of each node that has an edge is 1 from end to end. `matrix[index]` means whole rows. An entry has "
        "two indices."
    ),
}


def aggregate(table: np.ndarray, x: np.ndarray, how: str, wrong: str = "") -> np.ndarray:
    """What `aggregate` gives, or what a mistake makes of it."""
    looped = table + np.eye(len(table))
    if wrong in reference.WAYS:
        return reference.aggregate(table, x, wrong)
    if wrong == "itself, too":
        return reference.aggregate(looped, x, how)
    if wrong == "itself added":
        return reference.aggregate(table, x, how) + x
    if how == "mean" and wrong in ("all nodes", "one more", "roots"):
        counts = table.sum(axis=1, keepdims=True)
        divisor = {"all nodes": len(x) + 0 * counts, "one more": counts + 1, "roots": np.sqrt(np.maximum(counts, 1))}
        return table @ x / divisor[wrong]
    if how == "max" and wrong == "zeros take part":
        return (table[:, :, None] * x).max(axis=1)
    if how == "max" and wrong == "all heard":
        return np.broadcast_to(x.max(axis=0), x.shape)
    if how == "max" and wrong == "minimum":
        return -reference.aggregate(table, -x, "max")
    return reference.aggregate(table, x, how)


IN_AGGREGATE = {
    **{name: f"The same came for all three: the {name}. Is the argument `how` used?" for name in reference.WAYS},
    "itself, too": "The node's own row took part. Only the neighbours are collected.",
    "itself added": "The node's own row was added. Only the neighbours are collected.",
    "all nodes": "The sum was divided by the number of all nodes. How many neighbours does a node have?",
    "one more": "The sum was divided by the degree + 1. A node without neighbours needs another remedy.",
    "roots": "The sum was divided by the root of the degree. A mean divides by the degree itself.",
    "zeros take part": (
        "Nodes that are no neighbours took part in the maximum, as zeros. Where all neighbours are negative, 0 comes "
        "out. Which number is below all others?"
    ),
    "all heard": "The maximum was taken over all nodes. Only neighbours take part.",
    "minimum": "The minimum came where the maximum was asked for.",
}


def gcn_layer(table: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray, wrong: str = "") -> np.ndarray:
    """What `gcn_layer` gives, or what a mistake makes of it."""
    looped, size = table + np.eye(len(table)), len(table)
    total, bare = looped.sum(axis=1), np.maximum(table.sum(axis=1), 1e-300)
    steps = {
        "no loops": table / np.sqrt(np.outer(bare, bare)),
        "old degrees": looped / np.sqrt(np.outer(bare, bare)),
        "rows": looped / total[:, None],
        "columns": looped / total,
        "not normalised": looped,
        "bare": table,
        "no root": looped / np.outer(total, total),
        "multiplied": looped * np.sqrt(np.outer(total, total)),
        "loops last": table / np.sqrt(np.outer(bare, bare)) + np.eye(size),
        "neighbours averaged": table / np.maximum(table.sum(axis=1), 1)[:, None],
        "two loops": (looped + np.eye(size)) / np.sqrt(np.outer(total + 1, total + 1)),
    }
    step = steps.get(wrong, reference.normalised(table))
    if wrong == "bias inside":
        return step @ (x @ weight + bias)
    found = step @ x @ weight + (0 if wrong == "no bias" else bias)
    return np.maximum(found, 0) if wrong == "activation" else found


IN_GCN = {
    "no loops": "A node's own features are missing from its sum. What does the formula add to A?",
    "neighbours averaged": "Each row of A was divided by its degree. The formula has A + I and sqrt(d_i * d_j).",
    "bare": "The rows of neighbours were added up: A X W + b. The formula has loops and degrees.",
    "old degrees": "The degrees are those of A. The formula takes the row sums of A + I.",
    "rows": "Each row was divided by its own degree. The formula divides by sqrt(d_i * d_j).",
    "columns": "Each column was divided by its own degree. The formula divides by sqrt(d_i * d_j).",
    "not normalised": "Nothing was divided by degrees. What is D for?",
    "no root": "The entries were divided by d_i * d_j. Where is the square root?",
    "multiplied": "The entries were multiplied by sqrt(d_i * d_j). The exponent of D is -1/2.",
    "loops last": "I was added after the division. The degrees count the loops, and the loops are divided, too.",
    "two loops": "I was added twice. Each node is its own neighbour once.",
    "bias inside": "The bias was added before the neighbours were collected. b comes last.",
    "no bias": "The bias is missing.",
    "activation": "An activation was applied. The layer ends with the bias; the caller adds the activation.",
}


def attention_weights(
    table: np.ndarray, z: np.ndarray, receiver: np.ndarray, sender: np.ndarray, wrong: str = ""
) -> np.ndarray:
    """What `attention_weights` gives, or what a mistake makes of it."""
    if wrong == "exchanged":
        receiver, sender = sender, receiver
    ours, theirs = z @ receiver, z @ sender
    if wrong == "senders alone":
        ours = 0 * ours
    if wrong in ("receiver twice", "sender twice"):
        ours = theirs = ours if wrong == "receiver twice" else theirs
    sums = ours[:, None] * theirs if wrong == "multiplied" else ours[:, None] + theirs
    slopes = {"linear": 1.0, "slope 0.01": 0.01, "relu": 0.0}
    scores = leaky(sums, slopes.get(wrong, reference.SLOPE))
    if wrong == "leaky parts":
        scores = leaky(ours)[:, None] + leaky(theirs)
    heard = table > 0 if wrong == "not itself" else (table + np.eye(len(table))) > 0
    if wrong == "all heard":
        heard = np.ones_like(heard)
    if wrong in ("zeros masked", "masked after"):
        shares = _softmax(np.where(heard, scores, 0.0) if wrong == "zeros masked" else scores)
        return shares * (1 if wrong == "zeros masked" else heard)
    if wrong == "zeros cut":
        return _softmax(np.where(heard, scores, 0.0)) * heard
    if wrong == "equal":
        return heard / heard.sum(axis=1, keepdims=True)
    masked = np.where(heard, scores, -np.inf)
    return _softmax(masked.T).T if wrong == "columns" else _softmax(masked)


IN_ATTENTION = {
    "exchanged": "`receiver` and `sender` are swapped. r belongs to node i, s to its neighbour j.",
    **dict.fromkeys(
        ("senders alone", "leaky parts"),
        "The receiver has no influence. What is the same in a whole row drops out of a softmax. LeakyReLU is applied "
        "to the sum of both products.",
    ),
    "receiver twice": "`sender` has no influence. s belongs to the neighbour j.",
    "sender twice": "`receiver` has no influence. r belongs to node i.",
    "multiplied": "The two scalar products were multiplied. The formula adds them.",
    "linear": "The scores went into the softmax as they are. Where is LeakyReLU used?",
    "slope 0.01": "LeakyReLU has the slope 0.01 below 0, torch's own. The formula has 0.2.",
    "relu": "The scores below 0 became 0, as in ReLU. The formula has LeakyReLU with the slope 0.2.",
    "not itself": "The weight of the node itself is 0. N_i holds node i, too.",
    "all heard": "Every node gets weight. N_i holds the neighbours and node i alone.",
    **dict.fromkeys(
        ("zeros masked", "zeros cut"),
        "Nodes that are no neighbours have the score 0 in the softmax, and exp(0) is 1. Whose exponential is 0?",
    ),
    "masked after": "The softmax ran over all nodes and was masked afterwards. The rows then add up to less than 1.",
    "equal": "All neighbours count the same. Where are the scores used?",
    "columns": (
        "The columns add up to 1. Row i has the weights of node i, so the rows should. Along which `dim` is the "
        "softmax?"
    ),
}


def gat_layer(
    table: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    receiver: np.ndarray,
    sender: np.ndarray,
    bias: np.ndarray,
    wrong: str = "",
) -> np.ndarray:
    """What `gat_layer` gives, or what a mistake makes of it."""
    z = x @ weight
    if wrong == "exchanged":
        receiver, sender = sender, receiver
    shares = reference.attention_weights(table, z, receiver, sender)
    shares = {"transposed": shares.T, "not listening": table, "squared": shares @ shares}.get(wrong, shares)
    if wrong == "bias inside":
        return reference.attention_weights(table, z + bias, receiver, sender) @ (z + bias)
    found = shares @ z + (0 if wrong == "no bias" else bias)
    if wrong == "itself added":
        found = found + z
    return {"relu": np.maximum(found, 0), "elu": np.where(found > 0, found, np.expm1(found))}.get(wrong, found)


IN_GAT = {
    "exchanged": "`receiver` and `sender` are swapped. r belongs to node i, s to its neighbour j.",
    "transposed": (
        "The attention was used the wrong way round. Row i of `a` holds the weights with which node i adds up rows of "
        "Z."
    ),
    "not listening": "The rows of neighbours were added up. Where is the attention used?",
    "squared": "The attention was applied twice.",
    "bias inside": "The bias was added to Z. b comes last.",
    "no bias": "The bias is missing.",
    "itself added": "Z was added to the result. The weights a_ii have added it already.",
    **dict.fromkeys(
        ("relu", "elu"),
        "An activation was applied. The layer ends with the bias; the caller adds the activation.",
    ),
}


def readout(x: np.ndarray, owners: np.ndarray, graphs: int, how: str, wrong: str = "") -> np.ndarray:
    """What `readout` gives, or what a mistake makes of it."""
    right = reference.readout(x, owners, graphs, how)
    if wrong in reference.WAYS:
        return reference.readout(x, owners, graphs, wrong)
    belongs = owners == np.arange(graphs)[:, None]
    if wrong == "in order":
        return reference.readout(x, np.sort(owners), graphs, how)
    if how == "mean" and wrong == "all nodes":
        return right * belongs.sum(axis=1, keepdims=True) / len(x)
    if how == "mean" and wrong == "graphs":
        return right * belongs.sum(axis=1, keepdims=True) / graphs
    if how == "max" and wrong == "zeros take part":
        return (belongs[:, :, None] * x).max(axis=1)
    if wrong == "one more row":
        counts = belongs.sum(axis=1, keepdims=True)
        return {"sum": right, "mean": right * counts / (counts + 1), "max": np.maximum(right, 0)}[how]
    if wrong == "one graph":
        return np.repeat(reference.COMBINE[how](x, axis=0)[None], graphs, axis=0)
    return right


IN_READOUT = {
    **{name: f"The same came for all three: the {name}. Is the argument `how` used?" for name in reference.WAYS},
    "in order": "The nodes were cut into stretches. `graph_of` says which node belongs where, in any order.",
    "all nodes": "The sum was divided by the number of all nodes. How many nodes does each graph have?",
    "graphs": "The sum was divided by the number of graphs. How many nodes does each graph have?",
    "zeros take part": (
        "Nodes of other graphs took part in the maximum, as zeros. Where all nodes are negative, 0 comes out."
    ),
    "one more row": (
        "A row of zeros took part, as one more node of each graph. Does your function of torch have `include_self`?"
    ),
    "one graph": "All graphs have the same row. Each graph has its own nodes.",
}

FUNCTIONS: Mapping[str, tuple[Callable[..., np.ndarray], Mapping[str, str]]] = {
    "adjacency": (adjacency, IN_ADJACENCY),
    "aggregate": (aggregate, IN_AGGREGATE),
    "gcn_layer": (gcn_layer, IN_GCN),
    "attention_weights": (attention_weights, IN_ATTENTION),
    "gat_layer": (gat_layer, IN_GAT),
    "readout": (readout, IN_READOUT),
}


def _convolved(
    table: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray, constant: float, form: str
) -> np.ndarray:
    looped = table + np.eye(len(table))
    total = looped.sum(axis=1)
    roots = np.sqrt(total + constant) if form == "degrees" else np.sqrt(total) + constant
    return looped / np.outer(roots, roots) @ x @ weight + bias


def _averaged(table: np.ndarray, x: np.ndarray, how: str, constant: float) -> np.ndarray:
    mean = table @ x / (table.sum(axis=1, keepdims=True) + constant)
    return mean if how == "mean" else reference.aggregate(table, x, how)


def _attended(
    table: np.ndarray, z: np.ndarray, receiver: np.ndarray, sender: np.ndarray, constant: float, is_shifted: bool
) -> np.ndarray:
    scores = np.where(table + np.eye(len(table)) > 0, leaky((z @ receiver)[:, None] + z @ sender), -np.inf)
    exponentials = np.exp(scores - (scores.max(axis=1, keepdims=True) if is_shifted else 0.0))
    return exponentials / (exponentials.sum(axis=1, keepdims=True) + constant)


def _read_out(x: np.ndarray, owners: np.ndarray, graphs: int, how: str, constant: float) -> np.ndarray:
    right = reference.readout(x, owners, graphs, how)
    counts = np.bincount(owners, minlength=graphs)[:, None]
    return right * counts / (counts + constant) if how == "mean" else right


CONSTANTS: dict[str, Constants] = {
    "aggregate": [("the number of neighbours", _averaged)],
    "gcn_layer": [
        ("the degrees", partial(_convolved, form="degrees")),
        ("the roots of the degrees", partial(_convolved, form="roots")),
    ],
    "attention_weights": [
        ("the sum of the exponentials", partial(_attended, is_shifted=is_shifted)) for is_shifted in (False, True)
    ],
    "readout": [("the number of nodes", _read_out)],
}


def explanation(name: str, probes: Sequence[Probe], text: str = "") -> str:
    """The explanation of the mistake that gives what a function gave.

    Args:
        name: of the function.
        probes: what it was called with, and what came.
        text: of the failure.
    """
    if "NaN" in text and name in NO_NEIGHBOUR:
        return _without_numbers(name, [given for given, _ in probes])
    function, explanations = FUNCTIONS[name]
    return variants.recognised(function, function, explanations, probes, CONSTANTS.get(name, ()))


def _without_numbers(name: str, asked: Sequence[Sequence[Any]]) -> str:
    """Why a function gives NaN or infinity; "" if that is unknown."""
    if name == "attention_weights":
        scores = [leaky((z @ receiver)[:, None] + z @ sender) for _, z, receiver, sender in asked]
        if max(float(each.max()) for each in scores) > LARGEST_EXPONENT:
            return OVERFLOW
    return NO_NEIGHBOUR[name] if any((given[0].sum(axis=1) == 0).any() for given in asked) else ""


def of_owners(found: Any, sizes: Sequence[int]) -> str:
    """The explanation of wrong numbers of graphs."""
    wrong = {
        "The numbers are those of the nodes within their graphs. Which graph does each node belong to?": np.concatenate(
            [np.arange(size) for size in sizes]
        ),
        "The first graph has the number 1. Graphs are counted from 0.": 1 + np.repeat(np.arange(len(sizes)), sizes),
        "Each node has the size of its graph. Which number does the graph have?": np.repeat(sizes, sizes),
    }
    fitting = [told for told, owners in wrong.items() if np.array_equal(found, owners)]
    return fitting[0] if fitting else ""


def _softmax(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
