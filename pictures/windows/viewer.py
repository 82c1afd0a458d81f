"""The program that owns a window: it draws the states that a student process sends, and nothing else.

It is a process of its own, so that the window answers while a training step runs. A windowing toolkit may abort without
a plugin, exit when the display goes away, or hang in a callback: that happens to this process alone. `window.py`
starts it. Messages are those of `grading.isolation.channel`. The first is `{"picture", "title"}`, answered by
`{"open"}` or `{"failed"}`. Then any number of `{"epochs", "state"}` come, each answered by `{"shown"}`, the seconds it
took.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import signal
import sys
import threading
import time
from typing import Any, BinaryIO

from grading.isolation import channel
from pictures import drawing, style

SECONDS_BETWEEN_LOOKS = 0.02  # at what was sent, while the toolkit handles the window's events
NICENESS = 5  # where training wants the same core, training goes first


class NoWindow(Exception):
    """No window can be opened; the text says why."""


def draw(figure: Any, picture: str, title: str, epochs: float | None, state: Any) -> None:
    """Draw a state over whatever is on a matplotlib figure: the headline, the caption, the picture.

    `picture` is the dotted name of its module.
    """
    progress = "" if epochs is None else f"epoch {epochs:.1f}  ·  "
    axes = style.page(figure, title, progress + state.caption)
    importlib.import_module(picture).draw(axes, state)


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Open a window and draw into it until it is closed or the requests end."""
    first = channel.read(requests)
    picture, title = first["picture"], first["title"]
    try:
        figure, backend = _figure(title)
        figure.show()
    except Exception as error:  # each windowing toolkit raises its own kind
        channel.write(replies, {"failed": _first_line(error)})
        return
    channel.write(replies, {"open": backend})
    closed = threading.Event()
    figure.canvas.mpl_connect("close_event", lambda event: closed.set())
    incoming: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_read_ahead, args=(requests, incoming), daemon=True).start()
    while not closed.is_set():
        try:
            message = incoming.get_nowait()
        except queue.Empty:
            figure.canvas.start_event_loop(SECONDS_BETWEEN_LOOKS)
            continue
        if message is None:
            return
        started = time.perf_counter()
        draw(figure, picture, title, message["epochs"], importlib.import_module(picture).State(**message["state"]))
        figure.canvas.draw()
        figure.canvas.flush_events()
        channel.write(replies, {"shown": time.perf_counter() - started})


def fault() -> str:
    """Why no window can be opened, tried out short of showing one; empty if windows can be opened."""
    try:
        _figure("")
    except Exception as error:
        return _first_line(error)
    return ""


def _figure(title: str) -> tuple[Any, str]:
    """The figure of a window, not yet shown, and the name of its backend: MPLBACKEND's, or the one matplotlib chooses.

    Raises:
        NoWindow: there is no backend for windows; the text says whose choice that is.
        Unusable: matplotlib is missing or broken.
    """
    matplotlib, named = drawing.load(), os.environ.get(drawing.BACKEND)
    import matplotlib.pyplot as pyplot

    if named:
        try:
            pyplot.switch_backend(named)
        except Exception as error:  # of a backend that is not there, or cannot work here
            reason = str(error).partition(";")[0]
            raise NoWindow(
                f"{drawing.BACKEND} is set to {named}, which cannot be used here ({reason}). "
                f"Unset {drawing.BACKEND} to see windows"
            ) from error
    matplotlib.rcParams.update(style.SETTINGS)
    figure = pyplot.figure(title, figsize=(style.WIDTH_INCHES, style.HEIGHT_INCHES), dpi=style.DOTS_PER_INCH)
    backend = matplotlib.get_backend()
    if getattr(figure.canvas, "required_interactive_framework", None) is None:
        raise NoWindow(
            f"{drawing.BACKEND} is set to {named}, which opens no windows. Unset {drawing.BACKEND} to see windows"
            if named
            else f"matplotlib found no way to open one; its backend is {backend}"
        )
    return figure, backend


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _read_ahead(requests: BinaryIO, incoming: queue.Queue[Any]) -> None:
    """Runs on a thread of its own; None stands for the end."""
    with contextlib.suppress(EOFError, OSError, channel.ChannelError):
        while True:
            incoming.put(channel.read(requests))
    incoming.put(None)


def main() -> int:
    """Serve standard input and output; what a toolkit prints goes to standard error."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for training, which closes the window
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    with contextlib.suppress(EOFError, OSError, channel.ChannelError):  # the student process has gone
        serve(requests, replies)
    sys.stdout.flush()
    os._exit(0)  # some toolkits do not like to be taken down in order
