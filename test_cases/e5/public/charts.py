"""A chart of the report: the gradient over time in the three cells, before any training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures.panels import Chart, Panel
from test_cases.e5.public import picture


@dataclass(frozen=True)
class Reach:
    """The size of the gradient at each step, (time,), by kind of cell."""

    sizes: Mapping[str, np.ndarray]

    def panels(self) -> list[Panel]:
        """All of them on common axes."""
        shares = {kind: picture.relative(sizes) for kind, sizes in self.sizes.items()}
        ends = ", ".join(f"{picture.NAMES[kind]} {share[0]:.1g}" for kind, share in shares.items())
        caption = (
            "Before training: how much of the gradient at the last step arrives at earlier steps. "
            "What arrives at step 0 is what the first symbol can teach."
        )
        return [Chart(self._draw, 7.0, 3.0, caption, f"Share of the gradient at step 0: {ends}.", is_wide=True)]

    def _draw(self, axes: Any) -> None:
        picture.gradient_axes(axes, len(next(iter(self.sizes.values()))))
        ends = []
        for kind, sizes in self.sizes.items():
            share = picture.relative(sizes)
            axes.plot(picture.shown(share), color=picture.COLOURS[kind], linewidth=2.2, solid_capstyle="round")
            ends.append((kind, share))
        picture.name_the_curves(axes, ends)
