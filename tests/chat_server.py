"""A served chat for tests: a small bot of the reference solutions, and a client that speaks HTTP and nothing else."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
import torch

from haiku_bot import functions
from haiku_bot.bot import HaikuBot
from haiku_bot.corpus import load_corpus
from haiku_bot.trainer import Recipe, create_model, train
from haiku_bot.web.room import Room
from haiku_bot.web.server import Server
from tests.support import SECONDS_UNTIL_IT_HANGS, SOLUTIONS, fresh_student_modules

TINY = Recipe(n_embd=16, n_layer=2, pretraining_epochs=0.01, fine_tuning_epochs=0.01)
SMALL_POOL = 12  # verses for an answer, a tenth of a bot's own


@functools.cache
def small_bot() -> tuple[HaikuBot, functions.Parts]:
    """A bot that was trained for a few steps, and the parts of its functions."""
    students, corpus = functions.load(SOLUTIONS), load_corpus()
    model = create_model(TINY, corpus.vocabulary, students)
    train(model, corpus, TINY, students)
    return HaikuBot(model, corpus, students), functions.load_parts(SOLUTIONS)


@contextmanager
def served(room: Room) -> Iterator[Client]:
    """A client of a server of that room."""
    server = Server(room)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield Client(server.server_port, server.token)
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.body.splitlines()]

    def event(self, name: str) -> dict[str, Any]:
        """The one event of that name."""
        [found] = [event for event in self.events if event["event"] == name]
        return found


@dataclass(frozen=True)
class Client:
    """Sends requests as the page does, or with something changed."""

    port: int
    token: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.token}/"

    def get(self, name: str = "", **headers: str | None) -> Reply:
        return self.request("GET", f"/{self.token}/{name}", None, headers)

    def post(self, name: str, content: Any, **headers: str | None) -> Reply:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.request("POST", f"/{self.token}/{name}", body, headers)

    def answer(self, message: str, **fields: Any) -> Reply:
        return self.post("answer", {"message": message, **fields})

    def request(self, method: str, path: str, body: bytes | None, headers: dict[str, str | None]) -> Reply:
        response = self.open(method, path, body, headers)
        return Reply(response.status, {key.lower(): value for key, value in response.getheaders()}, response.read())

    def open(self, method: str, path: str, body: bytes | None, headers: dict[str, str | None]) -> HTTPResponse:
        """A response whose body is still to be read. Headers of None are left out."""
        own = f"127.0.0.1:{self.port}"
        chosen: dict[str, str | None] = {"Host": own}
        if body is not None:
            chosen |= {"Origin": f"http://{own}", "Content-Type": "application/json", "Content-Length": str(len(body))}
        chosen |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_UNTIL_IT_HANGS)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in chosen.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse()


def opened(client: Client, message: str) -> Any:
    body = json.dumps({"message": message}).encode()
    return client.open("POST", f"/{client.token}/answer", body, {})


@pytest.fixture(autouse=True, scope="module", name="reference")
def reference_in_place() -> Iterator[None]:
    """The reference solutions in place of the starters; one thread, which suits such small models."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with fresh_student_modules():
        yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True, scope="module")
def small_pool() -> Iterator[None]:
    """Each bot of this process chooses from a few verses: what is tested holds for any number of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("haiku_bot.bot.POOL", SMALL_POOL)
        yield


@pytest.fixture(scope="module", name="made")
def bot_of_the_reference(reference: None) -> tuple[HaikuBot, functions.Parts]:
    """A small bot, and the parts of its functions."""
    return small_bot()


@pytest.fixture(scope="module", name="client")
def client_of_the_reference(made: tuple[HaikuBot, functions.Parts]) -> Iterator[Client]:
    """A client of a page on which the small bot answers."""
    room = Room(SOLUTIONS)
    room.open(*made)
    with served(room) as client:
        yield client
