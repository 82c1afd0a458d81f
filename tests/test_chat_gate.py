"""The chat as a page, seen from HTTP: who may come in, and what is refused."""

from __future__ import annotations

import json
import re
import socket
from html.parser import HTMLParser

import pytest

from haiku_bot.web import gate
from haiku_bot.web.requests import MAX_BODY_BYTES
from haiku_bot.web.room import Room
from haiku_bot.web.server import PAGE, Server
from tests.chat_server import (  # noqa: F401 - fixtures
    Client,
    Reply,
    bot_of_the_reference,
    client_of_the_reference,
    reference_in_place,
)
from tests.support import SOLUTIONS
from training.errors import UserError

FILES = sorted(path.name for path in PAGE.iterdir())


@pytest.fixture(scope="module")
def told(client: Client) -> Reply:
    """One answer, for all that look at its events."""
    return client.answer("Rain on my umbrella!", seed=3, temperature=0.9, top_k=12)


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
