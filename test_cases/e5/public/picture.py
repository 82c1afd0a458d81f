"""A recurrent cell while it learns to remember: the gradient back through time, and the gates of one sequence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture

NAMES = {"rnn": "plain cell", "lstm": "LSTM", "gru": "GRU"}
COLOURS = {"rnn": style.PURPLE, "lstm": style.BLUE, "gru": style.GREEN}
GATES = {"rnn": ("hidden state",), "lstm": ("forget", "input", "output"), "gru": ("update", "reset")}
MEANINGS = {
    "hidden state": "hidden state: −1 orange, 1 blue",
    "forget": "forget gate: kept",
    "input": "input gate: written",
    "output": "output gate: shown",
    "update": "update gate: kept",
    "reset": "reset gate: looked at",
}
CHANCE = 0.25
ROWS = 64  # validation sequences that are looked at
SMALLEST, LARGEST = 1e-20, 30.0  # of the gradient axis
LABEL_POINTS = 32  # the height of a name and a number, with the space around them
SECONDS_TO_READ = 3.0


@dataclass(frozen=True)
class State:
    """One cell at one moment.

    Attributes:
        kind: "rnn", "lstm" or "gru".
        accuracy: the share of sequences whose first symbol is told at the end.
        plain: the size of the gradient after each step in a plain cell that was not trained, float (time,).
        before: that of this cell as training began.
        now: that of this cell at this moment.
        gates: of one sequence, float (gates, units, time), in the order of `GATES`.
    """

    kind: str
    accuracy: float
    plain: np.ndarray
    before: np.ndarray
    now: np.ndarray
    gates: np.ndarray

    @property
    def caption(self) -> str:
        """For example `LSTM  ·  first symbol right in 97.5%; chance is 25%`."""
        return f"{NAMES[self.kind]}  ·  first symbol right in {style.share(self.accuracy)}; chance is {CHANCE:.0%}"


@dataclass(frozen=True)
class Memory:
    """What the report shows of a trained cell; the attributes are those of `State`."""

    kind: str
    accuracy: float
    plain: np.ndarray
    before: np.ndarray
    after: np.ndarray
    gates: np.ndarray

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        state = State(self.kind, self.accuracy, self.plain, self.before, self.after, self.gates)
        name = NAMES[self.kind]
        caption = (
            f"Your {name}, trained: {style.share(self.accuracy)} of held-out sequences right. Above, the gradient from "
            f"the last step back to the first; below, {_what_is_below(self.kind)} during one sequence, a row for each "
            "unit."
        )
        before, after = relative(self.before)[0], relative(self.after)[0]
        alt = f"Share of the gradient that arrives at step 0: {before:.1g} before training, {after:.1g} after."
        return [WindowPicture(state, caption, alt, is_wide=True)]


class Reader:
    """Reads the gradient and the gates of the model while it is trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        x, y = dataset.validation[0]
        self._x, self._y = x[:ROWS], y[:ROWS]
        self._plain: np.ndarray | None = None
        self._before: np.ndarray | None = None

    def read(self) -> State:
        """The cell as it is now."""
        from test_cases.e5.public import flow  # needs torch, which a window does without

        model = self._dataset.model
        now = flow.gradient_sizes(model, self._x, self._y).float().numpy()
        if self._plain is None or self._before is None:
            self._before, classifier = now, type(model)
            plain = classifier("rnn", self._x.shape[2], model.units, model.output.out_features)
            self._plain = flow.gradient_sizes(plain, self._x, self._y).float().numpy()
        accuracy = float((self._dataset.outputs(self._x).argmax(dim=1) == self._y).float().mean())
        return State(
            model.kind, accuracy, self._plain, self._before, now, flow.gates(model, self._x[:1]).float().numpy()
        )


def relative(sizes: np.ndarray) -> np.ndarray:
    """Sizes of gradients (time,), as shares of the last; 0 where there is no gradient."""
    sizes = np.nan_to_num(np.asarray(sizes, np.float64), posinf=0.0)
    return sizes / sizes[-1] if sizes[-1] > 0 else np.zeros_like(sizes)


def shown(shares: np.ndarray) -> np.ndarray:
    """Shares, moved into the limits of the gradient axis."""
    return np.clip(shares, SMALLEST, LARGEST)


