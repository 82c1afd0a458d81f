"""Question 6's computation, described once: right without keywords, and wrong with those that `mistakes` lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

import numpy as np

Layers = tuple[str, str, str]  # where queries, keys and values come from
Scale = tuple[str, float, str]  # the scores are divided by the size to the power; the size, the power, where
Mask = tuple[str, float, str]  # which positions are kept, what the others get, where

ROLES = ("queries", "keys", "values")
RIGHT_LAYERS: Layers = ("q_layer", "k_layer", "v_layer")
RIGHT_SCALE: Scale = ("layer_size", 0.5, "scores")
RIGHT_MASK: Mask = ("causal", -inf, "scaled scores")
KEPT: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # of j - i, for a query at position i and a key at position j
    "causal": lambda ahead: ahead <= 0,
    "all": lambda ahead: ahead == ahead,
    "transposed": lambda ahead: ahead >= 0,
    "reversed": lambda ahead: ahead > 0,
    "strict": lambda ahead: ahead < 0,
    "one ahead": lambda ahead: ahead <= 1,
    "last rows": lambda ahead: ahead <= 0,  # of the mask, which are those of later positions
}
SCORED: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # what becomes of the products of queries and keys
    "as they are": lambda scores: scores,
    "transposed at last": lambda scores: scores,
    "negative": lambda scores: -scores,
    "absolute values": np.abs,
    "relu": lambda scores: np.maximum(scores, 0),
    "tanh": np.tanh,
    "squares": np.square,
}


def attention(
    inputs: np.ndarray,
    parameters: Mapping[str, np.ndarray],
    block_size: int = 0,
    *,
    layers: Layers = RIGHT_LAYERS,
    projection: str = "x W^T + b",
    product: str = "queries @ keys^T",
    scored: str = "as they are",
    scale: Scale = RIGHT_SCALE,
    mask: Mask = RIGHT_MASK,
    weights: str = "softmax over the keys",
    output: str = "weights @ values",
    shrunk: tuple[str, float] = ("layer_size", 0.0),
) -> np.ndarray:
    """Causal softmax(Q K^T / sqrt(d)) V in float64 (Vaswani et al., 2017), and what mistakes make of it.

    Args:
        inputs: (batch, time, d).
        parameters: weights and biases of the three layers, by name.
        block_size: most positions that the block is made for; only a wrong scale uses it.
        layers, projection, product, scored, scale, mask, weights, output, shrunk: right by default;
            `mistakes.ATTENTION` lists the wrong ones.
    Returns:
        (batch, time, d); a wrong `output` may have another shape.
    """
    x = inputs.astype(np.float64)
    batch, time, layer_size = x.shape
    queries, keys, values = (
        _projected(x, parameters, layer, projection, role) for layer, role in zip(layers, ROLES, strict=True)
    )
    size, power, scaled = scale
    sizes = {"layer_size": layer_size, "time": time, "block_size": max(block_size, 1), "batch": batch}
    sizes["rounded root"] = int(np.sqrt(layer_size))
    divisor = float(sizes[size]) ** power
    kept_positions, filling, masked = mask
    ahead = np.arange(time) - np.arange(time)[:, None]  # (time, time)
    if kept_positions == "last rows":
        ahead = ahead - max(block_size - time, 0)
    kept = KEPT[kept_positions](ahead)
    columns = keys.transpose(0, 2, 1) if product == "queries @ keys^T" else keys.reshape(batch, layer_size, time)
    scores = SCORED[scored](queries @ columns)  # (batch, time, time)
    if masked == "scores":
        scores = np.where(kept, scores, filling)
    if scaled == "scores":
        scores = scores / divisor
    if masked == "scaled scores":
        scores = np.where(kept, scores, filling)
    elif masked == "added":
        scores = scores + kept
    elif masked == "filling added":
        scores = (scores.astype(np.float32) + np.where(kept, 0, filling).astype(np.float32)).astype(np.float64)
    shares = _weights(scores.transpose(0, 2, 1) if scored == "transposed at last" else scores, weights)
    if masked == "weights":
        shares = np.where(kept, shares, filling)
    if scaled == "weights":
        shares = shares / divisor
    return _output(output, shares, values, x, scores, parameters) / float(sizes[shrunk[0]]) ** shrunk[1]


def _projected(
    x: np.ndarray, parameters: Mapping[str, np.ndarray], layer: str, projection: str, role: str
) -> np.ndarray:
    """The input through a layer, (batch, time, d)."""
    if layer == "input":
        return x
    weight = parameters[f"{layer}.weight"].astype(np.float64)  # (d, d)
    projected = x @ (weight if projection == "x W + b" else weight.T)
    if projection != "x W^T":
        projected = projected + parameters[f"{layer}.bias"]
    return np.maximum(projected, 0) if projection in (f"relu of the {role}", "relu of all") else projected


def _softmax(scores: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    shares = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return shares / shares.sum(axis=axis, keepdims=True)


def _weights(scores: np.ndarray, how: str) -> np.ndarray:
    """The weights of scores (batch, queries, keys), of the same shape."""
    ways: dict[str, Callable[[], np.ndarray]] = {
        "softmax over the keys": lambda: _softmax(scores, 2),
        "softmax over the queries": lambda: _softmax(scores, 1),
        "softmax over the batch": lambda: _softmax(scores, 0),
        "softmax over queries and keys": lambda: _softmax(scores, (1, 2)),
        "softmax twice": lambda: _softmax(_softmax(scores, 2), 2),
        "log of the softmax": lambda: np.log(_softmax(scores, 2)),
        "sigmoid": lambda: 1 / (1 + np.exp(-scores)),
        "relu": lambda: np.maximum(scores, 0),
        "exponential": lambda: np.exp(scores),
        "sum": lambda: scores / scores.sum(axis=2, keepdims=True),
        "none": lambda: scores,
    }
    return ways[how]()


def _output(
    how: str,
    shares: np.ndarray,
    values: np.ndarray,
    x: np.ndarray,
    scores: np.ndarray,
    parameters: Mapping[str, np.ndarray],
) -> np.ndarray:
    if how in ("weights", "scores"):
        return shares if how == "weights" else scores
    right = (shares.transpose(0, 2, 1) if how == "transposed weights @ values" else shares) @ values
    ways: dict[str, Callable[[], np.ndarray]] = {
        "relu": lambda: np.maximum(right, 0),
        "tanh": lambda: np.tanh(right),
        "sigmoid": lambda: 1 / (1 + np.exp(-right)),
        "softmax": lambda: _softmax(right, 2),
        "plus the input": lambda: right + x,
        "plus the values": lambda: right + values,
        "times the input": lambda: right * x,
        "norm": lambda: (right - right.mean(axis=2, keepdims=True)) / np.sqrt(right.var(axis=2, keepdims=True) + 1e-5),
        "mean over time": lambda: right.mean(axis=1),
        "sum over time": lambda: right.sum(axis=1),
        "last position": lambda: right[:, -1],
        "transposed": lambda: right.transpose(0, 2, 1),
        "squeezed": lambda: right.squeeze(),
        **{layer: lambda layer=layer: _projected(right, parameters, layer, "", "") for layer in RIGHT_LAYERS},  # type: ignore[misc]
    }
    return ways[how]() if how in ways else right
