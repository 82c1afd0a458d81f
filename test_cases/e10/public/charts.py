"""A chart of the report: generated digits beside the nearest digits that the generator was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel
from test_cases.e10.public import digits


@dataclass(frozen=True)
class Neighbours:
    """One generated digit of each class, and its nearest training digit.

    Attributes:
        generated, nearest: float (10, 196), 0 paper to 1 ink.
        novelty: the usual distance between the two, compared with real digits.
    """

    generated: np.ndarray
    nearest: np.ndarray
    novelty: float

    @classmethod
    def of(
        cls, images: np.ndarray, labels: np.ndarray, train: np.ndarray, nearest: np.ndarray, novelty: float
    ) -> Neighbours:
        """The first generated digit of each class.

        Args:
            images: float (count, 196).
            labels: int (count,).
            train: training digits, float (rows, 196).
            nearest: the row of the nearest one for each generated digit, int (count,).
            novelty: as above.
        """
        firsts = [int(np.flatnonzero(labels == digit)[0]) for digit in range(digits.CLASSES)]
        return cls(images[firsts], train[nearest[firsts]], novelty)

    def panels(self) -> list[Panel]:
        """Two rows of ten digits."""
        caption = (
            "Above, one generated digit of each class. Below, the training digit nearest to it. A generator that has "
            f"learned digits by heart would repeat them. Distances here are {self.novelty:.2f} times those of real "
            "digits that nobody trained on."
        )
        alt = "Generated digits are unlike the nearest training digits."
        return [Chart(self._draw, 7.0, 1.75, caption, alt, is_wide=True)]

    def _draw(self, axes: Any) -> None:
        for row, (name, images) in enumerate((("generated", self.generated), ("nearest", self.nearest))):
            strip = np.clip(images, 0, 1).reshape(-1, digits.SIDE, digits.SIDE).transpose(1, 0, 2)
            extent = (0, digits.CLASSES, 1.06 - 1.06 * row, 2.06 - 1.06 * row)
            axes.imshow(strip.reshape(digits.SIDE, -1), cmap="gray_r", vmin=0, vmax=1, extent=extent,
                        interpolation="nearest")  # fmt: skip
            axes.text(-0.12, 1.56 - 1.06 * row, name, ha="right", va="center", fontsize=style.SMALL, color=style.MUTED)
        axes.set(xlim=(-1.1, digits.CLASSES), ylim=(0, 2.06), xticks=[], yticks=[])
        axes.set_aspect("equal")
        for spine in axes.spines.values():
            spine.set_visible(False)