def draw(axes: Any, state: State) -> None:
    """The gradient above, the gates below."""
    figure = axes.figure
    axes.set_position((0.095, 0.475, 0.72, 0.29))
    gradient_axes(axes, len(state.now))
    before, now = relative(state.before), relative(state.now)
    dashes = (0, (4, 3))
    if state.kind != "rnn":
        label = "plain cell before training"
        axes.plot(shown(relative(state.plain)), color=COLOURS["rnn"], linewidth=1.3, linestyle=dashes, label=label)
    axes.plot(shown(before), color=style.MUTED, linewidth=1.3, linestyle=dashes, label="before training")
    axes.plot(shown(now), color=COLOURS[state.kind], linewidth=2.4, solid_capstyle="round")
    name_the_curves(axes, [(state.kind, now)])
    axes.legend(
        frameon=False, fontsize=style.SMALL, loc="lower right", labelcolor=style.MUTED, handlelength=1.8, borderpad=0
    )
    names = GATES[state.kind]
    gap = 0.035
    width = (0.935 - 0.05 - gap * (len(names) - 1)) / len(names)
    order = np.argsort(-state.gates[0].mean(axis=1), kind="stable")  # one order of the units in all maps
    for number, (name, values) in enumerate(zip(names, state.gates, strict=True)):
        panel = figure.add_axes((0.05 + number * (width + gap), 0.085, width, 0.265))
        _heat_map(panel, name, values[order])


def gradient_axes(axes: Any, time: int) -> None:
    """Axes for shares of the gradient, on a log axis over the steps."""
    axes.set_yscale("log")
    axes.set(xlim=(0, time - 1), ylim=(SMALLEST, LARGEST))
    axes.set_yticks([1e-20, 1e-15, 1e-10, 1e-5, 1], ["$10^{-20}$", "$10^{-15}$", "$10^{-10}$", "$10^{-5}$", "1"])
    axes.minorticks_off()
    axes.set_xticks(range(0, time, 10))
    axes.set_xlabel("step: the symbol is read in step 0, the answer is given after the last one", labelpad=1)
    axes.text(0.0, 1.03, "gradient, compared with the last step", transform=axes.transAxes, fontsize=style.SMALL,
              color=style.MUTED, va="bottom")  # fmt: skip
    style.grid(axes)
    axes.spines[["top", "right", "left"]].set_visible(False)


def name_the_curves(axes: Any, curves: list[tuple[str, np.ndarray]]) -> None:
    """At the left end of each curve a dot; right of the axes the names and the shares at step 0, kept apart."""
    low, high = np.log10(SMALLEST), np.log10(LARGEST)
    heights = sorted((float(np.log10(shown(share)[0])), kind, float(share[0])) for kind, share in curves)
    points = axes.get_position().height * axes.figure.get_figheight() * 72
    gap = LABEL_POINTS / points * (high - low)
    place = low - gap
    for number, (height, kind, share) in enumerate(heights):
        place = min(max(height, place + gap), high - gap * (len(heights) - 1 - number))
        axes.plot([0], [10**height], "o", color=COLOURS[kind], markersize=6, clip_on=False, zorder=5)
        value = "0" if share == 0 else f"{share:.2g}" if share >= 0.01 else f"{max(share, SMALLEST):.0e}"
        for text, weight, down in ((NAMES[kind], "bold", 0), (f"at step 0: {value}", "normal", -11)):
            axes.annotate(
                text, (1.0, 10**place), (8, down), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                va="center", fontsize=style.SMALL, color=COLOURS[kind], fontweight=weight, annotation_clip=False,
            )  # fmt: skip


def _heat_map(axes: Any, name: str, values: np.ndarray) -> None:
    is_gate = name != "hidden state"
    image = axes.imshow(
        np.clip(np.nan_to_num(values), -1, 1), aspect="auto", interpolation="nearest", cmap=_shades(is_gate),
        vmin=0 if is_gate else -1, vmax=1, extent=(-0.5, values.shape[1] - 0.5, len(values), 0),
    )  # fmt: skip
    image.set_rasterized(True)
    axes.set_xticks(range(0, values.shape[1], 25 if len(values) and values.shape[1] > 25 else 10))
    axes.set_yticks([])
    axes.set_title(MEANINGS[name], fontsize=style.SMALL, color=style.INK, loc="left", pad=4)
    axes.spines[:].set_visible(False)


def _what_is_below(kind: str) -> str:
    return "its hidden state" if kind == "rnn" else "its gates (light 0, dark 1)"


@cache
def _shades(is_gate: bool) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    if is_gate:
        return LinearSegmentedColormap.from_list("gate", ["#F4F7FA", "#7FB2D6", style.BLUE, "#052F4D"])
    return LinearSegmentedColormap.from_list("state", ["#B26A00", style.ORANGE, "#F7F7F7", style.BLUE, "#003A5C"])
