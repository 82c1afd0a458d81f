"""The pairs that functions of elective 6 returned, looked at before they are used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grading.checks import expect
from grading.outcomes import CheckFailed


def read_skip_gram(pairs: Any, name: str) -> list[Any]:
    """The tuples (centre, neighbour) of a list; CheckFailed where it holds anything else. `name` is the function's."""
    what = f"{name} should return a list of tuples (centre, neighbour) of integers"
    return [tuple(pair) for pair in _rows(pairs, what) if _all_integers(pair, what)]


def read_cbow(pairs: Any, name: str) -> list[Any]:
    """The tuples (sorted neighbours, centre) of a list; CheckFailed where it holds anything else."""
    what = f"{name} should return a list of tuples (neighbours, centre), a list of integers and an integer"
    found = []
    for others, centre in _rows(pairs, what):
        if not isinstance(others, list):
            raise CheckFailed(f"{what}; a tuple begins with {expect.kind(others)}.")
        _all_integers([*others, centre], what)
        found.append((tuple(sorted(others)), centre))
    return found


def as_pair(pair: tuple[Any, int]) -> str:
    """A pair as students write it."""
    first, second = pair
    return f"({list(first) if isinstance(first, tuple) else first}, {second})"


def _rows(pairs: Any, what: str) -> list[Any]:
    if not isinstance(pairs, list):
        raise CheckFailed(f"{what}; got {expect.kind(pairs)}.")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise CheckFailed(f"{what}; an entry is {expect.kind(pair)}.")
    return pairs


def _all_integers(words: Sequence[Any], what: str) -> bool:
    for word in words:
        if not isinstance(word, int) or isinstance(word, bool):
            raise CheckFailed(f"{what}; a word is {expect.kind(word)}.")
    return True
