"""HTTP for the page: a few files, and three things to ask. Bound to this machine alone.

GET  /TOKEN/            the page, and beside it its files
GET  /TOKEN/state       how far the bot is
POST /TOKEN/answer      a question; the events of its answer come as lines of JSON, as soon as they happen
POST /TOKEN/trace       the draws of one verse, as JSON
"""

from __future__ import annotations

import json
import os
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from haiku_bot.web import gate
from haiku_bot.web.requests import MAX_BODY_BYTES, BadRequestError
from haiku_bot.web.room import NotReadyError, Room, StoppedError
from training.errors import UserError

PAGE = Path(__file__).resolve().parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
JSON, LINES = "application/json", "application/x-ndjson"
LAST_PART = b"0\r\n\r\n"  # of a chunked answer
SECONDS_OF_SILENCE = 30  # after which a connection is closed
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Server(ThreadingHTTPServer):
    """Serves one room to who knows the token.

    Args:
        room: answers.
        port: to listen on; 0 takes any that is free.
    Raises:
        UserError: the port cannot be used.
    """

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # on Windows, this would let two programs share the port

    def __init__(self, room: Room, port: int = 0) -> None:
        self.room, self.token = room, gate.new_token()
        self.files = {path.name: path.read_bytes() for path in PAGE.iterdir() if path.suffix in TYPES}
        try:
            super().__init__((gate.ADDRESS, port), RequestHandler)
        except (OSError, OverflowError) as error:
            raise UserError(f"port {port} cannot be used ({error}). Choose another with --port.") from None

    @property
    def address(self) -> str:
        """Where the page is, token included."""
        return f"http://{gate.ADDRESS}:{self.server_port}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Errors of a connection are nobody's business; others are shown."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError, StoppedError)):
            super().handle_error(request, client_address)


class RequestHandler(BaseHTTPRequestHandler):
    """One request, on a connection of its own."""

    server: Server
    protocol_version = "HTTP/1.1"  # with parts of a known length, a browser knows an end from a connection that broke
    timeout = SECONDS_OF_SILENCE
    disable_nagle_algorithm = True  # events are small, and should not wait for one another
    server_version, sys_version = "haiku", ""

    def do_GET(self) -> None:
        """The page, one of its files, or the state."""
        if self._is_refused(None):
            return
        name = gate.rest_of(self.path) or "index.html"
        if name == "state":
            self._send_json(HTTPStatus.OK, self.server.room.state)
        elif name in self.server.files:
            self._send(HTTPStatus.OK, TYPES[Path(name).suffix], self.server.files[name])
        else:
            self._send_json(HTTPStatus.NOT_FOUND, {"error": "There is no such file."})

    def do_POST(self) -> None:
        """A question, or a verse to look at."""
        if self._is_refused(self.headers.get_all("Origin", [])):
            return
        action = {"answer": self._answer, "trace": self._trace}.get(gate.rest_of(self.path))
        if action is None:
            self._send_json(HTTPStatus.NOT_FOUND, {"error": "There is no such thing to ask."})
        elif (body := self._body()) is not None:
            try:
                action(body)
            except BadRequestError as error:
                self._send_json(HTTPStatus.BAD_REQUEST, {"error": str(error)})
            except NotReadyError as error:
                self._send_json(HTTPStatus.CONFLICT, {"error": str(error)})

    def _answer(self, body: bytes) -> None:
        """Send the events of an answer, each as one part; the headers go out with the first."""
        is_begun = False

        def emit(event: dict[str, Any]) -> None:
            nonlocal is_begun
            if not is_begun:
                self._begin(HTTPStatus.OK, LINES)
                is_begun = True
            line = _encoded(event) + b"\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))

        self.server.room.answer(body, emit)
        self.wfile.write(LAST_PART)

    def _trace(self, body: bytes) -> None:
        self._send_json(HTTPStatus.OK, self.server.room.trace(body))

    def _is_refused(self, origins: list[str] | None) -> bool:
        """Whether the request may not come in; then it has got its answer."""
        hosts = self.headers.get_all("Host", [])
        reason = gate.refusal(self.server.token, self.server.server_port, self.path, hosts, origins)
        if reason is not None:
            self._send_json(HTTPStatus.FORBIDDEN, {"error": reason})
        return reason is not None

    def _body(self) -> bytes | None:
        """The body of a request; None where it is none of ours, which has got its answer."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get_content_type() != JSON:
            self._send_json(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, {"error": f"The body should be {JSON}."})
        elif not (length.isascii() and length.isdigit()) or self.headers.get("Transfer-Encoding"):
            self._send_json(HTTPStatus.LENGTH_REQUIRED, {"error": "The length of the body is missing."})
        elif len(length) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES:
            error = f"The body should have at most {MAX_BODY_BYTES:,} bytes."
            self._send_json(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": error})
        else:
            return self.rfile.read(int(length))
        return None

    def _send_json(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        self._send(status, JSON, _encoded(content))

    def _send(self, status: HTTPStatus, media_type: str, content: bytes) -> None:
        self._begin(status, media_type, len(content))
        self.wfile.write(content)

    def _begin(self, status: HTTPStatus, media_type: str, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def end_headers(self) -> None:
        """With every answer, what browsers may not do with it."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing is logged: a request's first line holds the token."""


def _encoded(content: dict[str, Any]) -> bytes:
    return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
