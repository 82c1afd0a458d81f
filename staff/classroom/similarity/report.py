"""The comparison as one HTML file that needs nothing else: the most alike pairs side by side, with what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import jinja2
import numpy as np

from staff.classroom.similarity.compare import STEPS, TOKENS_IN_A_FINGERPRINT, Comparison, Entry, Pair, Settings
from staff.classroom.similarity.document import Document

TEMPLATE = Path(__file__).resolve().parent / "report.html"
PLAIN, SET_ASIDE, SHARED = "", "aside", "shared"
MIN_TOKENS_NUMBERED = TOKENS_IN_A_FINGERPRINT


@dataclass(frozen=True)
class Piece:
    """A stretch of a file.

    Attributes:
        text: as the student wrote it.
        kind: PLAIN, SET_ASIDE or SHARED; the class of its element.
        number: of the match that begins here, or 0. The same number stands at the other submission's copy.
    """

    text: str
    kind: str
    number: int = 0


@dataclass(frozen=True)
class File:
    """One file of a submission, in pieces that together are all of it."""

    name: str
    pieces: list[Piece]

    @property
    def is_shared(self) -> bool:
        """Whether any of it is."""
        return any(piece.kind == SHARED for piece in self.pieces)


@dataclass(frozen=True)
class Side:
    """One submission of a pair."""

    name: str
    share: float
    files: list[File]


def render(entries: Sequence[Entry], comparison: Comparison, settings: Settings, notes: Sequence[str]) -> str:
    """The whole page. Everything that comes from submissions is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    most = max(comparison.distribution, default=0)
    return template.render(
        entries=entries,
        comparison=comparison,
        settings=settings,
        notes=notes,
        without_own=[entry.name for entry, own in zip(entries, comparison.own, strict=True) if own == 0],
        identical=[[entries[number].name for number in group] for group in comparison.identical],
        bars=[(100 * n // STEPS, count, count / max(most, 1)) for n, count in enumerate(comparison.distribution)],
        pairs=[(pair, sides(pair, entries, comparison)) for pair in comparison.pairs],
    )


def sides(pair: Pair, entries: Sequence[Entry], comparison: Comparison) -> tuple[Side, Side]:
    """Both submissions of a pair, with what they share marked and numbered."""
    documents = [entries[number].document for number in (pair.first, pair.second)]
    numbers = _numbered(pair, documents[0], documents[1])
    found = [
        Side(
            entries[number].name,
            pair.shares[side],
            _files(documents[side], pair.matches[side], comparison.set_aside[number], numbers[side]),
        )
        for side, number in enumerate((pair.first, pair.second))
    ]
    return found[0], found[1]


def _numbered(pair: Pair, first: Document, second: Document) -> tuple[dict[int, int], dict[int, int]]:
    """For both documents, the number of the match that begins at a token: those of the first, found in the second."""
    here: dict[int, int] = {}
    there: dict[int, int] = {}
    for begin, _ in pair.matches[0].tolist():
        place = second.tokens.find(first.tokens[begin : begin + MIN_TOKENS_NUMBERED])
        if place >= 0 and place not in there:
            here[begin] = there[place] = len(here) + 1
    return here, there


def _files(document: Document, matches: np.ndarray, set_aside: np.ndarray, numbers: dict[int, int]) -> list[File]:
    shared = np.zeros(len(document.tokens), bool)
    for begin, end in matches.tolist():
        shared[begin:end] = True
    kinds = np.where(shared, 2, np.where(set_aside, 1, 0))
    files = []
    for number, (name, text) in enumerate(document.files):
        of_characters = np.zeros(len(text) + 1, np.int64)
        last_end, last_kind = 0, 0
        starts: dict[int, int] = {}
        for token in np.flatnonzero(document.places[:, 0] == number).tolist():
            _, start, end = document.places[token].tolist()
            kind = int(kinds[token])
            of_characters[start:end] = kind
            if kind == last_kind:
                of_characters[last_end:start] = kind  # blanks and comments between two tokens of a kind
            if token in numbers:
                starts[start] = numbers[token]
            last_end, last_kind = end, kind
        files.append(File(name, _pieces(text, of_characters[: len(text)], starts)))
    return files


def _pieces(text: str, kinds: np.ndarray, numbers: dict[int, int]) -> list[Piece]:
    edges = {0, len(text), *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), *numbers}
    return [
        Piece(text[start:end], (PLAIN, SET_ASIDE, SHARED)[kinds[start]], numbers.get(start, 0))
        for start, end in pairwise(sorted(edges))
    ]
