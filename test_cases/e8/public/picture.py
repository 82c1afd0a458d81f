"""An encoder while it learns: its heads side by side, over a line of verse with a hidden word, or over a digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture
from test_cases.e8.public import verses

COLOURS = (style.BLUE, style.MISTAKE, style.GREEN, style.PURPLE)  # of the four heads
SHOWN_DIGIT = 4  # one with strokes in several patches
HIDDEN_WORDS = ("shall", "will", "would", "must", "may")  # of the line that is shown: one fits where others fit
GUESSES = 5
SHOWN_WEIGHT = 0.04  # smaller weights have no line
HELD_OUT = 100  # validation examples whose accuracy is shown
SECONDS_TO_READ = 4.0
TOP, BOTTOM = 0.70, 0.06  # of the drawing, as shares of the height
CURVE = np.linspace(0, 1, 24)
NOTHING = np.empty(0)


@dataclass(frozen=True)
class State:
    """An encoder at one moment.

    Attributes:
        kind: "words" or "digits".
        accuracy: the share of validation examples that are right.
        chance: that share for the most frequent word, or for any digit.
        attention: of the last block: of words float (heads, tokens, tokens); of a digit what the class token looks
            at, float (heads, 17), itself in front.
        words: of the line; empty for a digit.
        place: the position of the hidden word; of a digit, the right class.
        guesses: the likeliest words, or the digits.
        chances: the probability of each guess.
        image: float (28, 28), 0 paper to 1 ink; empty for words.
    """

    kind: str
    accuracy: float
    chance: float
    attention: np.ndarray
    words: list[str]
    place: int
    guesses: list[str]
    chances: np.ndarray
    image: np.ndarray

    @property
    def caption(self) -> str:
        """For example `hidden words: 26.5% guessed; always “,” would be right in 8.9%`."""
        if self.kind == "words":
            often = style.share(self.chance)
            return f"hidden words: {style.share(self.accuracy)} guessed; always “,” would be right in {often}"
        return f"digits as 16 patches  ·  {style.share(self.accuracy)} of validation images right"


@dataclass(frozen=True)
class Heads:
    """What the report shows of a trained language model: the last picture of the live window."""

    state: State

    def panels(self) -> list[Panel]:
        """The heads side by side over one line of verse."""
        word, guess = self.state.words[self.state.place], self.state.guesses[0]
        caption = (
            "Your encoder reads a line that it has not seen. In each head, curves lead from a word on the left to the "
            "words that it looks at: the broader, the more weight. The curves of the hidden word are coloured."
        )
        alt = f"The hidden word is {word}; the likeliest guess is {guess}, {self.state.chances[0]:.0%}."
        return [WindowPicture(self.state, caption, alt, is_wide=True)]


class Reader:
    """Reads how the model looks at one example while it is trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        inputs, answers = dataset.validation[0]
        self._inputs = inputs[:HELD_OUT]
        if dataset.words:
            self._hidden = self._inputs == verses.MASK
            self._answers = answers[: int(self._hidden.sum())]
            self._comma = float((answers == int(np.bincount(answers.numpy()).argmax())).float().mean())
            ids = inputs.numpy().copy()
            ids[ids == verses.MASK] = answers.numpy()
            self._line, self._place = shown_line(ids, dataset.words)
            self._shown = inputs[:1].clone()
            for position, word in enumerate(self._line.tolist()):
                self._shown[0, position] = verses.MASK if position == self._place else word
        else:
            self._answers = answers[:HELD_OUT]
            row = int((answers == SHOWN_DIGIT).nonzero()[0])
            self._shown = inputs[row : row + 1]

    def read(self) -> State:
        """The heads as they are now."""
        looking = import_module("test_cases.e8.public.looking")  # needs torch, which grader and window do without

        model, words = self._dataset.model, self._dataset.words
        attention, outputs = looking.last_attention(model, self._shown)
        weights, found = attention[0].float().numpy(), self._dataset.outputs(self._inputs)
        if words:
            accuracy = float((found[self._hidden].argmax(dim=1) == self._answers).float().mean())
            chances = outputs[0, self._place].softmax(dim=0).float().numpy()
            return of_line(accuracy, self._comma, weights, self._line, self._place, words, chances)
        accuracy = float((found.argmax(dim=1) == self._answers).float().mean())
        chances = outputs[0].softmax(dim=0).float().numpy()
        names = [str(digit) for digit in range(len(chances))]
        image = self._shown[0].float().numpy().copy()
        return State("digits", accuracy, 0.1, weights[:, 0].copy(), [], SHOWN_DIGIT, names, chances, image)


