"""Training and validation loss parting ways, without regularisation and with it; the search as a scatter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture

COLOURS = (style.BLUE, style.ORANGE)  # of training and validation loss
NAMES = ("training", "validation")
LOSS_LIMITS = (0.0, 2.6)
MAX_LOSS = 99.0  # of the colours
SHADE = 0.16  # how strong the gap between both losses is coloured
WORSE = 0.5  # a validation loss this far above the best one has the faintest colour
SECONDS_TO_READ = 4.0


@dataclass(frozen=True)
class State:
    """A training at one moment, beside the one without regularisation; and the trials of a search so far.

    Attributes:
        without: training and validation loss without regularisation, before training and after each epoch, float64
            (epochs + 1, 2).
        epochs: of the training shown, how many have passed at each look, float64 (count,).
        course: its training and validation loss at each look, float64 (count, 2).
        trials: rate, l2 and validation loss of each trial that is over, float64 (trials, 3).
        chosen: the number of the trial that the search returned, -1 while it goes on.
        lows, highs: of the two ranges.
        count: how many trials there will be; 0 if this is no search.
    """

    without: np.ndarray
    epochs: np.ndarray
    course: np.ndarray
    trials: np.ndarray
    chosen: int
    lows: list[float]
    highs: list[float]
    count: int

    @property
    def caption(self) -> str:
        """For example `trial 7 of 16  ·  epoch 12  ·  validation loss 1.52`."""
        if 0 <= self.chosen < len(self.trials):
            rate, l2, loss = self.trials[self.chosen]
            return f"best of {self.count} trials: rate {rate:.2g}, l2 {l2:.2g}, validation loss {loss:.2f}"
        if not len(self.course):
            return "300 digits, a fifth of them with a wrong label"
        epoch, loss = self.epochs[-1], self.course[-1, 1]
        trial = f"trial {len(self.trials) + 1} of {self.count}  ·  " if self.count > len(self.trials) else ""
        return f"{trial}epoch {epoch:.0f}  ·  validation loss {loss:.2f}"


@dataclass(frozen=True)
class Search:
    """What the report shows of a search.

    Attributes:
        without: as that of `State`.
        courses: losses of each trial, (epochs + 1, 2).
        calls: settings of each trial, (trials, 2).
        losses: validation loss of each, (trials,).
        chosen: the number of the trial that the search returned.
        lows, highs: of the two ranges.
        validation: the loss of its net on the validation split.
        accuracy: its accuracy on the test split.
    """

    without: np.ndarray
    courses: list[np.ndarray]
    calls: np.ndarray
    losses: np.ndarray
    chosen: int
    lows: list[float]
    highs: list[float]
    validation: float
    accuracy: float

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        course = self.courses[self.chosen]
        trials = np.column_stack([self.calls, self.losses])
        epochs = np.arange(len(course), dtype=np.float64)
        state = State(self.without, epochs, course, trials, self.chosen, self.lows, self.highs, len(trials))
        rate, l2 = self.calls[self.chosen]
        caption = (
            "Above, the losses of the same net without regularisation and of your best trial; the mark is its best "
            f"epoch. Below, all {len(trials)} trials. The best has rate {rate:.2g} and l2 {l2:.2g}: "
            f"{style.share(self.accuracy)} of the test images right."
        )
        alt = (
            f"Without regularisation, the validation loss ends at {self.without[-1, 1]:.2f} and the training loss at "
            f"{self.without[-1, 0]:.2f}. Of the best trial, the validation loss is {self.validation:.2f}."
        )
        return [WindowPicture(state, caption, alt, is_wide=True)]


class Reader:
    """Reads both losses of the model while it is trained.

    Args:
        dataset: whose model is being trained. Its batches are counted from here on.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset, self._rows = dataset, 0
        self._epochs: list[float] = []
        self._course: list[list[float]] = []
        fetch = dataset.__getitems__

        def counted(indices: list[int]) -> Any:
            self._rows += len(indices)
            return fetch(indices)

        vars(dataset)["__getitems__"] = counted

    def read(self) -> State:
        """The course of the losses up to now."""
        epoch = self._rows / len(self._dataset)
        losses = [self._dataset.get_training_loss(), self._dataset.get_validation_loss()]
        if self._epochs and self._epochs[-1] == epoch:
            self._course[-1] = losses
        else:
            self._epochs.append(epoch)
            self._course.append(losses)
        return State(
            self._dataset.without, np.array(self._epochs), np.array(self._course), np.zeros((0, 3)), -1, [], [], 0
        )


def draw(axes: Any, state: State) -> None:
    """Both courses above; the trials below, if this is a search."""
    figure = axes.figure
    bottom, height = (0.5, 0.265) if state.count else (0.12, 0.64)
    last = max(len(state.without) - 1, state.epochs[-1] if len(state.epochs) else 0, 1)
    axes.set_position((0.065, bottom, 0.30, height))
    right = figure.add_axes((0.545, bottom, 0.30, height))
    _course(axes, np.arange(len(state.without)), state.without, last, "without regularisation", names_the_mark=True)
    _course(right, state.epochs, state.course, last, "with your regularisation")
    if state.count:
        _scatter(figure.add_axes((0.105, 0.105, 0.74, 0.225)), figure, state)


