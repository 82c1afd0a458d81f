"""Rosenbrock's valley: the surface in 3-D, the contours with the three paths, and the losses on a log axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture
from test_cases.e1.public import surfaces

UPDATES = ("gradient_descent", "momentum", "adam")
NAMES = {"gradient_descent": "gradient descent", "momentum": "momentum", "adam": "Adam"}
WIDTHS = {"gradient_descent": 4.6, "momentum": 2.9, "adam": 1.4}  # so that paths on top of each other are all seen
COLOURS = {"gradient_descent": style.PURPLE, "momentum": style.GREEN, "adam": style.BLUE}
GOAL = 1e-3  # the loss that a recipe has to reach
SECONDS_TO_READ = 4.0

X_LIMITS, Y_LIMITS = (-1.65, 1.45), (-0.55, 1.75)
FIRST_POINTS, LATER_POINTS = 60, 240  # of a path, at most: its first steps are its longest
LEVELS = np.geomspace(0.1, 2000, 13)
LOSS_LIMITS = (3e-13, 300.0)
CONTOUR_CELLS, SURFACE_CELLS = (100, 75), (72, 54)
SURFACE_LIFT = 0.06  # paths run a little above the surface
VIEW = {"elev": 54, "azim": -76}
LAND = ("#F3F7FA", "#B9CCDB", "#7F9DB5")  # from the floor of the valley to its walls


@dataclass(frozen=True)
class State:
    """The paths of the three updates, as far as they have come.

    Attributes:
        recipe: the update whose rates the student chose.
        steps: of each whole path.
        paths: of each of `UPDATES`, float64 (count, 3): the number of steps, x, y. No row before the path begins.
    """

    recipe: str
    steps: int
    paths: list[np.ndarray]

    @property
    def losses(self) -> list[np.ndarray]:
        """Of each path, float64 (count,)."""
        with np.errstate(over="ignore", invalid="ignore"):  # of paths that have diverged
            return [surfaces.rosenbrock(path[:, 1:]) for path in self.paths]

    @property
    def caption(self) -> str:
        """For example `momentum  ·  step 820 of 2,000  ·  loss 0.031`, or how the recipe ended."""
        begun = [number for number, path in enumerate(self.paths) if len(path)]
        if not begun:
            return "three updates, one start"
        number = begun[-1]
        step = int(self.paths[number][-1, 0])
        ended = self.losses[UPDATES.index(self.recipe)]
        if number == len(UPDATES) - 1 and step >= self.steps - 1 and len(ended):
            return f"your recipe ends at a loss of {ended[-1]:.1g} after {self.steps:,} steps; the goal is {GOAL:g}"
        return f"{NAMES[UPDATES[number]]}  ·  step {step:,} of {self.steps:,}  ·  loss {self.losses[number][-1]:.2g}"


@dataclass(frozen=True)
class ValleyPaths:
    """What the report shows: the recipe's update and whole paths, (3, steps + 1, 2)."""

    recipe: str
    paths: np.ndarray

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        state = State(self.recipe, self.paths.shape[1] - 1, [_thinned(path) for path in self.paths])
        ends = {name: f"{losses[-1]:.1g}" for name, losses in zip(UPDATES, state.losses, strict=True)}
        caption = (
            "Three updates from one start through Rosenbrock's valley. Your recipe, "
            f"{NAMES[self.recipe]} with your rates, ends at a loss of {ends[self.recipe]}; the goal is {GOAL:g}."
        )
        alt = f"Losses after {state.steps:,} steps: {', '.join(f'{NAMES[name]} {end}' for name, end in ends.items())}."
        return [WindowPicture(state, caption, alt, is_wide=True)]


class Reader:
    """Keeps the paths while the student's `minimize` runs.

    Args:
        model: empty; what windows watch is a model.
        start: of all paths, a tensor (2,).
        rates: a tensor (3, steps).
        recipe: the update whose rates the student chose.
    """

    def __init__(self, model: Any, start: Any, rates: Any, recipe: str) -> None:
        self._recipe, self._steps = recipe, rates.shape[1]
        self._paths: list[list[list[float]]] = [[] for _ in UPDATES]

    def note(self, number: int, weights: Any) -> None:
        """A path has come to these weights; `number` is its place in `UPDATES`."""
        if getattr(weights, "shape", None) == (2,):
            self._paths[number].append(weights.tolist())

    def read(self) -> State:
        """The paths as they are now."""
        return State(self._recipe, self._steps, [_thinned(np.array(path).reshape(-1, 2)) for path in self._paths])


