"""Charts of the report: walks between digits with what is read along them, and images drawn from N(0, 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel
from test_cases.e9.public import mosaics

COLUMNS = 10
SURE = 0.5  # probability of a digit from which on an image counts as read


@dataclass(frozen=True)
class Drawn:
    """Images of latents from N(0, 1).

    Attributes:
        name: of the model.
        images: (count, 784).
        chances: of each digit, by the grader's classifier, (count, 10).
        share: of many more such images, how many are read.
    """

    name: str
    images: np.ndarray
    chances: np.ndarray
    share: float

    @property
    def caption(self) -> str:
        """What the images are, and what they tell."""
        told = (
            "Nothing tells where an autoencoder's latents lie, so draws seldom meet one."
            if self.name != "VAE"
            else "The KL divergence keeps the latents of digits near N(0, 1), so draws meet them."
        )
        return (
            f"Images that your {self.name}'s decoder makes of draws from N(0, 1). The grader's classifier reads "
            f"{style.share(self.share)} of {1000:,} as some digit. {told}"
        )

    def panels(self) -> list[Panel]:
        """All images, each with what is read."""
        rows = -(-len(self.images) // COLUMNS)
        return [Chart(self._draw, 7.4, 0.95 * rows, self.caption, self.caption, is_wide=True)]

    def _draw(self, axes: Any) -> None:
        rows = -(-len(self.images) // COLUMNS)
        axes.set(xlim=(0, COLUMNS), ylim=(0, 1.3 * rows))
        axes.set_autoscale_on(False)
        axes.axis("off")
        for row in range(rows):
            top = 1.3 * (rows - row)
            part = slice(row * COLUMNS, (row + 1) * COLUMNS)
            mosaics.strip(axes, 0, top, 1, 1, self.images[part])
            for column, chances in enumerate(self.chances[part]):
                best = int(chances.argmax())
                is_read = chances[best] >= SURE
                axes.text(
                    column + 0.5, top - 1.03, f"{best} · {chances[best]:.0%}" if is_read else "?", ha="center",
                    va="top", fontsize=style.SMALL, color=style.BLUE if is_read else style.MISTAKE,
                )  # fmt: skip


@dataclass(frozen=True)
class Walk:
    """Images between two digits, (steps, 784), and the chances of each digit along them, (steps, 10)."""

    start: int
    end: int
    images: np.ndarray
    chances: np.ndarray


@dataclass(frozen=True)
class Walks:
    """Some walks."""

    walks: tuple[Walk, ...]

    def panels(self) -> list[Panel]:
        """Each walk as a row of images above the probabilities of its two ends."""
        caption = (
            "Walks between the latents of two test images, made by your decoder. The bars show what the grader's "
            "classifier reads. The digit of the start is blue, that of the end is orange, others are grey."
        )
        ends = ", ".join(f"from {walk.start} to {walk.end}" for walk in self.walks)
        return [Chart(self._draw, 7.4, 2.9, caption, f"{caption} The walks: {ends}.", grid=(2, 2), is_wide=True)]

    def _draw(self, grid: Any) -> None:
        for axes, walk in zip(grid.flat, self.walks, strict=False):
            count = len(walk.images)
            axes.set(xlim=(0, count), ylim=(0, 2.7))
            axes.set_autoscale_on(False)
            axes.axis("off")
            mosaics.strip(axes, 0, 2.65, 1, 1, walk.images)
            axes.set_aspect("equal")  # images have set it to "auto"
            start, end = walk.chances[:, walk.start], walk.chances[:, walk.end]
            places = np.arange(count) + 0.5
            axes.bar(places, start, width=0.82, color=style.BLUE)
            axes.bar(places, end, bottom=start, width=0.82, color=style.ORANGE)
            axes.bar(places, 1 - start - end, bottom=start + end, width=0.82, color=style.FAINT)
            for place, digit, colour in ((0.5, walk.start, style.BLUE), (count - 0.5, walk.end, "#9A6400")):
                axes.text(place, 1.07, str(digit), ha="center", va="bottom", color=colour, fontweight="bold")
