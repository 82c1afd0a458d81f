"""Word vectors while they are trained: words gather by theme, and the people of six houses form like parallelograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture
from test_cases.e6.public import haiku, kinship

WORDS_OF_A_THEME = 7  # shown: the most frequent ones
SHARPNESS = 7.0  # how much more a theme counts that is more similar
COLOURS = (style.BLUE, style.GREEN, style.MISTAKE, "#B97A00", style.PURPLE, "#5E6AD2", "#7A5C3E")
EDGES = ((0, 1, style.BLUE), (2, 3, style.BLUE), (2, 0, style.MISTAKE), (3, 1, style.MISTAKE))  # man to woman, ...
RIM, WITHIN = np.array([1.33, 0.9]), np.array([1.12, 0.76])  # of the names of themes; of words
LETTER, LINE, MAX_MOVES = 0.034, 0.068, 80  # width and height of what is written, in units of the axes; of names
CELL = np.array([0.85, 0.5])  # of a house, in units of vectors
SECONDS_TO_READ = 4.0


@dataclass(frozen=True)
class State:
    """Words and where they are drawn.

    Attributes:
        kind: "themes" or "people".
        names: of the words.
        groups: the number of the theme or house of each word, int (words,).
        points: float (words, 2), within about -1 and 1.
        fit: what the caption tells of these words, from 0 to 1.
    """

    kind: str
    names: list[str]
    groups: np.ndarray
    points: np.ndarray
    fit: float

    @property
    def caption(self) -> str:
        """For example `91.1% of the words are nearest to their theme; chance is 14%`."""
        if self.kind == "themes":
            chance = 1 / len(haiku.THEMES)
            return f"{style.share(self.fit)} of the words are nearest to their theme; chance is {chance:.0%}"
        return f"same arrows in six houses: alike to {self.fit:.2f}; 1 is parallel"


@dataclass(frozen=True)
class Themes:
    """What the report shows of vectors trained on haiku.

    Attributes:
        state: where words are drawn.
        share: of the nearest theme words, how many share the theme.
        chance: that share without any training.
    """

    state: State
    share: float
    chance: float

    @classmethod
    def of(cls, words: Sequence[str], vectors: np.ndarray, share: float, chance: float) -> Themes:
        """The exhibit of a table of vectors."""
        return cls(themes_state(words, vectors, _shown(words, haiku.occurrences())), share, chance)

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        caption = (
            "Your vectors of skip-gram. Each word is drawn towards the themes whose words its vector is similar to. "
            f"Of the three nearest theme words, {style.share(self.share)} share the theme; chance is {self.chance:.0%}."
        )
        alt = f"{style.share(self.state.fit)} of {len(self.state.names)} words are most similar to their own theme."
        return [WindowPicture(self.state, caption, alt, is_wide=True)]


@dataclass(frozen=True)
class People:
    """What the report shows of vectors trained on sentences about people; `share` of the analogies are answered."""

    state: State
    share: float

    @classmethod
    def of(cls, words: Sequence[str], vectors: np.ndarray, share: float) -> People:
        """The exhibit of a table of vectors."""
        return cls(people_state(words, vectors), share)

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        caption = (
            "Your vectors of GloVe. To the right is the direction from man to woman. Up is the direction from young to "
            f"old. Each is that of the other houses. Your vectors answer {style.share(self.share)} of the analogies."
        )
        alt = f"Six quadrangles of people; the same sides agree to {self.state.fit:.2f}, where 1 is parallel."
        return [WindowPicture(self.state, caption, alt, is_wide=True)]


class Reader:
    """Reads the vectors of the model while it is trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._is_people = kinship.NAMES[0] in dataset.words and len(dataset.words) == len(kinship.WORDS)
        counts = dict(zip(dataset.words, dataset.counts.tolist(), strict=True))
        self._names = {} if self._is_people else _shown(dataset.words, counts)

    def read(self) -> State:
        """The words as they are now."""
        model = self._dataset.model
        vectors = model.word.weight.detach().cpu().double().numpy()
        if self._is_people:
            return people_state(self._dataset.words, vectors + model.context.weight.detach().cpu().double().numpy())
        return themes_state(self._dataset.words, vectors, self._names)


def themes_state(words: Sequence[str], vectors: np.ndarray, shown: dict[str, str]) -> State:
    """Each word is drawn towards the themes that it is similar to; its own vector is no part of its theme's mean.

    Args:
        words: as text.
        vectors: float64 (words, size).
        shown: the theme of each word that is drawn.
    """
    row = {word: number for number, word in enumerate(words)}
    themes = list(haiku.THEMES)
    chosen = _directions(vectors[[row[word] for word in shown]])
    groups = np.array([themes.index(theme) for theme in shown.values()])
    belongs = groups[:, None] == np.arange(len(themes))  # (shown, themes)
    sums = belongs.T @ chosen  # (themes, size)
    others = sums[None] - belongs[:, :, None] * chosen[:, None]  # (shown, themes, size)
    similar = np.einsum("ws,wts->wt", chosen, _directions(others))
    pull = np.exp(SHARPNESS * similar)
    points = pull @ anchors(len(themes)) / pull.sum(axis=1, keepdims=True)
    fit = float((similar.argmax(axis=1) == groups).mean())
    return State("themes", list(shown), groups, points, fit)


