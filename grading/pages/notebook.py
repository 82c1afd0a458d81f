"""Shows pictures of the report in a notebook: the last line of a cell is `show(picture)`."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

from data.files import write_text
from grading.pages import figures
from pictures import style
from pictures.panels import Chart, Exhibit, Panel, WindowPicture

PIXELS_PER_INCH = 112  # of a page, so that the letters of a picture are as large as those of the text


@dataclass(frozen=True)
class Picture:
    """Panels as HTML. A notebook draws it; elsewhere, `save` writes a page that a browser opens."""

    text: str

    def _repr_html_(self) -> str:
        return self.text

    def save(self, path: str | Path) -> None:
        """Write the picture as a page of its own."""
        write_text(Path(path), f'<!doctype html><meta charset="utf-8"><title>Picture</title>\n{self.text}\n')


def show(picture: Exhibit | Panel | Sequence[Panel], *captions: str) -> Picture:
    """The charts and window pictures of an exhibit, one below the other; other panels have no picture.

    Args:
        picture: an exhibit, a panel, or several panels.
        captions: take the places of the panels' own, first panel first.
    Raises:
        ValueError: there is nothing to draw.
    """
    if isinstance(picture, Sequence):
        panels = list(picture)
    else:
        panels = picture.panels() if hasattr(picture, "panels") else [picture]
    drawn = [panel for panel in panels if isinstance(panel, (Chart, WindowPicture))]
    if not drawn:
        raise ValueError("none of the panels is a chart or a window picture")
    parts = []
    for panel, caption in zip(drawn, chain(captions, repeat("")), strict=False):
        image = figures.chart(panel) if isinstance(panel, Chart) else figures.window_picture(panel)
        inches = panel.width if isinstance(panel, Chart) else panel.scale * style.WIDTH_INCHES
        below = caption or panel.caption
        parts.append(
            f'<figure class="picture"><img src="{image}" alt="{html.escape(panel.alt, quote=True)}" '
            f'width="{round(inches * PIXELS_PER_INCH)}">'
            f"<figcaption>{html.escape(below)}</figcaption></figure>"
        )
    return Picture("\n".join(parts))
