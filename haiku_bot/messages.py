"""From any message to themes and keywords, in four steps.

1. A message becomes lowercase words without accents. Symbols count as the words of their Unicode names, so that a cat's
   face speaks of cats; Chinese, Japanese and Korean are read character by character.
2. The reader (`haiku_bot.reader`) adds up what each word, each stem and each pair of neighbours speaks for: it has
   seen thousands of messages with their themes, so that it knows idioms ("she left me on read") and slang.
3. A word of five letters or more may be unknown to the reader. It then counts as the most similar known word with the
   same first letter, if that is similar enough (Dice's coefficient of their three-letter pieces): "umbrela" counts as
   "umbrella".
4. If nothing known speaks for any theme, the message's checksum picks one: the same message, the same theme.

A word of the message that the model knows, and that is on a theme's list, becomes a keyword: the verse should use it.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import numpy as np

from data.haiku import themes
from haiku_bot.reader import Evidence, reader, stems

MAX_MESSAGE_CHARACTERS = 2000  # what comes after them is not read
MAX_WORDS = 60
CLOSE = 0.3  # of the best theme's score: what the second needs to be asked for as well
EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")  # scripts that do not part their words, or not always
_STOPPED = """
a an the and or but if so of in on at to from with by for as it its is are was were be been being am do does did has
have had will would can could should shall may might must not no yes i me my mine we us our you your yours he she
him her his hers they them their this that these those there here what which why how where when whose whom all any
some more most much many very too just only also than then now again out off up down over under into about like tell
say said says get got go goes going make makes made know think want need feel feels let please really don't doesn't
didn't isn't i'm i've you're it's that's what's can't won't thing things something anything one two way day today
good bad well still ever never always
"""
STOP_WORDS = frozenset(_STOPPED.split())
_STOPPED_IN_SYMBOLS = """
face with sign symbol mark button selector modifier emoji variation heavy white black small large medium type hand
letter capital latin joiner full width left right upwards
"""
STOP_IN_SYMBOLS = frozenset(_STOPPED_IN_SYMBOLS.split())


@dataclass(frozen=True)
class Request:
    """What a message asks for: theme names, the most wanted first, and words that the answer should use."""

    themes: tuple[str, ...]
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """How a message was read.

    Attributes:
        words: those that were read, as `normalize` leaves them.
        evidence: what they speak for; None where nothing known speaks for any theme, and a checksum picked one.
        request: what the message asks for.
    """

    words: tuple[str, ...]
    evidence: Evidence | None
    request: Request


def understand(message: str, known_words: Collection[str] = (), most: int = 2) -> Request:
    """What a message asks for; the arguments are those of `read`."""
    return read(message, known_words, most).request


def read(message: str, known_words: Collection[str] = (), most: int = 2) -> Reading:
    """Reads a message; never fails, whatever it holds.

    Args:
        message: any text.
        known_words: what may become a keyword.
        most: so many themes at most; at least one is found.
    """
    words = normalize(message[:MAX_MESSAGE_CHARACTERS]).split()[:MAX_WORDS]
    keywords = []
    for word in dict.fromkeys(words):
        if word not in STOP_WORDS:
            keywords += [form for form in (word, *stems(word)) if form in known_words and form in _field_words()][:1]
    every = list(themes())
    evidence = reader().evidence(words)
    scores = None if evidence is None else evidence.scores()
    if scores is None or scores.max() <= 0:
        checksum = zlib.crc32(message.encode("utf-8", "replace"))
        return Reading(tuple(words), None, Request((every[checksum % len(every)],), tuple(keywords)))
    ranked = np.argsort(-scores, kind="stable")[:most]
    close = [every[number] for number in ranked if scores[number] >= CLOSE * scores[ranked[0]]]
    return Reading(tuple(words), evidence, Request(tuple(close), tuple(keywords)))


def normalize(message: str) -> str:
    """Lowercase words of plain letters, parted by blanks; accents dropped, symbols named, East Asian text parted."""
    pieces = []
    for character in unicodedata.normalize("NFKD", message.replace("\u2019", "'")).lower():
        category = unicodedata.category(character)
        if category == "So":
            name = unicodedata.name(character, "").lower()
            pieces.append(f" {' '.join(word for word in name.split() if word not in STOP_IN_SYMBOLS)} ")
        elif category != "Mn":
            pieces.append(character)
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", unicodedata.normalize("NFC", "".join(pieces)))
    return " ".join(" ".join(word) if _is_east_asian(word) else word for word in words)


def _is_east_asian(word: str) -> bool:
    return unicodedata.name(word[0], "").startswith(EAST_ASIAN)


@cache
def _field_words() -> frozenset[str]:
    """Every word that is about some theme."""
    return frozenset().union(*(theme.field for theme in themes().values()))