def people_state(words: Sequence[str], vectors: np.ndarray) -> State:
    """The people of each house around its middle, along the directions that the other houses have.

    Args:
        words: as text.
        vectors: float64 (words, size).
    """
    row = {word: number for number, word in enumerate(words)}
    table = _directions(vectors)[[[row[name] for name in house] for house in kinship.PEOPLE]]  # (houses, 4, size)
    to_woman = (table[:, 1] - table[:, 0] + table[:, 3] - table[:, 2]) / 2
    to_elder = (table[:, 0] - table[:, 2] + table[:, 1] - table[:, 3]) / 2
    points = np.zeros((len(table), 4, 2))
    for house, people in enumerate(table):
        axes = [_directions(np.delete(ways, house, axis=0).mean(axis=0)) for ways in (to_woman, to_elder)]
        points[house] = (people - people.mean(axis=0)) @ np.stack(axes).T
    arrows = _directions(np.stack([to_woman, to_elder]))
    alike = np.einsum("khs,kgs->khg", arrows, arrows)
    pairs = ~np.eye(len(table), dtype=bool)
    groups = np.repeat(np.arange(len(table)), 4)
    return State("people", list(kinship.NAMES), groups, points.reshape(-1, 2), float(alike[:, pairs].mean()))


def anchors(count: int) -> np.ndarray:
    """Points around the middle, one for each theme, (count, 2)."""
    turn = np.pi / 2 - 2 * np.pi * np.arange(count) / count
    return np.column_stack([np.cos(turn), np.sin(turn)])


def draw(axes: Any, state: State) -> None:
    """The words of a state."""
    if state.kind == "themes":
        _draw_themes(axes, state)
    else:
        _draw_people(axes, state)


def _draw_themes(axes: Any, state: State) -> None:
    axes.set_position((0.02, 0.02, 0.96, 0.80))
    axes.set(xlim=(-1.6, 1.6), ylim=(-1.0, 1.0))
    for theme, colour, (x, y) in zip(haiku.THEMES, COLOURS, RIM * anchors(len(haiku.THEMES)), strict=True):
        axes.plot([0, 0.94 * x], [0, 0.94 * y], color=style.FAINT, linewidth=1.2, zorder=0)
        axes.text(x, y, theme, color=colour, fontsize=style.LARGE - 2, fontweight="bold", ha="center", va="center")
    spots = _apart(WITHIN * state.points, state.names)
    for name, group, (x, y) in zip(state.names, state.groups, spots, strict=True):
        axes.text(
            x,
            y,
            name,
            color=COLOURS[group],
            fontsize=style.SMALL - 0.5,
            ha="center",
            va="center",
        )


def _apart(points: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Where names are written so that they do not lie on each other: near their points, in the units of the axes."""
    spots = np.nan_to_num(points) + np.column_stack([np.zeros(len(names)), 1e-4 * np.arange(len(names))])
    widths = np.array([LETTER * (len(name) + 1) for name in names])
    wide = (widths[:, None] + widths) / 2
    for _ in range(MAX_MOVES):
        across, up = (spots[:, None, axis] - spots[None, :, axis] for axis in range(2))
        overlap = np.where(np.abs(across) < wide, np.maximum(LINE - np.abs(up), 0), 0)
        np.fill_diagonal(overlap, 0)
        if not overlap.any():
            break
        spots[:, 1] += 0.3 * (np.sign(up) * overlap).sum(axis=1)
        spots[:, 1] = np.clip(spots[:, 1], -0.95, 0.95)
    return spots


def _draw_people(axes: Any, state: State) -> None:
    axes.set_position((0.02, 0.075, 0.96, 0.745))
    axes.set(xlim=(0, 3), ylim=(0, 2))
    for house, four in enumerate(state.points.reshape(-1, 4, 2)):
        middle = np.array([house % 3 + 0.5, 1.5 - house // 3])
        spots = middle + np.clip(four * CELL, -0.45, 0.45)
        for start, end, colour in EDGES:
            look = {"arrowstyle": "-|>", "color": colour, "linewidth": 2.0, "shrinkA": 4, "shrinkB": 4}
            axes.annotate("", spots[end], spots[start], zorder=2, arrowprops=look)
        axes.plot(*spots.T, "o", color=style.INK, markersize=4.5, zorder=3)
        for name, (x, y) in zip(kinship.PEOPLE[house], spots, strict=True):
            up = 10 if y >= spots[:, 1].mean() else -11
            axes.annotate(
                name, (x, y), (0, up), textcoords="offset points", ha="center", va="center", fontsize=style.SMALL,
                color=style.INK, zorder=4,
            )  # fmt: skip
    for text, colour, x in (("from man to woman", style.BLUE, 0.045), ("from young to old", style.MISTAKE, 0.37)):
        axes.figure.text(x, 0.04, f"→ {text}", color=colour, fontsize=style.NORMAL, fontweight="bold", va="center")


def _shown(words: Sequence[str], counts: Any) -> dict[str, str]:
    """The most frequent words of each theme among `words`, with their theme."""
    theme_of = haiku.listed_themes()
    found: dict[str, str] = {}
    for theme in haiku.THEMES:
        own = sorted((word for word in words if theme_of.get(word) == theme), key=lambda word: (-counts[word], word))
        found |= dict.fromkeys(own[:WORDS_OF_A_THEME], theme)
    return found


def _directions(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1 along the last dimension; zeros where there is none, or a number is not finite."""
    vectors = np.nan_to_num(np.asarray(vectors, np.float64), posinf=0.0, neginf=0.0)
    scale = np.abs(vectors).max(axis=-1, keepdims=True)  # squares of huge numbers would overflow
    vectors = vectors / np.where(scale > 0, scale, 1.0)
    lengths = np.sqrt((vectors**2).sum(axis=-1, keepdims=True))
    return vectors / np.where(lengths > 0, lengths, 1.0)
