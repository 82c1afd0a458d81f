"""The chat as a page, seen from HTTP: who may come in, what is refused, answers as they come, numbers of the bot."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch

from data import haiku as texts
from data.haiku import words_of
from haiku_bot import checkpoint, functions
from haiku_bot.bot import STEERING, HaikuBot, Steered
from haiku_bot.candidates import Sampling
from haiku_bot.corpus import load_corpus
from haiku_bot.functions import Parts
from haiku_bot.trace import trace
from haiku_bot.trainer import Recipe, create_model
from haiku_bot.unbound import write_unbound
from haiku_bot.web import gate, program
from haiku_bot.web.requests import MAX_BODY_BYTES
from haiku_bot.web.room import Room
from haiku_bot.web.server import PAGE, Server
from tests.chat_server import Client, Reply, served, small_bot
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS, SOLUTIONS, eventually, fresh_student_modules
from training.errors import UserError

FILES = sorted(path.name for path in PAGE.iterdir())
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
ODD_MESSAGES = [
    "", "  ", "🐸❤️", "\ud800 half a symbol", "\0\n\t", HOSTILE, "{{7*7}} ${7*7}", "x" * 10_000, "pu ppy " * 1430,
    "🐸" * 10_000, "\u202eright to left\u202c", "../../../etc/passwd",
]  # fmt: skip
posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


@pytest.fixture(autouse=True, scope="module")
def reference() -> Iterator[None]:
    """The reference solutions in place of the starters; one thread, which suits such small models."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with fresh_student_modules():
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def made(reference: None) -> tuple[HaikuBot, Parts]:
    return small_bot()


@pytest.fixture(scope="module")
def bot(made: tuple[HaikuBot, Parts]) -> HaikuBot:
    return made[0]


@pytest.fixture(scope="module")
def client(made: tuple[HaikuBot, Parts]) -> Iterator[Client]:
    room = Room(SOLUTIONS)
    room.open(*made)
    with served(room) as client:
        yield client


@pytest.fixture(scope="module")
def told(client: Client) -> Reply:
    """One answer, for all that look at its events."""
    return client.answer("Rain on my umbrella!", seed=3, temperature=0.9, top_k=12)


# who may come in


@pytest.mark.parametrize("name", ["", *FILES])
def test_every_file_of_the_page_comes_with_what_a_browser_may_not_do(client, name):
    reply = client.get(name)
    assert reply.status == 200
    assert reply.body == (PAGE / (name or "index.html")).read_bytes()
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_asks_nobody_else_and_holds_no_code():
    tags = Tags()
    tags.feed((PAGE / "index.html").read_text(encoding="utf-8"))
    for tag, attributes in tags.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert tag != "style"
        for name in ("src", "href"):
            if name in attributes:
                assert attributes[name] in FILES, (tag, attributes)
    assert [set(attributes) for tag, attributes in tags.found if tag == "script"] == [{"type", "src"}]
    for path in PAGE.glob("*.js"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|https?:", code), (
            path
        )
    assert not re.search(r"url\(|@import", (PAGE / "page.css").read_text(encoding="utf-8"))


def test_without_the_token_nothing_is_served(client):
    longer, shorter = f"{client.token}x", client.token[:-1]
    for token in ("", "x", longer, shorter, client.token.swapcase(), f"..%2f{client.token}", f"x/{client.token}"):
        for path in ("", "state", "main.js"):
            reply = client.request("GET", f"/{token}/{path}", None, {})
            assert reply.status == 403, token
            assert client.token.encode() not in reply.body
        body = b'{"message": "rain"}'
        own = {"Origin": f"http://127.0.0.1:{client.port}"}
        assert client.request("POST", f"/{token}/answer", body, own).status == 403


def test_a_token_is_compared_in_constant_time_and_no_two_servers_have_the_same(monkeypatch):
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(gate.hmac, "compare_digest", lambda one, other: compared.append((one, other)) or one == other)
    assert gate.refusal("right", 80, "/wrong/x", ["127.0.0.1:80"], None)
    assert gate.refusal("right", 80, "/right/x", ["127.0.0.1:80"], None) is None
    assert compared == [(b"wrong", b"right"), (b"right", b"right")]
    assert len({gate.new_token() for _ in range(50)}) == 50
    assert len(gate.new_token()) >= 32


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "localhost", "127.0.0.1:1", "example.org:{port}", None])
def test_a_page_by_another_name_is_refused(client, host):
    named = None if host is None else host.format(port=client.port)
    assert client.get("state", Host=named).status == 403
    assert client.post("answer", {"message": "rain"}, Host=named).status == 403


