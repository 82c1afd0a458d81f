"""Question 7's block and GPT in numpy, float64, without torch and without the reference solution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

BLOCK_SIZE, WIDTH, LAYERS, VOCABULARY = 6, 8, 2, 11  # all different: checks tell layers by their shapes
NORM_EPSILON = 1e-5  # torch's LayerNorm

Weights = dict[str, np.ndarray]


def weights(random: np.random.Generator, layers: int, norms: int) -> Weights:
    """Random weights of blocks, large enough for every part to matter, as float32."""
    found: Weights = {}
    for number in range(layers):
        for layer in ("k_layer", "q_layer", "v_layer", "linear"):
            found[f"{layer}_{number}.weight"] = random.normal(0, WIDTH**-0.5, (WIDTH, WIDTH))
            found[f"{layer}_{number}.bias"] = random.normal(0, 0.3, WIDTH)
    for number in range(norms):
        found[f"norm_{number}.weight"] = random.uniform(0.5, 1.5, WIDTH)
        found[f"norm_{number}.bias"] = random.normal(0, 0.3, WIDTH)
    return {name: array.astype(np.float32) for name, array in found.items()}


def linear(x: np.ndarray, known: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """x W^T + b in float64; x: (..., width)."""
    return x @ known[f"{name}.weight"].T.astype(np.float64) + known.get(f"{name}.bias", 0.0)


def norm(x: np.ndarray, known: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Layer normalisation over the last dimension (Ba, Kiros & Hinton, 2016)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + NORM_EPSILON)
    return scaled * known[f"{name}.weight"] + known[f"{name}.bias"]


def attention(x: np.ndarray, known: Mapping[str, np.ndarray], number: int) -> np.ndarray:
    """Causal scaled dot-product attention; x: (batch, time, width)."""
    time = x.shape[1]
    queries, keys, values = (linear(x, known, f"{layer}_{number}") for layer in ("q_layer", "k_layer", "v_layer"))
    scores = queries @ keys.transpose(0, 2, 1) / np.sqrt(x.shape[2])  # (batch, time, time)
    shares = np.exp(np.where(np.tril(np.ones((time, time))) == 1, scores, -np.inf))
    return shares / shares.sum(axis=2, keepdims=True) @ values


def block(x: np.ndarray, known: Mapping[str, np.ndarray], number: int) -> tuple[np.ndarray, np.ndarray]:
    """What a transformer block gives, and what it had before its last norm; x: (batch, time, width)."""
    x = norm(x + attention(x, known, number), known, f"norm_{2 * number}")
    x = x + np.maximum(linear(x, known, f"linear_{number}"), 0)
    return norm(x, known, f"norm_{2 * number + 1}"), x


def logits(ids: np.ndarray, known: Mapping[str, np.ndarray], with_positions: bool) -> np.ndarray:
    """A GPT's logits, (batch, time, vocabulary), for ids (batch, time)."""
    x = known["embedding_0.weight"].astype(np.float64)[ids]
    if with_positions:
        x = x + known["position_0.weight"][: ids.shape[1]]
    for number in range(LAYERS):
        x, _ = block(x, known, number)
    return linear(norm(x, known, f"norm_{2 * LAYERS}"), known, "output_0")
