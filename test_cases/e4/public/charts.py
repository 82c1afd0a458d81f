"""Charts of the report: what classic kernels see, saliency of ten digits, and what a pretrained encoder is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel
from test_cases.e4.public import picture

COLOURS = (style.MUTED, style.PURPLE, style.BLUE)  # of the stages of transfer


@dataclass(frozen=True)
class Responses:
    """A digit, (28, 28), and the response of each kernel to it, (28, 28), by the kernel's name."""

    image: np.ndarray
    responses: Mapping[str, np.ndarray]

    def panels(self) -> list[Panel]:
        """The image and the responses in a row."""
        caption = "What your four kernels see of a digit: blue is above 0, orange is below 0"
        alt = f"{caption}. The kernels: {', '.join(self.responses)}."
        return [Chart(self._draw, 7.4, 1.8, caption, alt, grid=(1, 1 + len(self.responses)), is_wide=True)]

    def _draw(self, grid: Any) -> None:
        first, *others = grid.flat
        _map(first, self.image, "ink", 0, 1, "image")
        for axes, (name, values) in zip(others, self.responses.items(), strict=True):
            reach = float(np.abs(values).max()) or 1.0
            _map(axes, values, "filter", -reach, reach, name)


@dataclass(frozen=True)
class SalientDigits:
    """Digits, (10, 28, 28), and how much each pixel matters for their class, (10, 28, 28)."""

    images: np.ndarray
    saliency: np.ndarray

    def panels(self) -> list[Panel]:
        """All ten, each with the outline of its ink."""
        caption = (
            "Saliency of ten test images: the stronger a pixel's colour, the more the right digit's score depends on it"
        )
        return [Chart(self._draw, 7.4, 3.2, caption, f"{caption}.", grid=(2, 5), is_wide=True)]

    def _draw(self, grid: Any) -> None:
        for digit, (axes, image, values) in enumerate(zip(grid.flat, self.images, self.saliency, strict=True)):
            _map(axes, values, "saliency", 0, float(values.max()) or 1.0, str(digit))
            axes.contour(image, levels=[0.5], colors=[style.INK], linewidths=0.8)


@dataclass(frozen=True)
class Transfer:
    """Accuracy on new digits: the names of the stages, and shares (draws, stages) by the images of each digit."""

    stages: tuple[str, ...]
    shares: Mapping[int, np.ndarray]

    def panels(self) -> list[Panel]:
        """A group of bars for each number of images; a thin line for each draw."""
        caption = (
            "Accuracy on the digits 5 to 9 after few images of each: a LeNet from nothing, your pretrained encoder "
            "with a new head, and the same after fine-tuning. A bar is the mean, a thin line is one draw of images."
        )
        groups = []
        for each, found in self.shares.items():
            means = zip(self.stages, found.mean(axis=0), strict=True)
            groups.append(f"{each} images of each: {', '.join(f'{name} {style.share(mean)}' for name, mean in means)}")
        return [Chart(self._draw, 6.4, 3.2, caption, f"{'. '.join(groups)}.", is_wide=True)]

    def _draw(self, axes: Any) -> None:
        low = max(0.0, float(np.floor(10 * min(found.min() for found in self.shares.values())) / 10 - 0.1))
        count, ticks = len(self.stages), []
        for group, found in enumerate(self.shares.values()):
            places = group * (count + 1) + np.arange(count)
            means = found.mean(axis=0)
            for stage, (place, mean) in enumerate(zip(places, means, strict=True)):
                label = self.stages[stage] if group == 0 else None
                axes.bar(place, mean - low, bottom=low, width=0.86, color=COLOURS[stage], label=label)
                axes.text(
                    place, low + 0.012, style.share(mean), ha="center", color="white", fontweight="bold",
                    fontsize=style.SMALL,
                )  # fmt: skip
            axes.plot(places, found.T, color=style.INK, linewidth=0.8, marker="o", markersize=3, alpha=0.6)
            ticks.append(float(places.mean()))
        axes.set_xticks(ticks, [f"{each} images of each" for each in self.shares], fontsize=style.NORMAL)
        axes.set(ylim=(low, 1))
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        style.grid(axes)
        axes.legend(frameon=False, fontsize=style.SMALL, loc="upper left", ncols=count, borderpad=0)
        axes.spines[["top", "right", "left"]].set_visible(False)


def _map(axes: Any, values: np.ndarray, shades: str, low: float, high: float, name: str) -> None:
    axes.imshow(values, cmap=picture.shades(shades), vmin=low, vmax=high)
    axes.set_title(name, fontsize=style.NORMAL)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(style.FAINT)
