"""Question 5: a learned kernel, and what it makes of some images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from pictures import charts
from pictures.panels import Chart, Panel


@dataclass(frozen=True)
class Convolution:
    """A learned kernel (height, width) and what it makes of some images: (count, h, w) to (count, h', w')."""

    kernel: np.ndarray
    images: np.ndarray
    feature_maps: np.ndarray

    def panels(self) -> list[Panel]:
        """The kernel's numbers; the images above their feature maps."""
        count = len(self.images)
        rows = "; ".join(" ".join(f"{value:.2g}" for value in row) for row in self.kernel)
        return [
            Chart(
                partial(charts.kernel, values=self.kernel),
                1.9,
                1.9,
                "The kernel that your model has learned",
                f"The learned kernel, row by row: {rows}.",
            ),
            Chart(
                partial(charts.feature_maps, images=self.images, maps=self.feature_maps),
                0.9 * count,
                1.9,
                "Test images, and what your Convolve makes of them with it: blue above zero, orange below",
                "Test images and their feature maps.",
                grid=(2, count),
            ),
        ]
