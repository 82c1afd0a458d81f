"""How a training run went: validation accuracy over epochs, training loss over updates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from pictures import charts, style
from pictures.panels import Chart, Panel


@dataclass(frozen=True)
class LearningCurve:
    """How one training run went, as the student's process told while it ran.

    Attributes:
        name: of what was called, such as `train.train_perceptron`.
        accuracies: epochs and validation accuracy, float64 (count, 2); what training asked for itself.
        losses: updates so far and the mean loss since the row before, float64 (count, 2).
    """

    name: str
    accuracies: np.ndarray
    losses: np.ndarray

    def panels(self) -> list[Panel]:
        """A chart for each of the two that has rows."""
        name = self.name.removeprefix("train.")
        found: list[Panel] = []
        for rows, across, what, is_share in (
            (self.accuracies, "epochs", "Validation accuracy", True),
            (self.losses, "updates", "Training loss", False),
        ):
            if len(rows):
                ends = (style.share(value) if is_share else f"{value:.3g}" for value in (rows[0, 1], rows[-1, 1]))
                first, last = ends
                alt = f"{what} over {across}: from {first} to {last} after {rows[-1, 0]:.4g} {across}."
                draw = partial(charts.learning_curve, rows=rows, across=across, is_share=is_share)
                found.append(Chart(draw, 4.5, 2.7, f"{what} while {name} ran", alt))
        return found
