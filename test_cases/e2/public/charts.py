"""Two charts of the report: what two hidden units make of ten squares, and a network's sine wave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel

Layers = list[tuple[np.ndarray, np.ndarray]]
REACH, CELLS = 0.45, 60  # of a map beyond its square; its pixels on a side
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda z: 0.5 + 0.5 * np.tanh(z / 2),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
}


@dataclass(frozen=True)
class Squares:
    """Squares that were learned, or not.

    Attributes:
        corners: (squares, 4, 2).
        is_one: the class of each corner, bool (squares, 4).
        is_learned: bool (squares,).
        networks: the activation and the two layers of each network.
    """

    corners: np.ndarray
    is_one: np.ndarray
    is_learned: np.ndarray
    networks: list[tuple[str, Layers]]

    def panels(self) -> list[Panel]:
        """A map for each square."""
        count, all_of_them = int(self.is_learned.sum()), len(self.is_learned)
        caption = (
            f"XOR with two hidden units: {count} of {all_of_them} squares learned. Blue is where a network sees "
            "class 1, whose corners are filled. Two units make two bends; between them lies one class."
        )
        alt = f"{count} of {all_of_them} squares have each corner in the region of its class."
        return [Chart(self._draw, 7.4, 3.3, caption, alt, grid=(2, all_of_them // 2), is_wide=True)]

    def _draw(self, grid: Any) -> None:
        for number, axes in enumerate(grid.flat):
            corners, is_one = self.corners[number], self.is_one[number]
            middle = corners.mean(axis=0)
            side = np.linspace(-0.5 - REACH, 0.5 + REACH, CELLS)
            points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2) + middle
            name, layers = self.networks[number]
            ones = ACTIVATIONS["sigmoid"](_answers(points, name, layers)).reshape(CELLS, CELLS)
            edges = (*(middle[0] + side[[0, -1]]), *(middle[1] + side[[0, -1]]))
            settings = {"cmap": _shades(), "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
            axes.imshow(ones, extent=edges, origin="lower", **settings).set_rasterized(True)
            for is_wanted, fill, edge in ((is_one, style.INK, style.PAPER), (~is_one, style.PAPER, style.INK)):
                axes.scatter(*corners[is_wanted].T, s=46, c=fill, edgecolors=edge, linewidths=1.8, zorder=3)
            axes.set(xticks=[], yticks=[], xlim=edges[:2], ylim=edges[2:], aspect="equal")
            learned = self.is_learned[number]
            axes.set_xlabel("learned" if learned else "stuck", fontsize=style.SMALL,
                            color=style.MUTED if learned else style.MISTAKE)  # fmt: skip
            axes.spines[:].set_visible(False)


@dataclass(frozen=True)
class Wave:
    """A network's answers at points that training did not see, all (count,), and the network."""

    x: np.ndarray
    right: np.ndarray
    answers: np.ndarray
    activation: str
    layers: Layers

    def panels(self) -> list[Panel]:
        """The wave and the network above, the error below."""
        error = self.answers - self.right
        units = self.layers[0][1].size
        name = self.activation.replace("_", " ")
        caption = (
            f"Your network of {units} hidden units ({name}) on the sine wave. Ticks below mark where its units bend. "
            f"Mean squared error {np.square(error).mean():.1e}, largest error {np.abs(error).max():.1e}."
        )
        alt = f"The network's curve and the wave differ by {np.abs(error).max():.1e} at most."
        return [Chart(self._draw, 7.0, 3.4, caption, alt, grid=(2, 1), is_wide=True)]

    def _draw(self, grid: Any) -> None:
        wave, errors = grid.flat
        wave.plot(self.x, self.right, color=style.MUTED, linewidth=5.5, alpha=0.35, label="sin(x + phase)")
        wave.plot(self.x, self.answers, color=style.BLUE, linewidth=1.7, label="your network")
        weight, bias = self.layers[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            bends = -bias / weight[0]
        bends = bends[np.isfinite(bends)]
        wave.plot(bends, np.full(len(bends), -1.32), "|", color=style.BLUE, markersize=7, alpha=0.8, clip_on=True)
        wave.set(ylim=(-1.45, 1.25), yticks=[-1, 0, 1], xticks=[])
        wave.legend(frameon=False, fontsize=style.SMALL, labelcolor="linecolor", handlelength=1.4, loc="upper right",
                    ncols=2, bbox_to_anchor=(1.0, 1.22), borderpad=0)  # fmt: skip
        errors.axhline(0, color=style.FAINT, linewidth=1)
        errors.plot(self.x, self.answers - self.right, color=style.BLUE, linewidth=1.4)
        errors.set_ylabel("error")
        errors.set_xticks([0, np.pi / 2, np.pi, 3 * np.pi / 2, 2 * np.pi], ["0", "π/2", "π", "3π/2", "2π"])
        errors.ticklabel_format(axis="y", style="sci", scilimits=(-2, 2))
        errors.yaxis.get_offset_text().set(fontsize=style.SMALL, color=style.MUTED)
        for axes in (wave, errors):
            axes.set_xlim(0, 2 * np.pi)
            axes.spines[:].set_visible(False)


def _answers(points: np.ndarray, activation: str, layers: Layers) -> np.ndarray:
    """Outputs of a network of two layers at points (count, 2); numbers of any size are passed on."""
    (first, shift), (second, last) = layers
    with np.errstate(over="ignore", invalid="ignore"):
        return ACTIVATIONS[activation](points @ first + shift) @ second + last


@cache
def _shades() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("probability", ["#FFFFFF", "#D9E8F3", "#8FBEDD", style.BLUE])
