"""What the functions of elective 11 should give, in numpy and float64, node by node. Tests compare it with torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

SLOPE = 0.2  # of LeakyReLU below 0
WAYS = ("sum", "mean", "max")
COMBINE: dict[str, Callable[..., np.ndarray]] = {"sum": np.sum, "mean": np.mean, "max": np.max}


def adjacency(edges: np.ndarray, nodes: int) -> np.ndarray:
    """The matrix of a graph, (nodes, nodes). edges: (edges, 2)."""
    table = np.zeros((nodes, nodes))
    for i, j in edges.tolist():
        table[i, j] = table[j, i] = 1
    return table


def aggregate(table: np.ndarray, x: np.ndarray, how: str) -> np.ndarray:
    """Sum, mean or maximum over the rows of each node's neighbours; zeros where there is none."""
    found = np.zeros((len(table), x.shape[1]))
    for node, row in enumerate(table):
        if row.any():
            found[node] = COMBINE[how](x[row > 0], axis=0)
    return found


def normalised(table: np.ndarray) -> np.ndarray:
    """The matrix of a graph convolution: with loops, each entry divided by the root of both degrees."""
    looped = table + np.eye(len(table))
    total = looped.sum(axis=1)
    return looped / np.sqrt(np.outer(total, total))


def gcn_layer(table: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A graph convolution, (nodes, outputs)."""
    return normalised(table) @ x @ weight + bias


def leaky(scores: np.ndarray, slope: float = SLOPE) -> np.ndarray:
    """The activation of attention scores."""
    return np.where(scores > 0, scores, slope * scores)


def attention_weights(table: np.ndarray, z: np.ndarray, receiver: np.ndarray, sender: np.ndarray) -> np.ndarray:
    """How much each node listens to each neighbour and to itself, (nodes, nodes)."""
    found = np.zeros_like(table, dtype=np.float64)
    for node, row in enumerate(table):
        heard = np.flatnonzero(row)
        heard = np.append(heard, node)
        scores = leaky(z[node] @ receiver + z[heard] @ sender)
        shares = np.exp(scores - scores.max())
        found[node, heard] = shares / shares.sum()
    return found


def gat_layer(
    table: np.ndarray, x: np.ndarray, weight: np.ndarray, receiver: np.ndarray, sender: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    """A layer of graph attention, (nodes, outputs)."""
    transformed = x @ weight
    return attention_weights(table, transformed, receiver, sender) @ transformed + bias


def batch_graphs(x: np.ndarray, tables: np.ndarray, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One graph made of a padded batch: features, matrix, and the graph of each node."""
    total, first = sum(sizes), 0
    whole = np.zeros((total, total))
    for size, table in zip(sizes, tables, strict=True):
        whole[first : first + size, first : first + size] = table[:size, :size]
        first += size
    rows = np.concatenate([part[:size] for part, size in zip(x, sizes, strict=True)])
    return rows, whole, np.repeat(np.arange(len(sizes)), sizes)


def readout(x: np.ndarray, owners: np.ndarray, graphs: int, how: str) -> np.ndarray:
    """Sum, mean or maximum over the nodes of each graph, (graphs, features)."""
    return np.stack([COMBINE[how](x[owners == graph], axis=0) for graph in range(graphs)])


def community_logits(kind: str, parameters: Mapping[str, np.ndarray], x: np.ndarray, table: np.ndarray) -> np.ndarray:
    """What a `CommunityNet` with these parameters gives in evaluation mode, float64 (nodes, communities)."""
    names = ("weights", "receivers", "senders", "biases") if kind == "gat" else ("weights", "biases")
    layer = gat_layer if kind == "gat" else gcn_layer
    one, two = ([parameters[f"{name}.{place}"].astype(np.float64) for name in names] for place in (0, 1))
    inner = layer(table, x.astype(np.float64), *one)
    return layer(table, np.where(inner > 0, inner, np.expm1(np.minimum(inner, 0))), *two)
