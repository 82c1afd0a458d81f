"""A loss over the steps of a long training, kept small and drawn calmly: part of the pictures of questions 7 and 8."""

from __future__ import annotations

from typing import Any

import numpy as np

from pictures import style

SMOOTHING = 0.9  # share of the past in the smooth line: single batches are too noisy to read
MAX_POINTS = 400  # more than a window this wide can show


class LossCurve:
    """Collects the loss of every step.

    A loss may be a scalar tensor: it is kept until somebody looks, as reading it may mean waiting for a device.
    """

    def __init__(self) -> None:
        self.steps = 0
        self._losses: list[float] = []
        self._smooth: list[float] = []
        self._unread: list[Any] = []

    def add(self, loss: Any) -> None:
        """Note the loss of the next step."""
        self.steps += 1
        self._unread.append(loss)

    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """At most `MAX_POINTS` steps (from 1 on, int64), the losses of those batches, and smoothed ones (float32)."""
        for loss in self._unread:
            self._losses.append(float(loss))
            latest = self._losses[-1]
            kept = min(SMOOTHING, len(self._smooth) / (len(self._smooth) + 1))  # at first, the mean of all
            self._smooth.append(kept * self._smooth[-1] + (1 - kept) * latest if self._smooth else latest)
        self._unread.clear()
        count = len(self._losses)
        rows = np.unique(np.linspace(0, max(count - 1, 0), min(count, MAX_POINTS)).round().astype(np.int64))
        return (
            rows + 1,
            np.array([self._losses[row] for row in rows], np.float32),
            np.array([self._smooth[row] for row in rows], np.float32),
        )


def draw(axes: Any, steps: np.ndarray, losses: np.ndarray, smooth: np.ndarray, end: float) -> None:
    """Single batches faint, the smooth curve over them; the axis goes on to the step `end`, if that is to come."""
    finite = losses[np.isfinite(losses)]
    highest = float(finite.max()) if finite.size else 1.0
    axes.set(xlim=(0, max(end, steps[-1] if len(steps) else 0, 1)), ylim=(0, 1.08 * max(highest, 1e-6)))
    axes.plot(steps, losses, color=style.BLUE, linewidth=0.9, alpha=0.28)
    axes.plot(steps, smooth, color=style.BLUE, linewidth=2.2, solid_capstyle="round")
    if len(smooth) and np.isfinite(smooth[-1]):
        axes.plot(
            steps[-1:], smooth[-1:], "o", color=style.BLUE, markersize=6.5, markeredgecolor=style.PAPER, clip_on=False,
            zorder=5,
        )  # fmt: skip
