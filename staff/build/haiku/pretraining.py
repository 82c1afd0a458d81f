"""Writes the pre-training corpus, data/haiku_pretraining.zip: `python -m staff.build.haiku.pretraining [--check]`.

The haiku are drawn from the grammar of `grammar.py` with a fixed seed; none of them is one of data/haiku.txt. The
same lexicon gives the same text everywhere. `--check` compares with the committed file, `--show N` prints N of them.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Iterable
from itertools import islice

from data import haiku as texts
from data.files import write_bytes
from data.haiku import Haiku, plain
from staff.build.archive import timeless_member
from staff.build.haiku import lexicon
from staff.build.haiku.grammar import Grammar
from startup import ending

NUMBER = 36_000
SEED = 8
HEAD = "# Drawn from the grammar in staff/build/haiku/ by `python -m staff.build.haiku.pretraining`. Do not edit.\n"


def corpus(number: int = NUMBER, seed: int = SEED) -> list[Haiku]:
    """Draws the corpus.

    Raises:
        ValueError: the grammar has not so many haiku.
    """
    handwritten = {tuple(map(plain, haiku.lines)) for haiku in texts.read(texts.HANDWRITTEN)}
    fresh = (
        haiku for haiku in Grammar(lexicon.load(), seed).haiku() if tuple(map(plain, haiku.lines)) not in handwritten
    )
    drawn = list(islice(fresh, number))
    if len(drawn) < number:
        raise ValueError(f"the grammar gave {len(drawn)} haiku, not {number}; add to staff/build/haiku/lexicon/")
    return drawn


def as_text(collection: Iterable[Haiku]) -> str:
    """The haiku in the format of data/haiku.txt."""
    return HEAD + "".join(f"\n{each.season} | {', '.join(each.themes)}\n{each.text}\n" for each in collection)


def packed(text: str) -> bytes:
    """A zip archive that holds the text and no trace of the day or the machine."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as members:
        member = timeless_member(texts.PRETRAINING.stem + ".txt", 0)
        members.writestr(member, text, compresslevel=9)
    return archive.getvalue()


def main(argv: list[str] | None = None) -> int:
    """Writes, checks or shows the corpus; 1 if --check finds it out of date."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.build.haiku.pretraining", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed file differs")
    parser.add_argument("--show", type=int, metavar="N", help="write nothing; print the first N haiku")
    parser.add_argument("--seed", type=int, default=SEED, help="of the draw")
    arguments = parser.parse_args(argv)

    if arguments.show is not None:
        for haiku in corpus(arguments.show, arguments.seed):
            print(f"{haiku.season} | {', '.join(haiku.themes)}\n{haiku.text}\n")
        return 0
    text = as_text(corpus(seed=arguments.seed))
    if arguments.check:
        with zipfile.ZipFile(texts.PRETRAINING) as archive:
            current = archive.read(archive.namelist()[0]).decode("utf-8") == text
        print("up to date" if current else f"{texts.PRETRAINING.name} differs; run this command without --check")
        return int(not current)
    write_bytes(texts.PRETRAINING, packed(text))
    print(f"{texts.PRETRAINING}: {NUMBER} haiku, {texts.PRETRAINING.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    ending.run(main)
