"""A panel of the report: the nearest words of some words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pictures.panels import Panel, Writing


@dataclass(frozen=True)
class NearestWords:
    """The nearest words of each word, the nearest first."""

    words: Mapping[str, list[str]]

    def panels(self) -> list[Panel]:
        """A line for each word."""
        pairs = tuple((word, f": {', '.join(near)}") for word, near in self.words.items())
        return [Writing("Words and those whose vectors are nearest to theirs", pairs)]
