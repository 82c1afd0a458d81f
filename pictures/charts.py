"""Charts of the report that no live window draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from pictures import style

LARGE_RANGE = 20  # a loss that falls this many times is read better on a logarithmic scale
ROWS_PER_MEAN = 30  # a curve has this many means, or more, side by side


def learning_curve(axes: Any, rows: np.ndarray, across: str, is_share: bool) -> None:
    """A line of rows (count, 2) with its last value at its end; of a ragged one, its running mean."""
    x, y = rows.T
    if not is_share and len(y) > ROWS_PER_MEAN:
        axes.plot(x, y, color=style.BLUE, linewidth=1, alpha=0.3)
        y = _running_mean(y)
    axes.plot(x, y, color=style.BLUE, linewidth=1.8, solid_capstyle="round")
    axes.plot(x[-1:], y[-1:], "o", color=style.BLUE, markersize=5)
    axes.set_xlabel(across)
    axes.set_xlim(min(0.0, x[0]), x[-1] * 1.02 or 1.0)
    style.grid(axes)
    axes.spines["left"].set_visible(False)
    if is_share:
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    elif y.min() > 0 and y.max() > LARGE_RANGE * y.min():
        axes.set_yscale("log")
        axes.minorticks_off()
    text = style.share(y[-1]) if is_share else f"{y[-1]:.3g}"
    axes.annotate(
        text, (x[-1], y[-1]), xytext=(7, 0), textcoords="offset points", va="center", fontsize=style.NORMAL,
        color=style.BLUE, fontweight="bold", annotation_clip=False,
    )  # fmt: skip


def _running_mean(values: np.ndarray) -> np.ndarray:
    """Each value averaged with its neighbours, a thirtieth of the whole; near the ends, with as many as there are."""
    half = max(1, len(values) // (2 * ROWS_PER_MEAN))
    sums = np.cumsum(np.concatenate([np.zeros(1), values]))
    places = np.arange(len(values))
    starts, ends = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    return (sums[ends] - sums[starts]) / (ends - starts)


def fitted_curve(axes: Any, x: np.ndarray, targets: np.ndarray, predictions: np.ndarray) -> None:
    """What was to be followed, broad, and the model's line on it."""
    axes.plot(x, targets, color=style.MISTAKE, linewidth=5, alpha=0.42, label="sine", solid_capstyle="round")
    axes.plot(x, predictions, color=style.BLUE, linewidth=1.8, label="your model")
    names = {-2: "−2π", -1: "−π", 0: "0", 1: "π", 2: "2π"}
    axes.set_xticks([multiple * np.pi for multiple in names], list(names.values()))
    axes.set_yticks([-1, 0, 1], ["−1", "0", "1"])
    axes.set_ylim(min(-1.2, 1.1 * float(predictions.min())), max(1.2, 1.1 * float(predictions.max())))
    style.grid(axes, "both")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.13), ncols=2, frameon=False, labelcolor=style.MUTED)
    axes.spines[["left", "bottom"]].set_visible(False)


def confusion_matrix(axes: Any, counts: np.ndarray, names: list[str]) -> None:
    """Counts (classes, classes), right answers in rows, the model's in columns; mistakes in orange."""
    classes = len(counts)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    most_wrong = max(float((shares * (1 - np.eye(classes))).max()), 1e-9)
    for row in range(classes):
        for column in range(classes):
            is_right, count = row == column, int(counts[row, column])
            strength = shares[row, column] if is_right else shares[row, column] / most_wrong
            face = _blend("#EDF2F7", style.BLUE, 0.85 * strength) if is_right else _blend(
                "#F7F7F8", style.MISTAKE, 0.9 * strength
            )  # fmt: skip
            axes.fill(
                column + np.array([-0.47, 0.47, 0.47, -0.47]), row + np.array([-0.47, -0.47, 0.47, 0.47]),
                color=face, linewidth=0,
            )  # fmt: skip
            if count:
                axes.text(
                    column, row, f"{count:,}", ha="center", va="center", fontsize=style.SMALL - (classes > 5),
                    color="white" if strength > 0.55 else style.INK,
                )  # fmt: skip
    axes.set(xlim=(-0.55, classes - 0.45), ylim=(classes - 0.45, -0.55), aspect="equal")
    axes.set_xticks(range(classes), names, rotation=0 if max(map(len, names)) < 3 else 28)
    axes.set_yticks(range(classes), names)
    axes.set(xlabel="your model's answer", ylabel="right answer")
    axes.spines[:].set_visible(False)


def kernel(axes: Any, values: np.ndarray) -> None:
    """A kernel's numbers: blue above zero, orange below."""
    most = max(float(np.abs(values).max()), 1e-9)
    for (row, column), value in np.ndenumerate(values):
        strength = abs(value) / most
        axes.fill(
            column + np.array([-0.47, 0.47, 0.47, -0.47]), row + np.array([-0.47, -0.47, 0.47, 0.47]),
            color=_blend("#F7F7F8", style.BLUE if value >= 0 else style.MISTAKE, 0.9 * strength), linewidth=0,
        )  # fmt: skip
        axes.text(
            column, row, f"{value:.2g}".replace("-", "−"), ha="center", va="center",
            color="white" if strength > 0.55 else style.INK,
        )  # fmt: skip
    height, width = values.shape
    axes.set(xlim=(-0.55, width - 0.45), ylim=(height - 0.45, -0.55), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def feature_maps(axes: Any, images: np.ndarray, maps: np.ndarray) -> None:
    """Images above, what the kernel makes of them below; zero is paper, blue above, orange below."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("signed", [style.MISTAKE, style.PAPER, style.BLUE])
    most = max(float(np.abs(maps).max()), 1e-9)
    for place, (image, found) in enumerate(zip(images, maps, strict=True)):
        axes[0, place].imshow(image, cmap="gray_r", vmin=0, vmax=1)
        axes[1, place].imshow(found, cmap=colours, vmin=-most, vmax=most)
    for each in axes.flat:
        each.set(xticks=[], yticks=[])
        for side in each.spines.values():
            side.set(visible=True, color=style.FAINT)


def _blend(low: str, high: str, share: float) -> tuple[float, float, float]:
    """A colour between two, share 0 to 1."""
    first, last = (np.array(style.rgb(colour)) for colour in (low, high))
    red, green, blue = first + (last - first) * share
    return float(red), float(green), float(blue)
