"""What the page asks, read from JSON: every value is checked, and nothing else is taken."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from data.haiku import FORM, themes
from haiku_bot.bot import STEERING
from haiku_bot.candidates import SAMPLING, Sampling
from haiku_bot.messages import MAX_WORDS, Request
from haiku_bot.vocabulary import LONGEST, MAX_THEMES

MAX_MESSAGE = 20_000  # characters
MAX_BODY_BYTES = 400_000  # a message of escaped symbols, and a long conversation
MAX_SAID, MAX_LINE = 1200, 80  # lines of a conversation that are told, characters of each
MAX_SEED = 2**31 - 1
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.1, 3.0
MAX_TOP_K = 10_000


class BadRequestError(Exception):
    """The request is not one that the page sends; the text says what is wrong."""


@dataclass(frozen=True)
class Question:
    """A message and how to answer it; `previous` and `said` are those of `HaikuBot.answer`."""

    message: str
    seed: int
    previous: tuple[str, ...]
    said: frozenset[str]
    sampling: Sampling


@dataclass(frozen=True)
class Verse:
    """A verse whose writing is to be looked at: token ids, the request, the steering, and how tokens are drawn."""

    verse: tuple[int, ...]
    request: Request
    steering: float
    sampling: Sampling


def read_question(body: bytes) -> Question:
    """A question from its JSON.

    Raises:
        BadRequestError: something else came.
    """
    fields = _Fields(body, ("message", "seed", "previous", "said", "temperature", "top_k"))
    previous = fields.texts("previous", len(FORM), MAX_LINE)
    if len(previous) not in (0, len(FORM)):
        raise BadRequestError(f"`previous` should hold {len(FORM)} lines or none, got {len(previous)}")
    message = fields.text("message", MAX_MESSAGE)
    said = frozenset(fields.texts("said", MAX_SAID, MAX_LINE))
    return Question(message, fields.whole("seed", 0, 0, MAX_SEED), previous, said, fields.sampling())


def read_verse(body: bytes, vocabulary: Mapping[str, int]) -> Verse:
    """A verse from its JSON; `vocabulary` gives the ids of tokens.

    Raises:
        BadRequestError: something else came.
    """
    fields = _Fields(body, ("verse", "themes", "keywords", "steering", "temperature", "top_k"))
    names, keywords = fields.texts("themes", MAX_THEMES, MAX_LINE), fields.texts("keywords", MAX_WORDS, MAX_LINE)
    if unknown := [*(name for name in names if name not in themes()), *(w for w in keywords if w not in vocabulary)]:
        raise BadRequestError(f"`themes` and `keywords` should be known, got {unknown[0]!r}")
    steering = fields.number("steering", 0.0, min(STEERING), max(STEERING))
    return Verse(fields.ids("verse", len(vocabulary)), Request(names, keywords), steering, fields.sampling())


class _Fields:
    """The values of one JSON object, each with its type and limits.

    Args:
        body: JSON as UTF-8.
        names: of the values that there may be.
    """

    def __init__(self, body: bytes, names: tuple[str, ...]) -> None:
        try:
            found = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise BadRequestError("the body should be JSON in UTF-8") from None
        if not isinstance(found, dict):
            raise BadRequestError("the body should be one JSON object")
        if unknown := sorted(set(found) - set(names)):
            raise BadRequestError(f"the body should hold {', '.join(names)} only, got {unknown[0][:40]!r}")
        self._found: dict[str, Any] = found

    def text(self, name: str, longest: int) -> str:
        """A text of at most so many characters."""
        value = self._found.get(name, "")
        self._require(name, isinstance(value, str) and len(value) <= longest, f"a text of at most {longest} characters")
        return str(value)

    def texts(self, name: str, most: int, longest: int) -> tuple[str, ...]:
        """A list of at most `most` texts."""
        return tuple(
            self._list(name, most, f"texts of at most {longest} characters", lambda each: _is_text(each, longest))
        )

    def ids(self, name: str, size: int) -> tuple[int, ...]:
        """A list of token ids, of a vocabulary of `size` tokens."""
        return tuple(self._list(name, LONGEST, "token ids", lambda each: _is_whole(each) and 0 <= each < size))

    def whole(self, name: str, otherwise: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self._found.get(name, otherwise)
        self._require(name, _is_whole(value) and low <= value <= high, f"a whole number from {low} to {high}")
        return int(value)

    def number(self, name: str, otherwise: float, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        value = self._found.get(name, otherwise)
        is_number = _is_whole(value) or (isinstance(value, float) and math.isfinite(value))
        self._require(name, is_number and low <= value <= high, f"a number from {low:g} to {high:g}")
        return float(value)

    def sampling(self) -> Sampling:
        """The temperature and top_k."""
        temperature = self.number("temperature", SAMPLING.temperature, MIN_TEMPERATURE, MAX_TEMPERATURE)
        return Sampling(temperature, self.whole("top_k", SAMPLING.top_k, 1, MAX_TOP_K))

    def _list(self, name: str, most: int, of: str, is_right: Callable[[Any], bool]) -> list[Any]:
        value = self._found.get(name, [])
        right = isinstance(value, list) and len(value) <= most and all(map(is_right, value))
        self._require(name, right, f"a list of at most {most} {of}")
        return list(value)

    def _require(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise BadRequestError(f"`{name}` should be {expected}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
