"""Stand-ins for windows: what tests of live pictures share."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from grading.isolation import channel
from pictures import style
from pictures.panels import Chart
from pictures.windows import viewer


def carried(state: Any) -> Any:
    """A state after the way through the channel, as a window gets it."""
    return type(state)(**channel.decode(channel.encode(dict(vars(state)))[8:]))


def figure_of(panel: Chart) -> Any:
    """The figure of a chart, drawn as in a report."""
    from matplotlib.figure import Figure

    figure = Figure((panel.width, panel.height), layout="constrained")
    panel.draw(figure.subplots(*panel.grid, squeeze=False) if panel.grid else figure.add_subplot())
    figure.canvas.draw()
    return figure


def drawn(name: str, state: Any) -> np.ndarray:
    """Pixels (480, 640, 3) of a picture."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(style.SETTINGS):
        figure = Figure(figsize=(style.WIDTH_INCHES, style.HEIGHT_INCHES), dpi=style.DOTS_PER_INCH)
        canvas = FigureCanvasAgg(figure)
        viewer.draw(figure, name, "q0 Test", 1.5, state)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3]


class AggWindow:
    """Draws for real, into memory."""

    is_gone, is_idle = False, True

    def __init__(self, title: str, picture: str) -> None:
        self.picture, self.shown = picture, 0

    def show(self, epochs: float | None, state: dict[str, Any]) -> None:
        self.shown += 1
        if self.shown < 4:
            drawn(self.picture, import_module(self.picture).State(**state))

    def take_draw_seconds(self) -> float:
        return 0.0

    def wait_until_idle(self, seconds: float) -> None:
        pass

    def linger(self, seconds: float) -> None:
        pass

    def close(self) -> None:
        pass


class Opener:
    """Makes windows of a class and remembers them."""

    def __init__(self, kind: type[Any] = AggWindow) -> None:
        self.kind = kind
        self.windows: list[Any] = []

    def __call__(self, title: str, picture: str) -> Any:
        self.windows.append(self.kind(title, picture))
        return self.windows[-1]


class Keeping(AggWindow):
    """Keeps what it is shown."""

    def __init__(self, title: str, picture: str) -> None:
        super().__init__(title, picture)
        self.states: list[Any] = []

    def show(self, epochs: float | None, state: dict[str, Any]) -> None:
        super().show(epochs, state)
        self.states.append(import_module(self.picture).State(**state))