def shown_line(lines: np.ndarray, words: Sequence[str]) -> tuple[np.ndarray, int]:
    """A line of 8 to 10 tokens that has a word to hide, (12,), and the position of this word.

    The word is one of `HIDDEN_WORDS`, and stands as near to the middle as any.
    """
    best: tuple[float, int, int] = (np.inf, 0, 1)
    for row, line in enumerate(lines):
        count = int((line != verses.PADDING).sum())
        if not 8 <= count <= 10:
            continue
        for place in range(2, count - 2):
            if words[line[place]] in HIDDEN_WORDS and abs(place - count / 2) < best[0]:
                best = (abs(place - count / 2), row, place)
    return lines[best[1]].copy(), best[2]


def of_line(
    accuracy: float, chance: float, attention: np.ndarray, ids: np.ndarray, place: int, words: Sequence[str],
    chances: np.ndarray,
) -> State:  # fmt: skip
    """The state of a line.

    Args:
        accuracy, chance: as in `State`.
        attention: float (heads, time, time).
        ids: int64 (time,), with padding behind.
        place: of the hidden word.
        words: of the vocabulary.
        chances: of all words at this position, float (words,).
    """
    count = int((ids != verses.PADDING).sum())
    likeliest = np.argsort(-np.nan_to_num(chances), kind="stable")[:GUESSES]
    line, guesses = [words[word] for word in ids[:count]], [words[word] for word in likeliest]
    weights = np.asarray(attention)[:, :count, :count].copy()
    return State("words", accuracy, chance, weights, line, place, guesses, chances[likeliest], NOTHING)


def draw(axes: Any, state: State) -> None:
    """The heads from left to right, and the guesses behind them."""
    axes.set_position((0, 0, 1, 1))
    axes.patch.set_alpha(0)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_autoscale_on(False)
    if state.kind == "words":
        _line(axes, state)
        _bars(axes.figure, (0.865, 0.34, 0.09, TOP - 0.32), state, [state.words[state.place]])
    else:
        _digit(axes, state)
        _bars(axes.figure, (0.84, BOTTOM + 0.04, 0.115, TOP - BOTTOM - 0.04), state, [str(state.place)])


def _line(axes: Any, state: State) -> None:
    """Words on both sides, and between them the curves of each head."""
    from matplotlib.collections import LineCollection

    count, heads = len(state.words), len(state.attention)
    heights = np.linspace(TOP - 0.03, BOTTOM, count)
    left, right, gap = 0.155, 0.635, 0.022
    width = (right - left - gap * (heads - 1)) / heads
    for height, word, place in zip(heights, state.words, range(count), strict=True):
        is_hidden = place == state.place
        axes.plot([left, right], [height, height], color=style.FAINT, linewidth=0.8, zorder=0)
        look = {"fontsize": style.NORMAL, "va": "center_baseline", "color": style.INK}
        if is_hidden:
            box = {"boxstyle": "round,pad=0.22", "facecolor": style.INK, "edgecolor": "none"}
            look |= {"color": style.PAPER, "fontweight": "bold", "bbox": box}
        text = "hidden" if is_hidden else word
        axes.text(left - 0.02, height, text, ha="right", **look)
        axes.text(right + 0.02, height, text, ha="left", **look)
    bend = CURVE * CURVE * (3 - 2 * CURVE)
    for head, weights in enumerate(_finite(state.attention)):
        start, colour = left + head * (width + gap), COLOURS[head % len(COLOURS)]
        axes.text(start + width / 2, TOP + 0.025, f"head {head + 1}", color=colour, fontsize=style.SMALL,
                  fontweight="bold", ha="center", va="bottom")  # fmt: skip
        for is_hidden in (False, True):
            pairs = [
                (one, other)
                for one, other in zip(*np.nonzero(weights >= SHOWN_WEIGHT), strict=True)
                if (int(one) == state.place) == is_hidden
            ]
            curves = [
                np.column_stack([start + CURVE * width, heights[one] + bend * (heights[other] - heights[one])])
                for one, other in pairs
            ]
            sizes = np.array([min(weights[pair], 1.0) for pair in pairs])
            lines = LineCollection(
                curves, linewidths=(0.4 + (6.5 if is_hidden else 2.5) * sizes).tolist() or [1],
                colors=colour if is_hidden else style.MUTED, alpha=None if not len(sizes) else
                (np.clip(0.25 + 0.75 * sizes, 0, 1) if is_hidden else np.clip(0.55 * sizes, 0, 1)),
                capstyle="round", zorder=3 if is_hidden else 1,
            )  # fmt: skip
            axes.add_collection(lines)