def _thinned(path: np.ndarray) -> np.ndarray:
    """Some points of a path (count, 2), each behind its number of steps: float64 (fewer, 3)."""
    count = len(path)
    later = np.linspace(0, max(count - 1, 0), min(count, LATER_POINTS)).round().astype(np.int64)
    rows = np.unique(np.concatenate([np.arange(min(count, FIRST_POINTS)), later]))
    return np.column_stack([rows, path[rows]]).astype(np.float64)


def draw(axes: Any, state: State) -> None:
    """The surface on the left, the contours on the right, the losses below."""
    figure = axes.figure
    axes.set_position((0.555, 0.40, 0.42, 0.405))
    _contours(axes, state)
    _surface(figure.add_axes((-0.01, 0.335, 0.56, 0.53), projection="3d", computed_zorder=False), state)
    _losses(figure.add_axes((0.085, 0.085, 0.675, 0.225)), state)


def _contours(axes: Any, state: State) -> None:
    x, y, heights = _grid(*CONTOUR_CELLS)
    bands = axes.contourf(x, y, heights, levels=[0, *LEVELS], cmap=_land(), norm=_log_norm(), extend="max")
    bands.set_rasterized(True)  # as lines, they would be half of the report
    axes.contour(x, y, heights, levels=LEVELS, colors="white", linewidths=0.6, alpha=0.7)
    axes.set(xlim=X_LIMITS, ylim=Y_LIMITS, xticks=[-1, 0, 1], yticks=[0, 1])
    axes.set_xticklabels(["−1", "0", "1"])
    axes.set_xlabel("x", labelpad=0)
    axes.set_ylabel("y", labelpad=0, rotation=0)
    axes.set_aspect("equal", adjustable="box")
    for name, path in zip(UPDATES, state.paths, strict=True):
        inside = path[_is_inside(path)]
        if len(inside):
            axes.plot(*inside[:, 1:].T, color=COLOURS[name], linewidth=WIDTHS[name], solid_capstyle="round")
            axes.plot(
                *inside[-1, 1:], "o", color=COLOURS[name], markersize=_dot(name), markeredgecolor="white", zorder=5
            )
    for place, text in ((surfaces.VALLEY_MINIMUM, "minimum"), (_start(state), "start")):
        if place is not None:
            axes.plot(*place, "o", color=style.INK, markersize=2.5, zorder=6)
            axes.annotate(
                text, place, (0, 12), textcoords="offset points", ha="center", va="center", fontsize=style.SMALL,
                color=style.INK, zorder=7, path_effects=_halo(),
            )  # fmt: skip


def _surface(axes: Any, state: State) -> None:
    x, y, heights = _grid(*SURFACE_CELLS)
    z = _height(heights)
    shades = _land()(_log_norm()(heights))
    axes.plot_surface(
        x, y, z, facecolors=_lit(shades, z), rcount=SURFACE_CELLS[1], ccount=SURFACE_CELLS[0], linewidth=0,
        antialiased=False, shade=False, rasterized=True,
    )  # fmt: skip
    axes.contour(x, y, z, levels=_height(LEVELS), colors="white", linewidths=0.55, alpha=0.75, zorder=3)
    for name, path in zip(UPDATES, state.paths, strict=True):
        inside = path[_is_inside(path)]
        if len(inside):
            lifted = _height(surfaces.rosenbrock(inside[:, 1:])) + SURFACE_LIFT
            axes.plot(*inside[:, 1:].T, lifted, color=COLOURS[name], linewidth=WIDTHS[name], zorder=5)
            axes.plot(
                *inside[-1:, 1:].T, lifted[-1:], "o", color=COLOURS[name], markersize=_dot(name),
                markeredgecolor="white", zorder=6,
            )  # fmt: skip
    axes.view_init(**VIEW)
    axes.set_box_aspect((1.25, 1.0, 0.55), zoom=1.2)
    axes.set(xlim=X_LIMITS, ylim=Y_LIMITS, zlim=(0, _height(np.array(2000.0))))
    axes.set_axis_off()
    axes.patch.set_visible(False)


