"""A LeNet while it learns: its filters, what each finds in one image, and which pixels the answer rests on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture

SHOWN_DIGIT = 3  # one of the old digits, with bends and ends
FIELD = 6  # pixels of the image, each way, that decide about one number after the first block
COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.SKY, style.MISTAKE)  # of the six filters
SECONDS_TO_READ = 3.0
TOP, MIDDLE, BOTTOM = 0.735, 0.317, 0.05  # of the drawing, as shares of the height
WIDE, NARROW = 0.2, 0.076  # of images and of maps, as shares of the width


@dataclass(frozen=True)
class State:
    """A LeNet at one moment, reading one image.

    Attributes:
        accuracy: the share of validation images that are right.
        image: float (28, 28), 0 paper to 1 ink.
        saliency: float (28, 28), how much each pixel matters for the right class.
        filters: of the first convolution, float (6, 5, 5).
        maps: after the first block, float (6, 12, 12).
        features: after the second block, float (16, 4, 4).
        chances: the probability of each class, float (classes,).
        label: the right class.
    """

    accuracy: float
    image: np.ndarray
    saliency: np.ndarray
    filters: np.ndarray
    maps: np.ndarray
    features: np.ndarray
    chances: np.ndarray
    label: int

    @property
    def caption(self) -> str:
        """For example `digits 0 to 9  ·  97.5% of validation images right`."""
        return f"digits 0 to {len(self.chances) - 1}  ·  {style.share(self.accuracy)} of validation images right"


@dataclass(frozen=True)
class Layers:
    """What the report shows of a trained LeNet; the attributes are those of `State`."""

    accuracy: float
    image: np.ndarray
    saliency: np.ndarray
    filters: np.ndarray
    maps: np.ndarray
    features: np.ndarray
    chances: np.ndarray
    label: int

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        caption = (
            "Your LeNet reads a test image. Each of the six filters has a colour; its frame shows where in the image "
            "it finds its pattern best."
        )
        answer = int(np.argmax(self.chances))
        alt = f"{caption} The answer is {answer}, with a probability of {self.chances[answer]:.0%}."
        return [WindowPicture(State(**vars(self)), caption, alt, is_wide=True)]


class Reader:
    """Reads the layers of the model while it is trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        images, labels = dataset.validation[0]
        self._images, self._labels = images[:200], labels[:200]
        row = int((labels == SHOWN_DIGIT).nonzero()[0])
        self._image, self._label = images[row : row + 1], int(labels[row])

    def read(self) -> State:
        """The layers as they are now."""
        layers = import_module("test_cases.e4.public.layers")  # needs torch, which grader and window do without

        model = self._dataset.model
        accuracy = float((self._dataset.outputs(self._images).argmax(dim=1) == self._labels).float().mean())
        return State(accuracy, **layers.read(model, self._image, self._label), label=self._label)


