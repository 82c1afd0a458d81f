"""The line among its points: in the live window and in the report. TODO: the one idea of the real question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture


@dataclass(frozen=True)
class State:
    """Points, and what the model gives for them; all float32 (count,)."""

    x: np.ndarray
    y: np.ndarray
    predictions: np.ndarray

    @property
    def caption(self) -> str:
        """For example `mean squared error 0.0132`."""
        return f"mean squared error {float(np.square(self.predictions - self.y).mean()):.4f}"


@dataclass(frozen=True)
class FittedLine:
    """What the report shows: points, and the trained model's line; all (count,)."""

    x: np.ndarray
    y: np.ndarray
    predictions: np.ndarray

    def panels(self) -> list[Panel]:
        """The points and the line."""
        state = State(self.x, self.y, self.predictions)
        caption = f"Your line and the test points: {state.caption}"
        return [WindowPicture(state, caption, caption, scale=0.85)]


class Reader:
    """Reads the model's predictions while it is trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def read(self) -> State:
        """The line as it is now."""
        inputs, targets = self._dataset.x, self._dataset.y
        predictions = self._dataset.outputs(inputs).reshape(-1).float().numpy()
        return State(inputs[:, 0].numpy(), targets[:, 0].numpy(), predictions)


def draw(axes: Any, state: State) -> None:
    """The points, and the line through the predictions."""
    axes.set_position((0.08, 0.115, 0.875, 0.69))
    order = np.argsort(state.x)
    axes.plot(state.x, state.y, "o", color=style.ORANGE, markersize=4, markeredgewidth=0)
    axes.plot(state.x[order], state.predictions[order], color=style.BLUE, linewidth=2.2)
    style.grid(axes, "both")
