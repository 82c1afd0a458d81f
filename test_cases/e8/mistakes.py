"""The classic mistakes in the parts of an encoder, elective 8: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from grading.checks import variants
from grading.checks.diagnosis import Probe
from grading.checks.variants import Constants, joined
from test_cases.e8 import reference
from test_cases.e8.reference import Parameters, layer_norm, softmax


def scores(name: str, arguments: Sequence[np.ndarray], wrong: str = "") -> np.ndarray:
    """The scores of a kind ("dot", "cosine", "bilinear" or "additive"), or what a mistake makes of them."""
    queries, keys, *others = arguments
    if wrong == "exchanged":
        return getattr(reference, f"{name}_scores")(*arguments).swapaxes(-1, -2)
    if name == "dot":
        products = queries @ keys.swapaxes(-1, -2)
        if wrong == "softmax":
            return softmax(products / np.sqrt(queries.shape[-1]))
        return (
            products / {"no root": queries.shape[-1], "not scaled": 1, "multiplied": queries.shape[-1] ** -0.5}[wrong]
        )
    if name == "cosine":
        if wrong == "columns":
            queries, keys = (each / np.linalg.norm(each, axis=-2, keepdims=True) for each in (queries, keys))
        products = queries @ keys.swapaxes(-1, -2)
        sizes = [np.linalg.norm(each, axis=-1) for each in (queries, keys)]
        whole = [np.sqrt((each**2).sum(axis=(-1, -2), keepdims=True))[..., 0] for each in (queries, keys)]
        if wrong == "no length of keys":
            sizes[1] = np.ones_like(sizes[1])
        elif wrong == "no length of queries":
            sizes[0] = np.ones_like(sizes[0])
        elif wrong == "squares":
            sizes = [each**2 for each in sizes]
        elif wrong == "whole":
            sizes = [np.broadcast_to(each, old.shape) for each, old in zip(whole, sizes, strict=True)]
        elif wrong in ("not divided", "columns"):
            sizes = [np.ones_like(each) for each in sizes]
        bottom = sizes[0][..., :, None] * sizes[1][..., None, :]
        return np.divide(products, bottom, out=np.zeros_like(products), where=bottom > 0)
    if name == "bilinear":
        return reference.bilinear_scores(queries, keys, others[0]) / {"scaled": np.sqrt(keys.shape[-1])}[wrong]
    weight, vector = others
    a = queries.shape[-1]
    first, last = queries @ weight[:, :a].T, keys @ weight[:, a:].T
    if wrong == "key first":
        b = keys.shape[-1]
        first, last = queries @ weight[:, b:].T, keys @ weight[:, :b].T
    both = first[..., :, None, :] + last[..., None, :, :]
    if wrong == "each tanh":
        both = np.arctanh(
            np.clip((np.tanh(first)[..., :, None, :] + np.tanh(last)[..., None, :, :]) / 2, -0.999, 0.999)
        )
        return 2 * np.tanh(both) @ vector
    return {
        "no tanh": lambda: both @ vector,
        "tanh last": lambda: np.tanh(both @ vector),
        "sigmoid": lambda: (1 + np.tanh(both / 2)) / 2 @ vector,
        "relu": lambda: np.maximum(both, 0) @ vector,
    }.get(wrong, lambda: np.tanh(both) @ vector)()


IN_SCORES = {
    "dot": {
        "exchanged": "Rows and columns are swapped. Row i belongs to query i.",
        "not scaled": "The products are not divided. Where is the root of the width used?",
        "no root": "The products are divided by the width. The formula has its root.",
        "multiplied": "The products are multiplied by the root of the width. The formula divides by the root.",
        "softmax": "The softmax is taken already. A score may be any number.",
    },
    "cosine": {
        "exchanged": "Rows and columns are swapped. Row i belongs to query i.",
        "no length of keys": "The products are not divided by the length of the key.",
        "no length of queries": "The products are not divided by the length of the query.",
        "not divided": "The products are not divided by the lengths.",
        "squares": "The products are divided by squared lengths. What does a length take of the sum of squares?",
        "columns": "The lengths are those of columns. Each row is a vector: which `dim` is it?",
        "whole": "One length was taken of all vectors together. Each vector has a length of its own.",
    },
    "bilinear": {
        "exchanged": "Rows and columns are swapped. Row i belongs to query i.",
        "scaled": "The scores are divided by a root. The matrix learns its own scale; the formula has none.",
    },
    "additive": {
        "exchanged": "Rows and columns are swapped. Row i belongs to query i.",
        "key first": "The key stands in front of the query. The first columns of the weight belong to the query.",
        "no tanh": "The tanh is missing. Without it, the order of the scores would not depend on the query.",
        "tanh last": "The tanh was taken of the product with the vector. It is taken before that product.",
        "sigmoid": "The sums went through a sigmoid. The formula has tanh.",
        "relu": "The sums went through a relu. The formula has tanh.",
        "each tanh": "Query and key go through tanh each alone. The tanh is taken of their sum.",
    },
}


def _lengthened(queries: np.ndarray, keys: np.ndarray, constant: float, form: str) -> np.ndarray:
    """Cosines with a small constant in the lengths."""
    sizes = [np.linalg.norm(each, axis=-1) for each in (queries, keys)]
    if form == "each":
        sizes = [size + constant for size in sizes]
    elif form == "squares":
        sizes = [np.sqrt(size**2 + constant) for size in sizes]
    bottom = sizes[0][..., :, None] * sizes[1][..., None, :] + (constant if form == "product" else 0.0)
    return queries @ keys.swapaxes(-1, -2) / bottom


IN_THE_LENGTHS: Constants = [
    ("the product of the lengths", partial(_lengthened, form="product")),
    ("each length", partial(_lengthened, form="each")),
    ("the sums of squares", partial(_lengthened, form="squares")),
]


def of_scores(name: str, probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives the scores that came for arguments of a kind of score."""
    right = getattr(reference, f"{name}_scores")
    constants = IN_THE_LENGTHS if name == "cosine" else ()
    return variants.recognised(right, lambda *g, wrong: scores(name, g, wrong), IN_SCORES[name], probes, constants)


