"""Question 1: the points and the turning line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture

EARLIER_LINES = 6


@dataclass(frozen=True)
class State:
    """The points and where the perceptron draws the line.

    Attributes:
        positions: float32 (count, 2).
        labels: 1 or -1, float32 (count,).
        weights: of the two coordinates and of the constant 1, float32 (3,).
        earlier: different weights read before, oldest first, float32 (0 to 6, 3).
    """

    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    earlier: np.ndarray

    @property
    def mistakes(self) -> np.ndarray:
        """Which points lie on the wrong side, bool (count,)."""
        scores = self.positions @ self.weights[:2] + self.weights[2]
        return np.where(scores >= 0, 1, -1) != self.labels

    @property
    def caption(self) -> str:
        """For example `12 of 500 points on the wrong side`."""
        wrong = int(self.mistakes.sum())
        if wrong == 0:
            return f"all {len(self.labels)} points on the right side"
        return f"{wrong} of {len(self.labels)} points on the wrong side"


@dataclass(frozen=True)
class SeparatedPoints:
    """Points in the plane and a line between them.

    Attributes:
        positions: float (count, 2).
        labels: 1 or -1, (count,).
        weights: of the two coordinates and of the constant 1, (3,).
    """

    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    def panels(self) -> list[Panel]:
        """The points and the line."""
        state = State(self.positions, self.labels, np.asarray(self.weights), np.zeros((0, 3), np.float32))
        caption = f"The line that your perceptron draws: {state.caption}"
        return [WindowPicture(state, caption, caption, scale=0.88)]


class Reader:
    """Reads the line off the scores of the three unit vectors, one at a time, as training calls the model."""

    def __init__(self, dataset: Any) -> None:
        if dataset.x.shape[1] != 3:
            raise ValueError(f"points of {dataset.x.shape[1]} numbers cannot be drawn in the plane")
        self._outputs = dataset.outputs
        self._units = dataset.x.new_zeros(3, 3).fill_diagonal_(1)
        self._positions = dataset.x[:, :2].numpy()
        self._labels = dataset.y.flatten().numpy()
        self._earlier: list[np.ndarray] = []

    def read(self) -> State:
        """The line as it is now."""
        weights = np.array([float(self._outputs(unit[None])) for unit in self._units], np.float32)
        earlier = np.array(self._earlier, np.float32).reshape(-1, 3)
        if not self._earlier or not np.array_equal(self._earlier[-1], weights):
            self._earlier = [*self._earlier, weights][-EARLIER_LINES:]
        return State(self._positions, self._labels, weights, earlier)


def draw(axes: Any, state: State) -> None:
    """Points by label, the line with its two sides tinted, earlier lines fading, mistakes ringed."""
    low, high = state.positions.min(axis=0), state.positions.max(axis=0)
    centre, half = (low + high) / 2, 1.06 * np.maximum((high - low) / 2, 1e-3)
    axes.set(xlim=(centre[0] - half[0], centre[0] + half[0]), ylim=(centre[1] - half[1], centre[1] + half[1]))
    axes.set_facecolor("#F7F8FA")

    reach = 4 * float(half.sum())
    if (side := _side(state.weights, centre, reach)) is not None:
        axes.fill(*side.T, color="#E6F0F7", linewidth=0, zorder=0)
    wrong = state.mistakes
    for label, marker, colour in ((1, "o", style.BLUE), (-1, "^", style.ORANGE)):
        chosen = state.labels == label
        axes.plot(*state.positions[chosen].T, marker, color=colour, markersize=4.5, markeredgewidth=0, alpha=0.8)
    axes.plot(
        *state.positions[wrong].T, "o", markersize=9.5, markerfacecolor="none", markeredgecolor=style.MISTAKE,
        markeredgewidth=1.4,
    )  # fmt: skip
    for age, weights in enumerate([*state.earlier, state.weights]):
        newest = age == len(state.earlier)
        if (side := _side(weights, centre, reach)) is not None:
            strength = 1.0 if newest else 0.10 + 0.35 * age / EARLIER_LINES
            axes.plot(*side[:2].T, color=style.INK, linewidth=2.2 if newest else 1.2, alpha=strength)
    for place, marker, colour, name in (
        (0.02, "o", style.BLUE, "label 1"), (0.16, "^", style.ORANGE, "label −1"), (0.31, "o", style.MISTAKE, "mistake")
    ):  # fmt: skip
        hollow = name == "mistake"
        axes.plot(
            place, -0.035, marker, color="none" if hollow else colour, markeredgecolor=colour,
            markersize=7 if hollow else 6, transform=axes.transAxes, clip_on=False,
        )  # fmt: skip
        axes.text(
            place + 0.018, -0.037, name, transform=axes.transAxes, fontsize=style.SMALL, color=style.MUTED, va="center"
        )


def _side(weights: np.ndarray, centre: np.ndarray, reach: float) -> np.ndarray | None:
    """Corners (4, 2) of a large rectangle on the side that is predicted 1; its first edge is the line.

    None if the weights say the same everywhere, or are not finite.
    """
    length = float(np.hypot(*weights[:2]))
    if not np.isfinite(weights).all() or length < 1e-12:
        return None
    normal = weights[:2] / length
    foot = centre - normal * (normal @ centre + weights[2] / length)
    along = np.array([-normal[1], normal[0]]) * reach
    return np.array([foot - along, foot + along, foot + along + normal * reach, foot - along + normal * reach])
