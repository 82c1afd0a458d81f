"""A line segment that turns: shows that windows work."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pictures import style


@dataclass(frozen=True)
class State:
    """Where the segment is.

    Attributes:
        angle: in radians, counterclockwise from the right.
    """

    angle: float

    @property
    def caption(self) -> str:
        """What follows from seeing it."""
        return "this line turns, so training can be watched while it runs"


def draw(axes: Any, state: State) -> None:
    """The segment, with the circle that its ends run on."""
    axes.set_position((0.14, 0.05, 0.72, 0.72))
    axes.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), aspect="equal")
    circle = [2 * math.pi * step / 90 for step in range(91)]
    axes.plot([math.cos(angle) for angle in circle], [math.sin(angle) for angle in circle], color=style.FAINT)
    x, y = math.cos(state.angle), math.sin(state.angle)
    axes.plot([-x, x], [-y, y], color=style.BLUE, linewidth=4, solid_capstyle="round")
    axes.plot([x, -x], [y, -y], "o", color=style.ORANGE, markersize=9)