def _losses(axes: Any, state: State) -> None:
    axes.set_yscale("log")
    axes.set(xlim=(0, state.steps), ylim=LOSS_LIMITS)
    axes.axhline(GOAL, color=style.MISTAKE, linewidth=1.1, linestyle=(0, (4, 3)))
    axes.annotate(
        f"goal {GOAL:g}", (0.004, GOAL), (0, -3), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        fontsize=style.SMALL, color=style.MISTAKE, va="top",
    )  # fmt: skip
    axes.text(0.004, 1.0, "loss", transform=axes.transAxes, fontsize=style.SMALL, color=style.MUTED, va="bottom")
    ends: list[tuple[float, str, float]] = []
    for name, path, losses in zip(UPDATES, state.paths, state.losses, strict=True):
        if len(path):
            shown = np.clip(losses, 2 * LOSS_LIMITS[0], LOSS_LIMITS[1])
            axes.plot(path[:, 0], shown, color=COLOURS[name], linewidth=1.8, solid_capstyle="round", clip_on=False)
            if np.isfinite(shown[-1]):
                ends.append((float(np.log10(shown[-1])), name, float(losses[-1])))
    _name_the_ends(axes, sorted(ends), state)
    axes.set_yticks([1e-12, 1e-9, 1e-6, 1e-3, 1], ["$10^{-12}$", "$10^{-9}$", "$10^{-6}$", "$10^{-3}$", "1"])
    axes.minorticks_off()
    steps = np.linspace(0, state.steps, 5)
    axes.set_xticks(steps, [f"{step:,.0f}" for step in steps])
    axes.get_xticklabels()[-1].set_horizontalalignment("right")
    axes.set_xlabel("steps", labelpad=1)
    style.grid(axes)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _name_the_ends(axes: Any, ends: list[tuple[float, str, float]], state: State) -> None:
    """Names and last losses right of the curves, in their order, kept apart."""
    low, high = np.log10(LOSS_LIMITS)
    place, gap = low - 0.55 * (high - low) / 3.6, (high - low) / 3.6  # the lowest stays above the axis
    for number, (height, name, loss) in enumerate(ends):
        above = gap * (len(ends) - 1 - number)  # room for the others
        place = min(max(height, place + gap), high - above)
        whose = "your recipe: " if name == state.recipe else ""
        for text, weight, down in ((NAMES[name], "bold", 0), (f"{whose}{loss:.1g}", "normal", -11)):
            axes.annotate(
                text, (1.0, 10**place), (9, down), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                va="center", fontsize=style.SMALL + 0.5, color=COLOURS[name], fontweight=weight, annotation_clip=False,
            )  # fmt: skip


def _dot(name: str) -> float:
    """The size of the dot at a path's end."""
    return 5.0 + WIDTHS[name]


def _start(state: State) -> np.ndarray | None:
    return next((path[0, 1:] for path in state.paths if len(path)), None)


def _is_inside(path: np.ndarray) -> np.ndarray:
    """Which rows lie in the picture; of NaN and of what has diverged nothing is drawn."""
    x, y = path[:, 1], path[:, 2]
    return (x >= X_LIMITS[0]) & (x <= X_LIMITS[1]) & (y >= Y_LIMITS[0]) & (y <= Y_LIMITS[1])


def _height(losses: np.ndarray) -> np.ndarray:
    """How high the surface is drawn: a logarithm, which leaves the floor visible below walls of 1,000."""
    return np.log10(1 + 3 * losses)


@cache
def _grid(columns: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.linspace(*X_LIMITS, columns), np.linspace(*Y_LIMITS, rows))
    return x, y, surfaces.rosenbrock(np.stack([x, y], axis=-1))


def _lit(colours: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Colours (rows, columns, 4) as under a light from the upper left."""
    from matplotlib.colors import LightSource

    return LightSource(azdeg=300, altdeg=55).shade_rgb(colours, heights, vert_exag=7, fraction=0.9, blend_mode="soft")


@cache
def _land() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("land", LAND)


@cache
def _log_norm() -> Any:
    from matplotlib.colors import LogNorm

    return LogNorm(LEVELS[0], LEVELS[-1], clip=True)


def _halo() -> list[Any]:
    """A light edge that sets a line apart from what it crosses."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=3.4, foreground="white", alpha=0.85)]
