"""The chat in a browser, from its start to Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from haiku_bot.bot import HaikuBot
from haiku_bot.functions import Parts
from haiku_bot.web import faults
from haiku_bot.web.room import Room
from haiku_bot.web.server import Server
from training.errors import FAILED
from training.watching import Watch

SECONDS_BETWEEN_LOOKS = 0.5  # at Ctrl-C, which some systems tell between two waits only
SECONDS_TO_STOP = 5.0  # for the answer at hand, which ends with its next token

Prepare = Callable[[Watch], tuple[HaikuBot, Parts]]  # takes what is told of the training


def run(prepare: Prepare, directory: Path, port: int, seed: int, renku: bool) -> int:
    """Serve the page while the bot is prepared and after that, until Ctrl-C; returns the exit status.

    Ctrl-C during the preparation passes through. Where the preparation fails, the page tells why.

    Args:
        prepare: makes the bot; may train for minutes.
        directory: of the student's files.
        port: to listen on; 0 takes any that is free.
        seed, renku: of conversations, see `Room`.
    """
    room = Room(directory, seed, renku)
    server = Server(room, port)
    thread = threading.Thread(target=server.serve_forever, name="server", daemon=True)
    thread.start()
    print(
        f"Open this address in a browser on this machine. Ctrl-C ends the chat.\n\n    {server.address}\n", flush=True
    )
    try:
        status = _open(room, prepare)
        _wait(thread)
    finally:
        server.shutdown()
        server.server_close()
        room.stop(SECONDS_TO_STOP)
    print("\nThe chat has ended.")
    return status


def _open(room: Room, prepare: Prepare) -> int:
    """Prepare the bot; 0, or the exit status of a program that cannot answer."""

    @contextmanager
    def watch(*_: Any) -> Iterator[Callable[..., None]]:
        yield room.note

    try:
        room.open(*prepare(watch))
    except Exception as error:  # of the student's code too: the page tells
        faults.tell(error)
        room.close(error)
        return FAILED
    return 0


def _wait(thread: threading.Thread) -> None:
    """Until Ctrl-C."""
    try:
        while thread.is_alive():
            thread.join(SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        pass
