"""The chat as a page, seen from HTTP: answers as they come, numbers of the bot, several pages at once."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from data import haiku as texts
from data.haiku import words_of
from haiku_bot.bot import STEERING, HaikuBot, Steered
from haiku_bot.candidates import Sampling
from haiku_bot.functions import Parts
from haiku_bot.trace import trace
from haiku_bot.unbound import write_unbound
from haiku_bot.web.room import Room
from tests.chat_server import (  # noqa: F401 - fixtures
    Client,
    Reply,
    bot_of_the_reference,
    client_of_the_reference,
    opened,
    reference_in_place,
    served,
    small_pool,
)
from tests.support import SECONDS_UNTIL_IT_HANGS, SOLUTIONS, eventually

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
ODD_MESSAGES = [
    "", "  ", "🐸❤️", "\ud800 half a symbol", "\0\n\t", HOSTILE, "{{7*7}} ${7*7}", "x" * 10_000, "pu ppy " * 1430,
    "🐸" * 10_000, "\u202eright to left\u202c", "../../../etc/passwd",
]  # fmt: skip


@pytest.fixture(scope="module")
def bot(made: tuple[HaikuBot, Parts]) -> HaikuBot:
    return made[0]


@pytest.fixture(scope="module")
def told(client: Client) -> Reply:
    """One answer, for all that look at its events."""
    return client.answer("Rain on my umbrella!", seed=3, temperature=0.9, top_k=12)


def test_the_events_come_in_their_order_and_tell_what_the_bot_does(told, bot):
    names = [event["event"] for event in told.events]
    assert told.headers["content-type"] == "application/x-ndjson"
    assert names[0] == "reading"
    assert names[-5:] == ["answer", "pool", "trace", "unbound", "end"]
    assert set(names[1:-5]) == {"growing"}
    sampling = Sampling(0.9, 12)
    request = bot.read("Rain on my umbrella!").request
    pool = bot.consider(request, "3/Rain on my umbrella!", sampling=sampling)
    assert tuple(told.event("answer")["lines"]) == pool.candidates[pool.best].lines
    rows = told.event("pool")["candidates"]
    assert [tuple(row["verse"]) for row in rows] == [pool.candidates[number].verse for number in pool.ranking]
    for row, number in zip(rows, pool.ranking, strict=True):
        candidate, score = pool.candidates[number], pool.scores[number]
        assert (row["steering"], tuple(row["lines"])) == (candidate.steering, candidate.lines)
        assert row["total"] == pytest.approx(score.total, abs=1e-5)
        assert row["likelihood"] == pytest.approx(score.likelihood, abs=1e-5)
        assert (row["relevance"], row["is_new"]) == (score.relevance, score.is_new)
        assert row["faults"] == pytest.approx(score.faults, abs=1e-5)
        assert row["staleness"] == pytest.approx(score.staleness, abs=1e-5)


def test_the_reading_is_the_readers(told, bot):
    reading = bot.read("Rain on my umbrella!")
    shown = told.event("reading")
    scores = reading.evidence.scores()
    assert [theme["name"] for theme in shown["themes"] if theme["is_asked"]] == list(reading.request.themes)
    for theme in shown["themes"]:
        number = list(texts.themes()).index(theme["name"])
        assert theme["score"] == pytest.approx(float(scores[number]), abs=1e-5)
        reasons = sum(reason["value"] for reason in theme["reasons"])
        assert reasons + theme["sum_of_others"] == pytest.approx(theme["score"], abs=1e-4)
    assert shown["prompt"] == [bot.vocabulary.tokens[token] for token in bot.prompt(reading.request)]


def traced(bot: HaikuBot, parts: Parts, row: dict[str, Any], sampling: Sampling) -> Any:
    request = bot.read("Rain on my umbrella!").request
    steered = Steered(bot.model, row["steering"] * bot.asked_words(request))
    return trace(steered, bot.prompt(request), row["verse"], bot.vocabulary.form, sampling, parts)


def require_same(shown: dict[str, Any], found: Any, bot: HaikuBot) -> None:
    ids = bot.vocabulary.ids
    assert [step["drawn"] for step in shown["steps"]] == [bot.vocabulary.tokens[step.drawn] for step in found.steps]
    for step, expected in zip(shown["steps"], found.steps, strict=True):
        assert (step["line"], step["left"]) == (expected.line, expected.left)
        assert step["chance"] == pytest.approx(float(expected.chances[expected.drawn]), abs=1e-5)
        assert step["forbidden"] == int((~expected.allowed).sum()) == sum(each["count"] for each in step["reasons"])
        assert step["forbidden_share"] == pytest.approx(expected.forbidden_share, abs=1e-5)
        assert [row["token"] for row in step["rows"] if row["is_drawn"]] == [step["drawn"]]
        for row in step["rows"]:
            number = ids[row["token"]]
            assert (row["why"] is None) == bool(expected.allowed[number])
            assert row["chance"] == pytest.approx(float(expected.chances[number]), abs=1e-5)
            assert row["unbound"] == pytest.approx(float(expected.unbound[number]), abs=1e-5)
            assert row["logit"] == pytest.approx(float(expected.logits[number]), abs=1e-3)
    torch.testing.assert_close(torch.tensor(shown["attention"]), found.attention, atol=1e-4, rtol=0)


def test_the_trace_is_that_of_the_answer(told, made):
    bot, parts = made
    row = told.event("pool")["candidates"][0]
    require_same(told.event("trace"), traced(bot, parts, row, Sampling(0.9, 12)), bot)


def test_any_candidate_can_be_looked_at_with_another_temperature_and_top_k(told, made, client):
    bot, parts = made
    row = told.event("pool")["candidates"][7]
    asked = {"verse": row["verse"], "steering": row["steering"], "temperature": 1.5, "top_k": 3000}
    shown = client.post("trace", asked | told.event("reading")["request"]).json
    require_same(shown, traced(bot, parts, row, Sampling(1.5, 3000)), bot)


def test_verses_without_the_form_are_those_of_the_model_alone(told, made):
    bot, parts = made
    shown, form = told.event("unbound"), bot.vocabulary.form
    prompt = bot.prompt(bot.read("Rain on my umbrella!").request)
    seed = zlib.crc32(b"unbound/3/Rain on my umbrella!")
    verses = write_unbound(bot.model, prompt, form, Sampling(0.9, 12), parts, len(shown["verses"]), seed)
    assert len(verses) == 24
    for row, verse in zip(shown["verses"], verses, strict=True):
        assert row["is_ended"] == (verse[-1] == form.end)
        whole = verse[:-1] if row["is_ended"] or form.breaks[verse[-1]] else verse
        assert row["lines"] == bot.vocabulary.lines([*whole, verse[-1] if form.breaks[verse[-1]] else form.end])
        counted = [sum(texts.syllables().get(word, 0) for word in words_of(line)) for line in row["lines"]]
        assert row["syllables"] == counted
        assert row["is_in_form"] == (row["is_ended"] and counted == [5, 7, 5])
    assert shown["in_form"] == sum(row["is_in_form"] for row in shown["verses"])


def test_a_conversation_goes_as_in_the_terminal(client, bot):
    said: list[str] = []
    previous: list[str] = []
    for seed, message in enumerate(["rain", "rain", "and cats"]):
        reply = client.answer(message, seed=seed, said=said, previous=previous)
        expected = bot.answer(message, seed, tuple(previous), set(said)).lines
        previous = reply.event("answer")["lines"]
        assert tuple(previous) == expected
        said += [texts.plain(line) for line in previous]


@pytest.mark.parametrize("message", ODD_MESSAGES, ids=range(len(ODD_MESSAGES)))
def test_any_message_gets_a_haiku(client, message):
    reply = client.answer(message)
    lines = reply.event("answer")["lines"]
    assert tuple(sum(texts.syllables()[word] for word in words_of(line)) for line in lines) == texts.FORM
    assert reply.events[-1]["event"] == "end"


class Held(torch.nn.Module):
    """A model that goes on only when it is let; the steps that wait are those of some prompt length on."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model, self.free = model, threading.Event()

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        if ids.shape[1] > 5:
            assert self.free.wait(SECONDS_UNTIL_IT_HANGS)
        return self.model(ids)