def _course(
    axes: Any, epochs: np.ndarray, losses: np.ndarray, last: float, title: str, names_the_mark: bool = False
) -> None:
    axes.set(xlim=(0, last), ylim=LOSS_LIMITS)
    axes.set_title(title, fontsize=style.NORMAL, fontweight="bold", loc="left", pad=5)
    axes.set_xticks([0, round(last / 2), round(last)])
    axes.set_xlabel("epochs", labelpad=0)
    axes.set_yticks([0, 1, 2])
    style.grid(axes)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if not len(losses):
        return
    shown = np.clip(np.nan_to_num(losses, nan=LOSS_LIMITS[1], posinf=LOSS_LIMITS[1]), *LOSS_LIMITS)
    axes.fill_between(epochs, shown[:, 0], shown[:, 1], color=COLOURS[1], alpha=SHADE, linewidth=0)
    for column, colour in enumerate(COLOURS):
        axes.plot(epochs, shown[:, column], color=colour, linewidth=2.2, solid_capstyle="round", clip_on=False)
        axes.plot(epochs[-1], shown[-1, column], "o", color=colour, markersize=4.5, clip_on=False)
    best = int(shown[:, 1].argmin())
    axes.plot(
        epochs[best], shown[best, 1], "o", color=style.PAPER, markersize=7, markeredgecolor=COLOURS[1],
        markeredgewidth=1.8, zorder=5, clip_on=False,
    )  # fmt: skip
    if names_the_mark:
        axes.annotate(
            "best epoch", (epochs[best], shown[best, 1]), (0, -7), textcoords="offset points", fontsize=style.SMALL,
            color=style.MUTED, va="top", annotation_clip=False,
        )  # fmt: skip
    _name_the_ends(axes, float(epochs[-1]), shown[-1], losses[-1])


def _name_the_ends(axes: Any, epoch: float, heights: np.ndarray, values: np.ndarray) -> None:
    """Name and last value right of each curve, kept apart."""
    points = axes.get_position().height * axes.figure.get_figheight() * 72
    gap = 26 / points * (LOSS_LIMITS[1] - LOSS_LIMITS[0])  # the height of a name and a number
    low, high = sorted((float(heights[0]), float(heights[1])))
    middle, apart = (low + high) / 2, max(high - low, gap)
    places = np.maximum([middle - apart / 2, middle + apart / 2], [gap / 2, 3 * gap / 2])
    for place, column in zip(places, np.argsort(heights, kind="stable"), strict=True):
        for text, weight, down in ((NAMES[column], "bold", 0), (f"{values[column]:.2f}", "normal", -11)):
            axes.annotate(
                text, (epoch, place), (9, down), textcoords="offset points", va="center", fontsize=style.SMALL,
                color=COLOURS[column], fontweight=weight, annotation_clip=False,
            )  # fmt: skip


def _scatter(axes: Any, figure: Any, state: State) -> None:
    """A dot for each trial, darker where the validation loss is smaller."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set(xlim=(state.lows[0], state.highs[0]), ylim=(state.lows[1] / 2.5, state.highs[1] * 1.6))
    axes.minorticks_off()
    axes.set_xlabel("rate", labelpad=0)
    axes.text(
        0.0, 1.05, f"l2: {len(state.trials)} of {state.count} trials", transform=axes.transAxes, fontsize=style.SMALL,
        color=style.MUTED, va="bottom",
    )  # fmt: skip
    style.grid(axes, "both")
    axes.spines[["top", "right", "left"]].set_visible(False)
    best = float(np.clip(np.nanmin(state.trials[:, 2]), 0, MAX_LOSS)) if np.isfinite(state.trials[:, 2]).any() else 1.0
    limits = best, best + WORSE
    if len(state.trials):
        losses = np.nan_to_num(state.trials[:, 2], nan=limits[1], posinf=limits[1])
        order = np.argsort(-losses, kind="stable")  # the best on top
        axes.scatter(
            *state.trials[order, :2].T, c=losses[order], cmap=_shades(), vmin=limits[0], vmax=limits[1], s=62,
            edgecolors=style.MUTED, linewidths=0.7, zorder=3, clip_on=False,
        )  # fmt: skip
        for rate in state.trials[:, 0]:
            axes.plot([rate, rate], [0, 0.07], transform=axes.get_xaxis_transform(), color=style.MUTED, linewidth=1.0)
        _mark(axes, state.trials[state.chosen if state.chosen >= 0 else int(np.argmin(losses))], state)
    _colour_bar(figure.add_axes((0.905, 0.105, 0.018, 0.225)), limits)


def _mark(axes: Any, trial: np.ndarray, state: State) -> None:
    """A ring around the best trial."""
    axes.plot(
        *trial[:2],
        "o",
        color="none",
        markersize=13,
        markeredgecolor=style.INK,
        markeredgewidth=1.6,
        zorder=4,
        clip_on=False,
    )
    is_left = np.log(trial[0] / state.lows[0]) < 0.75 * np.log(state.highs[0] / state.lows[0])
    axes.annotate(
        "best", trial[:2], (11 if is_left else -11, 0), textcoords="offset points", va="center", fontsize=style.SMALL,
        ha="left" if is_left else "right", color=style.INK, fontweight="bold", zorder=5, path_effects=_halo(),
    )  # fmt: skip


def _colour_bar(axes: Any, limits: tuple[float, float]) -> None:
    shades = np.linspace(0, 1, 64)[:, None]
    image = axes.imshow(shades, aspect="auto", cmap=_shades(), extent=(0, 1, limits[0], limits[1]), origin="lower")
    image.set_rasterized(True)
    axes.yaxis.tick_right()
    axes.set_xticks([])
    axes.set_yticks(limits, [f"{limits[0]:.2f}", f"{limits[1]:.2f}+"])
    axes.set_title("validation\nloss", fontsize=style.SMALL, color=style.MUTED, pad=5)
    axes.spines[:].set_visible(False)


@cache
def _shades() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("loss", ["#7A2E00", style.MISTAKE, style.ORANGE, "#F6E3BE"])


def _halo() -> list[Any]:
    """A light edge that sets a word apart from what it crosses."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=3.0, foreground="white", alpha=0.9)]
