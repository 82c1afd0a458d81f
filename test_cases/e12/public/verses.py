"""The haiku of elective 12 as token ids: vocabulary, season words, and which haiku the language model has read.

A verse is a row of ids: `<start>`, the words and marks of three lines, `<end>`, then `<pad>`.

    <start> first snow on the road <dash> the old dog ... <break> ... <end> <pad> <pad>
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from data import haiku, read_text
from data.haiku import FORM, Haiku, words_of

TOKENS = Path(__file__).resolve().parent / "tokens.txt"
PAD, START, BREAK, COMMA, DASH, END = range(6)
MARKS = ("<pad>", "<start>", "<break>", "<comma>", "<dash>", "<end>")
ENDINGS = {"": BREAK, ",": COMMA, " -": DASH}  # of a line that is not the last
KNOWN_WORDS = 900  # the most frequent ones of the grammar's haiku; haiku with other words are left out
MAX_TOKENS = 1 + sum(FORM) + len(FORM)  # of a verse with words of one syllable, 21
HELD_OUT = 6  # one of so many haiku was never read by the language model
SEASON_WORDS = {  # as in a poet's almanac: words that tell a reader the season
    "winter": (
        "winter", "december", "snow", "snows", "snowflake", "snowball", "frost", "ice", "icicles", "cold", "skater",
    ),
    "autumn": (
        "autumn", "october", "november", "moon", "leaves", "geese", "harvest", "cricket", "crickets", "chestnuts",
        "mushrooms", "stubble",
    ),
}  # fmt: skip


@cache
def tokens() -> tuple[str, ...]:
    """Every token as text; its id is its position. Marks come first, then words, the most frequent first."""
    return tuple(read_text(TOKENS).split())


def frequent_tokens() -> tuple[str, ...]:
    """What `tokens` should be, counted; staff write it into tokens.txt, which is read a hundred times sooner."""
    counts = Counter(word for each in haiku.read(haiku.PRETRAINING) for word in _words(each))
    return (*MARKS, *sorted(counts, key=lambda word: (-counts[word], word))[:KNOWN_WORDS])


@cache
def readable() -> tuple[Haiku, ...]:
    """The haiku of the grammar that known words alone make, in the order of their file."""
    known = frozenset(tokens()[len(MARKS) :])
    return tuple(each for each in haiku.read(haiku.PRETRAINING) if known.issuperset(_words(each)))


@cache
def encoded() -> np.ndarray:
    """All readable haiku, int64 (haiku, MAX_TOKENS)."""
    numbers = {token: number for number, token in enumerate(tokens())}
    rows = np.full((len(readable()), MAX_TOKENS), PAD)
    for row, each in zip(rows, readable(), strict=True):
        ids = [START]
        for line in each.lines:
            words = words_of(line)
            ids += [numbers[word] for word in words]
            ids.append(ENDINGS[line.removeprefix(" ".join(words))])
        ids[-1] = END
        row[: len(ids)] = ids
    return rows


def was_read() -> np.ndarray:
    """Which readable haiku the language model was trained on, bool (haiku,)."""
    return np.arange(len(readable())) % HELD_OUT != HELD_OUT - 1


def season_ids(season: str) -> np.ndarray:
    """The ids of the words of a season."""
    return np.flatnonzero(np.isin(tokens(), SEASON_WORDS[season]))


def names_season(verses: np.ndarray, season: str) -> np.ndarray:
    """Whether each verse holds a word of the season: bool (verses,). verses: ids (verses, time)."""
    return np.asarray(np.isin(verses, season_ids(season)).any(axis=1))


def in_form(verses: np.ndarray) -> np.ndarray:
    """Whether each verse is lines of 5, 7 and 5 syllables, with an end: bool (verses,). verses: ids (verses, time)."""
    counts = np.array([haiku.syllables().get(token, 0) for token in tokens()])
    return np.array([_syllables(row, counts) == list(FORM) for row in verses])


def _syllables(row: np.ndarray, counts: np.ndarray) -> list[int] | None:
    """The syllables of each line of a verse; None if it has no end, or another mark where a line should end."""
    ends = np.flatnonzero(row == END)
    if not ends.size:
        return None
    found: list[int] = []
    start = 1
    body = row[: ends[0] + 1]
    for place in np.flatnonzero((body >= BREAK) & (body <= END)).tolist():
        found.append(int(counts[body[start:place]].sum()))
        start = place + 1
    return found


def lines_of(row: Sequence[int] | np.ndarray) -> list[str]:
    """The lines of a verse as text, with their marks; what follows the end is left out."""
    written = {BREAK: "", COMMA: ",", DASH: " -", END: ""}
    found: list[str] = []
    line: list[str] = []
    for token in (int(token) for token in row):
        if token in written:
            found.append(" ".join(line) + written[token])
            line = []
            if token == END:
                break
        elif token not in (PAD, START):
            line.append(tokens()[token])
    return found + ([" ".join(line)] if line else [])


def _words(each: Haiku) -> list[str]:
    return [word for line in each.lines for word in words_of(line)]
