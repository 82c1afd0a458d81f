"""Words that messages of many checks share."""

from __future__ import annotations

from collections.abc import Sequence


def listed(items: Sequence[object]) -> str:
    """Items in words of a sentence: `5, 7 and 5`. There is at least one; floats come without needless zeros."""
    *others, last = (f"{item:g}" if isinstance(item, float) else str(item) for item in items)
    return f"{', '.join(others)} and {last}" if others else last
