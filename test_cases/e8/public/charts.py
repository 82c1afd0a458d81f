"""A chart of the report: the patches that the class token of a Vision Transformer looks at, digit by digit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel, WindowPicture
from test_cases.e8.public import picture

COLUMNS = 5


@dataclass(frozen=True)
class LookedAt:
    """Test images of the ten digits, and what a trained model looks at.

    Attributes:
        images: float (10, 28, 28), one of each digit, in order.
        attention: of the class token in the last block, float (10, heads, 17).
        chances: the probability of each digit, float (10, 10).
        accuracy: the share of test images that are right.
    """

    images: np.ndarray
    attention: np.ndarray
    chances: np.ndarray
    accuracy: float

    def panels(self) -> list[Panel]:
        """The last picture of the live window, and all ten digits."""
        shown = picture.SHOWN_DIGIT
        names = [str(digit) for digit in range(len(self.images))]
        state = picture.State(
            "digits", self.accuracy, 0.1, self.attention[shown], [], shown, names, self.chances[shown],
            self.images[shown],
        )  # fmt: skip
        heads = "Your Vision Transformer reads a test image. Each head of the class token looks at other patches."
        most = self.attention.mean(axis=1)[:, 1:].argmax(axis=1)
        told = ", ".join(f"{digit}: row {place // 4 + 1}, column {place % 4 + 1}" for digit, place in enumerate(most))
        caption = "The patches that the answer rests on: what the class token looks at, all heads together."
        return [
            WindowPicture(state, heads, f"{heads} The answer is {int(self.chances[shown].argmax())}.", is_wide=True),
            Chart(self._draw, 7.0, 3.1, caption, f"Most looked at: {told}.", is_wide=True),
        ]

    def _draw(self, axes: Any) -> None:
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.set_autoscale_on(False)
        axes.axis("off")
        box = axes.get_position()
        shape = box.width * axes.figure.get_figwidth() / (box.height * axes.figure.get_figheight())
        size, across, down = 0.165, 1 / COLUMNS, 0.5
        for digit, (pixels, attention) in enumerate(zip(self.images, self.attention, strict=True)):
            row, column = divmod(digit, COLUMNS)
            corner = (column * across + (across - size) / 2, 0.9 - row * down, size)
            picture.image(axes, corner, pixels, shape)
            picture.light(axes, corner, attention.mean(axis=0)[1:], style.MISTAKE, shape)
            answer = int(np.nan_to_num(self.chances[digit]).argmax())
            text = f"{digit}" if answer == digit else f"{digit}, read as {answer}"
            axes.text(corner[0], corner[1] + 0.015, text, fontsize=style.SMALL, color=style.INK, va="bottom")
