"""Reads the haiku collection: plain text in, `Haiku` records out. Needs the standard library only.

The format (see `staff/haiku/check.py` for the rules about what the lines may say):

    # a remark, between haiku only
    autumn | moon, dogs, night
    harvest moonlight -
    the old dog lifts up his head
    and then lays it down

One header `season | theme, theme`, three lines, one blank line. The file is UTF-8, its haiku are ASCII.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MARKS = (" -", ",")  # the only punctuation: where it marks the cut, at the end of a line


@dataclass(frozen=True)
class Haiku:
    """One haiku: `lines` keep their marks; `line_number` is that of the header, counted from 1."""

    season: str
    themes: tuple[str, ...]
    lines: tuple[str, str, str]
    line_number: int = 0

    @property
    def text(self) -> str:
        """The three lines joined by newlines, as a reader sees them."""
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Fault:
    """Something wrong at one line of a file, and how to mend it."""

    line_number: int
    problem: str
    mend: str


def words_of(line: str) -> list[str]:
    """The words of one haiku line, without the mark at its end."""
    for mark in MARKS:
        line = line.removesuffix(mark)
    return line.split()


def parse(text: str) -> tuple[list[Haiku], list[Fault]]:
    """Splits `text` into haiku. What cannot be read becomes a fault, and reading goes on behind it."""
    haiku: list[Haiku] = []
    faults: list[Fault] = []
    block: list[str] = []
    start = 0

    def close_block() -> None:
        if not block:
            return
        header, *lines = block
        season, bar, names = header.partition("|")
        themes = tuple(name.strip() for name in names.split(",") if name.strip())
        if not bar:
            faults.append(Fault(start, f"the header {header!r} has no '|'", "write `season | theme, theme`"))
        elif len(lines) != 3:
            mend = "write a header, three lines and a blank line"
            faults.append(Fault(start, f"{len(lines)} lines follow the header; a haiku has 3", mend))
        else:
            haiku.append(Haiku(season.strip(), themes, (lines[0], lines[1], lines[2]), start))
        block.clear()

    for line_number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            close_block()
        elif line.startswith("#") and not block:
            continue
        else:
            if not block:
                start = line_number
            block.append(line)
    close_block()
    return haiku, faults


def read(path: str | Path) -> list[Haiku]:
    """All haiku of the file at `path`, in order. Raises ValueError at the first block that is no haiku."""
    haiku, faults = parse(Path(path).read_text(encoding="utf-8"))
    if faults:
        fault = faults[0]
        raise ValueError(f"{path}:{fault.line_number}: {fault.problem}; {fault.mend}")
    return haiku
