"""Images in rows, colours of their maps, and PCA's images: what pictures of elective 9 share."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from pictures import style
from test_cases.e9.public import data

COMPONENTS = 16


def strip(axes: Any, left: float, top: float, wide: float, high: float, images: np.ndarray) -> None:
    """Images (count, 784) side by side, each `wide` and `high` in units of the axes, with a thin frame around each."""
    from matplotlib.patches import Rectangle

    pixels = finite(images).clip(0, 1).reshape(-1, data.SIDE, data.SIDE)
    for number, image in enumerate(pixels):
        start = left + number * wide + 0.03 * wide
        size, tall = 0.94 * wide, 0.94 * high
        extent = (start, start + size, top - tall, top)
        axes.imshow(image, extent=extent, aspect="auto", interpolation="nearest", cmap=shades("ink"), vmin=0, vmax=1)
        axes.add_patch(Rectangle((start, top - tall), size, tall, fill=False, edgecolor=style.FAINT, linewidth=0.8))


def by_pca(train: np.ndarray, images: np.ndarray, count: int = COMPONENTS) -> np.ndarray:
    """Images (batch, 784) after PCA of training images and back."""
    middle = train.mean(axis=0)
    axes = np.linalg.eigh((train - middle).T @ (train - middle))[1][:, -count:]  # (784, count)
    return np.asarray(middle + ((images - middle) @ axes) @ axes.T, np.float32)


def finite(values: np.ndarray) -> np.ndarray:
    """Numbers that can be drawn."""
    return np.nan_to_num(np.asarray(values, np.float64), posinf=1e6, neginf=-1e6).clip(-1e6, 1e6)


def with_halo(text: Any) -> None:
    """A text that is read over dots."""
    from matplotlib.patheffects import withStroke

    text.set(ha="center", va="center", fontweight="bold", path_effects=[withStroke(linewidth=2.5, foreground="white")])


@cache
def shades(name: str) -> Any:
    """Colours from paper to ink, or from orange below 0 to blue above."""
    from matplotlib.colors import LinearSegmentedColormap

    steps = {
        "ink": [style.PAPER, style.INK],
        "signed": ["#8A4B00", style.ORANGE, "#F7F7F7", style.BLUE, "#003A5C"],
    }[name]
    return LinearSegmentedColormap.from_list(name, steps)
