"""The terminal: permanent lines, the output of student code, and one status line that is redrawn."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

OUTPUT_LIMIT_CHARACTERS = 200_000  # of what one question's code prints; a flood must not fill a disk
MIN_COLUMNS, MAX_COLUMNS = 40, 100  # the table of scores needs some; on a narrower terminal, lines wrap
COLOURS = {"green": "32", "red": "31", "yellow": "33", "bold": "1", "dim": "2"}


class Console:
    """Writes whole pieces under a lock, so that questions that run at the same time do not mix their lines.

    Args:
        stream: where to write; colour and the status line appear only on a terminal.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self._is_terminal = self._stream.isatty()
        self._has_colour = self._is_terminal and not os.environ.get("NO_COLOR")  # https://no-color.org
        if self._is_terminal and sys.platform == "win32":
            os.system("")  # makes older Windows consoles understand escape sequences
        self._status = ""
        self._line_open = False  # the student's last piece of output did not end its line

    @property
    def width(self) -> int:
        """Columns to fill: the terminal's, or 80 where there is none, within `MIN_COLUMNS` and `MAX_COLUMNS`."""
        columns = shutil.get_terminal_size().columns if self._is_terminal else 80
        return max(MIN_COLUMNS, min(columns, MAX_COLUMNS))

    def paint(self, text: str, colour: str) -> str:
        """Colour a text on a terminal; elsewhere return it as it is."""
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self._has_colour else text

    def line(self, text: str = "") -> None:
        """Write a line that stays."""
        with self._lock:
            self._clear_status()
            self._write(("\n" if self._line_open else "") + text + "\n")
            self._line_open = False

    def output(self, text: str) -> None:
        """Write a piece of what a student's code prints."""
        if text:
            with self._lock:
                self._clear_status()
                self._write(text)
                self._line_open = not text.endswith("\n")

    def status(self, text: str) -> None:
        """Redraw the status line; an empty text removes it. Does nothing where there is no terminal."""
        if self._is_terminal:
            with self._lock:
                if not self._line_open:  # a half-written line, such as a progress bar, is left alone
                    self._clear_status()
                    self._status = text[: self.width - 1]
                    self._write(self._status)

    def _clear_status(self) -> None:
        if self._status:
            self._write("\r\033[K")
            self._status = ""

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:  # a console of an older encoding
            encoding = self._stream.encoding or "ascii"
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
        self._stream.flush()


@contextmanager
def standard_output_kept() -> Iterator[int]:
    """While the block runs, everything that is printed goes to standard error; gives a descriptor of standard output.

    That holds for this process, for its descriptors, and for the processes that it starts.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield kept
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


class StudentOutput:
    """Passes on what one question's code prints, up to a limit."""

    def __init__(self, console: Console, prefix: str = "") -> None:
        self._console = console
        self._prefix = prefix  # names the question when several run side by side
        self._left = OUTPUT_LIMIT_CHARACTERS
        self._at_line_start = True

    def __call__(self, text: str) -> None:
        """Pass on a piece of text, or drop it when the limit is used up."""
        if self._left <= 0 or not text:
            return
        kept, self._left = text[: self._left], self._left - len(text)
        if self._prefix:
            marked = kept.replace("\n", f"\n{self._prefix}")
            if self._at_line_start:
                marked = self._prefix + marked
            self._at_line_start = kept.endswith("\n")
            kept = marked.removesuffix(self._prefix) if self._at_line_start else marked
        self._console.output(kept)
        if self._left <= 0:
            self._console.line(f"… more than {OUTPUT_LIMIT_CHARACTERS:,} characters printed. The rest is not shown")
