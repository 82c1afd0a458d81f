"""The texts of question 8, as plain Python: haiku, themes and syllables.

The haiku are kept as

    # a remark, between haiku only
    autumn | moon, dogs, night
    harvest moonlight -
    the old dog lifts up his head
    and then lays it down

One header `season | theme, theme`, three lines, one blank line. The files are UTF-8, their haiku are ASCII.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from data.archive import HOW_TO_FIX_BUILT_IN, DataError, read_text

DIRECTORY = Path(__file__).resolve().parent
HANDWRITTEN = DIRECTORY / "haiku.txt"
PRETRAINING = DIRECTORY / "haiku_pretraining.zip"
THEMES = DIRECTORY / "haiku_themes.txt"
SYLLABLES = DIRECTORY / "syllables.txt"

SEASONS = ("spring", "summer", "autumn", "winter", "none")
FORM = (5, 7, 5)  # syllables per line
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
class Theme:
    """What a haiku may be about.

    Attributes:
        name: as it stands in headers.
        covers: what belongs to it, in the words of everyday talk.
        asked_by: words of a message that ask for it.
        shown_by: words of a haiku that show it.
    """

    name: str
    covers: str
    asked_by: tuple[str, ...]
    shown_by: tuple[str, ...]

    @property
    def field(self) -> frozenset[str]:
        """Every word that counts as being about the theme, the words of its name among them."""
        return frozenset({*self.asked_by, *self.shown_by, *self.name.split()})


@dataclass(frozen=True)
class Fault:
    """Something wrong at one line of a file, and how to fix it."""

    line_number: int
    problem: str
    fix: str


def words_of(line: str) -> list[str]:
    """The words of one haiku line, without the mark at its end."""
    for mark in MARKS:
        line = line.removesuffix(mark)
    return line.split()


def plain(line: str) -> str:
    """A line without its mark, for comparison."""
    return " ".join(words_of(line))


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
            fix = "write a header, three lines and a blank line"
            faults.append(Fault(start, f"{len(lines)} lines follow the header; a haiku has 3", fix))
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
    """All haiku of the file at `path`, in order; of a .zip, those of the text in it.

    Raises:
        DataError: the file is missing or damaged, holds no haiku, or a block is no haiku; names the first.
    """
    path = Path(path)
    haiku, faults = parse(_read_zip(path) if path.suffix == ".zip" else read_text(path))
    if faults:
        fault = faults[0]
        raise DataError(f"{path}:{fault.line_number}: {fault.problem}; {fault.fix}. {HOW_TO_FIX_BUILT_IN}")
    if not haiku:
        raise DataError(f"{path}: holds no haiku. {HOW_TO_FIX_BUILT_IN}")
    return haiku


@cache
def themes() -> dict[str, Theme]:
    """Every theme by name, in the order of data/haiku_themes.txt, whose head describes its format.

    Raises:
        DataError: the file is missing or damaged.
    """
    found = {}
    blocks = read_text(THEMES).split("\n\n")
    for block in blocks:
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            name, _, covers = lines[0].partition(" | ")
            words = {key: tuple(rest.split()) for key, _, rest in (line.partition(": ") for line in lines[1:])}
            found[name] = Theme(name, covers, words.get("ask", ()), words.get("show", ()))
    if not found:
        raise DataError(f"{THEMES}: holds no themes. {HOW_TO_FIX_BUILT_IN}")
    return found


@cache
def syllables() -> dict[str, int]:
    """How many syllables each word of the project has: data/syllables.txt, built from the CMU dictionary.

    Raises:
        DataError: the file is missing or damaged.
    """
    counts = {}
    for line_number, line in enumerate(read_text(SYLLABLES).splitlines(), start=1):
        if line and not line.startswith("#"):
            number, _, words = line.partition(": ")
            if not number.isdecimal():
                raise DataError(f"{SYLLABLES}:{line_number}: no number of syllables before ': '. {HOW_TO_FIX_BUILT_IN}")
            counts.update(dict.fromkeys(words.split(), int(number)))
    if not counts:
        raise DataError(f"{SYLLABLES}: holds no words. {HOW_TO_FIX_BUILT_IN}")
    return counts


def _read_zip(path: Path) -> str:
    """The first text of an archive.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(archive.namelist()[0]).decode("utf-8")
    except (OSError, EOFError, IndexError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: not a readable archive ({error}). {HOW_TO_FIX_BUILT_IN}") from None