def positions(length: int, width: int, wrong: str = "") -> np.ndarray:
    """The positional encoding, or what a mistake makes of it."""
    count = np.arange(length)[:, None] + (wrong == "from one")
    columns = np.arange(0, width, 2)
    power = {"own exponents": columns / width / 2, "no width": columns / 2 / width}.get(wrong, columns / width)
    angles = count / {"base 1000": 1000.0, "base 100000": 100000.0}.get(wrong, 10000.0) ** power
    if wrong == "every column":
        each = count / 10000.0 ** (np.arange(width) / width)
        return np.where(np.arange(width) % 2 == 0, np.sin(each), np.cos(each))
    if wrong == "multiplied":
        angles = count * 10000.0**power
    sines, cosines = np.sin(angles), np.cos(angles)
    if wrong == "side by side":
        return np.concatenate([sines, cosines], axis=1)
    pair = {"cosine first": [cosines, sines], "sines": [sines, sines]}.get(wrong, [sines, cosines])
    return np.stack(pair, axis=2).reshape(length, width)


IN_POSITIONS = {
    "from one": "The first position is 1. Positions begin with 0.",
    "own exponents": "The exponent is i / width. The formula has 2i / width.",
    "every column": "Each column has a wavelength of its own. A sine and the cosine behind it share one.",
    "multiplied": "Positions were multiplied by the power of 10000. The formula divides.",
    "side by side": "All sines stand in front of all cosines. They take turns.",
    "sines": "All columns are sines. Every second column is a cosine.",
    "base 1000": "The base of the power is 1000. The formula has 10000.",
    "base 100000": "The base of the power is 100000. The formula has 10000.",
    "cosine first": "The cosines stand in the even columns. Column 0 is a sine.",
}


