"""A window as the student process sees it: another process that draws. Nothing here holds up training."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import queue
import subprocess
import threading
from typing import Any, cast

from grading.isolation import channel
from pictures import drawing
from pictures.windows.display import has_display
from startup import finders

SECONDS_TO_OPEN = 30.0  # a first start may have to build matplotlib's font cache


class WindowFailed(Exception):
    """The window could not be opened, or is gone; the text says why."""


def program() -> list[str]:
    """The command line of the viewer."""
    return finders.command("from pictures.windows import viewer; sys.exit(viewer.main())")


def fault() -> str:
    """Why live windows cannot be opened here although there is a display; empty where they can be, or without one.

    Tried out only where there is a doubt: MPLBACKEND names a backend, which may be a notebook's, or matplotlib is not
    there.
    """
    if not has_display() or (drawing.BACKEND not in os.environ and importlib.util.find_spec("matplotlib") is not None):
        return ""
    command = finders.command("from pictures.windows import viewer; print(viewer.fault())")
    try:
        tried = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=SECONDS_TO_OPEN
        )
    except subprocess.TimeoutExpired:
        return "the window did not open"
    return tried.stdout.decode(errors="replace").strip() if tried.returncode == 0 else "the windows' toolkit has failed"


class ViewerWindow:
    """Opens a window; returns when it is there.

    Args:
        title: of the window.
        picture: the dotted name of its module.
    Raises:
        WindowFailed: there will be no window.
    """

    def __init__(self, title: str, picture: str) -> None:
        self._process = subprocess.Popen(
            program(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._outgoing: queue.Queue[Any] = queue.Queue()
        self._idle = threading.Event()  # the viewer waits for a state
        self._gone = threading.Event()
        self._failure = ""
        self.backend = ""  # of matplotlib, which chooses it
        self._draw_seconds = 0.0
        self._outgoing.put({"picture": picture, "title": title})
        threading.Thread(target=self._converse, daemon=True).start()
        if not self._idle.wait(SECONDS_TO_OPEN) or self._gone.is_set():
            self.close()
            raise WindowFailed(self._failure or "the window did not open")

    @property
    def is_gone(self) -> bool:
        """True once the window is closed, or its process has ended."""
        return self._gone.is_set()

    @property
    def is_idle(self) -> bool:
        """True when the last state has been drawn."""
        return self._idle.is_set() and not self._gone.is_set()

    def show(self, epochs: float | None, state: dict[str, Any]) -> None:
        """Have a state drawn, some time soon; call only when idle."""
        self._idle.clear()
        self._outgoing.put({"epochs": epochs, "state": state})

    def take_draw_seconds(self) -> float:
        """What drawing has cost the viewer since this was last asked."""
        seconds, self._draw_seconds = self._draw_seconds, 0.0
        return seconds

    def wait_until_idle(self, seconds: float) -> None:
        """Return when the last state is drawn, the window is gone, or time is up."""
        self._idle.wait(seconds)

    def linger(self, seconds: float) -> None:
        """Leave the window up for so long, or until it is closed."""
        self._gone.wait(seconds)

    def close(self) -> None:
        """End the viewer; safe to call again."""
        self._process.kill()
        self._outgoing.put(None)
        self._process.wait()

    def _converse(self) -> None:
        """Runs on a thread of its own: send, wait for the answer, repeat."""
        to_viewer, from_viewer = cast(Any, self._process.stdin), cast(Any, self._process.stdout)
        with contextlib.suppress(EOFError, OSError, ValueError, channel.ChannelError), to_viewer, from_viewer:
            while (message := self._outgoing.get()) is not None:
                channel.write(to_viewer, message)
                reply = channel.read(from_viewer)
                if "failed" in reply:
                    self._failure = reply["failed"]
                    break
                self._draw_seconds += reply.get("shown", 0.0)
                self.backend = reply.get("open", self.backend)
                self._idle.set()
        self._gone.set()
        self._idle.set()  # nobody shall wait for a window that is gone
