"""Question 4: sample words, each with a bar of the probabilities that the model gives the languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import answers as answers_of
from pictures import style
from pictures.panels import Panel, WindowPicture

WORDS_PER_LANGUAGE = 2
SAMPLE_PER_LENGTH = 60  # validation words of each length that are read
EASY_TO_READ = (5, 10)  # letters of the words that are shown


@dataclass(frozen=True)
class State:
    """Some validation words and what the model thinks of them.

    Attributes:
        words: text, by language.
        labels: language numbers, int64 (count,).
        probabilities: float32 (count, languages).
        languages: their names.
        accuracy: share of right answers among `sample` validation words.
        sample: how many were read.
    """

    words: list[str]
    labels: np.ndarray
    probabilities: np.ndarray
    languages: list[str]
    accuracy: float
    sample: int

    @property
    def caption(self) -> str:
        """For example `82.4% of 540 validation words right`."""
        return f"{style.share(self.accuracy)} of {self.sample:,} validation words right"


@dataclass(frozen=True)
class ReadWords:
    """Words and a model's scores for their languages.

    Attributes:
        words: text, (count,).
        labels: language numbers, (count,).
        logits: finite, (count, languages).
        languages: the name of each language number.
    """

    words: Sequence[str]
    labels: np.ndarray
    logits: np.ndarray
    languages: Sequence[str]

    def panels(self) -> list[Panel]:
        """Some words with their bars, what was taken for what, and the mistakes that the model was surest of."""
        probabilities, answers = answers_of.softmax(self.logits), self.logits.argmax(axis=1)
        state = chosen(self.words, self.labels, probabilities, self.languages)
        caption = "Some test words, and the probability that your model gives each language"
        alt = f"{caption}. {style.share(state.accuracy)} of {len(self.words):,} words are told right."
        classes = range(len(self.languages))
        return [
            WindowPicture(state, caption, alt, is_wide=True),
            *answers_of.confusion(answers, self.labels, self.languages, "words", classes),
            *answers_of.surest_mistakes(
                probabilities, self.labels, self.languages, lambda row: {"text": self.words[row]}
            ),
        ]


class Reader:
    """Reads a few validation words of every length."""

    def __init__(self, dataset: Any) -> None:
        self._outputs = dataset.outputs
        self._languages = list(dataset.language_names)
        self._groups = [inputs[:, :SAMPLE_PER_LENGTH] for inputs, _ in dataset.validation]
        self._labels = np.concatenate([labels[:SAMPLE_PER_LENGTH].numpy() for _, labels in dataset.validation])
        numbers = [word for inputs in self._groups for word in inputs.argmax(dim=2).movedim(1, 0).tolist()]
        self._words = ["".join(dataset.chars[letter] for letter in word) for word in numbers]

    def read(self) -> State:
        """The words as the model reads them now."""
        scores = [self._outputs(inputs).softmax(dim=1).float().numpy() for inputs in self._groups]
        return chosen(self._words, self._labels, np.concatenate(scores), self._languages)


def chosen(words: Sequence[str], labels: np.ndarray, probabilities: np.ndarray, languages: Sequence[str]) -> State:
    """A few words of each language that are easy to read.

    Args:
        words: text, (count,).
        labels: language numbers, (count,).
        probabilities: of each language, (count, languages).
        languages: their names.
    """
    readable = np.array([EASY_TO_READ[0] <= len(word) <= EASY_TO_READ[1] for word in words])
    shown: list[int] = []
    for language in range(len(languages)):
        rows = np.flatnonzero(readable & (labels == language))
        if len(rows):
            shown += rows[np.linspace(0, len(rows) - 1, WORDS_PER_LANGUAGE + 2).astype(int)[1:-1]].tolist()
    return State(
        words=[words[row] for row in shown],
        labels=labels[shown].astype(np.int64),
        probabilities=probabilities[shown].astype(np.float32),
        languages=list(languages),
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        sample=len(words),
    )


def draw(axes: Any, state: State) -> None:
    """One row for each word: the word, its probabilities side by side, and whether the model is right."""
    axes.set_position((0.235, 0.04, 0.57, 0.715))
    count = len(state.words)
    axes.set(xlim=(0, 1), ylim=(count - 0.4, -0.6))
    colours = [style.SERIES[number % len(style.SERIES)] for number in range(len(state.languages))]
    probabilities = np.nan_to_num(state.probabilities)
    starts = np.cumsum(probabilities, axis=1) - probabilities
    for number, colour in enumerate(colours):
        axes.barh(
            range(count), probabilities[:, number], left=starts[:, number], height=0.62, color=colour,
            edgecolor=style.PAPER, linewidth=0.8,
        )  # fmt: skip
    for row, (word, label) in enumerate(zip(state.words, state.labels.tolist(), strict=True)):
        right = int(probabilities[row].argmax()) == label
        axes.text(-0.025, row, word, ha="right", va="center", fontsize=11.5)
        axes.text(
            1.025, row, f"{'✓' if right else '✗'} {state.languages[label]}", va="center", fontsize=style.NORMAL,
            color=style.INK if right else style.MISTAKE, fontweight="normal" if right else "bold",
        )  # fmt: skip
        if probabilities[row, label] > 0.08:  # says where in the bar the right language is, also without colour
            middle = starts[row, label] + probabilities[row, label] / 2
            axes.plot(middle, row, "o", color="white", markersize=4, markeredgewidth=0)
    for number, (name, colour) in enumerate(
        [*zip(state.languages, colours, strict=True), ("right answer", style.MUTED)]
    ):
        place = -0.318 + 0.262 * number
        above = {"transform": axes.transAxes, "clip_on": False}
        axes.plot(place, 1.06, "s", color=colour, markersize=8.5, markeredgewidth=0, **above)
        if number == len(state.languages):
            axes.plot(place, 1.06, "o", color="white", markersize=4, markeredgewidth=0, **above)
        axes.text(place + 0.027, 1.057, name, va="center", fontsize=style.SMALL, color=style.MUTED, **above)