def draw(axes: Any, state: State) -> None:
    """Image and saliency, filters and their maps, features, probabilities, from left to right."""
    figure = axes.figure
    axes.set_position((0, 0, 1, 1))
    axes.patch.set_alpha(0)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_autoscale_on(False)
    shape = figure.get_figwidth() / figure.get_figheight()
    paper = _Paper(axes, shape)
    peaks = [_peak(values) for values in state.maps]

    paper.write(0.045, TOP, "image: where each filter\nfinds its pattern best")
    paper.map(0.045, TOP, WIDE, state.image, "ink", 0, 1)
    for number, (row, column) in enumerate(peaks):
        colour = COLOURS[number % len(COLOURS)]
        paper.frame(0.045, TOP, WIDE / len(state.image), 2 * row, 2 * column, FIELD, colour, 1.9)
    paper.write(0.045, MIDDLE, "saliency: how much\neach pixel matters")
    paper.map(0.045, MIDDLE, WIDE, state.saliency, "saliency", 0, _reach(state.saliency))
    paper.outline(0.045, MIDDLE, WIDE, state.image)

    count = len(state.filters)
    pitch = (TOP - BOTTOM - NARROW * shape) / max(count - 1, 1)
    paper.write(0.305, TOP, "six\nfilters")
    paper.write(0.401, TOP, "block 1\n6 × 12 × 12")
    for number, (kernel, values) in enumerate(zip(state.filters, state.maps, strict=True)):
        top, colour = TOP - number * pitch, COLOURS[number % len(COLOURS)]
        reach = _reach(kernel)
        paper.map(0.305, top, NARROW, kernel, "filter", -reach, reach, colour, 1.8)
        paper.arrow(0.385, 0.4, top - NARROW * shape / 2)
        paper.map(0.401, top, NARROW, values, colour, 0, _reach(values))
        paper.frame(0.401, top, NARROW / len(values), *peaks[number], 1, style.INK, 1.0)

    paper.write(0.545, TOP, "block 2: 16 × 4 × 4\neach sees 16 × 16 pixels")
    high = (TOP - BOTTOM) / max(-(-len(state.features) // 2), 1)
    reach = _reach(state.features)
    for number, values in enumerate(state.features):
        row, column = divmod(number, 2)
        paper.map(0.56 + 0.1 * column, TOP - row * high, 0.87 * high / shape, values, style.INK, 0, reach)

    paper.write(0.83, TOP, "answer:\nprobability")
    _bars(figure.add_axes((0.85, BOTTOM + 0.03, 0.105, TOP - BOTTOM - 0.03)), state.chances, state.label)


@dataclass(frozen=True)
class _Paper:
    """One pair of axes over the whole figure, in shares of it: thirty axes would take a second to draw.

    Squares are given by their left and top, and by their width as a share of the figure's width.
    """

    axes: Any
    shape: float  # width over height of the figure

    def write(self, left: float, top: float, text: str) -> None:
        """A title above a column."""
        self.axes.text(left, top + 0.012, text, fontsize=style.SMALL, color=style.MUTED, va="bottom")

    def map(
        self, left: float, top: float, width: float, values: np.ndarray, shade: str, low: float, high: float,
        edge: str = style.FAINT, line: float = 0.8,
    ) -> None:  # fmt: skip
        """A square of pixels."""
        extent = (left, left + width, top - width * self.shape, top)
        self.axes.imshow(
            _finite(values), extent=extent, aspect="auto", interpolation="nearest", cmap=shades(shade), vmin=low,
            vmax=high,
        )  # fmt: skip
        self.frame(left, top, width, 0, 0, 1, edge, line)

    def frame(
        self, left: float, top: float, pixel: float, row: int, column: int, side: int, colour: str, line: float
    ) -> None:
        """A frame around `side` x `side` pixels of a map, from a row and a column on; `pixel` is one pixel's width."""
        from matplotlib.patches import Rectangle

        corner = left + column * pixel, top - (row + side) * pixel * self.shape
        size = side * pixel, side * pixel * self.shape
        self.axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=colour, linewidth=line))

    def outline(self, left: float, top: float, width: float, image: np.ndarray) -> None:
        """The edge of an image's ink."""
        places = (np.arange(len(image)) + 0.5) / len(image) * width
        x, y = left + places, top - places * self.shape
        self.axes.contour(x, y, _finite(image), levels=[0.5], colors=[style.INK], linewidths=0.9)

    def arrow(self, start: float, end: float, height: float) -> None:
        """From a filter to its map."""
        arrow = {"arrowstyle": "-|>", "color": style.MUTED, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
        self.axes.annotate("", (end, height), (start, height), arrowprops=arrow)


def _bars(panel: Any, chances: np.ndarray, label: int) -> None:
    places, chances = range(len(chances)), _finite(chances)
    colours = [style.BLUE if number == label else style.MISTAKE for number in places]
    panel.barh(places, chances, height=0.62, color=colours)
    panel.set(xlim=(0, 1), ylim=(len(chances) - 0.4, -0.6))
    panel.set_yticks(places, [str(number) for number in places])
    panel.set_xticks([0, 1], ["0", "1"])
    panel.get_yticklabels()[label].set(fontweight="bold", color=style.BLUE)
    panel.axvline(0, color=style.FAINT, linewidth=1)
    panel.spines[:].set_visible(False)


def _peak(values: np.ndarray) -> tuple[int, int]:
    """Row and column of the largest number."""
    row, column = np.unravel_index(int(_finite(values).argmax()), values.shape)
    return int(row), int(column)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.asarray(values, np.float64), posinf=1e6, neginf=-1e6).clip(-1e6, 1e6)


def _reach(values: np.ndarray) -> float:
    """The largest absolute value, above 0."""
    return float(np.abs(_finite(values)).max()) or 1.0


@cache
def shades(name: str) -> Any:
    """Colours of maps: from paper to a colour, or between two."""
    from matplotlib.colors import LinearSegmentedColormap

    steps = {
        "ink": [style.PAPER, "#3A4150"],
        "filter": ["#B26A00", style.ORANGE, "#F7F7F7", style.BLUE, "#003A5C"],
        "saliency": ["#FFFFFF", "#FBD9B5", style.MISTAKE, "#5A2300"],
    }.get(name, ["#F6F8FA", name])
    return LinearSegmentedColormap.from_list(name, steps)
