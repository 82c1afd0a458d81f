"""Charts of the report: what a hundred verses are worth with pre-training and without; rewards of new pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Chart, Panel
from test_cases.e12.public import picture
from test_cases.e12.public.themes import FEW, MANY, THEMES


@dataclass(frozen=True)
class Readers:
    """Accuracies on new verses: after a hundred, with pre-training and from nothing; and after a thousand."""

    pretrained: float
    few: float
    many: float

    def panels(self) -> list[Panel]:
        """A bar for each."""
        caption = (
            "The share of new verses whose theme is told right. Only the first reader had a language model that has "
            "read haiku."
        )
        alt = (
            f"Pre-trained {style.share(self.pretrained)}; from nothing {style.share(self.few)} and "
            f"{style.share(self.many)}."
        )
        return [Chart(self._draw, 5.6, 2.1, caption, alt)]

    def _draw(self, axes: Any) -> None:
        names = (f"pre-trained, {FEW} verses", f"from nothing, {FEW} verses", f"from nothing, {MANY:,} verses")
        picture.draw_bars(axes, names, (self.pretrained, self.few, self.many), 1 / len(THEMES))


@dataclass(frozen=True)
class RewardModel:
    """Rewards of new pairs, and what choosing by reward does.

    Attributes:
        season: what people prefer.
        better, worse: rewards of the verses that name the season, and of the others, float (pairs,).
        before, best: the share of written verses that name the season: of all, and of the best by reward.
        n: how many verses each best one was chosen from.
    """

    season: str
    better: np.ndarray
    worse: np.ndarray
    before: float
    best: float
    n: int

    def panels(self) -> list[Panel]:
        """Two histograms."""
        caption = (
            f"Rewards of new verses. Of all verses that the language model writes, {style.share(self.before)} name "
            f"{self.season}; of the best of {self.n} by your reward, {style.share(self.best)} do."
        )
        alt = f"Mean reward {self.better.mean():.2f} with {self.season}, {self.worse.mean():.2f} without."
        return [Chart(self._draw, 5.6, 2.6, caption, alt)]

    def _draw(self, axes: Any) -> None:
        picture.draw_rewards(axes, (self.better, self.worse), (f"{self.season} is named", "no season word"))
