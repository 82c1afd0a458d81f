"""Question 6: the attention matrix, which position looks where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture

SHOWN = 0.005  # a weight on the future, or a difference, that is smaller than this is none
NOTICEABLE = 1e-3  # weights that are further off than this are shown beside the right ones
MAX_NUMBERED = 12  # positions; more leave no room for numbers


@dataclass(frozen=True)
class State:
    """One head's weights.

    Attributes:
        weights: row i holds how much position i takes from each position, float32 (time, time).
        names: of the positions, such as letters; empty for numbers from 1 on.
    """

    weights: np.ndarray
    names: list[str]

    @property
    def caption(self) -> str:
        """What to look for, or what is wrong."""
        future = ~np.tril(np.ones(self.weights.shape, bool)) & ~(np.abs(self.weights) < SHOWN)
        if future.any():
            return f"{future.sum()} weights on what comes later, in orange: there should be none"
        if not np.all(np.abs(self.weights.sum(axis=1) - 1) < SHOWN):
            return "not every row sums to 1"
        return "each row sums to 1 and takes nothing from the right of its diagonal"


@dataclass(frozen=True)
class AttentionWeights:
    """One block's weights: how much position i takes from position j.

    Attributes:
        weights: as the student's block has them, (time, time).
        expected: as they should be, (time, time).
        names: of the positions, such as letters; empty for numbers.
    """

    weights: np.ndarray
    expected: np.ndarray
    names: tuple[str, ...] = ()

    def panels(self) -> list[Panel]:
        """The student's weights, and the right ones where they differ."""
        shown = [(self.weights, "Your attention: how much each position takes from each")]
        if float(np.abs(self.weights - self.expected).max()) > NOTICEABLE:
            shown.append((self.expected, "As it should be for the same input"))
        return [
            WindowPicture(State(weights, list(self.names)), caption, f"{caption}. {_in_words(weights)}", scale=0.85)
            for weights, caption in shown
        ]


def _in_words(weights: np.ndarray) -> str:
    """A small matrix in words: from which position each takes most."""
    most = weights.argmax(axis=1) + 1
    return "Most from: " + ", ".join(f"{row} from {column}" for row, column in enumerate(most.tolist(), start=1)) + "."


def draw(axes: Any, state: State) -> None:
    """The matrix as shades with its numbers, and beside it what each row sums to; what cannot be is marked."""
    time = len(state.weights)
    names = state.names or [str(position + 1) for position in range(time)]
    axes.set_position((0.12, 0.05, 0.76, 0.69))
    size = style.NORMAL if time <= 8 else style.SMALL - 0.5
    for row in range(time):
        for column in range(time):
            weight = float(state.weights[row, column])
            leaks = column > row and not abs(weight) < SHOWN
            shade = min(max(weight if np.isfinite(weight) else 1.0, 0.0), 1.0)
            _cell(axes, row, column, style.MISTAKE if leaks else _shade(shade) if column <= row else "#F4F5F7")
            if (column <= row or leaks) and time <= MAX_NUMBERED:
                colour = "white" if shade > 0.5 or leaks else style.INK
                axes.text(column, row, f"{weight:.2f}", ha="center", va="center", fontsize=size, color=colour)
    axes.text(time + 0.35, -0.9, "sum", ha="center", va="center", fontsize=style.SMALL, color=style.MUTED)
    for row, total in enumerate(state.weights.sum(axis=1)):
        right = abs(total - 1) < SHOWN
        axes.text(
            time + 0.35, row, f"{total:.2f}", ha="center", va="center", fontsize=size,
            color=style.MUTED if right else style.MISTAKE, fontweight="normal" if right else "bold",
        )  # fmt: skip
    axes.set(xlim=(-0.55, time + 0.8), ylim=(time - 0.45, -0.55))
    axes.set_xticks(range(time), names, fontsize=style.NORMAL)
    axes.set_yticks(range(time), names, fontsize=style.NORMAL)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("takes from")
    axes.set_ylabel("letter" if state.names else "position", labelpad=6)


def _cell(axes: Any, row: int, column: int, colour: Any) -> None:
    axes.fill([column - 0.47, column + 0.47, column + 0.47, column - 0.47],
              [row - 0.46, row - 0.46, row + 0.46, row + 0.46], color=colour, linewidth=0)  # fmt: skip


def _shade(weight: float) -> tuple[float, float, float]:
    """From nearly white for 0 to the blue of the palette for 1."""
    low, high = np.array([0.93, 0.95, 0.975]), np.array([0.0, 0.447, 0.698])
    red, green, blue = low + (high - low) * weight**0.6
    return float(red), float(green), float(blue)
