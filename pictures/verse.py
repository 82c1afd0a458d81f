"""Question 8: the haiku that the model writes now, earlier ones fading, and the loss of both stages below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import loss_curve, style

SECONDS_TO_READ = 4.0


@dataclass(frozen=True)
class State:
    """A haiku, and how far training has come.

    Attributes:
        theme: what the haiku was to be about.
        lines: of the haiku.
        earlier: haiku written before, newest first, each a list of lines.
        steps, losses, smooth: see `writing.State`; nats per token.
        progress: the share of the latest stage that is done.
        stages: the names of the stages begun, in order.
        starts: the step before each stage, int64 (count,).
    """

    theme: str
    lines: list[str]
    earlier: list[list[str]]
    steps: np.ndarray
    losses: np.ndarray
    smooth: np.ndarray
    progress: float
    stages: list[str]
    starts: np.ndarray

    @property
    def caption(self) -> str:
        """For example `pre-training  ·  step 420  ·  loss 2.61 nats per token`."""
        if not len(self.steps):
            return "not trained yet: any words, but already in 5-7-5"
        return f"{self.stages[-1]}  ·  step {self.steps[-1]:,}  ·  loss {self.smooth[-1]:.2f} nats per token"


def draw(axes: Any, state: State) -> None:
    """The haiku large in the middle; smaller and fainter what came before; the loss as a strip."""
    axes.set_position((0.0, 0.0, 1.0, 0.82))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.patch.set_visible(False)
    card = {"boxstyle": "round,pad=0.45,rounding_size=0.6", "facecolor": "#E6F0F7", "edgecolor": "none"}
    axes.text(
        0.5, 0.905, f"about {state.theme}", fontsize=style.SMALL, color=style.BLUE, ha="center", va="center", bbox=card,
        parse_math=False,
    )  # fmt: skip
    for number, line in enumerate(state.lines[:3]):
        axes.text(
            0.5, 0.785 - 0.105 * number, line, fontsize=19, family=["DejaVu Serif"], style="italic", ha="center",
            va="center", parse_math=False,
        )  # fmt: skip
    for place, verse in enumerate(state.earlier):
        axes.text(
            0.28 + 0.44 * place, 0.375, "\n".join(verse[:3]), fontsize=9, family=["DejaVu Serif"], style="italic",
            color=style.MUTED, alpha=0.95 - 0.3 * place, ha="center", va="center", linespacing=1.6, parse_math=False,
        )  # fmt: skip
    strip = axes.inset_axes((0.075, 0.075, 0.885, 0.15))
    strip.spines[:].set_visible(False)
    _strip(strip, state)


def _strip(axes: Any, state: State) -> None:
    """The loss over both stages."""
    begun = state.starts[-1] if len(state.starts) else 0
    end = begun + (state.steps[-1] - begun) / state.progress if state.progress > 0 else 0
    loss_curve.draw(axes, state.steps, state.losses, state.smooth, end)
    axes.set_xticks([])
    low, high = axes.get_ylim()
    axes.set_yticks([0, int(high)])
    axes.set_xlabel("steps, and the loss of each", fontsize=style.SMALL)
    axes.axhline(0, color=style.FAINT, linewidth=1)
    for name, start in zip(state.stages, state.starts.tolist(), strict=True):
        if start:
            axes.axvline(start, color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
            axes.text(start, high, f"{name} ", fontsize=style.SMALL, color=style.MUTED, ha="right", va="top")
