"""A chart of the report: BLEU over the length of the sentence, with attention and without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel

COLOURS = {"with attention": style.BLUE, "without attention": style.PURPLE}


@dataclass(frozen=True)
class BleuByLength:
    """BLEU of groups of test sentences.

    Attributes:
        lengths: the mean number of source words of each group, (groups,).
        scores: BLEU of each group, from 0 to 1, by the name of the translator, (groups,) each.
        longest_in_training: source words.
    """

    lengths: np.ndarray
    scores: Mapping[str, np.ndarray]
    longest_in_training: int

    def panels(self) -> list[Panel]:
        """Both curves on common axes."""
        ends = ", ".join(f"{name} {score[0]:.2f} to {score[-1]:.2f}" for name, score in self.scores.items())
        caption = (
            "BLEU over the number of source words. Without attention, the whole sentence has to fit into one state. "
            "No sentence of training was as long as those in the grey part."
        )
        return [Chart(self._draw, 7.0, 3.1, caption, f"From the shortest to the longest: {ends}.", is_wide=True)]

    def _draw(self, axes: Any) -> None:
        edge = self.longest_in_training + 0.5
        end = float(self.lengths[-1]) + 0.5
        axes.axvspan(edge, end, color=style.MUTED, alpha=0.12, linewidth=0)
        axes.text(edge + 0.3, 1.02, "longer than in training", fontsize=style.SMALL, color=style.MUTED, va="bottom")
        places = _apart([float(score[-1]) for score in self.scores.values()])
        for (name, score), place in zip(self.scores.items(), places, strict=True):
            axes.plot(
                self.lengths, score, "o-", color=COLOURS[name], linewidth=2.2, markersize=4.5, solid_capstyle="round"
            )
            axes.annotate(
                name, (end, place), (7, 0), textcoords="offset points", va="center", fontsize=style.SMALL,
                color=COLOURS[name], fontweight="bold", annotation_clip=False,
            )  # fmt: skip
        axes.set(xlim=(float(self.lengths[0]) - 0.5, end), ylim=(0, 1.03))
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
        axes.set_xlabel("words of the source sentence")
        axes.set_ylabel("BLEU (in hundredths)")
        style.grid(axes)
        axes.spines[["top", "right", "left"]].set_visible(False)


def _apart(heights: list[float], gap: float = 0.1) -> list[float]:
    """Heights of names, in the same order, with so much between them."""
    moved = list(heights)
    order = np.argsort(heights)
    for low, high in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
        moved[high] = max(moved[high], moved[low] + gap)
    return moved
