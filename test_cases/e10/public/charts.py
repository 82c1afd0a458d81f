"""Charts of the report: the losses of both networks; generated digits beside the nearest ones of the training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel
from test_cases.e10.public import digits


@dataclass(frozen=True)
class Losses:
    """The losses of both networks while they learned.

    Attributes:
        name: of the training function.
        updates: steps of the generator, int64 (moments,).
        losses: of generator and discriminator, (moments, 2).
    """

    name: str
    updates: np.ndarray
    losses: np.ndarray

    def panels(self) -> list[Panel]:
        """One line for each network."""
        caption = (
            f"The losses of both networks while {self.name} ran, over steps of the generator. Where the discriminator "
            f"cannot tell real from generated samples, its loss is {2 * np.log(2):.2f}, and the generator's is "
            f"{np.log(2):.2f}."
        )
        generator, discriminator = self.losses[-1]
        alt = f"At the end, the generator's loss is {generator:.3g}, and the discriminator's is {discriminator:.3g}."
        return [Chart(self._draw, 4.5, 2.7, caption, alt)]

    def _draw(self, axes: Any) -> None:
        steps = np.maximum(self.updates, 1)
        for column, (name, colour) in enumerate((("generator", style.BLUE), ("discriminator", style.ORANGE))):
            axes.plot(steps, self.losses[:, column], color=colour, linewidth=1.8, label=name)
        axes.set(xscale="log", xlabel="steps of the generator", ylim=(0, None))
        axes.minorticks_off()
        style.grid(axes)
        axes.legend(frameon=False, labelcolor=style.MUTED)


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
        axes.spines[:].set_visible(False)