def of_positions(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives the tables that came for pairs of length and width."""
    why = variants.nearly_right(reference.positional_encoding, probes, float32=variants.FLOAT32_RESULT)
    return variants.first(why, lambda: variants.named(positions, IN_POSITIONS, probes))


ORDERS = {f"order {''.join(order)}": order for order in permutations("qkv") if "".join(order) != "qkv"}
BLOCKS = {"q": "queries", "k": "keys", "v": "values"}


def attention(
    x: np.ndarray, weights: Sequence[np.ndarray], heads: int, is_padding: np.ndarray | None, wrong: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Result and attention, or what a mistake makes of them."""
    in_weight, in_bias, out_weight, out_bias = weights
    batch, time, width = x.shape
    if wrong == "in transposed":
        in_weight = np.concatenate([part.T for part in np.split(in_weight, 3)])
    sums = x @ in_weight.T + (0 if wrong in ("no bias", "no in bias") else in_bias)
    parts = np.split(sums, 3, axis=2)
    if wrong in ORDERS:
        parts = [parts[ORDERS[wrong].index(name)] for name in "qkv"]
    each = width // heads
    if wrong.startswith("mixed heads"):
        cut = [part.reshape(batch, heads, time, each) for part in parts]
    elif wrong == "blocks in each head":
        each_head = sums.reshape(batch, time, heads, 3 * each).swapaxes(1, 2)
        cut = np.split(each_head, 3, axis=3)
    elif wrong == "interleaved heads":
        cut = [part.reshape(batch, time, each, heads).transpose(0, 3, 1, 2) for part in parts]
    else:
        cut = [part.reshape(batch, time, heads, each).swapaxes(1, 2) for part in parts]
    queries, keys, values = cut
    scale = {"not scaled": 1.0, "scaled by the width": np.sqrt(width), "no root": each}.get(wrong, np.sqrt(each))
    found = queries @ keys.swapaxes(-1, -2) / scale
    mask = None if is_padding is None else is_padding[:, None, None, :]
    if mask is not None:
        if wrong == "padding inverted":
            mask = ~mask
        if wrong == "padding becomes zero":
            found = np.where(mask, 0.0, found)
        elif wrong == "rows of padding":
            found = np.where(mask.swapaxes(-1, -2), 0.0, found)  # any number that is the same in a whole row
        elif wrong not in ("padding seen", "padding after the softmax"):
            found = np.where(mask, -np.inf, found)
    if wrong == "no later positions":
        found = np.where(np.triu(np.ones((time, time), bool), 1), -np.inf, found)
    if wrong == "over queries":
        shares = softmax(found.swapaxes(-1, -2)).swapaxes(-1, -2)
    elif wrong == "over heads":
        shares = softmax(found.swapaxes(1, -1)).swapaxes(1, -1)
    elif wrong == "no softmax":
        shares = np.where(np.isfinite(found), found, 0.0)
    else:
        shares = softmax(found)
    if wrong == "padding after the softmax" and mask is not None:
        shares = np.where(mask, 0.0, shares)
    outputs = shares @ values
    if wrong in ("joined without exchange", "mixed heads and joined likewise"):
        together = outputs.reshape(x.shape)
    elif wrong == "interleaved heads":
        together = outputs.transpose(0, 2, 3, 1).reshape(x.shape)
    else:
        together = outputs.swapaxes(1, 2).reshape(x.shape)
    if wrong == "not projected":
        return together, shares
    result = together @ (out_weight if wrong == "out transposed" else out_weight.T)
    return result + (0 if wrong in ("no out bias", "no bias") else out_bias), shares


IN_ATTENTION = {
    **{
        wrong: "The blocks were taken in the order {}. The order is queries, keys, values.".format(
            ", ".join(BLOCKS[name] for name in order)
        )
        for wrong, order in ORDERS.items()
    },
    "order kqv": (
        "Queries and keys are swapped: in the blocks, or where their products are taken. Row i of the attention "
        "belongs to the query of position i."
    ),
    "in transposed": "The input weight and its transpose are swapped.",
    "out transposed": "The output weight and its transpose are swapped.",
    "no bias": "Neither bias is added. Steps 1 and 6 add one each.",
    "no out bias": "The output bias is missing.",
    "no in bias": "The input bias is missing. Step 1 adds it to queries, keys and values.",
    "no later positions": (
        "No position looks at later ones, as in a model that writes. In an encoder, each position looks at all."
    ),
    "not projected": "The output weight is not used. Step 6 takes a product with it.",
    **dict.fromkeys(
        ("mixed heads", "mixed heads and joined likewise"),
        "The heads were cut by `reshape` or `view` to (batch, heads, time, ...) at once. That mixes positions and "
        "heads. Cut the last dimension first, then exchange time and heads.",
    ),
    "blocks in each head": (
        "The heads were cut first, and queries, keys and values in each head. The three blocks come first. Each block "
        "is then cut into heads."
    ),
    "rows of padding": (
        "The mask covers the rows of padded queries. It should cover the columns: no position looks at padding."
    ),
    "interleaved heads": "A head got numbers at equal distances. The numbers of a head stand side by side.",
    "joined without exchange": (
        "The outputs of the heads were joined while heads stood in front of time. Which dimensions change places first?"
    ),
    "not scaled": "The scores are not divided by the root of the head's width. Does your code use `dot_scores`?",
    "scaled by the width": "The root is that of the whole width. A head has width / heads numbers.",
    "no root": "The scores are divided by the head's width. The formula has its root.",
    "over queries": "The softmax runs along the queries. Each row, one query's weights, should sum to 1.",
    "over heads": "The softmax runs along the heads. Each row, one query's weights, should sum to 1.",
    "no softmax": "The values were weighted by scores. Where is the softmax used?",
    "padding seen": "Padded positions get weight. Where is `is_padding` used?",
    "padding inverted": "The mask is the wrong way round: padding is seen, and words are not. True means padding.",
    "padding becomes zero": "Scores of padding become 0, and e^0 is 1. Which score has the weight 0?",
    "padding after the softmax": (
        "The weights of padding were removed after the softmax. The others no longer sum to 1. Mask the scores before."
    ),
}


def of_attention(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives result and attention as came, for arguments of `attention`."""
    flat = [(given, joined(*found)) for given, found in probes]

    def made(x: np.ndarray, weights: Any, heads: int, is_padding: np.ndarray | None, wrong: str) -> np.ndarray:
        return joined(*attention(x, weights, heads, is_padding, wrong))

    with np.errstate(invalid="ignore"):
        return variants.recognised(lambda *given: joined(*reference.attention(*given)), made, IN_ATTENTION, flat)


def block(x: np.ndarray, parameters: Parameters, heads: int, is_padding: np.ndarray | None, wrong: str) -> np.ndarray:
    """The output of an encoder block with a mistake."""
    p = parameters
    weights = tuple(p[f"attention_{side}.{kind}"] for side in ("in", "out") for kind in ("weight", "bias"))
    norms = [(p[f"norm{number}.weight"], p[f"norm{number}.bias"]) for number in (1, 2)]
    if wrong == "norms exchanged":
        norms.reverse()
    elif wrong in ("norm1 twice", "norm2 twice"):
        norms = 2 * [norms["norm2" in wrong]]

    def think(x: np.ndarray) -> np.ndarray:
        inner = x @ p["expand.weight"].T + p["expand.bias"]
        inner = inner if wrong == "no relu" else np.maximum(inner, 0)
        return inner @ p["contract.weight"].T + p["contract.bias"]

    def look(x: np.ndarray) -> np.ndarray:
        return reference.attention(x, weights, heads, None if wrong == "padding lost" else is_padding)[0]

    if wrong == "norm first":
        x = x + look(layer_norm(x, *norms[0]))
        return x + think(layer_norm(x, *norms[1]))
    if wrong == "norm of the result":
        x = x + layer_norm(look(x), *norms[0])
        return x + layer_norm(think(x), *norms[1])
    if wrong == "norm of the attention":
        x = x + layer_norm(look(x), *norms[0])
        return layer_norm(x + think(x), *norms[1])
    first, second = wrong != "no first residual", wrong != "no second residual"
    x = x * first + look(x)
    x = x if wrong == "no first norm" else layer_norm(x, *norms[0])
    x = x * second + think(x)
    return x if wrong == "no second norm" else layer_norm(x, *norms[1])


IN_BLOCK = {
    "no first residual": "The attention's result replaces x. The formula adds x to it.",
    "no second residual": "The second half of the block replaces y. The formula adds y to it.",
    "no first norm": "norm1 is not used. It comes behind the first sum.",
    "no second norm": "norm2 is not used. It comes behind the second sum.",
    "norms exchanged": "norm1 and norm2 are swapped.",
    "norm1 twice": "norm1 is used twice. norm2 comes behind the second sum.",
    "norm2 twice": "norm2 is used twice. norm1 comes behind the first sum.",
    "norm of the result": "The norms are taken before the sums. In this block they come behind the sums.",
    "norm of the attention": "norm1 is taken before the sum. It comes behind the sum of x and the attention's result.",
    "norm first": "The norms come in front of attention and layers. In this block they come behind the sums.",
    "no relu": "The relu is missing between expand and contract.",
    "padding lost": "`is_padding` does not reach the attention. Is it passed on?",
}


def of_block(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives the outputs that came for arguments of `block`."""
    return variants.named(block, IN_BLOCK, probes)
