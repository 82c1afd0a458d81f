"""What question 8 wants of a bot's answers, measured without trusting the bot: messages, and shares of good answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

from data import haiku as texts

Messages = list[tuple[tuple[str, ...], str]]  # the themes that each asks for, and its text
WANTED = {
    "in_form": "answers in exactly 5-7-5",
    "new": "answers that are no haiku of the training data",
    "two_new_lines": "answers that share no two lines with a hand-written haiku",
    "on_theme": "answers with a word of the asked theme's field",
    "distinct_first_lines": "different first lines",
}


def read_messages(path: Path) -> Messages:
    """The messages of a list; a `-` asks for no theme.

    Raises:
        ValueError: it names a theme that there is not.
    """
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            names, _, message = line.partition("|")
            themes = tuple(name.strip() for name in names.split(",") if name.strip() != "-")
            if unknown := set(themes) - set(texts.themes()):
                raise ValueError(f"{path.name}: unknown themes {unknown}")
            found.append((themes, message.strip()))
    return found


def shares(asked: Messages, verses: Sequence[Sequence[str]], syllables: Callable[[str], set[int]]) -> dict[str, float]:
    """The share of verses that are what `WANTED` names.

    Args:
        asked: the messages.
        verses: the lines of the answer to each.
        syllables: every number that a line can be read with.
    """
    handwritten, pretraining = (
        [tuple(map(texts.plain, haiku.lines)) for haiku in texts.read(path)]
        for path in (texts.HANDWRITTEN, texts.PRETRAINING)
    )
    known, lines_by_hand = {*handwritten, *pretraining}, [set(lines) for lines in handwritten]
    bare = [tuple(map(texts.plain, lines)) for lines in verses]
    themed = [
        any(texts.themes()[name].field & set(" ".join(lines).split()) for name in names)
        for (names, _), lines in zip(asked, bare, strict=True)
        if names
    ]
    form = [{count} for count in texts.FORM]
    return {
        "in_form": fmean([syllables(line) for line in lines] == form for lines in verses),
        "new": fmean(lines not in known for lines in bare),
        "two_new_lines": fmean(max(len(one & set(lines)) for one in lines_by_hand) < 2 for lines in bare),
        "on_theme": fmean(themed),
        "distinct_first_lines": len({lines[0] for lines in bare}) / len(bare),
    }
