"""Question 2: the curve bending to the sine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import charts, style
from pictures.panels import Chart, Panel

EARLIER_CURVES = 5


@dataclass(frozen=True)
class State:
    """The training points and the model's curve through them.

    Attributes:
        x, y: the training points, sorted by x, float32 (count,).
        predictions: the model's y for each x, float32 (count,).
        earlier: predictions read before, oldest first, float32 (0 to 5, count).
    """

    x: np.ndarray
    y: np.ndarray
    predictions: np.ndarray
    earlier: np.ndarray

    @property
    def caption(self) -> str:
        """For example `mean squared error 0.0132 on the training points`."""
        error = float(np.square(self.predictions - self.y, dtype=np.float64).mean())
        return f"mean squared error {error:.4f} on the training points"


@dataclass(frozen=True)
class FittedCurve:
    """A model of one variable and the curve that it follows; all (count,), x ascending."""

    x: np.ndarray
    targets: np.ndarray
    predictions: np.ndarray

    def panels(self) -> list[Panel]:
        """Both curves."""
        error = float(np.square(self.predictions - self.targets).mean())
        caption = f"Your model and the sine: mean squared error {error:.3g}"

        def draw(axes: Any) -> None:
            charts.fitted_curve(axes, self.x, self.targets, self.predictions)

        return [Chart(draw, 4.5, 2.7, caption, caption)]


class Reader:
    """Reads the model's prediction at every training point."""

    def __init__(self, dataset: Any) -> None:
        self._outputs = dataset.outputs
        order = dataset.x.flatten().argsort()
        self._inputs = dataset.x[order]
        self._x, self._y = self._inputs.flatten().numpy(), dataset.y[order].flatten().numpy()
        self._earlier: list[np.ndarray] = []

    def read(self) -> State:
        """The curve as it is now."""
        predictions = self._outputs(self._inputs).reshape(len(self._x)).float().numpy().copy()
        earlier = np.array(self._earlier, np.float32).reshape(-1, len(self._x))
        self._earlier = [*self._earlier, predictions][-EARLIER_CURVES:]
        return State(self._x, self._y, predictions, earlier)


def draw(axes: Any, state: State) -> None:
    """The training points, the model's curve, and fainter the curves before it."""
    axes.set_position((0.08, 0.115, 0.875, 0.69))
    margin = 0.02 * float(np.ptp(state.x) or 1)
    axes.set(xlim=(state.x[0] - margin, state.x[-1] + margin), ylim=(-1.65, 1.65))
    multiples = [m for m in range(-2, 3) if state.x[0] - margin <= m * np.pi <= state.x[-1] + margin]
    names = {-2: "−2π", -1: "−π", 0: "0", 1: "π", 2: "2π"}
    axes.set_xticks([m * np.pi for m in multiples], [names[m] for m in multiples])
    axes.set_yticks([-1, 0, 1], ["−1", "0", "1"])
    style.grid(axes, "both")
    axes.plot(state.x, state.y, "o", color=style.ORANGE, markersize=5, markeredgewidth=0, label="training points")
    for age, predictions in enumerate(state.earlier):
        axes.plot(state.x, predictions, color=style.BLUE, linewidth=1.2, alpha=0.08 + 0.3 * age / EARLIER_CURVES)
    axes.plot(state.x, state.predictions, color=style.BLUE, linewidth=2.2, label="your model", solid_capstyle="round")
    axes.legend(
        loc="upper right", bbox_to_anchor=(1.005, 1.03), ncols=2, frameon=False, fontsize=style.SMALL,
        labelcolor=style.MUTED, handlelength=1.4, columnspacing=1.4,
    )  # fmt: skip
