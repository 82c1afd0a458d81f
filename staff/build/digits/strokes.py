"""From control points to pen paths.

A style (glyphs/) draws strokes: lists of control points in a unit square, x to the right, y down. A natural cubic
spline runs through the points of a stroke; a corner ends one spline and begins the next. The spline is linear in its
control points, so a style's whole batch is one small matrix (the basis) applied to every image's points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from staff.build.digits.hand import Floats, Hand

POINTS_PER_PATH = 72  # a digit's ink is at most about 75 pixels long: the points stay about a pixel apart

CORNER = "corner"
Number = float | NDArray[np.floating[Any]]
Point = tuple[Number, Number] | tuple[Number, Number, str]
Stroke = list[Point]
Drawing = Callable[[Hand], list[Stroke]]


@dataclass(frozen=True)
class Basis:
    """What a style's paths have in common.

    `matrix` (POINTS_PER_PATH, control points) turns control points into path points; `pen_down` (POINTS_PER_PATH - 1,)
    is 0 where the step to the next path point is a jump between strokes; `strokes` are the slices of the control
    points that belong to one stroke.
    """

    matrix: Floats
    pen_down: Floats
    strokes: tuple[slice, ...]


def oval(
    centre: tuple[Number, Number],
    radii: tuple[Number, Number],
    start: Number,
    sweep: Number,
    points: int,
    spiral: Number = 0.0,
    tilt: Number = 0.0,
) -> Stroke:
    """`points` control points along an oval.

    `start` and `sweep` are in degrees, 0 to the right and 90 down, so a negative sweep runs anticlockwise as seen.
    The radius grows by the fraction `spiral` on the way, and the oval is turned by `tilt` radians.
    """
    stroke: Stroke = []
    for step in range(points):
        fraction = step / (points - 1)
        angle = np.deg2rad(start + sweep * fraction)
        growth = 1 + spiral * fraction
        x, y = radii[0] * growth * np.cos(angle), radii[1] * growth * np.sin(angle)
        stroke.append(
            (centre[0] + x * np.cos(tilt) - y * np.sin(tilt), centre[1] + x * np.sin(tilt) + y * np.cos(tilt))
        )
    return stroke


def control_points(strokes: Sequence[Stroke], count: int) -> Floats:
    """The points of all strokes as one array of shape (count, points, 2)."""
    points = [point for stroke in strokes for point in stroke]
    array = np.empty((count, len(points), 2), np.float32)
    for index, point in enumerate(points):
        array[:, index, 0], array[:, index, 1] = point[0], point[1]
    return array


@cache
def basis_of(draw: Drawing) -> Basis:
    """The basis of a style, measured on 64 drawings of it that are always the same."""
    hand = Hand(64, ("basis",))
    strokes = draw(hand)
    points = control_points(strokes, hand.count)
    steps = np.linalg.norm(np.diff(points, axis=1), axis=2).mean(axis=0).astype(np.float64) + 1e-3

    ends = np.cumsum([len(stroke) for stroke in strokes])
    slices = tuple(slice(int(end) - len(stroke), int(end)) for end, stroke in zip(ends, strokes, strict=True))
    lengths = np.array([steps[part.start : part.stop - 1].sum() for part in slices])
    shares = np.maximum(4, np.round(POINTS_PER_PATH * lengths / lengths.sum())).astype(int)
    shares[np.argmax(shares)] += POINTS_PER_PATH - shares.sum()

    matrix = np.zeros((POINTS_PER_PATH, points.shape[1]))
    pen_down = np.ones(POINTS_PER_PATH - 1, np.float32)
    row = 0
    for part, share, stroke in zip(slices, shares, strokes, strict=True):
        knots = np.concatenate([[0.0], np.cumsum(steps[part.start : part.stop - 1])])
        corners = [i for i, point in enumerate(stroke) if len(point) == 3 and 0 < i < len(stroke) - 1]
        at = np.linspace(0, knots[-1], share)
        for first, last in zip([0, *corners], [*corners, len(stroke) - 1], strict=True):
            inside = (at >= knots[first]) & ((at < knots[last]) | (last == len(stroke) - 1))
            rows = row + np.flatnonzero(inside)
            columns = slice(part.start + first, part.start + last + 1)
            matrix[rows, columns] = natural_spline(knots[first : last + 1], at[inside])
        row += share
        if row < POINTS_PER_PATH:
            pen_down[row - 1] = 0
    return Basis(matrix.astype(np.float32), pen_down, slices)


def natural_spline(knots: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix (len(at), len(knots)) that turns values at `knots` into the natural cubic spline's values at `at`.

    The textbook system for the second derivatives, zero at both ends: Press et al., Numerical Recipes, section 3.3.
    """
    count = len(knots)
    gaps = np.diff(knots)
    system, right = np.eye(count), np.zeros((count, count))
    for i in range(1, count - 1):
        system[i, i - 1 : i + 2] = gaps[i - 1], 2 * (gaps[i - 1] + gaps[i]), gaps[i]
        right[i, i - 1 : i + 2] = 6 / gaps[i - 1], -6 / gaps[i - 1] - 6 / gaps[i], 6 / gaps[i]
    bend = np.linalg.solve(system, right)  # (count, count): second derivatives from values

    piece = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, count - 2)
    gap = gaps[piece][:, None]
    after = (at - knots[piece])[:, None] / gap
    before = 1 - after
    unit = np.eye(count)
    straight = before * unit[piece] + after * unit[piece + 1]
    curved = (before**3 - before) * bend[piece] + (after**3 - after) * bend[piece + 1]
    return straight + curved * gap**2 / 6


def paths(draw: Drawing, hand: Hand, jitter: Floats) -> tuple[Floats, Floats]:
    """Paths of shape (count, POINTS_PER_PATH, 2) in a style, and its `pen_down` (see `Basis`).

    `jitter` (count,) scales how far control points stray: each on its own, and together with its neighbours, as a
    hand that is late for one bend is late for the next; whole strokes stray from each other too.
    """
    basis = basis_of(draw)
    points = control_points(draw(hand), hand.count)
    loose = hand.bell(1, *points.shape[1:])
    for part in basis.strokes:
        stroke = loose[:, part]
        together = stroke.copy()
        together[:, 1:] += stroke[:, :-1]
        together[:, :-1] += stroke[:, 1:]
        amount = jitter[:, None, None]
        points[:, part] += amount * (0.024 * together + 0.018 * hand.bell(1, *stroke.shape[1:]))
        if len(basis.strokes) > 1:
            points[:, part] += amount * hand.bell(0.022, 1, 2)
    return np.matmul(basis.matrix, points), basis.pen_down
