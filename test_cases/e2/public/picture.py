"""Why gradients vanish: their size layer by layer in two networks of 20 layers, while both learn a wave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture

ACTIVATIONS = ("sigmoid", "relu")
NAMES = {"sigmoid": "sigmoid", "relu": "ReLU"}
COLOURS = {"sigmoid": style.PURPLE, "relu": style.BLUE}
SMALLEST, LARGEST = 1e-16, 1e2  # of the axis of gradients
MIN_LOSS, MAX_LOSS = 1e-5, 10.0
LABEL_DECADES = 3.4  # between two names on the axis of gradients, in powers of ten
SECONDS_TO_READ = 4.0


@dataclass(frozen=True)
class State:
    """Both networks, as far as they have come: an array for each of `ACTIVATIONS`, empty before its training begins.

    Attributes:
        steps: of each training.
        x, targets: of the wave, float (count,).
        before: the size of the gradient with respect to the weights of each layer before training, float (layers,).
        now: the same in the latest step.
        losses: of each step so far.
        outputs: the latest answers, float (count,).
    """

    steps: int
    x: np.ndarray
    targets: np.ndarray
    before: list[np.ndarray]
    now: list[np.ndarray]
    losses: list[np.ndarray]
    outputs: list[np.ndarray]

    @property
    def caption(self) -> str:
        """For example `ReLU  ·  step 120 of 300  ·  loss 0.031`, or how both ended."""
        begun = [number for number, sizes in enumerate(self.before) if len(sizes)]
        if not begun:
            return "two networks of 20 layers, one wave"
        if len(begun) == len(ACTIVATIONS) and len(self.losses[-1]) >= self.steps:
            last = (_words(float(losses[-1])) for losses in self.losses)
            ends = (f"{NAMES[name]} {loss}" for name, loss in zip(ACTIVATIONS, last, strict=True))
            return f"{len(self.before[0])} layers, {self.steps} steps  ·  losses: {', '.join(ends)}"
        number = begun[-1]
        losses = self.losses[number]
        return f"{NAMES[ACTIVATIONS[number]]}  ·  step {len(losses)} of {self.steps}  ·  loss {losses[-1]:.2g}"


@dataclass(frozen=True)
class DeepNetworks:
    """What the report shows of both trained networks; see `probes.deep` for the arrays."""

    x: np.ndarray
    targets: np.ndarray
    sizes: np.ndarray
    last_sizes: np.ndarray
    losses: np.ndarray
    outputs: np.ndarray

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        arrays = (list(array) for array in (self.sizes, self.last_sizes, self.losses, self.outputs))
        state = State(self.losses.shape[1], self.x, self.targets, *arrays)
        layers = self.sizes.shape[1]
        first = {name: f"{size[0]:.1g}" for name, size in zip(ACTIVATIONS, self.sizes, strict=True)}
        caption = (
            f"Two networks of {layers} layers, trained with your gradients. Each sigmoid multiplies the gradient by "
            f"at most 1/4: layer 1 gets {first['sigmoid']}, and the network learns nothing but the mean. With "
            f"ReLU, layer 1 gets {first['relu']}."
        )
        told = ", ".join(f"{NAMES[name]} {size}" for name, size in first.items())
        alt = f"Size of the gradient at layer 1 before training: {told}."
        return [WindowPicture(state, caption, alt, is_wide=True)]


class Reader:
    """Keeps what is told of both networks while they are trained.

    Args:
        model: empty; what windows watch is a model.
        x, targets: of the wave, tensors (count, 1).
        steps: of each training.
    """

    def __init__(self, model: Any, x: Any, targets: Any, steps: int) -> None:
        self._steps = steps
        self._x, self._targets = (tensor.reshape(-1).numpy().copy() for tensor in (x, targets))
        empty = [np.zeros(0) for _ in ACTIVATIONS]
        self._before, self._now, self._outputs = (list(empty) for _ in range(3))
        self._losses: list[list[float]] = [[] for _ in ACTIVATIONS]

    def note(self, number: int, loss: Any, sizes: Any, outputs: Any) -> None:
        """One step of a network; `number` is its position in `ACTIVATIONS`."""
        self._losses[number].append(float(loss))
        self._now[number], self._outputs[number] = sizes.numpy(), outputs.reshape(-1).numpy()
        if not len(self._before[number]):
            self._before[number] = self._now[number]

    def read(self) -> State:
        """Both networks as they are now."""
        losses = [np.array(course, np.float64) for course in self._losses]
        return State(
            self._steps, self._x, self._targets, list(self._before), list(self._now), losses, list(self._outputs)
        )


def draw(axes: Any, state: State) -> None:
    """The gradients above, what the networks have learned on the lower left, their losses on the lower right."""
    figure = axes.figure
    axes.set_position((0.085, 0.45, 0.735, 0.325))
    _gradients(axes, state)
    _wave(figure.add_axes((0.055, 0.085, 0.41, 0.225)), state)
    _losses(figure.add_axes((0.585, 0.085, 0.235, 0.225)), state)


def _gradients(axes: Any, state: State) -> None:
    layers = max((len(sizes) for sizes in state.before), default=0) or 20
    axes.set_yscale("log")
    axes.set(xlim=(0.6, layers + 0.4), ylim=(SMALLEST, LARGEST))
    axes.set_yticks([1e-15, 1e-10, 1e-5, 1], ["$10^{-15}$", "$10^{-10}$", "$10^{-5}$", "1"])
    axes.minorticks_off()
    axes.set_xticks([1, *range(5, layers + 1, 5)])
    axes.set_xlabel("layer: 1 reads the input, the last one gives the output", labelpad=1)
    axes.text(0.0, 1.035, "size of the gradient of each layer's weights", transform=axes.transAxes,
              fontsize=style.SMALL, color=style.MUTED, va="bottom")  # fmt: skip
    axes.text(1.0, 1.035, "← the gradient goes back", transform=axes.transAxes, fontsize=style.SMALL,
              color=style.MUTED, va="bottom", ha="right")  # fmt: skip
    style.grid(axes)
    axes.spines[["top", "right", "left"]].set_visible(False)
    ends = []
    for name, before, now in zip(ACTIVATIONS, state.before, state.now, strict=True):
        if not len(before):
            continue
        numbers = np.arange(1, len(before) + 1)
        axes.plot(numbers, _shown(before), "o-", color=COLOURS[name], linewidth=2.2, markersize=5, markeredgewidth=0)
        axes.plot(numbers, _shown(now), color=COLOURS[name], linewidth=1.2, linestyle=(0, (4, 3)), alpha=0.75)
        ends.append((float(np.log10(_shown(before)[0])), name, float(before[0])))
    if ends:
        style_of_time = {"color": style.MUTED, "linewidth": 1.2}
        axes.plot([], [], "o-", markersize=4, label="before training", **style_of_time)
        axes.plot([], [], linestyle=(0, (4, 3)), label="in the latest step", **style_of_time)
        axes.legend(frameon=False, fontsize=style.SMALL, loc="lower right", labelcolor=style.MUTED, handlelength=2.2,
                    borderpad=0)  # fmt: skip
    _name(axes, ends)


def _name(axes: Any, ends: list[tuple[float, str, float]]) -> None:
    """Right of the axes, the names and the sizes at layer 1, kept apart."""
    place = np.log10(SMALLEST) - LABEL_DECADES + 2
    for height, name, size in sorted(ends):
        place = min(max(height, place + LABEL_DECADES), np.log10(LARGEST) - 1)
        for text, weight, down in ((NAMES[name], "bold", 0), (f"layer 1: {_words(size)}", "normal", -12)):
            axes.annotate(
                text, (1.0, 10**place), (9, down), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                va="center", fontsize=style.SMALL + 0.5, color=COLOURS[name], fontweight=weight, annotation_clip=False,
            )  # fmt: skip


def _wave(axes: Any, state: State) -> None:
    axes.plot(state.x, state.targets, color=style.MUTED, linewidth=5.0, alpha=0.3, solid_capstyle="round")
    for name, outputs in zip(ACTIVATIONS, state.outputs, strict=True):
        if len(outputs):
            shown = np.clip(np.nan_to_num(outputs, posinf=9, neginf=-9), -9, 9)
            axes.plot(state.x, shown, color=COLOURS[name], linewidth=2.0)
    axes.set(ylim=(-1.5, 1.5), xlim=(state.x.min(), state.x.max()), xticks=[], yticks=[-1, 0, 1])
    _titled(axes, "what the networks answer; grey is the wave")


def _losses(axes: Any, state: State) -> None:
    ends = []
    for name, losses in zip(ACTIVATIONS, state.losses, strict=True):
        if len(losses):
            shown = np.clip(np.nan_to_num(losses, nan=MAX_LOSS, posinf=MAX_LOSS), MIN_LOSS, MAX_LOSS)
            axes.plot(np.arange(1, len(shown) + 1), shown, color=COLOURS[name], linewidth=1.8)
            ends.append((float(np.log10(shown[-1])), name, float(losses[-1])))
    axes.set_yscale("log")
    axes.set(xlim=(0, state.steps), ylim=(MIN_LOSS / 2, MAX_LOSS), xticks=[0, state.steps])
    axes.set_yticks([1e-4, 1e-2, 1], ["0.0001", "0.01", "1"])
    axes.minorticks_off()
    place = -99.0
    for height, name, loss in sorted(ends):
        place = max(height, place + 1.3)
        axes.annotate(
            f"{NAMES[name]} {_words(loss)}", (1.0, 10**place), (9, 0), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", va="center", fontsize=style.SMALL, color=COLOURS[name], annotation_clip=False,
        )  # fmt: skip
    _titled(axes, "loss, step by step")


def _titled(axes: Any, title: str) -> None:
    style.grid(axes)
    axes.text(0.0, 1.05, title, transform=axes.transAxes, fontsize=style.SMALL, color=style.MUTED, va="bottom")
    axes.spines[["top", "right", "left"]].set_visible(False)


def _shown(sizes: np.ndarray) -> np.ndarray:
    """Sizes moved into the limits of their axis."""
    return np.clip(np.nan_to_num(sizes, nan=LARGEST, posinf=LARGEST), SMALLEST, LARGEST)


def _words(size: float) -> str:
    return f"{size:.0e}" if 0 < size < 0.001 else f"{size:.2g}"