def _digit(axes: Any, state: State) -> None:
    """The image with its patches, and in two rows what each head's class token looks at."""
    shape = axes.figure.get_figwidth() / axes.figure.get_figheight()
    big = 0.31
    axes.text(0.045, TOP - 0.058, "16 patches", fontsize=style.SMALL, color=style.MUTED, va="bottom")
    image(axes, (0.045, TOP - 0.07, big), state.image, shape)
    grid(axes, (0.045, TOP - 0.07, big), shape)
    small, pitch = 0.165, 0.195
    for head, weights in enumerate(_finite(state.attention)):
        row, column = divmod(head, 2)
        corner = (0.415 + column * pitch, TOP - row * 0.335, small)
        colour = COLOURS[head % len(COLOURS)]
        image(axes, corner, state.image, shape)
        light(axes, corner, weights[1:], colour, shape)
        axes.text(corner[0], corner[1] + 0.01, f"head {head + 1}", color=colour, fontsize=style.SMALL,
                  fontweight="bold", va="bottom")  # fmt: skip


def image(axes: Any, corner: tuple[float, float, float], pixels: np.ndarray, shape: float) -> None:
    """A digit; `corner` is left, top and width, as shares of the figure, `shape` the figure's width over its height."""
    left, top, width = corner
    axes.imshow(
        1 - 0.85 * _finite(pixels).clip(0, 1), extent=(left, left + width, top - width * shape, top), aspect="auto",
        cmap="gray", vmin=0, vmax=1, interpolation="nearest",
    )  # fmt: skip
    corners = [left, left + width, left + width, left, left], [top, top, top - width * shape, top - width * shape, top]
    axes.plot(*corners, color=style.FAINT, linewidth=1.0)


def grid(axes: Any, corner: tuple[float, float, float], shape: float) -> None:
    """The borders of 4 x 4 patches."""
    left, top, width = corner
    for step in range(5):
        x, y = left + width * step / 4, top - width * shape * step / 4
        axes.plot([x, x], [top, top - width * shape], color=style.BLUE, linewidth=1.1)
        axes.plot([left, left + width], [y, y], color=style.BLUE, linewidth=1.1)


def light(axes: Any, corner: tuple[float, float, float], weights: np.ndarray, colour: str, shape: float) -> None:
    """A colour over each of 16 patches, the stronger the more it is looked at."""
    from matplotlib.colors import to_rgb

    left, top, width = corner
    largest = float(weights.max()) if weights.size else 0.0
    tints = np.empty((4, 4, 4))
    tints[..., :3] = to_rgb(colour)
    tints[..., 3] = 0.72 * (weights.reshape(4, 4) / largest if largest > 0 else np.zeros((4, 4))).clip(0, 1)
    extent = (left, left + width, top - width * shape, top)
    axes.imshow(tints, extent=extent, aspect="auto", interpolation="nearest")


def _bars(figure: Any, where: tuple[float, float, float, float], state: State, right: list[str]) -> None:
    """The probability of each guess; the right one is blue."""
    panel = figure.add_axes(where)
    places, chances = range(len(state.guesses)), _finite(state.chances).clip(0, 1)
    colours = [style.BLUE if guess in right else style.FAINT for guess in state.guesses]
    panel.barh(places, chances, height=0.66, color=colours, edgecolor=style.MUTED, linewidth=0.5)
    most = max(float(chances.max()) if chances.size else 1.0, 0.05)
    panel.set(xlim=(0, most * 1.05), ylim=(len(state.guesses) - 0.4, -0.6))
    panel.set_yticks(places, state.guesses)
    panel.set_xticks([0, most], ["0", f"{most:.0%}"])
    for label, guess in zip(panel.get_yticklabels(), state.guesses, strict=True):
        label.set(fontsize=style.SMALL, color=style.BLUE if guess in right else style.INK)
    panel.axvline(0, color=style.FAINT, linewidth=1)
    panel.spines[:].set_visible(False)
    title = f"guesses for\n“{right[0]}”" if state.kind == "words" else "answer"
    panel.set_title(title, fontsize=style.SMALL, color=style.MUTED, loc="center", pad=5)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.asarray(values, np.float64), posinf=1.0, neginf=0.0).clip(0, 1)
