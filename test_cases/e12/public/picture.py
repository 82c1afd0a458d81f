"""An assistant in the making: verses before and after, and what is preferred against the distance that it costs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture
from test_cases.e12.public import verses

ROWS = 40  # verses that a live window has written and read, each time it looks
SEED = 12
SHOWN = 3  # verses in each column
MAX_CHARACTERS = 38  # of a line of a verse
LINE_POINTS, VERSE_POINTS = 12.0, 9.0  # from line to line; more from verse to verse
LABEL_POINTS = 13.0  # from label to label at the ends of curves
MAX_N = 64  # of the curve of best-of-n
MIN_DIVERGENCE = 4.0  # nats that the axis shows at least
LARGEST = 1e6  # number that is drawn
READER_ROWS = 160  # pairs or verses of which a reader's answers are drawn
BEFORE_COLOUR, SEASON_COLOUR, FORM_COLOUR = style.MUTED, style.BLUE, style.GREEN
SECONDS_TO_READ = 4.0


@dataclass(frozen=True)
class State:
    """One training at one moment.

    Attributes:
        kind: "assistant", "rewards" or "themes".
        season: what people prefer; "" for themes.
        before, now: verses as text, each line with its mark.
        names: of the themes.
        numbers: of an assistant, float (looks, 3): nats away from the reference, share that names the season, share in
            form; of rewards, float (2, pairs): those of chosen verses, of rejected verses; of themes, float (themes,):
            the mean probability of the right one.
    """

    kind: str
    season: str
    before: list[str]
    now: list[str]
    names: list[str]
    numbers: np.ndarray

    @property
    def caption(self) -> str:
        """For example `winter in 58.0% of the verses, 21.0% before  ·  76.0% are 5-7-5`."""
        if self.kind == "assistant":
            first, last = self.numbers[0], self.numbers[-1]
            return (
                f"{self.season} in {style.share(last[1])} of the verses; before {style.share(first[1])}  ·  "
                f"5-7-5: {style.share(last[2])}"
            )
        if self.kind == "rewards":
            chosen, rejected = self.numbers
            return f"{style.share(float((chosen > rejected).mean()))} of the chosen verses have the higher reward"
        chance = 1 / len(self.names)
        return f"mean probability of the right theme {style.share(float(self.numbers.mean()))}; chance is {chance:.0%}"


@dataclass(frozen=True)
class Assistant:
    """What the report shows of a language model before and after DPO; the attribute is the last state of the window."""

    state: State

    @classmethod
    def of(cls, season: str, rows: Sequence[np.ndarray], path: np.ndarray) -> Assistant:
        """The exhibit. rows: verses before, verses after. path: float (2, 3), see `State.numbers`."""
        before, now = ([_text(row) for row in each[:SHOWN]] for each in rows)
        return cls(State("assistant", season, before, now, [], path))

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        first, last = self.state.numbers[0], self.state.numbers[-1]
        caption = (
            f"The same random numbers, before and after DPO. People prefer verses that name {self.state.season}. "
            f"Below: DPO went {last[0]:.1f} nats away from the reference. The dashed curve is the best of n verses "
            "of the reference, by the true rule."
        )
        alt = (
            f"{style.share(first[1])} of the verses name {self.state.season} before DPO, {style.share(last[1])} after; "
            f"{style.share(first[2])} and {style.share(last[2])} are 5-7-5."
        )
        return [WindowPicture(self.state, caption, alt, is_wide=True)]


class Reader:
    """Reads a policy, a reward model or a reader of themes while it is trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._reference: Any = None
        self._before: list[str] = []
        self._path: list[tuple[float, float, float]] = []

    def read(self) -> State:
        """The model as it is now."""
        from test_cases.e12.public import sampling  # needs torch, which a window does without

        dataset, model = self._dataset, self._dataset.model
        if not hasattr(model, "head"):
            if self._reference is None:
                self._reference = deepcopy(model)
            rows = sampling.written(model, ROWS, SEED)
            apart = sampling.log_probabilities(model, rows) - sampling.log_probabilities(self._reference, rows)
            found = rows.numpy()
            shares = verses.names_season(found, dataset.season).mean(), verses.in_form(found).mean()
            self._path.append((float(apart.mean()), float(shares[0]), float(shares[1])))
            now = [_text(row) for row in found[:SHOWN]]
            self._before = self._before or now
            return State("assistant", dataset.season, self._before, now, [], np.array(self._path))
        if dataset.season:
            pairs = [dataset.outputs(dataset.column(name)[:READER_ROWS])[:, 0] for name in ("chosen", "rejected")]
            return State("rewards", dataset.season, [], [], [], np.stack([each.double().numpy() for each in pairs]))
        x, y = dataset.column("x")[:READER_ROWS], dataset.column("y")[:READER_ROWS].numpy()
        chances = dataset.outputs(x).double().softmax(dim=1).numpy()[np.arange(len(y)), y]
        return State("themes", "", [], [], dataset.themes, theme_means(chances, y, len(dataset.themes)))