@pytest.fixture
def held(made) -> Iterator[tuple[Client, Held, Room]]:
    """A client whose answers stop after a few tokens."""
    bot, parts = made
    room, model = Room(SOLUTIONS), Held(bot.model)
    copied = HaikuBot.__new__(HaikuBot)
    copied.__dict__ = bot.__dict__ | {"model": model.eval()}
    room.open(copied, parts)
    with served(room) as client:
        yield client, model, room
        model.free.set()


def test_tokens_come_as_they_are_drawn(held):
    """The first tokens are there while the model still waits with the next ones."""
    client, model, _ = held
    response = opened(client, "rain")
    events = [json.loads(response.readline()) for _ in range(3)]
    assert [event["event"] for event in events] == ["reading", "growing", "growing"]
    assert (events[1]["lines"], events[1]["part"]) == ([""], 0)
    assert len(events[2]["lines"]) == 1 and events[2]["lines"][0] in texts.syllables()
    assert not model.free.is_set()
    model.free.set()
    rest = [json.loads(line) for line in response.read().splitlines()]
    assert rest[-1]["event"] == "end"
    assert {event["part"] for event in rest if event["event"] == "growing"} == set(range(len(STEERING)))


def test_a_message_that_comes_meanwhile_waits_and_is_told(held):
    client, model, _ = held
    first = opened(client, "rain")
    first.readline()
    second = opened(client, "snow")
    assert json.loads(second.readline()) == {"event": "waiting"}
    model.free.set()
    assert b'"end"' in first.read()
    assert b'"end"' in second.read()


def test_a_closed_tab_ends_its_answer_and_holds_nobody_up(held):
    client, model, _ = held
    response = opened(client, "rain")
    response.readline()
    response.close()
    model.free.set()
    assert client.answer("snow").events[-1]["event"] == "end"


def test_the_end_of_the_program_ends_an_answer_at_its_next_token(held):
    client, model, room = held
    response = opened(client, "rain")
    response.readline()
    stopper = threading.Thread(target=room.stop, args=(SECONDS_UNTIL_IT_HANGS,))
    stopper.start()
    assert eventually(room._stopping.is_set)
    model.free.set()
    stopper.join(SECONDS_UNTIL_IT_HANGS)
    assert not stopper.is_alive()


def test_three_messages_at_once_get_the_answers_that_each_would_get_alone(client, bot):
    messages = ["rain", "my old dog", "I failed my exam"]
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(client.answer, messages))
    for message, reply in zip(messages, replies, strict=True):
        assert tuple(reply.event("answer")["lines"]) == bot.answer(message).lines
        assert reply.events[-1]["event"] == "end"
