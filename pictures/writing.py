"""Question 7: the loss curve, and below it what the model writes."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import loss_curve, style

LINES, COLUMNS = 6, 64
SECONDS_TO_READ = 3.0


@dataclass(frozen=True)
class State:
    """How far training has come, and what the model writes.

    Attributes:
        steps: some of the steps so far, from 1 on, int64 (count,).
        losses: of their batches, in nats per character, float32 (count,).
        smooth: the same, averaged over the steps before, float32 (count,).
        progress: the share of the training that is done.
        sample: what the model wrote last.
        sample_step: how many steps it had taken then.
        limit: the entropy of the text, which no model can do better than; None where it is not known.
    """

    steps: np.ndarray
    losses: np.ndarray
    smooth: np.ndarray
    progress: float
    sample: str
    sample_step: int
    limit: float | None

    @property
    def caption(self) -> str:
        """For example `step 420  ·  70% done  ·  loss 1.62 nats per character`."""
        if not len(self.steps):
            return "not trained yet"
        return f"step {self.steps[-1]:,}  ·  {self.progress:.0%} done  ·  loss {self.smooth[-1]:.2f} nats per character"


def draw(axes: Any, state: State) -> None:
    """The loss above; below, the sample in letters of one width."""
    axes.set_position((0.085, 0.5, 0.875, 0.315))
    end = state.steps[-1] / state.progress if len(state.steps) and state.progress > 0 else 0
    loss_curve.draw(axes, state.steps, state.losses, state.smooth, end)
    style.grid(axes)
    if len(state.steps):
        axes.yaxis.set_major_locator(_locator(4))
        axes.xaxis.set_major_locator(_locator(6))
    if len(state.steps) and state.limit is not None:
        axes.axhline(state.limit, linestyle=(0, (4, 3)), color=style.MISTAKE, linewidth=1.2)
        axes.annotate(
            f"entropy of the text, {state.limit:.2f}: no model does better", (0.995, state.limit), (0, 3),
            xycoords=axes.get_yaxis_transform(), textcoords="offset points", fontsize=style.SMALL, color=style.MISTAKE,
            ha="right", va="bottom",
        )  # fmt: skip
    panel = axes.inset_axes((-0.045, -1.5, 1.045, 1.22))
    panel.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], facecolor="#F7F8FA")
    panel.spines[:].set_visible(False)
    when = "before training" if state.sample_step == 0 else f"after step {state.sample_step:,}"
    panel.text(0.022, 0.9, f"it writes, {when}:", fontsize=style.SMALL, color=style.MUTED, va="center")
    panel.text(
        0.022, 0.79, "\n".join(lines(state.sample)), fontsize=style.NORMAL, family=["DejaVu Sans Mono"],
        va="top", linespacing=1.35, parse_math=False,
    )  # fmt: skip


def lines(sample: str) -> list[str]:
    """A sample as lines that fit: what no font can show becomes a dot."""
    clean = "".join(character if character.isprintable() or character == "\n" else "·" for character in sample)
    found: list[str] = []
    for line in clean.strip("\n").split("\n"):
        found += textwrap.wrap(line, COLUMNS, drop_whitespace=False) or [""]
    return found[:LINES]


def _locator(most: int) -> Any:
    """Few round numbers on an axis."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most, steps=[1, 2, 5, 10])
