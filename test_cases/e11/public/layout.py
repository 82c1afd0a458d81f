"""Where the nodes of a graph are drawn: neighbours near each other, nothing on top of each other."""

from __future__ import annotations

import numpy as np

FAR = 1e9  # distance of nodes that no path joins
SPRING_STEPS, STRESS_STEPS = 140, 120
SEED = 11  # a graph is drawn alike every time
SMALLEST = 1e-9
GRAVITY = 0.35  # keeps parts without edges in the picture


def springs(adjacency: np.ndarray) -> np.ndarray:
    """Positions of a large graph (Fruchterman and Reingold, 1991), within -1 and 1, float64 (nodes, 2).

    Nodes repel each other, and edges pull; the steps become shorter.

    Args:
        adjacency: (nodes, nodes).
    """
    nodes = len(adjacency)
    places = np.random.default_rng(SEED).uniform(-1, 1, (nodes, 2))
    wanted = np.sqrt(4 / max(nodes, 1))  # the length of an edge, if the square is to be filled
    for step in range(SPRING_STEPS):
        apart = places[:, None] - places  # (nodes, nodes, 2)
        distance = np.maximum(np.linalg.norm(apart, axis=2), SMALLEST)
        force = (wanted / distance) ** 2 - adjacency * distance / wanted
        pull = np.einsum("ij,ijk->ik", force, apart) - GRAVITY * nodes * wanted * places
        length = np.maximum(np.linalg.norm(pull, axis=1, keepdims=True), SMALLEST)
        places += pull / length * np.minimum(length, 0.25 * (1 - step / SPRING_STEPS))
    return _fitted(places)


def stress(adjacency: np.ndarray) -> np.ndarray:
    """Positions of a small connected graph, whose distances are those along paths, float64 (nodes, 2).

    The best of a few starts, by stress majorisation (Gansner and others, 2004). The unit is the length of an edge.

    Args:
        adjacency: (nodes, nodes).
    """
    nodes = len(adjacency)
    paths = distances(adjacency)
    weights = np.where(np.eye(nodes, dtype=bool), 0.0, 1 / np.maximum(paths, 1) ** 2)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.pinv(laplacian)
    best, least = np.zeros((nodes, 2)), np.inf
    for start in range(4):
        places = np.random.default_rng([SEED, start]).standard_normal((nodes, 2))
        for _ in range(STRESS_STEPS):
            between = _between(places)
            ratio = np.where(between > SMALLEST, weights * paths / np.maximum(between, SMALLEST), 0.0)
            places = inverse @ ((np.diag(ratio.sum(axis=1)) - ratio) @ places)
        left = float((weights * (_between(places) - paths) ** 2).sum())
        if left < least:
            best, least = places, left
    return best


def distances(adjacency: np.ndarray) -> np.ndarray:
    """The number of edges on the shortest path between any two nodes, float64 (nodes, nodes)."""
    found = np.where(adjacency > 0, 1.0, FAR)
    np.fill_diagonal(found, 0.0)
    for node in range(len(found)):
        found = np.minimum(found, found[:, node : node + 1] + found[node])
    return found


def lying(places: np.ndarray) -> np.ndarray:
    """Positions turned so that the widest direction lies across."""
    centred = places - places.mean(axis=0)
    directions = np.linalg.svd(centred, full_matrices=False)[2]
    return centred @ directions.T


def _between(places: np.ndarray) -> np.ndarray:
    return np.linalg.norm(places[:, None] - places, axis=2)


def _fitted(places: np.ndarray) -> np.ndarray:
    low, high = places.min(axis=0), places.max(axis=0)
    return 2 * (places - low) / np.maximum(high - low, SMALLEST) - 1
