"""The files that results go to: written after every question, and never the reason that a result is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from data import files
from grading import report
from grading.arguments import UsageError
from grading.console import standard_output_kept

STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")  # names behind --json


class ResultFiles:
    """The files that results are written to, again after every question. A file that cannot be written costs no result.

    Use as a context manager. Leaving it writes once more, also after Ctrl-C.
    """

    def __init__(self) -> None:
        self._writers: dict[str, tuple[Callable[[], None], bool]] = {}
        self._failures: dict[str, str] = {}

    def add(self, name: str, write: Callable[[], None], at_the_end: bool = False) -> None:
        """Add a file.

        Args:
            name: the flag and the path, for messages.
            write: writes the whole file; raises OSError where that fails.
            at_the_end: write once, when the run is over. What goes to a device or a pipe cannot be replaced later.
        """
        self._writers[name] = write, at_the_end

    def write(self, is_the_end: bool = False) -> None:
        """Write the results so far. The first failure of each file is told on standard error; the run goes on."""
        for name, (write, at_the_end) in self._writers.items():
            if at_the_end and not is_the_end:
                continue
            try:
                write()
            except OSError as error:
                if name not in self._failures and not is_the_end:
                    print(f"{name}: cannot be written ({files.reason(error)}). Grading goes on.", file=sys.stderr)
                self._failures[name] = files.reason(error)
            else:
                self._failures.pop(name, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or kind is KeyboardInterrupt:
            self.write(is_the_end=True)
        if kind is None and self._failures:
            told = "; ".join(f"{name}: cannot be written ({reason})" for name, reason in self._failures.items())
            raise UsageError(f"{told}. The results above are complete.")


def is_standard_output(path: Path) -> bool:
    """Whether a name behind --json means standard output."""
    return str(path) in STANDARD_OUTPUT


@contextmanager
def json_writer(path: Path | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Gives the function that writes a document where --json says.

    If that is standard output, everything else that is printed in the block goes to standard error.
    """
    if path is not None and is_standard_output(path):
        with standard_output_kept() as descriptor:
            yield partial(_write_to, descriptor)
    else:
        yield lambda document: report.write_json(document, path or Path())


def _write_to(descriptor: int, document: dict[str, Any]) -> None:
    with open(descriptor, "w", encoding="utf-8", errors="replace", newline="\n", closefd=False) as stream:
        stream.write(report.as_json(document))
