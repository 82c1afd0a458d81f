"""Word vectors while they are trained: words gather by theme, and the people of six houses form like parallelograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture
from test_cases.e6.public import haiku, kinship

WORDS_OF_A_THEME = 8  # shown: the most frequent ones
SHARPNESS = 7.0  # how much more a theme counts that is more similar
COLOURS = (style.BLUE, style.GREEN, style.MISTAKE, style.ORANGE, style.PURPLE, style.SKY, "#7A5C3E")
EDGES = ((0, 1, style.BLUE), (2, 3, style.BLUE), (2, 0, style.MISTAKE), (3, 1, style.MISTAKE))  # man to woman, ...
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
        """For example `91.1% of the words shown are most similar to their own theme; chance is 14%`."""
        if self.kind == "themes":
            chance = 1 / len(haiku.THEMES)
            return f"{style.share(self.fit)} of these words are most similar to their own theme; chance is {chance:.0%}"
        return f"one step in six houses: the same arrows agree to {self.fit:.2f}; 1 is parallel"


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
            "Your vectors of GloVe. To the right is the direction from man to woman, up the direction from young to "
            f"old, as the other houses have them. Your vectors answer {style.share(self.share)} of the analogies."
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
        vectors = model.word.weight.detach().double().numpy()
        if self._is_people:
            return people_state(self._dataset.words, vectors + model.context.weight.detach().double().numpy())
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
    axes.set(xlim=(-1.75, 1.75), ylim=(-1.16, 1.16))
    axes.set_aspect("equal", adjustable="datalim")
    for theme, colour, (x, y) in zip(haiku.THEMES, COLOURS, anchors(len(haiku.THEMES)), strict=True):
        axes.plot([0, x], [0, y], color=style.FAINT, linewidth=1.0, zorder=0)
        axes.annotate(theme, (1.04 * x, 1.04 * y), color=colour, fontsize=style.NORMAL, fontweight="bold", zorder=4,
                      ha="left" if x > 0.2 else "right" if x < -0.2 else "center",
                      va="bottom" if y > 0.8 else "top" if y < -0.8 else "center")  # fmt: skip
    heights = _apart(state.points, state.names)
    for name, group, (x, y), height in zip(state.names, state.groups, state.points, heights, strict=True):
        colour = COLOURS[group]
        axes.plot([x], [y], "o", color=colour, markersize=3.4, markeredgewidth=0, alpha=0.9, zorder=2)
        axes.text(x + 0.025, height, name, color=colour, fontsize=7.5, va="center", zorder=3)


def _apart(points: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Heights of labels, moved a little so that fewer lie on each other."""
    heights = points[:, 1].astype(float).copy()
    order = np.argsort(-heights, kind="stable")
    placed: list[tuple[float, float, float]] = []
    for number in order:
        left, right = points[number, 0], points[number, 0] + 0.05 + 0.045 * len(names[number])
        for _ in range(12):
            hit = [y for x0, x1, y in placed if x0 < right and left < x1 and abs(y - heights[number]) < 0.062]
            if not hit:
                break
            heights[number] = min(hit) - 0.063
        placed.append((left, right, heights[number]))
    return heights


def _draw_people(axes: Any, state: State) -> None:
    axes.set_position((0.02, 0.02, 0.96, 0.80))
    axes.set(xlim=(0, 3), ylim=(0, 2))
    points = state.points.reshape(-1, 4, 2)
    for house, four in enumerate(points):
        middle = np.array([house % 3 + 0.5, 1.5 - house // 3])
        spots = middle + np.clip(four, -0.9, 0.9) * (0.36, 0.36)
        for start, end, colour in EDGES:
            look = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.8, "shrinkA": 3, "shrinkB": 3}
            axes.annotate("", spots[end], spots[start], zorder=2, arrowprops=look)
        for number, (x, y) in enumerate(spots):
            axes.plot([x], [y], "o", color=style.INK, markersize=4, zorder=3)
            is_up = y >= spots[:, 1].mean()
            axes.annotate(kinship.PEOPLE[house][number], (x, y), (0, 9 if is_up else -9), textcoords="offset points",
                          ha="center", va="center", fontsize=style.SMALL, color=style.INK, zorder=4)  # fmt: skip
    for text, colour, x in (("man to woman", style.BLUE, 0.0), ("young to old", style.MISTAKE, 0.24)):
        axes.text(x + 0.02, -0.0, text, transform=axes.transAxes, color=colour, fontsize=style.SMALL, fontweight="bold")


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