def test_localhost_is_a_name_of_this_machine(client):
    host = f"localhost:{client.port}"
    assert client.get("state", Host=host).json["state"] == "ready"
    assert client.post("answer", {"message": ""}, Host=host, Origin=f"http://{host}").status == 200


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://example.org",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:1",
        "http://127.0.0.1:{port}.example.org",
    ],
)
def test_a_request_from_another_page_is_refused(client, origin):
    for action in ("answer", "trace"):
        reply = client.post(action, {"message": "rain"}, Origin=origin and origin.format(port=client.port))
        assert reply.status == 403


def test_the_server_listens_on_this_machine_alone(made):
    server = Server(Room(SOLUTIONS))
    try:
        assert server.server_address[0] == "127.0.0.1"
        with pytest.raises(UserError, match=r"port \d+ cannot be used.*--port"):
            Server(Room(SOLUTIONS), server.server_port)
    finally:
        server.server_close()
    with pytest.raises(UserError, match="port 99999 cannot be used"):
        Server(Room(SOLUTIONS), 99_999)


@pytest.mark.parametrize(
    "path", ["../server.py", "..%2fserver.py", "page/main.js", "/etc/passwd", "main.js/", "constructor"]
)
def test_no_other_file_is_served(client, path):
    assert client.get(path).status == 404
    assert client.post(path, {}).status == 404


# what is refused


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"message": NaN}', "JSON"),
        (b'{"seed": ' + b"9" * 10_000 + b"}", "JSON"),
        (b'["message"]', "object"),
        (b'{"massage": "rain"}', "massage"),
        (b'{"message": 1}', "message"),
        (json.dumps({"message": "x" * 20_001}).encode(), "20000 characters"),
        (b'{"seed": -1}', "seed"),
        (b'{"seed": true}', "seed"),
        (b'{"seed": 1.5}', "seed"),
        (b'{"temperature": 0}', "temperature"),
        (b'{"temperature": 1e999}', "temperature"),
        (b'{"temperature": "1"}', "temperature"),
        (b'{"top_k": 0}', "top_k"),
        (b'{"said": "rain"}', "said"),
        (b'{"said": [1]}', "said"),
        (b'{"previous": ["one", "two"]}', "previous"),
    ],
)
def test_what_the_page_would_not_send_is_refused_with_the_reason(client, body, named):
    reply = client.post("answer", body)
    assert reply.status == 400
    assert named in reply.json["error"]


@pytest.mark.parametrize(
    "field",
    [
        {"verse": []},
        {"verse": [1, 2, 3]},
        {"verse": [-1]},
        {"verse": [10**9]},
        {"verse": ["a"]},
        {"themes": ["no such theme"]},
        {"keywords": ["<script>"]},
        {"steering": 99},
    ],
)
def test_a_verse_that_is_none_is_refused(client, told, field):
    request = {"verse": told.event("pool")["candidates"][0]["verse"], "themes": ["rain"], "keywords": [], "steering": 0}
    assert client.post("trace", request).status == 200
    assert client.post("trace", request | field).status == 400


def test_a_body_that_is_too_long_or_of_unknown_length_or_another_type_is_refused(client):
    assert client.post("answer", b"x", Content_Length=str(MAX_BODY_BYTES + 1)).status == 413
    assert client.post("answer", b"x", Content_Length="9" * 30).status == 413
    for length in (None, "", "-1", "1e3", "²"):
        assert client.post("answer", b"", Content_Length=length and length.encode().decode("latin-1")).status == 411
    assert client.post("answer", b"0\r\n\r\n", Content_Length=None, Transfer_Encoding="chunked").status == 411
    for media_type in (None, "text/plain", "application/x-www-form-urlencoded"):
        assert client.post("answer", {"message": "rain"}, Content_Type=media_type).status == 415


def test_a_body_that_ends_early_or_never_comes_holds_nobody_up(client):
    head = f"POST /{client.token}/answer HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\nOrigin: http://127.0.0.1:{client.port}\r\n"
    with socket.create_connection(("127.0.0.1", client.port)) as silent:
        silent.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        assert client.get("state").status == 200
        assert client.answer("rain").event("end")


# answers


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


def opened(client: Client, message: str) -> Any:
    body = json.dumps({"message": message}).encode()
    return client.open("POST", f"/{client.token}/answer", body, {})


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


# faults


def test_before_the_bot_is_ready_the_page_is_told_how_far_it_is():
    room = Room(SOLUTIONS)
    with served(room) as client:
        assert client.get("state").json["state"] == "preparing"
        room.note("pre-training", 0.25, torch.tensor(4.5))
        assert client.get("state").json == {"state": "preparing", "stage": "pre-training", "share": 0.25, "loss": 4.5}
        assert client.answer("rain").status == client.post("trace", {}).status == 409


