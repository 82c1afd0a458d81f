"""Questions 3 and 5: validation digits laid out by the probability that the model gives their correct label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import answers as answers_of
from pictures import style
from pictures.panels import Panel, WindowPicture

SIDE = 28
SAMPLE = 1000  # validation images that are read; reading all would cost the larger part of a redraw
DIGITS_PER_CLASS = 8  # always shown, right or wrong
MISTAKES_PER_CLASS = 5  # shown besides, the most confident first
CARD = SIDE + 2  # pixels; an image and its frame
BADGE_GAP = 14  # pixels; a card that is covered further than this hides its badge
LANE = 34  # pixels between cards of one class that stand below each other


@dataclass(frozen=True)
class State:
    """Some validation images and what the model thinks of them.

    Attributes:
        images: uint8 (count, 784), 0 paper to 255 ink.
        labels: the right answers, int64 (count,).
        answers: the model's, int64 (count,).
        probabilities: that the model gives the right answer, float32 (count,).
        accuracy: share of right answers among `sample` validation images.
        sample: how many were read.
    """

    images: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    probabilities: np.ndarray
    accuracy: float
    sample: int

    @property
    def caption(self) -> str:
        """For example `96.8% of 1,000 validation images right`."""
        return f"{style.share(self.accuracy)} of {self.sample:,} validation images right"


@dataclass(frozen=True)
class ReadDigits:
    """Images and a model's scores for them.

    Attributes:
        images: uint8 (count, 784), 0 paper to 255 ink.
        labels: int (count,).
        logits: finite, (count, 10).
    """

    images: np.ndarray
    labels: np.ndarray
    logits: np.ndarray

    def panels(self) -> list[Panel]:
        """The field of digits, what was taken for what, and the mistakes that the model was surest of."""
        probabilities, answers = answers_of.softmax(self.logits), self.logits.argmax(axis=1)
        state = chosen(self.images, self.labels, probabilities)
        caption = "Test images, from left to right by the probability that your model gives the right digit"
        alt = f"{caption}. {style.share(state.accuracy)} of {len(self.labels):,} are read right."
        classes = np.unique(self.labels).tolist()
        names = [str(label) for label in range(10)]
        return [
            WindowPicture(state, caption, alt, is_wide=True),
            *answers_of.confusion(answers, self.labels, names, "images", classes),
            *answers_of.surest_mistakes(
                probabilities, self.labels, names, lambda row: {"image": self.images[row].reshape(SIDE, SIDE)}
            ),
        ]


class Reader:
    """Reads the first validation images."""

    def __init__(self, dataset: Any) -> None:
        self._outputs = dataset.outputs
        inputs, labels = dataset.validation[0]
        self._inputs, self._labels = inputs[:SAMPLE], labels[:SAMPLE].numpy()
        self._images = (self._inputs * 255).round().byte().numpy()

    def read(self) -> State:
        """The same digits of each class and the worst mistakes, as they are now."""
        return chosen(self._images, self._labels, self._outputs(self._inputs).softmax(dim=1).float().numpy())


def chosen(images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> State:
    """The images that are worth showing: the first of each class, and the mistakes that the model is surest of.

    Args:
        images: uint8 (count, 784).
        labels: int (count,).
        probabilities: of each class, (count, 10).
    """
    answers = probabilities.argmax(axis=1)
    right = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0].astype(np.float32)
    rows: set[int] = set()
    for label in np.unique(labels):
        of_label = np.flatnonzero(labels == label)
        wrong = of_label[answers[of_label] != label]
        worst = wrong[np.argsort(right[wrong], kind="stable")][:MISTAKES_PER_CLASS]
        rows |= {*of_label[:DIGITS_PER_CLASS].tolist(), *worst.tolist()}
    shown = sorted(rows)
    accuracy = float((answers == labels).mean())
    return State(images[shown], labels[shown], answers[shown], right[shown], accuracy, len(labels))


def draw(axes: Any, state: State) -> None:
    """One row of digits for each class, from probability 0 on the left to 1 on the right."""
    axes.set_position((0.075, 0.1, 0.9, 0.725))
    width, height = round(axes.bbox.width), round(axes.bbox.height)
    classes = np.unique(state.labels).tolist()
    row_height = height / max(len(classes), 1)
    canvas = np.ones((height, width, 3), np.float32)
    for place, label in enumerate(classes):
        top, bottom = round(place * row_height), round((place + 1) * row_height)
        canvas[top:bottom] = (0.965, 0.969, 0.976) if place % 2 == 0 else 1.0
        axes.text(-14, (top + bottom) / 2, str(label), fontsize=13, fontweight="bold", ha="center", va="center")
    for share in (0.25, 0.5, 0.75):
        canvas[:, round(_across(share, width))] = 0.87
    places = _places(state, classes, row_height, width)
    wrong = state.answers != state.labels
    order = np.lexsort(([x for x, _ in places], wrong))  # mistakes lie on top, and of two the one to the right
    for row in order:
        x, y = places[row]
        _stamp(canvas, state.images[row], x, y, bool(wrong[row]))
    axes.imshow(canvas, extent=(0, width, height, 0), aspect="auto")
    for row in np.flatnonzero(wrong):
        x, y = places[row]
        if not any(wrong[other] and y == b and x < a < x + BADGE_GAP for other, (a, b) in enumerate(places)):
            _badge(axes, x + CARD - 3, y + 3, str(state.answers[row]))
    axes.set(xlim=(0, width), ylim=(height, 0))
    below = height + 17
    for share, name, side in (
        (0.0, "0", "center"),
        (1.0, "1", "center"),
        (0.02, "probability of the right answer", "left"),
    ):
        axes.text(
            _across(share, width) + (3 if side == "left" else 0), below, name, fontsize=style.SMALL, color=style.MUTED,
            ha=side, va="center",
        )  # fmt: skip
    _badge(axes, width - 284, below, "3")
    axes.text(
        width - 274, below, "mistake, and what your model reads", fontsize=style.SMALL, color=style.MISTAKE,
        va="center",
    )  # fmt: skip


def _badge(axes: Any, x: float, y: float, text: str) -> None:
    """The model's answer, small, beside the mistake."""
    axes.text(
        x, y, text, color="white", fontsize=7, fontweight="bold", ha="center", va="center_baseline",
        bbox={"boxstyle": "circle,pad=0.15", "facecolor": style.MISTAKE, "edgecolor": "white"},
    )  # fmt: skip


