"""Parts of a document that a program writes: each stands between two marks, such as `<!-- points: begin -->`."""

from __future__ import annotations

import re


class MarksError(ValueError):
    """The document does not hold both marks, one after the other."""


def begin(name: str) -> str:
    """The mark before a part."""
    return f"<!-- {name}: begin -->"


def end(name: str) -> str:
    """The mark after a part."""
    return f"<!-- {name}: end -->"


def outside(document: str, name: str) -> tuple[str, str]:
    """What stands before the first mark, and what stands after the second.

    Raises:
        MarksError: a mark is missing, or they stand the wrong way round.
    """
    before, first, rest = document.partition(begin(name))
    _, second, after = rest.partition(end(name))
    if not first or not second:
        raise MarksError(f"the table belongs between {begin(name)} and {end(name)}, which are not there")
    return before, after


def replaced_within_lines(document: str, name: str, text: str) -> str:
    """The document with another text between each pair of its marks, inside of a sentence; there may be no pair."""
    pair = re.escape(begin(name)) + r"[^<]*" + re.escape(end(name))
    return re.sub(pair, lambda _: f"{begin(name)}{text}{end(name)}", document)


def replaced(document: str, name: str, text: str) -> str:
    """The document with another text between its marks.

    Raises:
        MarksError: as `outside` says.
    """
    before, after = outside(document, name)
    return f"{before}{begin(name)}\n{text}\n{end(name)}{after}"
