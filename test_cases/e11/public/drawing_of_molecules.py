"""Draws molecules in pairs: atoms as letters, a glow where atoms decide, and what the net believes."""

from __future__ import annotations

from typing import Any

import numpy as np

from pictures import style
from test_cases.e11.public import molecules

COLOURS = ("#3B4250", style.BLUE, style.MISTAKE, style.GREEN)  # of C, N, O, Cl
GLOW = "#F2B632"
POISON, HARMLESS = style.MISTAKE, style.BLUE
FILL_WIDTH, FILL_HEIGHT = 0.78, 0.58  # of a cell, by the middles of the atoms
MAX_BOND = 0.17  # of a cell's width
ACROSS_PER_UP = (0.94 * style.WIDTH_INCHES / 3) / (0.785 * style.HEIGHT_INCHES / 2)  # a cell is wider than it is high
GLOWS = ((1500, 0.10), (950, 0.16), (520, 0.35))  # sizes of circles on each other, and how dense they are


def draw(axes: Any, state: Any) -> None:
    """The molecules of a `picture.State`: a column for each pair, the poisonous one above."""
    from matplotlib.collections import LineCollection

    count = len(state.beliefs)
    columns = max(1, (count + 1) // 2)
    axes.set_position((0.03, 0.035, 0.94, 0.785))
    axes.set(xlim=(0, columns), ylim=(0, 2))
    spots = np.zeros_like(state.points, dtype=np.float64)
    for number, (belief, truth) in enumerate(zip(state.beliefs, state.truths, strict=True)):
        middle = np.array([number // 2 + 0.5, 1.5 - number % 2])
        _cell(axes, middle, float(belief), int(truth))
        atoms = state.marks == number
        spots[atoms] = _scaled(state.points[atoms]) + middle + np.array([0, 0.055])
    axes.add_collection(LineCollection(list(spots[state.edges]), colors=style.MUTED, linewidths=2.0, zorder=3))
    shares = np.clip(np.nan_to_num(state.certainties), 0, 1)
    for size, density in GLOWS:
        axes.scatter(*spots.T, s=size * (0.35 + 0.65 * shares), c=GLOW, alpha=density * shares, linewidths=0, zorder=2)
    colours = [COLOURS[kind] for kind in state.groups]
    axes.scatter(*spots.T, s=165, c=style.PAPER, edgecolors=colours, linewidths=1.3, zorder=4)
    for spot, kind, colour in zip(spots, state.groups, colours, strict=True):
        axes.text(
            *spot, molecules.KINDS[kind], color=colour, fontsize=style.SMALL - 0.5, fontweight="bold", ha="center",
            va="center_baseline", zorder=5,
        )  # fmt: skip


def _cell(axes: Any, middle: np.ndarray, belief: float, truth: int) -> None:
    """The ground of a molecule, in the colour of what the net believes, and words below."""
    from matplotlib.patches import FancyBboxPatch

    x, y = middle - [0.47, 0.465]
    strength = abs(2 * belief - 1)
    ground = FancyBboxPatch(
        (x, y), 0.94, 0.93, boxstyle="round,pad=0,rounding_size=0.05", linewidth=0, zorder=0,
        facecolor=POISON if belief > 0.5 else HARMLESS, alpha=0.03 + 0.10 * strength, mutation_aspect=1.0,
    )  # fmt: skip
    axes.add_patch(ground)
    said = "poisonous" if belief > 0.5 else "harmless"
    sure = max(belief, 1 - belief)
    colour = POISON if belief > 0.5 else HARMLESS
    axes.text(
        middle[0] - 0.42, middle[1] - 0.40, f"{said}, {sure:.0%}", fontsize=style.NORMAL, fontweight="bold",
        color=colour, va="center",
    )  # fmt: skip
    if (belief > 0.5) != bool(truth):
        axes.text(
            middle[0] + 0.42, middle[1] + 0.405, "wrong", fontsize=style.NORMAL, fontweight="bold", color=style.INK,
            va="center", ha="right",
        )  # fmt: skip


def _scaled(points: np.ndarray) -> np.ndarray:
    """Positions around 0 that fit a cell."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = np.maximum(high - low, 1e-9) * [1, ACROSS_PER_UP]
    scale = min(FILL_WIDTH / width, FILL_HEIGHT / height, MAX_BOND)
    return (points - (low + high) / 2) * scale * [1, ACROSS_PER_UP]
