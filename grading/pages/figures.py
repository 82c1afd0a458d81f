"""Figures as text: what is drawn with matplotlib becomes an address that holds the whole image.

matplotlib is imported only for drawing: a report without pictures needs none.
"""

from __future__ import annotations

import base64
import io
from importlib import import_module
from typing import Any

import numpy as np

from pictures import drawing, style
from pictures.panels import Chart, WindowPicture

PIXELS_PER_INCH = 200  # of parts that are drawn as pixels, such as a surface: sharp on dense screens
WINDOW_TOP = 0.845  # as a share of a window's height: its headline stands above this, the page has its own
SETTINGS = style.SETTINGS | {
    "svg.hashsalt": "report",  # same numbers, same bytes
    "svg.fonttype": "path",  # looks alike where DejaVu Sans is not installed
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def chart(panel: Chart) -> str:
    """Draw a chart on fresh axes; returns a data URI of an SVG."""
    with drawing.load().rc_context(SETTINGS):
        figure = _figure(panel.width, panel.height, layout="constrained")
        panel.draw(figure.subplots(*panel.grid, squeeze=False) if panel.grid else figure.add_subplot())
        return _address(figure)


def window_picture(panel: WindowPicture) -> str:
    """Draw what a live window would show of a state, without its headline; returns a data URI of an SVG."""
    width, height = panel.scale * style.WIDTH_INCHES, panel.scale * style.HEIGHT_INCHES
    with drawing.load().rc_context(SETTINGS):
        from matplotlib.transforms import Bbox

        figure = _figure(width, height)
        import_module(panel.module).draw(style.page(figure, "", ""), panel.state)
        below = Bbox.from_extents(0, 0, width, WINDOW_TOP * height)
        return _address(figure, bbox_inches=below)


def pixels(image: np.ndarray) -> str:
    """An image, uint8 (height, width), 0 paper to 255 ink, pixel by pixel; returns a data URI of a PNG."""
    drawing.load()
    from matplotlib.image import imsave

    file = io.BytesIO()
    imsave(file, image, cmap="gray_r", vmin=0, vmax=255, format="png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _figure(width: float, height: float, layout: Any = None) -> Any:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=style.DOTS_PER_INCH, layout=layout)
    FigureCanvasSVG(figure)
    return figure


def _address(figure: Any, **how: Any) -> str:
    file = io.BytesIO()
    metadata: Any = {"Date": None, "Creator": None}  # without them: same numbers, same bytes
    figure.savefig(file, format="svg", metadata=metadata, dpi=PIXELS_PER_INCH, **how)
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode("ascii")
