"""The loss curve as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from training.checkpoint import write

REMEDY = "Make room, or choose another --out."
SMOOTHING = 0.98  # share of the past in the drawn training loss: single batches are too noisy to read


def loss_curve(
    path: Path,
    training: Sequence[float],
    validation: Sequence[tuple[int, float]],
    title: str,
    limit: float | None = None,
) -> None:
    """Draw losses over steps into a PNG file.

    Args:
        path: where to.
        training: the loss of every step, in nats per character.
        validation: pairs of a step and the loss after it.
        title: above the picture.
        limit: the entropy of the text, where it is known.
    Raises:
        UserError: the file cannot be written.
    """
    from matplotlib.figure import Figure  # slow to import, and needed only at the end

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    smooth, average = [], training[0] if training else 0.0
    for number, loss in enumerate(training):
        kept = min(SMOOTHING, number / (number + 1))
        average = kept * average + (1 - kept) * loss
        smooth.append(average)
    axes.plot(range(1, len(smooth) + 1), smooth, label="training (smoothed)", color="tab:blue")
    if validation:
        axes.plot(*zip(*validation, strict=True), "o-", label="validation", color="tab:orange", markersize=4)
    if limit is not None:
        axes.axhline(limit, linestyle="--", color="tab:gray", label="entropy of the text: nothing can do better")
    axes.set(xlabel="step", ylabel="loss (nats per character)", title=title)
    axes.grid(alpha=0.3)
    axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    write(path, buffer.getvalue(), REMEDY)
