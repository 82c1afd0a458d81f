"""Writes the syllable table, data/syllables.txt: `python -m staff.build.haiku.syllable_table [--check]`.

It holds the words of data/haiku.txt and data/haiku_pretraining.zip: what the model can say. Each has one number of
syllables under every pronunciation that the CMU pronouncing dictionary gives (`syllables.py`).
"""

from __future__ import annotations

import argparse
import textwrap
from collections import defaultdict

from data import haiku as texts
from data.files import write_text
from staff.build.haiku.syllables import count
from startup import ending

HEAD = """\
# Syllables of the words that the haiku use: `number: word word ...`. Made from the CMU pronouncing dictionary by
# `python -m staff.build.haiku.syllable_table`; do not edit. Every pronunciation of a word has the number given here.
"""


def table() -> str:
    """The text of the file.

    Raises:
        UncountableWord: a word of the haiku has no certain number of syllables.
    """
    by_number: dict[int, set[str]] = defaultdict(set)
    for path in (texts.HANDWRITTEN, texts.PRETRAINING):
        for haiku in texts.read(path):
            for line in haiku.lines:
                for word in texts.words_of(line):
                    by_number[count(word)].add(word)
    lines = []
    for number in sorted(by_number):
        wrapped = textwrap.wrap(" ".join(sorted(by_number[number])), 110, break_on_hyphens=False)
        lines += [f"{number}: {line}" for line in wrapped]
    return HEAD + "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Writes or checks the table; 1 if --check finds it out of date."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.build.haiku.syllable_table", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed file differs")
    arguments = parser.parse_args(argv)
    text = table()
    if arguments.check:
        current = texts.SYLLABLES.read_text(encoding="utf-8") == text
        print("up to date" if current else f"{texts.SYLLABLES.name} differs; run this command without --check")
        return int(not current)
    write_text(texts.SYLLABLES, text)
    print(f"{texts.SYLLABLES}: {sum(len(line.split()) - 1 for line in text.splitlines()[2:])} words")
    return 0


if __name__ == "__main__":
    ending.run(main)