def broken(made: tuple[HaikuBot, Parts], folder: Path, source: str, name: str) -> HaikuBot:
    """A bot whose `write_haiku` is one of a file in the folder."""
    (folder / "haiku.py").write_text(source)
    found: dict[str, Any] = {}
    exec(compile(source, str(folder / "haiku.py"), "exec"), found)
    bot = HaikuBot.__new__(HaikuBot)
    students = functions.StudentFunctions(**{**vars(made[0]._students), "write_haiku": found[name]})
    bot.__dict__ = made[0].__dict__ | {"_students": students}
    return bot


@pytest.mark.parametrize(
    ("source", "title", "text"),
    [
        ("def write_haiku(*_):\n    raise NotImplementedError('write_haiku: your code here')\n", "haiku.py: write_haiku is not implemented yet", "python autograder.py -q q8"),
        ("def write_haiku(*_):\n    return 1 / 0\n", "haiku.py, line 2: write_haiku stopped", "ZeroDivisionError"),
        ("def write_haiku(model, prompts, *_):\n    return model(prompts.float())\n", "haiku.py, line 2: write_haiku stopped", "RuntimeError"),
    ],
)  # fmt: skip
def test_an_unfinished_or_broken_function_is_named_and_the_next_message_is_heard(
    made, tmp_path, capsys, source, title, text
):
    room = Room(tmp_path)
    room.open(broken(made, tmp_path, source, "write_haiku"), made[1])
    with served(room) as client:
        for _ in range(2):
            reply = client.answer("rain")
            assert [event["event"] for event in reply.events if event["event"] != "growing"] == ["reading", "fault"]
            assert reply.event("fault")["title"] == title
            assert text in reply.event("fault")["text"]
    assert capsys.readouterr().err


def test_a_layer_of_another_file_is_named_with_its_class(tmp_path, made):
    source = "class AttentionBlock:\n    def forward(self):\n        raise NotImplementedError('AttentionBlock.forward: your code here')\n"
    (tmp_path / "models.py").write_text(source)
    found: dict[str, Any] = {}
    exec(compile(source, str(tmp_path / "models.py"), "exec"), found)
    room = Room(tmp_path)
    with pytest.raises(NotImplementedError) as caught:
        found["AttentionBlock"]().forward()
    room.close(caught.value)
    assert room.state["title"] == "models.py: AttentionBlock.forward is not implemented yet"


# the program


class Running:
    """`python chat.py --web` in a process of its own, in whose page a test looks."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, str(PROJECT / "chat.py"), "--web", *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.fullmatch(r"\s*http://127\.0\.0\.1:(\d+)/([\w-]+)/\n", line):
                self.client = Client(int(found[1]), found[2])
                return
        raise AssertionError(self.process.communicate())

    def state(self) -> dict[str, Any]:
        assert eventually(lambda: self.client.get("state").json["state"] != "preparing")
        return self.client.get("state").json

    def interrupted(self) -> tuple[int, str, str]:
        """The exit status after Ctrl-C, and the rest of what was printed."""
        self.process.send_signal(signal.SIGINT)
        printed, errors = self.process.communicate(timeout=SECONDS_UNTIL_IT_HANGS)
        return self.process.returncode, printed.strip(), errors.strip()


@posix
def test_the_program_answers_until_ctrl_c_also_while_it_answers(tmp_path):
    """With an untrained model of full size."""
    corpus, students = load_corpus(), functions.load(SOLUTIONS)
    checkpoint.save(create_model(Recipe(), corpus.vocabulary, students), corpus, Recipe(), tmp_path / "haiku.pt")
    running = Running("--code-directory", SOLUTIONS, "--checkpoint", tmp_path / "haiku.pt", "--seed", 5, "--renku")
    state = running.state()
    assert (state["state"], state["seed"], state["renku"], state["model"]) == ("ready", 5, True, "GPT")
    response = opened(running.client, "rain")
    response.readline()
    assert running.interrupted() == (0, "The chat has ended.", "")


@posix
def test_starters_get_a_page_that_names_the_first_part_to_write(tmp_path):
    for name in ("haiku.py", "gpt_model.py", "models.py"):
        shutil.copy(PROJECT / name, tmp_path)
    running = Running("--code-directory", tmp_path, "--checkpoint", tmp_path / "haiku.pt")
    state = running.state()
    assert state["title"] == "haiku.py: encode_example is not implemented yet"
    assert "python autograder.py -q q8" in state["text"]
    assert running.client.get().status == 200
    status, printed, errors = running.interrupted()
    assert (status, printed.splitlines()[-1]) == (1, "The chat has ended.")
    assert errors == "chat: encode_example: your code here. `python autograder.py -q q8` checks each part."


def test_ctrl_c_during_the_training_passes_through(monkeypatch):
    def prepare(watch: Any) -> tuple[HaikuBot, Parts]:
        with watch() as note:
            note("pre-training", 0.5, torch.tensor(3.0))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        program.run(prepare, SOLUTIONS, 0, 0, False)
