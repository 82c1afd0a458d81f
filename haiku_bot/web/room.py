"""Where messages are answered: one after another, each with the events that tell how its answer comes to be.

    reading      how the message was read
    growing      a verse of the pool, after each token that is drawn
    answer       the verse that was chosen
    pool         every candidate with its score
    trace        each draw of the answer, and the attention of the last layer
    unbound      what the model writes for the same message if nothing is forbidden
    end          everything is told

`waiting` comes first where another message is being answered, `fault` in place of the rest where something stops.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from haiku_bot.bot import STEERING, HaikuBot, Steered
from haiku_bot.candidates import SAMPLING, Sampling
from haiku_bot.functions import Parts
from haiku_bot.messages import Request
from haiku_bot.trace import in_form, trace
from haiku_bot.unbound import write_unbound
from haiku_bot.web import faults
from haiku_bot.web.requests import (
    MAX_MESSAGE,
    MAX_SAID,
    MAX_TEMPERATURE,
    MIN_TEMPERATURE,
    BadRequestError,
    Question,
    Verse,
    read_question,
    read_verse,
)
from haiku_bot.web.views import View, growing_lines, pool_view, reading_view, trace_view, unbound_view

UNBOUND_VERSES = 24

Emit = Callable[[View], None]


class NotReadyError(Exception):
    """There is no bot yet, or there never will be one; the text says which."""


class StoppedError(Exception):
    """The program ends while a message is being answered."""


class Room:
    """Answers what the page asks; for many threads.

    Args:
        directory: of the student's files, to tell faults of their code.
        seed: of the first answer of a conversation.
        renku: whether the page begins with linked verses.
    """

    def __init__(self, directory: Path, seed: int = 0, renku: bool = False) -> None:
        self._directory, self._seed, self._renku = directory, seed, renku
        self._turn = threading.Lock()  # one message at a time: a student's model may keep things in attributes
        self._stopping = threading.Event()
        self._state: View = {"state": "preparing", "stage": "reading the haiku", "share": 0.0, "loss": None}
        self._bot: HaikuBot | None = None
        self._parts: Parts | None = None

    def note(self, stage: str, share: float, loss: torch.Tensor) -> None:
        """A step of the training is done; share of its stage, from 0 to 1."""
        self._state = {"state": "preparing", "stage": stage, "share": round(share, 4), "loss": round(loss.item(), 3)}

    def open(self, bot: HaikuBot, parts: Parts) -> None:
        """From now on, messages are answered."""
        self._bot, self._parts = bot, parts
        self._state = {
            "state": "ready",
            "seed": self._seed,
            "renku": self._renku,
            "temperature": SAMPLING.temperature,
            "top_k": SAMPLING.top_k,
            "min_temperature": MIN_TEMPERATURE,
            "max_temperature": MAX_TEMPERATURE,
            "tokens": len(bot.vocabulary),
            "max_message": MAX_MESSAGE,
            "max_said": MAX_SAID,
            "model": type(bot.model).__name__,
            "weights": sum(parameter.numel() for parameter in bot.model.parameters()),
        }

    def close(self, error: Exception) -> None:
        """There will be no bot; the page tells why."""
        fault = faults.fault_of(error, self._directory)
        self._state = {"state": "failed", "title": fault.title, "text": fault.text}

    def stop(self, timeout_seconds: float) -> None:
        """End the answer at hand, and wait for its end, but not for ever."""
        self._stopping.set()
        self._turn.acquire(timeout=timeout_seconds)

    @property
    def state(self) -> View:
        """How far the room is: preparing, ready or failed."""
        return self._state

    def answer(self, body: bytes, emit: Emit) -> None:
        """Answer a question, with the events above; what `emit` raises ends the writing and passes through.

        Raises:
            BadRequestError, NotReadyError: before any event.
        """
        bot, parts = self._ready()
        question = read_question(body)
        tell = self._teller(emit)
        if not self._turn.acquire(blocking=False):
            tell("waiting")
            self._turn.acquire()
        try:
            with self._faults(tell):
                _answer(bot, parts, question, tell)
        finally:
            self._turn.release()

    def trace(self, body: bytes) -> View:
        """The draws of any verse under any temperature and top_k.

        Raises:
            BadRequestError, NotReadyError
        """
        bot, parts = self._ready()
        asked = read_verse(body, bot.vocabulary.ids)
        if not in_form(asked.verse, bot.vocabulary.form):
            raise BadRequestError("`verse` should be the tokens of a whole haiku")
        with self._turn:
            return _trace(bot, parts, asked)

    def _ready(self) -> tuple[HaikuBot, Parts]:
        if self._bot is None or self._parts is None:
            raise NotReadyError(self._state.get("title", "The bot is not ready yet."))
        return self._bot, self._parts

    def _teller(self, emit: Emit) -> Callable[..., None]:
        """A function that emits an event by its name; one at a time, as workers of the bot call it as well."""
        lock = threading.Lock()

        def tell(event: str, **content: Any) -> None:
            if self._stopping.is_set():
                raise StoppedError
            with lock:
                emit({"event": event, **content})

        return tell

    @contextmanager
    def _faults(self, tell: Callable[..., None]) -> Iterator[None]:
        """Tell the page of an error of the student's code; errors of the connection pass through."""
        try:
            yield
        except (ConnectionError, TimeoutError, StoppedError):
            raise
        except Exception as error:
            faults.tell(error)
            fault = faults.fault_of(error, self._directory)
            tell("fault", title=fault.title, text=fault.text)


def _answer(bot: HaikuBot, parts: Parts, question: Question, tell: Callable[..., None]) -> None:
    vocabulary, form = bot.vocabulary, bot.vocabulary.form
    reading = bot.read(question.message, question.previous)
    request, prompt = reading.request, bot.prompt(reading.request)
    tell("reading", **reading_view(reading, prompt, vocabulary, question.message))

    def listen(steering: float, ids: torch.Tensor) -> None:
        lines = growing_lines(ids, len(prompt), vocabulary, form)
        tell("growing", part=STEERING.index(steering), lines=lines)

    seed = f"{question.seed}/{question.message}"
    pool = bot.consider(request, seed, question.previous, question.said, question.sampling, listen)
    best = pool.candidates[pool.best]
    tell("answer", lines=list(best.lines), seed=question.seed)
    tell("pool", **pool_view(pool))
    tell("trace", **_trace(bot, parts, Verse(best.verse, request, best.steering, question.sampling)))
    tell("unbound", **_unbound(bot, parts, request, question.sampling, seed))
    tell("end")


def _trace(bot: HaikuBot, parts: Parts, asked: Verse) -> View:
    vocabulary, form = bot.vocabulary, bot.vocabulary.form
    steered = Steered(bot.model, asked.steering * bot.asked_words(asked.request))
    traced = trace(steered, bot.prompt(asked.request), asked.verse, form, asked.sampling, parts)
    return trace_view(traced, form, vocabulary)


def _unbound(bot: HaikuBot, parts: Parts, request: Request, sampling: Sampling, seed: str) -> View:
    vocabulary, form = bot.vocabulary, bot.vocabulary.form
    number = zlib.crc32(f"unbound/{seed}".encode("utf-8", "replace"))
    verses = write_unbound(bot.model, bot.prompt(request), form, sampling, parts, UNBOUND_VERSES, number)
    return unbound_view(verses, form, vocabulary)
