"""Where the entries of an array differ from the expected ones, and how: in words, for every exact comparison."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MIN_ENTRIES = 6  # of fewer, too many descriptions fit
MIN_ALIKE = 3  # entries that have the same relation to the expected ones: with two, chance may make one
MAX_LISTED = 4  # indices
MAX_FACTOR = 100  # whole numbers, or parts of them, that few numbers are told to be times the expected ones
NO_CHANCE = 1e-6  # relative: so near to a whole number, a factor is no chance
ORDINALS = {2: "second", 3: "third", 4: "fourth"}
NAMES = ("row", "column")  # of the two dimensions of a matrix


def described(found: np.ndarray, expected: np.ndarray, tolerance: float) -> str:
    """Tell which entries differ and what they have in common.

    Args:
        found, expected: of the same shape, float64.
        tolerance: relative to 1 + the expected number.
    Returns:
        One or two sentences, or "" if nothing stands out or the shapes differ. Of fewer than `MIN_ENTRIES` numbers,
        only a factor of all of them is told.
    """
    if found.shape != expected.shape:
        return ""
    if expected.size < MIN_ENTRIES:
        return _factor_of_few(found.ravel(), expected.ravel())
    right = _agree(found, expected, tolerance)
    wrong = ~right
    if not wrong.any() or not np.isfinite(found).all():
        return ""
    relation = _moved(found, expected, tolerance) or _relation(found[wrong], expected[wrong], tolerance)
    place = _place(wrong, expected)
    if not place and not relation:
        return ""
    count = int(wrong.sum())
    if count == 1:
        return f"{place} {relation}".strip()
    which = f"All {count} entries differ." if right.sum() == 0 else f"{count} of {wrong.size} entries differ{place}."
    return f"{which} {relation}".strip()


def _agree(found: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
    return np.abs(found - expected) <= tolerance * (1 + np.abs(expected))


def _place(wrong: np.ndarray, expected: np.ndarray) -> str:
    """Where the wrong entries lie: words that go on behind "differ"; a sentence if one entry is wrong."""
    if wrong.sum() == 1:
        return f"Only the entry at {[int(index) for index in np.argwhere(wrong)[0]]} differs."
    if wrong.all():
        return ""
    if edges := _edges(wrong):
        return f": {edges}"
    if lines := _lines(wrong):
        return f": {lines}"
    if diagonal := _diagonal(wrong):
        return f": {diagonal}"
    for condition, words in ((expected < 0, "below"), (expected > 0, "above")):
        if np.array_equal(wrong, condition) and wrong.sum() >= MIN_ALIKE:
            return f": all whose expected number is {words} 0"
    return ""


def _edges(wrong: np.ndarray) -> str:
    """Whether the right entries fill a box, so that the wrong ones are lines at the edges."""
    inside = [np.flatnonzero(~wrong.all(axis=_others(wrong, axis))) for axis in range(wrong.ndim)]
    if any(len(indices) != indices[-1] - indices[0] + 1 for indices in inside):
        return ""
    if wrong[np.ix_(*inside)].any():
        return ""
    sides = []
    for axis, indices in enumerate(inside):
        before, behind = int(indices[0]), wrong.shape[axis] - 1 - int(indices[-1])
        sides += [(which, count, axis) for which, count in (("first", before), ("last", behind)) if count]
    if wrong.ndim == 2 and len(sides) == 4 and {count for _, count, _ in sides} == {1}:
        return "the border"
    return " and ".join(
        f"the {which} {_name(wrong, axis)}" if count == 1 else f"the {which} {count} {_plural(_name(wrong, axis))}"
        for which, count, axis in sides
    )


def _lines(wrong: np.ndarray) -> str:
    """Whether the wrong entries fill some indices of each dimension, such as every second row."""
    chosen = [np.flatnonzero(wrong.any(axis=_others(wrong, axis))) for axis in range(wrong.ndim)]
    if not wrong[np.ix_(*chosen)].all():
        return ""
    parts = [
        _indices(indices, wrong.shape[axis], _name(wrong, axis))
        for axis, indices in enumerate(chosen)
        if len(indices) < wrong.shape[axis]
    ]
    return ", in ".join(parts) if all(parts) else ""


def _indices(indices: np.ndarray, size: int, name: str) -> str:
    if len(indices) == 1:
        return f"{name} {indices[0]} (from 0)"
    steps = np.diff(indices)
    if len(indices) > 1 and (steps == steps[0]).all() and steps[0] in ORDINALS and indices[-1] + steps[0] >= size:
        return f"every {ORDINALS[int(steps[0])]} {name}, from {name} {indices[0]} on"
    if (steps == 1).all():
        if indices[-1] == size - 1:
            return f"all {_plural(name)} from {indices[0]} on"
        return f"the {_plural(name)} {indices[0]} to {indices[-1]} (from 0)"
    return f"the {_plural(name)} {', '.join(map(str, indices))} (from 0)" if len(indices) <= MAX_LISTED else ""


def _diagonal(wrong: np.ndarray) -> str:
    """Whether the wrong entries are those on one side of the diagonal of the last two dimensions, or on it."""
    if wrong.ndim < 2 or wrong.shape[-1] != wrong.shape[-2] or wrong.shape[-1] < 3:
        return ""
    ones = np.ones(wrong.shape[-2:], bool)
    places = {
        "those above the diagonal": np.triu(ones, 1),
        "those below the diagonal": np.tril(ones, -1),
        "those on the diagonal": np.eye(len(ones), dtype=bool),
        "those on and above the diagonal": np.triu(ones),
        "those on and below the diagonal": np.tril(ones),
        "all but the diagonal": ~np.eye(len(ones), dtype=bool),
    }
    return next((words for words, place in places.items() if (wrong == place).all()), "")


def _moved(found: np.ndarray, expected: np.ndarray, tolerance: float) -> str:
    """Whether the array holds the expected numbers at other positions."""
    if np.ptp(expected) == 0:
        return ""

    def fits(moved: np.ndarray) -> bool:
        return moved.shape == found.shape and moved.size > 0 and bool(_agree(found, moved, tolerance).all())

    if found.ndim == 2 and fits(expected.T):
        return "Rows and columns are exchanged."
    for axis in range(found.ndim):
        name = _name(found, axis)
        if found.shape[axis] > 1 and fits(np.flip(expected, axis)):
            return f"The {_plural(name)} are in reverse order."
    for axis in range(found.ndim):
        name = _name(found, axis)
        if found.shape[axis] < MIN_ALIKE:
            continue
        inner, outer = _cut(found, axis, 1, None), _cut(expected, axis, None, -1)
        if np.ptp(outer) and _agree(inner, outer, tolerance).all():
            return f"From the second {name} on, each {name} holds what belongs into the {name} before."
        inner, outer = _cut(found, axis, None, -1), _cut(expected, axis, 1, None)
        if np.ptp(outer) and _agree(inner, outer, tolerance).all():
            return f"Each {name} but the last holds what belongs into the next {name}."
    return ""


def _relation(found: np.ndarray, expected: np.ndarray, tolerance: float) -> str:
    """What numbers, each (count,), have in common beside being wrong."""
    many = len(found) > 1
    they = "They are" if many else "It is"
    if not found.any():
        return f"{they} {'all ' if many else ''}0."
    if len(found) < MIN_ALIKE:
        return ""
    if np.ptp(found) <= tolerance * np.abs(found).max():
        return f"They are all {found[0]:.4g}."
    relations: tuple[tuple[Callable[[], np.ndarray], str], ...] = (
        (lambda: -expected, "They have the wrong sign."),
        (lambda: np.abs(expected), "They are the absolute values of the expected numbers."),
        (lambda: np.maximum(expected, 0), "They are 0 where the expected number is below 0."),
        (lambda: np.round(expected), "They are the expected numbers, rounded to whole numbers."),
        (lambda: np.trunc(expected), "They are the expected numbers without what follows the point."),
    )
    for right, words in relations:
        if _agree(found, right(), tolerance).all():
            return words
    shift = float(np.median(found - expected))
    if _agree(found, expected + shift, tolerance).all():
        return f"Each is {abs(shift):.4g} too {'large' if shift > 0 else 'small'}."
    factor = float((found @ expected) / (expected @ expected)) if expected.any() else 0.0
    if factor and _agree(found, factor * expected, tolerance).all():
        return f"Each is {factor:.4g} times the expected number."
    return ""


def _factor_of_few(found: np.ndarray, expected: np.ndarray) -> str:
    """Whether each of few numbers is the expected one times one whole number, or divided by it, or has its sign wrong.

    Numbers of few digits, such as counts, have such factors by chance.
    """
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if not expected.size or not (expected != expected.astype(np.float16)).all():
            return ""
        factors = found / expected
        size = np.abs(factors[0])
        nearest = np.round(max(size, 1 / size)) if size else np.inf
        if not nearest <= MAX_FACTOR or not (factors != 1).all():
            return ""
        factor = np.sign(factors[0]) * (nearest if size > 1 else 1 / nearest)
        if not (np.abs(factors / factor - 1) <= NO_CHANCE).all() or factor == 1:
            return ""
    if factor == -1:
        return "The sign is wrong." if len(found) == 1 else "They have the wrong sign."
    return f"{'That' if len(found) == 1 else 'Each'} is {factor:.4g} times the expected number."


def _cut(array: np.ndarray, axis: int, start: int | None, end: int | None) -> np.ndarray:
    return array[(slice(None),) * axis + (slice(start, end),)]


def _others(array: np.ndarray, axis: int) -> tuple[int, ...]:
    return tuple(other for other in range(array.ndim) if other != axis)


def _plural(name: str) -> str:
    if name == "entry":
        return "entries"
    return name.replace("index", "indices") if "index" in name else f"{name}s"


def _name(array: np.ndarray, axis: int) -> str:
    """What an index of a dimension is called."""
    if array.ndim == 1:
        return "entry"
    return NAMES[axis] if array.ndim == 2 else f"index of dimension {axis}"
