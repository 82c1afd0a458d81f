"""The grader's own classifier of digits: how sure a convolutional network in numpy is that an image shows each digit.

Checks use it to judge images that a student's model drew. Staff trained it (`python -m staff.build.digits.reader`);
its weights are digit_reader.npz in this folder. Two convolutions of stride 2 follow LeNet-5 (LeCun et al., "Gradient-
based learning applied to document recognition", 1998). Images that show no digit were part of the training, with a
tenth as the answer for each digit. So a high probability means something (Hendrycks et al., "Deep anomaly detection
with outlier exposure", 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

PATH = Path(__file__).with_name("digit_reader.npz")
SIDE, SMALL_SIDE, CLASSES = 28, 14, 10
SIZES = {side * side: side for side in (SIDE, SMALL_SIDE)}  # pixels of an image, and of its side
WEIGHTS = ("first", "first_bias", "second", "second_bias", "hidden", "hidden_bias", "scores", "scores_bias")
BATCH = 200  # images at once: 6 MB of patches

Floats = NDArray[np.float32]


def read(images: ArrayLike) -> Floats:
    """How probable each digit is, given an image.

    Args:
        images: finite numbers, 0 paper to 1 ink, (n, 28, 28) or (n, 784), row by row from the top. Half the side is
            read as well: (n, 14, 14) or (n, 196), each pixel the mean of 2 x 2. What lies outside of [0, 1] is clipped.
    Returns:
        float32 (n, 10), each row sums to 1. A row near a tenth everywhere says that the image shows no digit.
    Raises:
        ValueError: the images have another shape, or a number is not finite.
    """
    pixels = prepared(images)
    parts = [probabilities(pixels[start : start + BATCH], _weights()) for start in range(0, len(pixels), BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, CLASSES), np.float32)


def prepared(images: ArrayLike) -> Floats:
    """Images as the network takes them: float32 (n, 28, 28) in [0, 1]; see `read`."""
    found = np.asarray(images, np.float32)
    side = SIZES.get(int(np.prod(found.shape[1:])))
    if side is None or found.shape[1:] not in ((side, side), (side * side,)):
        raise ValueError(f"images should be (n, 28, 28), (n, 784), (n, 14, 14) or (n, 196), got {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError("images should hold finite numbers")
    found = np.clip(found.reshape(-1, side, side), 0, 1)
    return found if side == SIDE else enlarged(found)


def enlarged(small: Floats) -> Floats:
    """Each pixel as 2 x 2 pixels: (n, 14, 14) to (n, 28, 28)."""
    return small.repeat(SIDE // SMALL_SIDE, axis=1).repeat(SIDE // SMALL_SIDE, axis=2)


def restored(stored: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
    """Weights by name, of what the file holds: int8 numbers, and the unit of each array."""
    units = dict(zip(WEIGHTS, stored["units"].tolist(), strict=True))
    return {name: stored[name].astype(np.float32) * np.float32(units[name]) for name in WEIGHTS}


@cache
def _weights() -> dict[str, Floats]:
    with np.load(PATH, allow_pickle=False) as archive:
        return restored(archive)


def probabilities(pixels: Floats, weights: dict[str, Floats]) -> Floats:
    """What weights by name (WEIGHTS) say of prepared images: float32 (n, 10)."""
    features = pixels[..., None]  # (n, 28, 28, 1)
    features = _convolved(features, weights["first"], weights["first_bias"])  # (n, 14, 14, 16)
    features = _convolved(features, weights["second"], weights["second_bias"])  # (n, 7, 7, 32)
    flat = features.transpose(0, 3, 1, 2).reshape(len(pixels), -1)  # (n, 1568): channel by channel, as torch does
    hidden = np.maximum(flat @ weights["hidden"].T + weights["hidden_bias"], 0)  # (n, 64)
    scores = hidden @ weights["scores"].T + weights["scores_bias"]  # (n, 10)
    likelihoods = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(likelihoods / likelihoods.sum(axis=1, keepdims=True), np.float32)


def _convolved(features: Floats, kernels: Floats, bias: Floats) -> Floats:
    """A convolution of stride 2 that halves the sides, then ReLU.

    Args:
        features: (n, side, side, inputs).
        kernels: (outputs, inputs, size, size), of odd size.
        bias: (outputs,).
    Returns:
        (n, side / 2, side / 2, outputs).
    """
    size, margin = kernels.shape[-1], kernels.shape[-1] // 2
    padded = np.pad(features, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
    patches = sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::2, ::2]  # (n, half, half, inputs, size, size)
    rows = patches.reshape(*patches.shape[:3], -1)  # (n, half, half, inputs * size * size)
    return np.maximum(rows @ kernels.reshape(len(kernels), -1).T + bias, 0)
