"""Two charts of the report: gradient descent down a round bowl with three rates, and the schedules as curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel
from test_cases.e1.public import surfaces

BOWL_X_LIMITS, BOWL_Y_LIMITS = (-1.7, 5.7), (-2.7, 4.7)
RINGS = (0.5, 1.3, 2.1, 2.9, 3.7)  # distances from the minimum
DRAWN = {"step_decay": "steps-post"}
SCHEDULES = {"step_decay": style.PURPLE, "exponential_decay": style.GREEN, "cosine_annealing": style.BLUE}


@dataclass(frozen=True)
class BowlPaths:
    """Paths of gradient descent down the bowl: the rate of each, and float64 (rates, steps + 1, 2)."""

    rates: tuple[float, ...]
    paths: np.ndarray

    def panels(self) -> list[Panel]:
        """One bowl for each rate."""
        steps = self.paths.shape[1] - 1
        ends = ", ".join(
            f"{loss:.2g} with the rate {rate:g}" for rate, loss in zip(self.rates, self._losses(), strict=True)
        )
        caption = (
            f"{steps} steps of your gradient descent down the bowl (x − 2)² + (y − 1)²; each dot is a step. "
            "The curvature is 2: the rate 1 / 2 lands in one step, and rates above 1 diverge."
        )
        return [Chart(self._draw, 7.4, 3.0, caption, f"Losses: {ends}.", grid=(1, len(self.rates)), is_wide=True)]

    def _losses(self) -> np.ndarray:
        """After the last step, (rates,)."""
        return np.asarray(surfaces.bowl(self.paths[:, -1]))

    def _draw(self, grid: Any) -> None:
        turn = np.linspace(0, 2 * np.pi, 120)
        circle = np.column_stack([np.cos(turn), np.sin(turn)])
        for axes, rate, path, loss in zip(grid.flat, self.rates, self.paths, self._losses(), strict=True):
            for ring in reversed(RINGS):
                axes.fill(*(surfaces.BOWL_MINIMUM + ring * circle).T, color=style.BLUE, alpha=0.07, linewidth=0)
            axes.plot(*surfaces.BOWL_MINIMUM, "+", color=style.MUTED, markersize=13, markeredgewidth=1.0)
            axes.plot(*path.T, "o-", color=style.BLUE, linewidth=1.0, markersize=3.6, markeredgewidth=0)
            axes.set(xlim=BOWL_X_LIMITS, ylim=BOWL_Y_LIMITS, aspect="equal", xticks=[], yticks=[])
            axes.set_title(f"rate {rate:g}", fontsize=style.NORMAL, fontweight="bold")
            axes.set_xlabel(f"loss {loss:.2g}" if loss else "loss 0", fontsize=style.NORMAL)
            axes.spines[:].set_visible(False)


@dataclass(frozen=True)
class Schedules:
    """The rate of each step, by the name of the schedule; all (steps + 1,)."""

    rates: Mapping[str, np.ndarray]

    def panels(self) -> list[Panel]:
        """All of them on common axes."""
        ends = "; ".join(f"{name} from {rates[0]:.3g} to {rates[-1]:.3g}" for name, rates in self.rates.items())
        return [Chart(self._draw, 5.6, 2.6, "The rates of your schedules, step by step", f"Schedules: {ends}.")]

    def _draw(self, axes: Any) -> None:
        for name, rates in self.rates.items():
            axes.plot(rates, color=SCHEDULES[name], linewidth=1.9, label=name, drawstyle=DRAWN.get(name, "default"))
        axes.set(xlim=(0, max(map(len, self.rates.values())) - 1), ylim=(0, None))
        axes.set_xlabel("step")
        axes.set_ylabel("rate")
        style.grid(axes)
        axes.spines["left"].set_visible(False)
        axes.legend(frameon=False, fontsize=style.NORMAL, labelcolor="linecolor", handlelength=1.2, loc="upper right")
