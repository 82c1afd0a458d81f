"""Draws a network: nodes in the colours of communities, edges the darker the more is heard over them."""

from __future__ import annotations

from typing import Any

import numpy as np

from pictures import style

COLOURS = (style.BLUE, style.MISTAKE, style.GREEN, style.PURPLE)
BOT_COLOUR = "#9AA1AC"
TOLD, BOT = 1, 2  # marks
MAX_STRENGTH = 2.0  # edges that are heard more than this are not drawn darker
LEVELS = 8  # of darkness
LEAST_CERTAIN = 0.25  # four communities that are equally likely


def from_bots(state: Any) -> np.ndarray:
    """How much is heard over the edges between a person and a bot, (edges,); NaN alone if there is none."""
    bots = (state.marks == BOT)[state.edges].sum(axis=1) == 1
    return state.strengths[bots] if bots.any() else np.array([np.nan])


def draw(axes: Any, state: Any) -> None:
    """The whole network of a `picture.State`, and what its marks mean."""
    axes.set_position((0.03, 0.085, 0.94, 0.745))
    axes.set(xlim=(-1.06, 1.06), ylim=(-1.08, 1.08))
    _edges(axes, state)
    certainty = np.clip((np.nan_to_num(state.certainties) - LEAST_CERTAIN) / (1 - LEAST_CERTAIN), 0, 1)
    for mark, size, shape in ((0, 34, "o"), (TOLD, 105, "o"), (BOT, 20, "s")):
        chosen = state.marks == mark
        faces = np.array([style.rgb(COLOURS[group % len(COLOURS)]) for group in state.groups[chosen]]).reshape(-1, 3)
        pale = certainty[chosen][:, None]
        faces = pale * faces + (1 - pale) * np.array([0.93, 0.94, 0.95])
        if mark == BOT:
            faces = np.tile(style.rgb(BOT_COLOUR), (len(faces), 1))
        axes.scatter(
            *state.points[chosen].T, s=size, c=faces, marker=shape, zorder=3 + mark % 2,
            linewidths=1.5 if mark == TOLD else 0.5, edgecolors=style.INK if mark == TOLD else "white",
        )  # fmt: skip
    _legend(axes, state)


def _legend(axes: Any, state: Any) -> None:
    """What the marks mean, in one line below."""
    page = axes.figure.transFigure
    marks = (
        (0.05, "o", 9.0, style.MUTED, style.INK, "told its community"),
        (0.30, "o", 6.0, style.MUTED, "white", "did not"),
        (0.425, "s", 5.0, BOT_COLOUR, "white", "bot"),
    )
    for place, shape, size, face, edge, text in marks:
        axes.plot(
            [place], [0.042], shape, transform=page, markersize=size, markerfacecolor=face, markeredgecolor=edge,
            markeredgewidth=1.4 if edge == style.INK else 0.4, clip_on=False,
        )  # fmt: skip
        axes.figure.text(place + 0.018, 0.041, text, fontsize=style.SMALL, color=style.MUTED, va="center")
    heard = float(from_bots(state).mean())
    if np.isfinite(heard):
        told = f"people give bots {heard:.0%} of an equal weight"
        axes.figure.text(0.96, 0.041, told, fontsize=style.SMALL, color=style.INK, va="center", ha="right")


def _edges(axes: Any, state: Any) -> None:
    """Edges within a community in its colour, others in grey; one line for all of a colour and a level of strength."""
    strengths = np.clip(np.nan_to_num(state.strengths), 0, MAX_STRENGTH) / MAX_STRENGTH
    levels = np.round(strengths * LEVELS)
    first, second = state.groups[state.edges].T
    is_person = (state.marks != BOT)[state.edges].all(axis=1)
    colours = np.where(is_person & (first == second), first % len(COLOURS), len(COLOURS))
    gaps = np.full((len(state.edges), 1, 2), np.nan)
    ends = np.concatenate([state.points[state.edges], gaps], axis=1)  # (edges, 3, 2)
    for level in range(LEVELS + 1):
        for number, colour in enumerate((*COLOURS, style.INK)):
            chosen = ends[(levels == level) & (colours == number)].reshape(-1, 2)
            share = level / LEVELS
            axes.plot(*chosen.T, color=colour, alpha=0.04 + 0.6 * share, linewidth=0.3 + 1.3 * share, zorder=1 + share)
