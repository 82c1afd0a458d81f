"""The classic mistakes in what both models of elective 8 do with an encoder, and the explanation of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grading.checks import variants
from grading.checks.diagnosis import Probe
from grading.checks.variants import ROUNDED
from test_cases.e8 import reference
from test_cases.e8.reference import Parameters, softmax

SINGLE = 1e-3  # float32 through several layers


def patches(images: np.ndarray, size: int, wrong: str = "") -> np.ndarray:
    """The patches of images, or what a mistake makes of them."""
    count, rows, columns = len(images), images.shape[1] // size, images.shape[2] // size
    right = reference.patches(images, size)
    if wrong == "columns first":
        return right.reshape(count, rows, columns, -1).swapaxes(1, 2).reshape(right.shape)
    if wrong == "pixels turned":
        return right.reshape(*right.shape[:2], size, size).swapaxes(2, 3).reshape(right.shape)
    if wrong == "reshaped":
        return images.reshape(right.shape)
    if wrong == "strips":
        return images.reshape(count, rows, size, columns, size).swapaxes(2, 4).reshape(right.shape)
    return right.swapaxes(1, 2)


IN_PATCHES = {
    "columns first": "The patches come column by column. They come row by row.",
    "pixels turned": "Inside of each patch, the pixels come column by column. They come row by row.",
    "reshaped": "The image was reshaped at once: a patch holds pixels that follow each other in a row of the image.",
    "strips": "The wrong dimensions were exchanged: a patch holds pixels of several squares.",
    "exchanged": "Patches and pixels are swapped. The shape is (batch, count, size * size).",
}


def of_patches(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives the patches that came for arguments of `patches`."""
    return variants.named(patches, IN_PATCHES, probes)


def masked_loss(
    states: np.ndarray, ids: np.ndarray, is_chosen: np.ndarray, table: np.ndarray, wrong: str = ""
) -> float:
    """The loss where `predict` is a product with a table, or what a mistake makes of it."""
    chances = softmax(states @ table.T)
    right = np.take_along_axis(chances, ids[..., None], axis=2)[..., 0]
    losses = -np.log(right)
    if wrong == "all tokens":
        return float(losses.mean())
    if wrong == "others":
        return float(losses[~is_chosen].mean())
    if wrong == "sum":
        return float(losses[is_chosen].sum())
    if wrong == "divided by all":
        return float(losses[is_chosen].sum() / losses.size)
    if wrong == "mean of lines":
        return float(np.mean([line[chosen].mean() for line, chosen in zip(losses, is_chosen, strict=True)]))
    if wrong == "softmax twice":
        return float(-np.log(np.take_along_axis(softmax(chances), ids[..., None], axis=2)[..., 0])[is_chosen].mean())
    return float(losses[is_chosen].mean())


IN_LOSS = {
    "all tokens": "The mean is taken over all tokens. Only chosen ones count.",
    "others": "The mean is taken over the tokens that were not chosen.",
    "sum": "The loss is the sum over the chosen tokens. The formula has their mean.",
    "divided by all": "The sum over the chosen tokens is divided by the number of all tokens.",
    "mean of lines": "The mean was taken of each line, then of the lines. All chosen tokens count the same.",
    "softmax twice": "The logits go through two softmaxes. `cross_entropy` applies a softmax itself.",
}


def of_loss(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives the losses that came for arguments of `masked_loss`."""
    return variants.named(masked_loss, IN_LOSS, probes, ROUNDED)


def states(parameters: Parameters, ids: np.ndarray, wrong: str) -> np.ndarray:
    """The states of lines with a mistake in `encode`."""
    table = reference.positional_encoding(ids.shape[1], reference.WIDTH)
    x = (1.0 if wrong == "not scaled" else reference.SCALE) * parameters["embedding.weight"][ids]
    if wrong == "positions scaled":
        x = x + reference.SCALE * table
    elif wrong != "no positions":
        x = x + table
    is_padding = ids == reference.PADDING
    padding = {"padding seen": None, "padding inverted": ~is_padding}.get(wrong, is_padding)
    return reference.encoder(x, parameters, reference.DEPTHS["words"], padding)[0]


IN_STATES = {
    "no positions": "The positional encoding is missing: the model cannot tell the order of words.",
    "not scaled": "The embeddings are not multiplied by EMBEDDING_SCALE.",
    "positions scaled": "The positional encoding was multiplied by EMBEDDING_SCALE, too. It belongs to the embedding.",
    "padding seen": "The encoder does not know what is padding. Which argument tells it?",
    "padding inverted": "The encoder takes words for padding. True means padding.",
}


def of_states(parameters: Parameters, ids: np.ndarray, found: Any) -> str:
    """The explanation of the mistake that gives the states that came."""
    return variants.named(states, IN_STATES, [((_double(parameters), ids), found)], SINGLE)


def digit_logits(parameters: Parameters, images: np.ndarray, wrong: str) -> np.ndarray:
    """The logits of images with a mistake in `VisionTransformer.forward`."""
    tokens = reference.patches(images, reference.PATCH) @ parameters["project.weight"].T + parameters["project.bias"]
    first = np.broadcast_to(parameters["class_token"], (len(images), 1, reference.WIDTH))
    table = reference.positional_encoding(1 + tokens.shape[1], reference.WIDTH)
    if wrong == "class token without position":
        x = np.concatenate([first, tokens + table[:-1]], axis=1)
    elif wrong == "class token behind":
        x = np.concatenate([tokens, first], axis=1) + table
    else:
        x = np.concatenate([first, tokens], axis=1) + (0 if wrong == "no positions" else table)
    found = reference.encoder(x, parameters, reference.DEPTHS["digits"])[0]
    read = {
        "class token behind": found[:, -1],
        "last read": found[:, -1],
        "mean": found.mean(axis=1),
        "mean of patches": found[:, 1:].mean(axis=1),
    }.get(wrong, found[:, 0])
    return read @ parameters["head.weight"].T + parameters["head.bias"]


IN_DIGITS = {
    "no positions": "The positional encoding is missing: the model cannot tell where a patch was.",
    "class token without position": "The class token has no positional encoding. It has that of position 0.",
    "class token behind": "The class token stands behind the patches. It goes in front.",
    "last read": "The head reads the last position. It reads the class token, which stands in front.",
    "mean": "The head reads the mean of all positions. It reads the class token alone.",
    "mean of patches": "The head reads the mean of the patches. It reads the class token alone.",
}


def of_digits(parameters: Parameters, images: np.ndarray, found: Any) -> str:
    """The explanation of the mistake that gives the logits that came."""
    return variants.named(digit_logits, IN_DIGITS, [((_double(parameters), images), found)], SINGLE)


def _double(parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value.astype(np.float64) for name, value in parameters.items()}
