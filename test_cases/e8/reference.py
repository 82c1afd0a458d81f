"""What the functions of elective 8 should give, in numpy. Tests compare it with torch's own layers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Parameters = Mapping[str, np.ndarray]

HEADS, WIDTH, PATCH = 4, 48, 7
SCALE = 2.0  # of the words beside their positions
DEPTHS = {"words": 1, "digits": 2}
PADDING = 0


def dot_scores(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """(..., n, width) with (..., m, width) gives (..., n, m)."""
    return queries @ keys.swapaxes(-1, -2) / queries.shape[-1] ** 0.5


def cosine_scores(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """0 where a vector is zero."""
    products = queries @ keys.swapaxes(-1, -2)
    sizes = np.linalg.norm(queries, axis=-1)[..., :, None] * np.linalg.norm(keys, axis=-1)[..., None, :]
    return np.divide(products, sizes, out=np.zeros_like(products), where=sizes > 0)


def bilinear_scores(queries: np.ndarray, keys: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(..., n, a) with (..., m, b) and (a, b) gives (..., n, m)."""
    return np.einsum("...na,ab,...mb->...nm", queries, weight, keys)


def additive_scores(queries: np.ndarray, keys: np.ndarray, weight: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """(..., n, a) with (..., m, b), (hidden, a + b) and (hidden,) gives (..., n, m)."""
    pairs = np.broadcast_shapes(queries[..., :, None, :1].shape, keys[..., None, :, :1].shape)[:-1]
    both = [np.broadcast_to(queries[..., :, None, :], (*pairs, queries.shape[-1])),
            np.broadcast_to(keys[..., None, :, :], (*pairs, keys.shape[-1]))]  # fmt: skip
    return np.tanh(np.concatenate(both, axis=-1) @ weight.T) @ vector


def positional_encoding(length: int, width: int) -> np.ndarray:
    """Sines and cosines in turn, (length, width)."""
    columns = np.arange(width)
    angles = np.arange(length)[:, None] / 10000.0 ** ((columns - columns % 2) / width)
    return np.where(columns % 2 == 0, np.sin(angles), np.cos(angles))


def softmax(scores: np.ndarray) -> np.ndarray:
    """Along the last dimension."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def attention(
    x: np.ndarray, weights: tuple[np.ndarray, ...], heads: int, is_padding: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Multi-head attention: the result (batch, time, width) and the attention (batch, heads, time, time).

    Args:
        x: (batch, time, width).
        weights: weight and bias of queries, keys and values; weight and bias of the output.
        heads: they divide the width.
        is_padding: bool (batch, time).
    """
    in_weight, in_bias, out_weight, out_bias = weights
    batch, time, width = x.shape
    each = (batch, time, heads, width // heads)
    queries, keys, values = (part.reshape(each).swapaxes(1, 2) for part in np.split(x @ in_weight.T + in_bias, 3, 2))
    hidden = np.zeros((), bool) if is_padding is None else is_padding[:, None, None, :]
    shares = softmax(np.where(hidden, -np.inf, dot_scores(queries, keys)))
    return (shares @ values).swapaxes(1, 2).reshape(x.shape) @ out_weight.T + out_bias, shares


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """As torch's: the variance is that of all entries, and 1e-5 is added."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) * weight + bias


def block_shapes(width: int, name: str = "") -> dict[str, tuple[int, ...]]:
    """The parameters of an encoder block, each with `name` in front."""
    linear = {"attention_in": (3 * width, width), "attention_out": (width, width)}
    linear |= {"expand": (2 * width, width), "contract": (width, 2 * width)}
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, shape in linear.items():
        shapes |= {f"{name}{layer}.weight": shape, f"{name}{layer}.bias": shape[:1]}
    for layer in ("norm1", "norm2"):
        shapes |= {f"{name}{layer}.weight": (width,), f"{name}{layer}.bias": (width,)}
    return shapes


def model_shapes(kind: str, words: int = 0) -> dict[str, tuple[int, ...]]:
    """The parameters of a whole model: "words" or "digits"."""
    own: dict[str, tuple[int, ...]] = {"embedding.weight": (words, WIDTH), "bias": (words,)}
    if kind == "digits":
        own = {
            "project.weight": (WIDTH, PATCH * PATCH), "project.bias": (WIDTH,), "class_token": (WIDTH,),
            "head.weight": (10, WIDTH), "head.bias": (10,),
        }  # fmt: skip
    for number in range(DEPTHS[kind]):
        own |= block_shapes(WIDTH, f"encoder.blocks.{number}.")
    return own


def block(
    x: np.ndarray, parameters: Parameters, heads: int, is_padding: np.ndarray | None = None, name: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """An encoder block: its output (batch, time, width), and its attention."""
    p = {key.removeprefix(name): value for key, value in parameters.items() if key.startswith(name)}
    weights = tuple(p[f"attention_{side}.{kind}"] for side in ("in", "out") for kind in ("weight", "bias"))
    looked, shares = attention(x, weights, heads, is_padding)
    x = layer_norm(x + looked, p["norm1.weight"], p["norm1.bias"])
    thought = np.maximum(x @ p["expand.weight"].T + p["expand.bias"], 0) @ p["contract.weight"].T + p["contract.bias"]
    return layer_norm(x + thought, p["norm2.weight"], p["norm2.bias"]), shares


def encoder(
    x: np.ndarray, parameters: Parameters, depth: int, is_padding: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """All blocks of a model: the states, and the attention of the last block."""
    shares = np.empty(0)
    for number in range(depth):
        x, shares = block(x, parameters, HEADS, is_padding, f"encoder.blocks.{number}.")
    return x, shares


def read_words(parameters: Parameters, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """States (batch, time, width) and attention (batch, heads, time, time) of lines, int64 (batch, time)."""
    table = parameters["embedding.weight"]
    x = SCALE * table[ids] + positional_encoding(ids.shape[1], WIDTH).astype(table.dtype)
    return encoder(x.astype(table.dtype), parameters, DEPTHS["words"], ids == PADDING)


def word_logits(parameters: Parameters, states: np.ndarray) -> np.ndarray:
    """(..., width) to (..., words)."""
    return states @ parameters["embedding.weight"].T + parameters["bias"]


def patches(images: np.ndarray, size: int) -> np.ndarray:
    """(batch, height, width) to (batch, count, size * size)."""
    _, height, width = images.shape
    found = [
        images[:, top : top + size, left : left + size].reshape(len(images), -1)
        for top in range(0, height, size)
        for left in range(0, width, size)
    ]
    return np.stack(found, axis=1)


def read_digits(parameters: Parameters, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits (batch, 10) and attention of the last block of images (batch, 28, 28)."""
    weight = parameters["project.weight"]
    tokens = patches(images, PATCH) @ weight.T + parameters["project.bias"]
    first = np.broadcast_to(parameters["class_token"], (len(images), 1, WIDTH))
    x = np.concatenate([first, tokens], axis=1)
    x = x + positional_encoding(x.shape[1], WIDTH).astype(weight.dtype)
    states, shares = encoder(x.astype(weight.dtype), parameters, DEPTHS["digits"])
    return states[:, 0] @ parameters["head.weight"].T + parameters["head.bias"], shares
