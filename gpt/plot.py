"""The loss curve as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from pictures import drawing, style
from pictures.loss_curve import LossCurve, draw
from training.checkpoint import write


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
        Unusable: matplotlib cannot be used.
    """
    drawing.load()
    from matplotlib.figure import Figure  # slow to import, and needed only at the end

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    curve = LossCurve()
    for loss in training:
        curve.add(loss)
    draw(axes, *curve.read(), end=len(training))
    axes.lines[1].set_label("training (smoothed)")
    if validation:
        axes.plot(*zip(*validation, strict=True), "o-", label="validation", color=style.ORANGE, markersize=4)
    if limit is not None:
        axes.axhline(limit, linestyle="--", color=style.MUTED, label="entropy of the text: nothing can do better")
    axes.set(xlabel="step", ylabel="loss (nats per character)", title=title)
    axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    write(path, buffer.getvalue())
