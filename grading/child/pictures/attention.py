"""Question 6: the attention matrix, which position looks where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from grading.child.pictures import style

SHOWN = 0.005  # a weight this small is left blank


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
        """What to look for."""
        return "each row sums to 1 and takes nothing from the right of its diagonal"


def read(block: Any, inputs: Any) -> State:
    """Read a block's weights through its own output, without asking how it is written.

    While the block looks at `inputs`, its value layer is made to turn position i into the i-th unit vector: each
    output is then the list of its position's weights. Call under `no_grad`; the layer is as before afterwards.

    Args:
        block: has a linear `v_layer`, as `models.AttentionBlock` is given.
        inputs: tensor (time, layer size), time at most the layer size, rows that do not depend on each other.
    """
    time, layer_size = inputs.shape
    layer = block.v_layer
    before = layer.weight.clone(), layer.bias.clone()
    units = inputs.new_zeros(time, layer_size).fill_diagonal_(1)
    layer.weight.copy_((inputs.pinverse() @ units).mT)
    layer.bias.zero_()
    try:
        output = block(inputs[None])  # (1, time, layer size)
    finally:
        layer.weight.copy_(before[0])
        layer.bias.copy_(before[1])
    return State(output[0, :, :time].float().numpy().copy(), [])


def draw(axes: Any, state: State) -> None:
    """The matrix as shades with its numbers; a weight on the future is marked as a mistake."""
    time = len(state.weights)
    names = state.names or [str(position + 1) for position in range(time)]
    axes.set_position((0.19, 0.05, 0.62, 0.69))
    for row in range(time):
        for column in range(time):
            weight = float(state.weights[row, column])
            leaks = column > row and not abs(weight) < SHOWN
            shade = min(max(weight if np.isfinite(weight) else 1.0, 0.0), 1.0)
            face = style.MISTAKE if leaks else _shade(shade) if column <= row else "#F4F5F7"
            axes.fill([column - 0.47, column + 0.47, column + 0.47, column - 0.47],
                      [row - 0.46, row - 0.46, row + 0.46, row + 0.46], color=face, linewidth=0)  # fmt: skip
            if (column <= row or leaks) and time <= 12:
                colour = "white" if shade > 0.5 or leaks else style.INK
                axes.text(column, row, f"{weight:.2f}", ha="center", va="center", fontsize=style.NORMAL, color=colour)
    axes.set(xlim=(-0.55, time - 0.45), ylim=(time - 0.45, -0.55))
    axes.set_xticks(range(time), names)
    axes.set_yticks(range(time), names)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("takes from position")
    axes.set_ylabel("position")


def _shade(weight: float) -> tuple[float, float, float]:
    """From nearly white for 0 to the blue of the palette for 1."""
    low, high = np.array([0.93, 0.95, 0.975]), np.array([0.0, 0.447, 0.698])
    red, green, blue = low + (high - low) * weight**0.8
    return float(red), float(green), float(blue)
