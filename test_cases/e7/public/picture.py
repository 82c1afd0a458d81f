"""A translator while it learns: the words it would write for one sentence, and where its attention looks for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture
from test_cases.e7.public import data
from test_cases.e7.public.language import SOURCE, TARGET

NO_ATTENTION = "none"
ROWS = 64  # validation sentences that are looked at
WANTED_WORDS = 11  # of the sentence that is shown, or more
MIN_COLUMNS = 8  # a shorter sentence leaves room at the right
MAX_WORDS_IN_WINDOW = 16  # source words whose names fit
SECONDS_TO_READ = 3.0


@dataclass(frozen=True)
class State:
    """A translator at one moment, with one sentence. It reads the right words before each word.

    Attributes:
        score: of its attention; "none" for a translator without attention.
        words_right: the share of words that it predicts right.
        aligned: the share of words whose largest weight is at their source word; NaN without attention.
        source: the words of the sentence.
        target: the right words of its translation, with `<end>`.
        written: what it predicts in their place.
        weights: float (target, source); empty without attention.
        alignment: the position of each target word's source word, int64 (target,); -1 for none.
    """

    score: str
    words_right: float
    aligned: float
    source: list[str]
    target: list[str]
    written: list[str]
    weights: np.ndarray
    alignment: np.ndarray

    @property
    def caption(self) -> str:
        """For example `words right: 97.5%  ·  largest weight at the right word: 98.0%`."""
        words = f"words right: {style.share(self.words_right)}"
        if self.score == NO_ATTENTION:
            return f"without attention  ·  {words}"
        return f"{words}  ·  largest weight at the right word: {style.share(self.aligned)}"


@dataclass(frozen=True)
class Alignment:
    """What the report shows of a trained translator and one sentence.

    Attributes:
        state: of the sentence.
        kind: what the sentence is, such as "a sentence as long as those of training".
    """

    state: State
    kind: str

    def panels(self) -> list[Panel]:
        """The heat map."""
        state = self.state
        caption = (
            f"Your translator's attention on {self.kind}. Each row is a word that it predicts, in red if wrong; the "
            "shades are its weights. The frames are the source words that the right words come from."
        )
        looks = state.weights.argmax(axis=1).tolist() if state.weights.size else []
        pairs = [f"{word} from {state.source[place]}" for word, place in zip(state.written, looks, strict=False)]
        return [WindowPicture(state, caption, f"Largest weights: {', '.join(pairs)}.", is_wide=True)]


class Reader:
    """Reads the attention of the model while it is trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        source, target = (tensor[:ROWS] for tensor in dataset.validation[0])
        self._source, self._target, self._alignment = source, target, dataset.validation_alignment[:ROWS]
        self._shown = shown_row(source.numpy())

    def read(self) -> State:
        """The translator as it is now."""
        from torch import cat  # a window draws without torch

        from backend import device_of

        model = self._dataset.model
        source, target = (each.to(device_of(model)) for each in (self._source, self._target))
        memory, state = model.encode(source)
        begin = target.new_full((len(target), 1), data.BEGIN)
        logits, weights, _ = model.decode(cat([begin, target[:, :-1]], dim=1), state, memory, source != data.PADDING)
        found = None if weights is None else weights.float().cpu().numpy()
        predicted = logits.argmax(dim=2).cpu().numpy()
        right, alignment = self._target.numpy(), self._alignment.numpy()
        return state_of(model.score, self._source.numpy(), right, alignment, predicted, found, self._shown)


def shown_row(source: np.ndarray) -> int:
    """The first sentence that has so many words, or the longest."""
    counts = data.lengths(source)
    return int((counts >= WANTED_WORDS).argmax() if (counts >= WANTED_WORDS).any() else counts.argmax())


def state_of(
    score: str,
    source: np.ndarray,
    target: np.ndarray,
    alignment: np.ndarray,
    predicted: np.ndarray,
    weights: np.ndarray | None,
    row: int,
) -> State:
    """What is shown of some sentences, all (count, ...): shares over all of them, and one of them in full."""
    is_word, is_aligned = target != data.PADDING, alignment >= 0
    right = float((predicted == target)[is_word].mean())
    aligned = float("nan") if weights is None else float((weights.argmax(axis=2) == alignment)[is_aligned].mean())
    columns, height = int(data.lengths(source[row : row + 1])[0]), int(is_word[row].sum())
    shown = np.empty((0, 0), np.float32) if weights is None else weights[row, :height, :columns]
    return State(
        score,
        right,
        aligned,
        data.words_of(source[row], SOURCE),
        data.words_of(target[row], TARGET),
        [TARGET[word] if 0 <= word < len(TARGET) else "?" for word in predicted[row, :height].tolist()],
        shown,
        alignment[row, :height],
    )


def draw(axes: Any, state: State) -> None:
    """The weights as shades, a row for each word that is written; frames where the words come from."""
    height, columns = len(state.target), len(state.source)
    axes.set_position((0.16, 0.085, 0.80, 0.60))
    axes.set(xlim=(-0.5, max(columns, MIN_COLUMNS) - 0.5), ylim=(height - 0.5, -0.5))
    weights = np.nan_to_num(state.weights, nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    if weights.size:
        image = axes.imshow(
            weights, aspect="auto", interpolation="nearest", cmap=_shades(), vmin=0, vmax=1,
            extent=(-0.5, columns - 0.5, height - 0.5, -0.5),
        )  # fmt: skip
        image.set_rasterized(True)
        axes.set(xlim=(-0.5, max(columns, MIN_COLUMNS) - 0.5), ylim=(height - 0.5, -0.5))
        for edge in np.arange(0.5, height - 1):
            axes.plot([-0.5, columns - 0.5], [edge, edge], color=style.PAPER, linewidth=1)
        for edge in np.arange(0.5, columns - 1):
            axes.plot([edge, edge], [-0.5, height - 0.5], color=style.PAPER, linewidth=1)
    else:
        axes.text(
            columns - 0.5, -0.2, "no attention: one state of the\ndecoder holds the whole sentence", ha="right",
            va="top", fontsize=style.NORMAL, color=style.MUTED,
        )  # fmt: skip
    for row, column in enumerate(state.alignment.tolist()):
        if 0 <= column < columns:
            axes.plot(
                column + np.array([-0.44, 0.44, 0.44, -0.44, -0.44]), row + np.array([-0.42, -0.42, 0.42, 0.42, -0.42]),
                color=style.ORANGE, linewidth=1.6, solid_joinstyle="miter",
            )  # fmt: skip
    size = style.NORMAL if max(height, columns) <= MAX_WORDS_IN_WINDOW else style.SMALL - 2
    axes.xaxis.tick_top()
    axes.set_xticks(range(columns), state.source, rotation=42, ha="left", rotation_mode="anchor", fontsize=size)
    axes.set_yticks(range(height), state.written, fontsize=size)
    axes.tick_params(length=0, pad=4)
    for label, written, right in zip(axes.get_yticklabels(), state.written, state.target, strict=True):
        is_right = written == right
        label.set(color=style.INK if is_right else style.MISTAKE, fontweight="normal" if is_right else "bold")
    for label in axes.get_xticklabels():
        label.set_color(style.INK)
    axes.text(
        -0.14, -0.035, "rows: the words it predicts, red if wrong      frames: where the right words come from",
        transform=axes.transAxes, fontsize=style.SMALL, color=style.MUTED, va="top",
    )  # fmt: skip


def _shades() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("weight", ["#EEF3F8", "#7FB2D6", style.BLUE, "#05385C"])