def _across(share: Any, width: int) -> Any:
    """The middle of a card of this probability, in pixels from the left."""
    return CARD / 2 + 2 + share * (width - CARD - 4)


def _places(state: State, classes: list[int], row_height: float, width: int) -> list[tuple[int, int]]:
    """Each card's left and top in pixels: classes in rows, in each row the lane with the most room."""
    places = [(0, 0)] * len(state.labels)
    lanes = max(1, int(row_height // LANE))
    centres = np.nan_to_num(_across(state.probabilities, width), nan=CARD)
    for place, label in enumerate(classes):
        ends = [float("-inf")] * lanes
        rows = np.flatnonzero(state.labels == label)
        for row in rows[np.argsort(centres[rows], kind="stable")]:
            lane = int(np.argmin(ends))
            ends[lane] = centres[row]
            top = (place + (lane + 0.5) / lanes) * row_height - CARD / 2
            places[row] = (round(centres[row] - CARD / 2), round(top))
    return places


def _stamp(canvas: np.ndarray, image: np.ndarray, x: int, y: int, wrong: bool) -> None:
    """Put one card onto the canvas (height, width, 3): a thin frame, paper, ink."""
    colour = np.array(style.rgb(style.MISTAKE if wrong else style.INK), np.float32)
    ink = image.reshape(SIDE, SIDE, 1).astype(np.float32) / 255
    height, width = canvas.shape[:2]
    y, x = min(max(y, 0), height - CARD), min(max(x, 0), width - CARD)
    canvas[y : y + CARD, x : x + CARD] = colour if wrong else 0.83
    canvas[y + 1 : y + 1 + SIDE, x + 1 : x + 1 + SIDE] = 1 - ink * (1 - colour)
