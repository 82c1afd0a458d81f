"""One look for every picture: colours that colour-blind readers can tell apart, sizes that read at 640 x 480."""

from __future__ import annotations

from typing import Any

# Okabe and Ito, "Color Universal Design", 2008; yellow is left out, too faint on paper
BLUE, ORANGE, GREEN, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9"
MISTAKE = "#D55E00"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY)
INK, MUTED, FAINT, PAPER = "#1F2430", "#6B7280", "#E3E6EB", "#FFFFFF"

WIDTH_INCHES, HEIGHT_INCHES, DOTS_PER_INCH = 6.4, 4.8, 100
MARGIN = 0.045  # left of the headline, as a share of the width
SMALL, NORMAL, LARGE = 9, 10.5, 15  # points
WHOLE_PLOT = (0.045, 0.06, 0.91, 0.76)  # left, bottom, width, height of the axes under the headline

SETTINGS: Any = {  # of matplotlib
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: looks alike everywhere, has every letter of the words
    "font.size": NORMAL,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.labelsize": SMALL,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "toolbar": "None",
    "figure.raise_window": False,  # a redraw must not pull the window over what the student is typing in
    "path.simplify": True,
}


def page(figure: Any, title: str, caption: str) -> Any:
    """Clear a matplotlib figure, write the headline and a line below it, and return axes for the picture."""
    figure.clear()
    figure.text(MARGIN, 0.925, title, fontsize=LARGE, fontweight="bold", va="center")
    figure.text(MARGIN, 0.862, caption, fontsize=NORMAL, color=MUTED, va="center")
    axes = figure.add_axes(WHOLE_PLOT)
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes


def grid(axes: Any, axis: str = "y") -> None:
    """Draw faint lines behind a chart, at the ticks of an axis: `x`, `y` or `both`."""
    axes.grid(axis=axis, color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)


def rgb(colour: str) -> tuple[float, float, float]:
    """Red, green and blue, from 0 to 1 each, of a colour such as `#0072B2`."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def share(part: float) -> str:
    """A fraction as a percentage for captions, such as `96.8%`."""
    return f"{100 * part:.1f}%"
