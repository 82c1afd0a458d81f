"""Question 4: sample words, each with a bar of the probabilities that the model gives the languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style

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


class Reader:
    """Reads a few validation words of every length; shows some of each language."""

    def __init__(self, dataset: Any) -> None:
        self._model = dataset.model
        self._languages = list(dataset.language_names)
        self._groups = [(inputs[:, :SAMPLE_PER_LENGTH], y[:SAMPLE_PER_LENGTH]) for inputs, y in dataset.validation]
        self._shown: list[tuple[int, int]] = []  # group, place in it
        for language in range(len(self._languages)):
            self._shown += self._spread(language)
        self._words = [
            "".join(dataset.chars[letter] for letter in self._groups[group][0][:, place].argmax(dim=1).tolist())
            for group, place in self._shown
        ]

    def read(self) -> State:
        """The words as the model reads them now."""
        read = [self._model(inputs).softmax(dim=1).float().numpy() for inputs, _ in self._groups]
        labels = [y.numpy() for _, y in self._groups]
        right = sum(int((p.argmax(axis=1) == y).sum()) for p, y in zip(read, labels, strict=True))
        sample = sum(len(y) for y in labels)
        return State(
            words=self._words,
            labels=np.array([labels[group][place] for group, place in self._shown], np.int64),
            probabilities=np.array([read[group][place] for group, place in self._shown], np.float32),
            languages=self._languages,
            accuracy=right / max(sample, 1),
            sample=sample,
        )

    def _spread(self, language: int) -> list[tuple[int, int]]:
        """The first word of this language in a few groups of different lengths."""
        found = []
        for number, (inputs, labels) in enumerate(self._groups):
            places = (labels == language).nonzero().flatten().tolist()
            if places and EASY_TO_READ[0] <= len(inputs) <= EASY_TO_READ[1]:
                found.append((number, places[0]))
        step = max(1, len(found) // WORDS_PER_LANGUAGE)
        return found[language % step :: step][:WORDS_PER_LANGUAGE]


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
