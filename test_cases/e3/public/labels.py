"""A chart of the report: training images with a wrong label, and what the trained net says instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel

SIDE = 28
ROWS, COLUMNS = 2, 8


@dataclass(frozen=True)
class WrongLabels:
    """The training split and a net's answers for it.

    Attributes:
        x: pixels in [0, 1], (count, 784).
        y: the labels that the net was trained with, (count,).
        truth: the right ones, (count,).
        logits: of the trained net, (count, 10).
    """

    x: np.ndarray
    y: np.ndarray
    truth: np.ndarray
    logits: np.ndarray

    def panels(self) -> list[Panel]:
        """Some of the images with a wrong label."""
        wrong = np.flatnonzero(self.y != self.truth)
        answers = self.logits.argmax(axis=1)[wrong]
        learned, right = (answers == self.y[wrong]).mean(), (answers == self.truth[wrong]).mean()
        caption = (
            f"Training images with a wrong label. Of all {len(wrong)} such images, your net gives {right:.0%} the "
            f"right digit and {learned:.0%} the wrong label. Without regularisation, a net gives all of them the wrong "
            "label."
        )
        alt = f"{right:.0%} of the wrongly labelled images are read right, {learned:.0%} as their label says."
        return [Chart(self._draw, 7.6, 2.9, caption, alt, grid=(ROWS, COLUMNS), is_wide=True)]

    def _draw(self, grid: Any) -> None:
        wrong = np.flatnonzero(self.y != self.truth)
        answers = self.logits.argmax(axis=1)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, row in zip(grid.flat, wrong, strict=False):
            axes.imshow(1 - self.x[row].reshape(SIDE, SIDE), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set_title(f"label {self.y[row]}", fontsize=style.SMALL, color=style.MUTED, pad=3)
            is_right = answers[row] == self.truth[row]
            axes.text(
                0.5, -0.06, f"net: {answers[row]}", transform=axes.transAxes, ha="center", va="top",
                fontsize=style.NORMAL, fontweight="bold", color=style.BLUE if is_right else style.MISTAKE,
            )  # fmt: skip
