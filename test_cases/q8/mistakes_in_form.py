"""Question 8's `allowed_tokens`, described once, and what can go wrong with each of its parts.

`allowed` is right without keywords. `grading.checks.combinations` tries the wrong values of `ALLOWED`, alone and in
pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from grading.checks.combinations import Computation, Part, Variant


@dataclass(frozen=True)
class SmallForm:
    """A form over a small vocabulary, as arrays: see haiku_bot/vocabulary.py."""

    syllables: np.ndarray
    may_end_line: np.ndarray
    breaks: np.ndarray
    end: int
    pad: int
    lines: tuple[int, ...]


WORDS: dict[str, Callable[[int, bool, int], bool]] = {
    # of a token's syllables, whether it may end a line, and the syllables left, at least 1
    "right": lambda syllables, ends, left: 0 < syllables < left or (syllables == left and ends),
    "any length": lambda syllables, ends, left: syllables > 0,
    "any end": lambda syllables, ends, left: 0 < syllables <= left,
    "line ends only": lambda syllables, ends, left: 0 < syllables <= left and ends,
    "never all": lambda syllables, ends, left: 0 < syllables < left,
    "marks, too": lambda syllables, ends, left: syllables < left or (syllables == left and ends),
    "marks, any end": lambda syllables, ends, left: syllables <= left,
    "ends within": lambda syllables, ends, left: (0 < syllables < left and ends) or syllables == left,
    "wrong ends": lambda syllables, ends, left: 0 < syllables < left or (syllables == left and not ends),
}
MARKS: dict[str, Callable[[bool, bool, bool], bool]] = {
    # of whether a token is a break, whether it is the end, and whether the line is the last
    "right": lambda is_break, is_end, last: is_end if last else is_break,
    "breaks only": lambda is_break, is_end, last: is_break,
    "end only": lambda is_break, is_end, last: is_end,
    "both": lambda is_break, is_end, last: is_break or is_end,
    "both at the end": lambda is_break, is_end, last: is_break or (is_end and last),
    "wrong way round": lambda is_break, is_end, last: is_break if last else is_end,
    "none": lambda is_break, is_end, last: False,
}


def is_allowed(token: int, left: int, line: int, form: SmallForm) -> bool:
    """Whether a token may come where `left` syllables of a line are left; `line` counts from 0."""
    return bool(allowed(np.array([left]), np.array([line]), form)[0, token])


def allowed(
    left: np.ndarray,
    line: np.ndarray,
    form: SmallForm,
    *,
    words: str = "right",
    marks: str = "right",
    last_line: int = -1,
    end: str = "end",
    switch: str = "left > 0",
    rows: str = "own",
    meaning: str = "allowed",
) -> np.ndarray:
    """Which tokens may come for each verse of a batch, and what mistakes make of it.

    Args:
        left, line: int (batch,): syllables left, and the line's number from 0.
        form: over the vocabulary.
        words, marks, last_line, end, switch, rows, meaning: right by default; `ALLOWED` lists the mistakes.
    Returns:
        bool (batch, vocab).
    """
    if rows == "any left":
        return _words_for_all(left, line, form)
    if rows == "first left":
        left = left[:1].repeat(len(left))
    elif rows == "first line":
        line = line[:1].repeat(len(line))
    tokens = range(len(form.syllables))
    ends = form.pad if end == "pad" else form.end
    found = np.zeros((len(left), len(tokens)), bool)
    for row, (lacking, number) in enumerate(zip(left.tolist(), line.tolist(), strict=True)):
        is_last = number == len(form.lines) + last_line
        for token in tokens:
            word = WORDS[words](int(form.syllables[token]), bool(form.may_end_line[token]), lacking)
            mark = MARKS[marks](bool(form.breaks[token]), token == ends, is_last)
            if switch == "both":
                found[row, token] = (lacking > 0 and word) or mark
            else:
                found[row, token] = word if lacking > (1 if switch == "left > 1" else 0) else mark
    if rows == "first row":
        found = found[:1].repeat(len(found), axis=0)
    return ~found if meaning == "forbidden" else found


def _words_for_all(left: np.ndarray, line: np.ndarray, form: SmallForm) -> np.ndarray:
    """Words alone for all verses if one of them lacks syllables. With none left, no word is short enough."""
    found = allowed(left, line, form)
    return found & (left > 0)[:, None] if (left > 0).any() else found


def differences(found: np.ndarray, expected: np.ndarray, left: np.ndarray, line: np.ndarray) -> str:
    """What the wrong entries of allowed tokens have in common.

    Args:
        found, expected: bool (batch, vocab).
        left, line: int (batch,), of each verse.
    """
    if found.shape != expected.shape or np.array_equal(found, expected):
        return ""
    rows, tokens = np.nonzero(found != expected)
    kinds = np.unique(found[rows, tokens])
    told = [f"{len(rows)} of {found.size} entries are wrong"]
    if len(kinds) == 1:
        told.append(f"all of them are {bool(kinds[0])}")
    for name, values, every in (("line", line[rows], line), ("left", left[rows], left)):
        if len(np.unique(values)) < len(np.unique(every)):
            told.append(f"`{name}` is {_either(np.unique(values).tolist())} there")
    return f"{'; '.join(told)}."


def _either(numbers: list[int]) -> str:
    *others, last = map(str, numbers)
    return f"{', '.join(others)} or {last}" if others else last


_EXPLANATIONS_OF_WORDS = {
    "any length": "Words are allowed that have more syllables than `left`.",
    "any end": (
        'Words like "of" and "many" are allowed to end a line. They should not end a line. Is `form.may_end_line` used?'
    ),
    "line ends only": (
        "Words that may not end a line are never allowed. They are allowed while syllables are left after them."
    ),
    "never all": (
        "A word with exactly `left` syllables is never allowed. No line can then end. Is < used where <= is needed?"
    ),
    "marks, too": "Tokens of 0 syllables are allowed inside a line. Inside a line only words are allowed.",
    "marks, any end": "Tokens of 0 syllables are allowed inside a line, and any word is allowed to end a line.",
    "ends within": (
        "Words that may not end a line are forbidden inside a line, and allowed at its end. `form.may_end_line` "
        "concerns words that take all syllables that are left."
    ),
    "wrong ends": "The condition on line ends is reversed: only words that may not end a line are allowed to end one.",
}
_EXPLANATIONS_OF_MARKS = {
    "breaks only": (
        "`form.end` is never allowed, not even after the last line. Lines count from 0. Which number has the last line?"
    ),
    "end only": (
        "`form.end` is allowed after every line, and breaks are never allowed. Breaks belong after all lines but the "
        "last."
    ),
    "both": (
        "Breaks and `form.end` are allowed after every line. `form.end` belongs after the last line, breaks after the "
        "others."
    ),
    "both at the end": "Breaks are allowed after the last line. Only `form.end` is allowed there.",
    "wrong way round": (
        "The condition on the line is reversed: breaks come after the last line, and `form.end` after the others."
    ),
    "none": "No token is allowed when `left` is 0. A break or `form.end` should be allowed there.",
}
ALLOWED = Computation(
    allowed,
    (
        Part("words", tuple(Variant(words, explanation) for words, explanation in _EXPLANATIONS_OF_WORDS.items())),
        Part("marks", tuple(Variant(marks, explanation) for marks, explanation in _EXPLANATIONS_OF_MARKS.items())),
        Part(
            "last_line",
            (
                Variant(
                    -2,
                    "`form.end` is allowed after line 1, and breaks after line 2. Lines count from 0, so that line 2 "
                    "is the last of three.",
                ),
            ),
        ),
        Part("end", (Variant("pad", "`form.pad` is allowed after the last line. Only `form.end` is allowed there."),)),
        Part(
            "switch",
            (
                Variant(
                    "left > 1",
                    "With 1 syllable left, marks are allowed and words are not. A word of 1 syllable should still "
                    "come.",
                    "From which number on does your condition take a line for full?",
                ),
                Variant(
                    "both",
                    "Breaks and `form.end` are allowed inside a line, too. They are allowed only when `left` is 0.",
                    "How does your code choose between words and marks?",
                ),
            ),
        ),
        Part(
            "rows",
            (
                Variant(
                    "first row",
                    "All rows are equal to the row of the first verse. Each verse has its own `left` and `line`.",
                ),
                Variant(
                    "any left",
                    "If one verse of the batch lacks syllables, no verse may end its line. Each verse has its own "
                    "`left`.",
                    "Does an `if` decide for the whole batch?",
                ),
                Variant("first left", "The `left` of the first verse decides for all verses. Each has its own `left`."),
                Variant("first line", "The `line` of the first verse decides for all verses. Each has its own `line`."),
            ),
        ),
        Part(
            "meaning",
            (
                Variant(
                    "forbidden",
                    "The result is reversed: True marks the forbidden tokens. True should mark the allowed tokens.",
                ),
            ),
        ),
    ),
)  # fmt: skip
