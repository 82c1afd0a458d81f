"""Lines of the plays as words, some of them hidden, for the masked language model of elective 8."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from data import plays, read_text
from data.splits import DataSource, Split, Splits

PADDING, MASK, FIRST_WORD = 0, 1, 2
SHORTEST, LONGEST = 5, 12  # words and punctuation marks of a line
TRAIN, VALIDATION, TEST = 15_000, 400, 1500  # lines
HIDDEN_SHARE = 0.15  # of the words of a validation or test line
HIDDEN_TEST = True  # lines of plays that only staff can draw; these plays can be read, and learned by heart
SPEAKER = re.compile(r"[A-Z]+:")
TOKEN = re.compile(r"[a-z]+(?:['-][a-z]+)*|[^\sa-z]")


def load(source: DataSource) -> Splits:
    """Splits of lines of verse as integers, int64 (count, 12), with `PADDING` behind.

    Training has the lines alone, `ids`. Validation and test have `inputs` as well: these are the lines with `MASK` at
    some words. Words are numbered in alphabetical order; `about["words"]` has the word of each integer, and two names
    in front. The validation and test lines do not occur in training.
    """
    random = np.random.default_rng([source.seed, 808])
    lines = numbered()
    train, rest = random.permutation(lines[:TRAIN]), lines[TRAIN:]
    validation = masked(random, rest[:VALIDATION])
    test = masked(random, random.permutation(rest[VALIDATION:])[:TEST])
    about = {"words": vocabulary()}
    return Splits("e8-verses", "lines of the plays", Split(ids=train), validation, test, about, is_drawn=True)


def hidden_test(plays_text: str, seed: int) -> Split:
    """Lines of other plays for grading, as many as the test split has, with other words hidden.

    Args:
        plays_text: of the other plays. A line that the built-in plays have is left out, and one with an unknown word.
        seed: a secret.
    Raises:
        ValueError: too few lines are left.
    """
    random, words, known = np.random.default_rng([seed, 809]), set(vocabulary()), set(map(tuple, texts()))
    lines = [line for line in verse_lines(plays_text) if words.issuperset(line) and tuple(line) not in known]
    if len(lines) < TEST:
        raise ValueError(f"{TEST:,} new lines are needed; the plays have {len(lines):,}")
    return masked(random, random.permutation(_numbers(lines))[:TEST])


def masked(random: np.random.Generator, lines: np.ndarray) -> Split:
    """Lines (count, 12), and the same with `MASK` at some words: at least one of each line."""
    draws = np.where(lines == PADDING, 1.0, random.random(lines.shape))
    is_hidden = draws < HIDDEN_SHARE
    is_hidden[np.arange(len(lines)), draws.argmin(axis=1)] = True
    return Split(ids=lines, inputs=np.where(is_hidden, MASK, lines))


@cache
def texts() -> list[list[str]]:
    """The verse lines of the built-in plays; see `verse_lines`."""
    return verse_lines(read_text(plays.BUILT_IN_FILE))


def verse_lines(text: str) -> list[list[str]]:
    """The words and punctuation marks of each verse line of a text that is short enough; each line once.

    A verse line stands in a speech, below the name of its speaker.
    """
    found, is_speech = [], False
    for line in text.splitlines():
        if SPEAKER.fullmatch(line):
            is_speech = True
        elif not line:
            is_speech = False
        elif is_speech and SHORTEST <= len(tokens := TOKEN.findall(line.lower())) <= LONGEST:
            found.append(tokens)
    return list({tuple(tokens): tokens for tokens in found}.values())


@cache
def vocabulary() -> list[str]:
    """The word of each integer."""
    return ["(padding)", "(hidden)", *sorted({word for line in texts() for word in line})]


@cache
def numbered() -> np.ndarray:
    """All lines as integers, int64 (count, 12), in the order of the text."""
    return _numbers(texts())


def _numbers(lines: list[list[str]]) -> np.ndarray:
    numbers = {word: number for number, word in enumerate(vocabulary())}
    rows = np.full((len(lines), LONGEST), PADDING, np.int64)
    for row, line in zip(rows, lines, strict=True):
        row[: len(line)] = [numbers[word] for word in line]
    return rows