def theme_means(chances: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """The mean of each theme's chances, 0 where no verse has the theme: float (count,)."""
    sums = np.bincount(labels, chances, minlength=count)
    return sums / np.maximum(np.bincount(labels, minlength=count), 1)


def draw(axes: Any, state: State) -> None:
    """The picture of a state."""
    {"assistant": _draw_assistant, "rewards": _draw_rewards, "themes": _draw_themes}[state.kind](axes, state)


def _draw_assistant(axes: Any, state: State) -> None:
    figure = axes.figure
    axes.set_position((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.patch.set_visible(False)
    words = set(verses.SEASON_WORDS.get(state.season, ()))
    for left, title, colour, texts in (
        (style.MARGIN, "before", BEFORE_COLOUR, state.before),
        (0.52, "after", SEASON_COLOUR, state.now),
    ):
        axes.text(left, 0.795, title, color=colour, fontsize=style.NORMAL, fontweight="bold", va="center")
        _write(axes, (left, 0.735), texts, words)
    chart = figure.add_axes((0.1, 0.1, 0.83, 0.245))
    draw_path(chart, state)


def _write(axes: Any, corner: tuple[float, float], texts: Sequence[str], words: set[str]) -> None:
    """Verses one below the other from the upper left corner; words of the season are coloured."""
    down, look = 0.0, {"fontsize": style.SMALL, "family": ["DejaVu Sans Mono"], "parse_math": False, "va": "center"}
    for text in texts:
        for line in text.split("\n")[:3]:
            shown = line[:MAX_CHARACTERS]
            named = [word for word in shown.replace(",", " ").split(" ") if word in words]
            for is_named, colour, weight in ((False, style.INK, "normal"), (True, SEASON_COLOUR, "bold")):
                layer = "".join(part if (part in named) == is_named else " " * len(part) for part in _parts(shown))
                axes.annotate(
                    layer.rstrip(),
                    corner,
                    (0, -down),
                    textcoords="offset points",
                    color=colour,
                    fontweight=weight,
                    **look,
                )
            down += LINE_POINTS
        down += VERSE_POINTS


def _parts(line: str) -> list[str]:
    """The words of a line, and what is between them, in order."""
    return re.split(r"([ ,]+)", line)


def draw_path(axes: Any, state: State) -> None:
    """What is preferred, and the form, over the distance from the reference; and the curve of best-of-n."""
    apart, *shares = _finite(state.numbers).T
    season, form = (np.clip(each, 0, 1) for each in shares)
    last = max(MIN_DIVERGENCE, 1.32 * float(apart.max()))
    apart = np.clip(apart, 0, last)
    n = np.geomspace(1, MAX_N, 200)
    axes.plot(
        np.log(n) - (n - 1) / n,
        1 - (1 - season[0]) ** n,
        color=style.MUTED,
        linewidth=1.3,
        linestyle=(0, (4, 3)),
        zorder=1,
    )
    end = float(np.log(MAX_N) - (MAX_N - 1) / MAX_N), 1 - (1 - season[0]) ** MAX_N
    axes.annotate(
        "best of n", end, (6, 0), textcoords="offset points", color=style.MUTED, fontsize=style.SMALL, va="center",
        annotation_clip=False,
    )  # fmt: skip
    height = axes.get_position().height * axes.figure.get_figheight() * 72  # points
    lack = max(0.0, LABEL_POINTS - abs(season[-1] - form[-1]) * height) / 2  # so far the two labels move apart
    for shares, colour, name in ((form, FORM_COLOUR, "5-7-5"), (season, SEASON_COLOUR, state.season)):
        axes.plot(apart, shares, color=colour, linewidth=2.2, solid_capstyle="round", zorder=2, clip_on=False)
        axes.plot(apart[[0, -1]], shares[[0, -1]], "o", color=colour, markersize=5, zorder=3, clip_on=False)
        up = lack if (form[-1] >= season[-1]) == (shares is form) else -lack
        axes.annotate(
            f"{name} {style.share(float(shares[-1]))}", (apart[-1], shares[-1]), (8, up),
            textcoords="offset points", color=colour, fontsize=style.SMALL, fontweight="bold", va="center",
            annotation_clip=False,
        )  # fmt: skip
    axes.set(xlim=(0, last), ylim=(0, 1.02))
    axes.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    axes.tick_params(axis="x", pad=6)
    axes.set_xlabel("nats away from the reference, for each verse", labelpad=1)
    axes.text(
        0.0, 1.05, "share of the verses", transform=axes.transAxes, fontsize=style.SMALL, color=style.MUTED, va="bottom"
    )
    style.grid(axes)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_rewards(axes: Any, state: State) -> None:
    axes.set_position((0.075, 0.12, 0.87, 0.66))
    draw_rewards(axes, state.numbers, ("chosen verses", "rejected verses"))


def draw_rewards(axes: Any, rewards: np.ndarray | Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Two histograms of rewards on one axis, the first in the colour of the season."""
    both = [_finite(each) for each in rewards]
    low, high = min(each.min() for each in both), max(each.max() for each in both)
    middle, half = (low + high) / 2, max((high - low) / 2, 0.5) * 1.05
    edges = np.linspace(middle - half, middle + half, 33)
    for number, (each, colour, name) in enumerate(zip(both, (SEASON_COLOUR, style.ORANGE), names, strict=True)):
        axes.hist(each, edges, color=colour, alpha=0.55, label=name)
        axes.axvline(float(each.mean()), color=colour, linewidth=1.6, linestyle=(0, (4, 3)))
        axes.text(
            0.01, 0.96 - 0.085 * number, name, color=colour if number == 0 else "#B97A00", fontweight="bold",
            transform=axes.transAxes, fontsize=style.NORMAL, va="center",
        )  # fmt: skip
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.3 * axes.get_ylim()[1]))  # room for the names above
    axes.set_yticks([])
    axes.set_xticks(np.round(np.linspace(edges[2], edges[-3], 5), 1))
    axes.set_xlabel("reward", labelpad=2)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_themes(axes: Any, state: State) -> None:
    axes.set_position((0.15, 0.09, 0.78, 0.7))
    draw_bars(axes, state.names, state.numbers, 1 / len(state.names))


def draw_bars(axes: Any, names: Sequence[str], shares: np.ndarray | Sequence[float], chance: float) -> None:
    """A bar for each share, with its number, and a line where chance is."""
    shares = np.clip(_finite(shares), 0, 1)
    places = np.arange(len(names))[::-1]
    axes.barh(places, shares, color=SEASON_COLOUR, height=0.62)
    for place, value in zip(places, shares, strict=True):
        axes.text(value + 0.012, place, style.share(float(value)), va="center", fontsize=style.SMALL, color=style.INK)
    axes.axvline(chance, color=style.MISTAKE, linewidth=1.3, linestyle=(0, (4, 3)))
    axes.text(chance, len(names) - 0.42, "chance", color=style.MISTAKE, fontsize=style.SMALL, ha="center", va="bottom")
    axes.set(xlim=(0, 1.09), ylim=(-0.6, len(names) - 0.35))
    axes.set_yticks(places, names, fontsize=style.NORMAL, color=style.INK)
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _finite(numbers: Any) -> np.ndarray:
    """Numbers as float64, without NaN, and none larger than an axis can show."""
    return np.clip(np.nan_to_num(np.asarray(numbers, np.float64)), -LARGEST, LARGEST)


def _text(row: np.ndarray) -> str:
    return "\n".join(verses.lines_of(row))
