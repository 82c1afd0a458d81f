"""Classic mistakes in how question 8 writes: the result of each, and the explanation.

The checks compare with `chances`, `allowed` and `greedy` without a mistake. See also mistakes_in_learning.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from grading.checks.diagnosis import Mistake
from test_cases.q8.mistakes_in_learning import softmax

# --- sample_next: each takes (rows, temperature, top_k) and gives the chance of every token for every row ---

SAMPLED_ROWS = np.array([[2.0, 0.3, 1.2, 0.1, 3.0, 0.8], [0.4, 2.2, 0.2, 1.0, 0.7, 1.7]], np.float32)  # all positive
UNLIKE_ROWS = np.array(  # the logits of the middle row are far larger: one threshold for the batch fits one row only
    [[0.3, 0.1, 0.6, 0.2, 0.5, 0.4], [20.2, 20.6, 20.1, 20.5, 20.3, 20.4], [-5.3, -5.6, -5.2, -5.1, -5.5, -5.4]],
    np.float32,
)
SAMPLED = ((0.5, 4), (2.0, 3), (1.0, 2), (0.7, 5))  # temperature, top_k


def chances(
    rows: np.ndarray,
    temperature: float,
    top_k: int,
    *,
    use: Callable[[float, float], float] = lambda logit, temperature: logit / temperature,
    kept: int | None = None,
) -> np.ndarray:
    """The chance of each token: softmax over the `kept` (by default top_k) highest logits, through `use`."""
    found = np.zeros(rows.shape)
    for row, logits in enumerate(rows.astype(np.float64)):
        best = np.argsort(-logits)[: top_k if kept is None else kept]
        scores = np.exp([use(logits[token], temperature) for token in best])
        found[row, best] = scores / scores.sum()
    return found


def _sampled(change: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Leaves the computation its first arguments only."""
    return lambda rows, temperature, top_k: change(rows, temperature, top_k)


def _over_the_batch(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    """Sorted by size, then a softmax over the rows; multinomial divides each row by its sum."""
    order = np.argsort(-rows, axis=1)[:, :top_k]
    shares = np.exp(np.take_along_axis(rows.astype(np.float64), order, axis=1) / temperature)
    shares = shares / shares.sum(axis=0)
    found = np.zeros(rows.shape)
    np.put_along_axis(found, order, shares / shares.sum(axis=1, keepdims=True), axis=1)
    return found


def _ranks_for_tokens(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    return -np.sort(-chances(rows, temperature, top_k), axis=1)


def _after_a_softmax(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    return chances(softmax(rows), temperature, top_k)


def _in_proportion(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    return chances(np.log(rows), 1.0, top_k)


SAMPLING = [
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: logit * temperature)),
        "In your code, a higher temperature makes the likeliest token more frequent. It should make that token less "
        "frequent. Are the logits multiplied by the temperature?",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: logit)),
        "The temperature has no effect on the draws. Is the temperature unused, or is it applied after the softmax?",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, rows.shape[1]),
        "Tokens outside the top_k are drawn. `top_k` has no effect on the draws.",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, top_k - 1),
        "Only top_k - 1 tokens are drawn. The smallest of the top_k logits is left out. Is > used where >= is needed?",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, top_k + 1),
        "The draw is from top_k + 1 tokens. It should be from top_k tokens.",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, 1),
        "Only the likeliest token is returned. Each of the top_k tokens should come with its probability. Is argmax "
        "used?",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: 0.0)),
        "The top_k tokens come equally often. Their probabilities should be the softmax of their logits.",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(-rows, -temperature, top_k),
        "The draw is from the lowest logits. It should be from the top_k highest logits.",
    ),
    Mistake(
        _over_the_batch,
        "The softmax runs over the batch. A row's probabilities then depend on other rows. Which dimension is the "
        "vocabulary?",
    ),
    Mistake(
        _ranks_for_tokens,
        "The result is an index into the sorted top_k logits, not a token id. Which token has the logit at that index?",
    ),
    Mistake(
        _after_a_softmax,
        "The softmax is applied twice. The probabilities are then nearly equal.",
    ),
    Mistake(
        _in_proportion,
        "The probabilities are proportional to the logits themselves. They should be the softmax of the logits.",
    ),
]
ONE_THRESHOLD = "Is one threshold used for all rows of the batch?"
CRASHES_OF_UNLIKE_ROWS = {
    "probability tensor contains either": (
        "The softmax gives NaN for a row whose logits are all minus infinity. One row of this batch has far smaller "
        f"logits than another row. {ONE_THRESHOLD}"
    ),
}
ONE_DRAW = "All rows got the same token. Each row of logits needs a draw of its own."
SAMPLING_CRASHES = {
    "selected index k out of range": (
        "`topk` was called with a k larger than the vocabulary. If top_k exceeds the vocabulary, all tokens are drawn "
        "from."
    ),
}

# --- allowed_tokens: each takes (left, line, vocabulary) and gives bool (batch, vocab) ---


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


def is_allowed(
    token: int, left: int, line: int, form: SmallForm, *, words: str = "right", marks: str = "right"
) -> bool:
    """Whether a token may come where `left` syllables of a line are left, and what mistakes make of it.

    Args:
        token: its id.
        left, line: syllables left, and the line's number from 0.
        form: over the vocabulary.
        words, marks: right as they are by default; other keys of `WORDS` and `MARKS` are mistakes.
    """
    if left > 0:
        return WORDS[words](int(form.syllables[token]), bool(form.may_end_line[token]), left)
    return MARKS[marks](bool(form.breaks[token]), token == form.end, line == len(form.lines) - 1)


def allowed(left: np.ndarray, line: np.ndarray, form: SmallForm, **mistake: str) -> np.ndarray:
    """`is_allowed` of every token for each of a batch, bool (batch, vocab); left and line: int (batch,)."""
    tokens = range(len(form.syllables))
    return np.array(
        [
            [is_allowed(token, lacking, number, form, **mistake) for token in tokens]
            for lacking, number in zip(left.tolist(), line.tolist(), strict=True)
        ]
    )


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
ALLOWED = [
    *(Mistake(partial(allowed, words=words), explanation) for words, explanation in _EXPLANATIONS_OF_WORDS.items()),
    *(Mistake(partial(allowed, marks=marks), explanation) for marks, explanation in _EXPLANATIONS_OF_MARKS.items()),
    Mistake(
        lambda left, line, form: ~allowed(left, line, form),
        "The result is reversed: True marks the forbidden tokens. True should mark the allowed tokens.",
    ),
    Mistake(
        lambda left, line, form: np.repeat(allowed(left, line, form)[:1], len(left), axis=0),
        "All rows are equal to the row of the first verse. Each verse has its own `left` and `line`.",
    ),
]

# --- write_haiku: each takes (table, prompts, form) and gives what always taking the best token leads to ---

MAX_STEPS = 40  # a verse has at most 17 words and 3 marks


def greedy(table: np.ndarray, prompts: np.ndarray, form: SmallForm, *, mistake: str = "") -> np.ndarray:
    """The verses, (batch, time), that always take the best allowed token, and what mistakes make of them.

    table: (times, vocab, vocab), scores of the next token, see public/probes.py. prompts: (batch, prompt time).
    A mistake that never ends gives an empty array.
    """
    verses = [_verse(table, prompt, form, mistake) for prompt in prompts.tolist()]
    if not all(verses):
        return np.zeros((0, 0), np.int64)
    if mistake == "first verse for all":
        verses = [verses[0]] * len(verses)
    lengths = [len(verse) for verse in verses]
    filling = form.end if mistake == "no filling" else form.pad
    found = np.array([verse + [filling] * (max(lengths) - len(verse)) for verse in verses])
    if mistake == "until one has ended":
        return found[:, : min(lengths)]
    return np.concatenate([prompts, found], axis=1) if mistake == "prompt kept" else found


def _lines(form: SmallForm, mistake: str) -> tuple[int, ...]:
    """The syllables of each line that a verse with a mistake would have."""
    first, *others = form.lines
    if mistake == "syllables of the line before":
        return (first, *form.lines[:-1])
    return {"syllables of the first line": (first,) * len(form.lines)}.get(mistake, form.lines)


def _verse(table: np.ndarray, prompt: list[int], form: SmallForm, mistake: str) -> list[int]:
    """One verse; empty if it would never end."""
    verse: list[int] = []
    for line, left in enumerate(_lines(form, mistake)):
        broken = False
        while not broken:
            if len(verse) == MAX_STEPS:
                return []
            read = prompt if mistake == "sees the prompt only" else prompt + verse
            read = {"sees the last token only": read[-1:], "scores of the first position": read[:1]}.get(mistake, read)
            best = np.argsort(-table[(len(read) - 1) % len(table), read[-1]]).tolist()
            if mistake != "nothing forbidden":
                best = [token for token in best if is_allowed(token, left, line, form)]
            verse.append(best[0])
            syllables = int(form.syllables[best[0]])
            broken = syllables == 0
            left -= min(syllables, 1) if mistake == "words counted" else syllables
    return verse[:-1] if mistake == "end left out" else verse


_EXPLANATIONS_OF_WRITING = {
    "until one has ended": (
        "Writing stops when one verse of the batch has ended. It should stop when all verses have ended."
    ),
    "sees the prompt only": (
        "The model reads the prompt alone in every step. It should also read the tokens that were written. What does "
        "`model` get in the second step?"
    ),
    "sees the last token only": (
        "The model reads the last token alone. It should read the prompt and all tokens that were written."
    ),
    "scores of the first position": (
        "The logits of the first position are used in every step. The logits of which position are for the next token?"
    ),
    "nothing forbidden": (
        "Forbidden tokens are drawn, too. Are the logits of forbidden tokens set to minus infinity before the draw?"
    ),
    "first verse for all": "Every verse gets the tokens of the first verse. Each row of the batch needs its own token.",
    "no filling": ("A verse goes on after `form.end`. After `form.end` every token of the verse should be `form.pad`."),
    "words counted": "`left` falls by 1 for each word. It should fall by the syllables of the word.",
    "syllables of the line before": (
        "Lines 1 and 2 have as many syllables as the line before them should have. Lines count from 0. Is `left` "
        "looked up before or after `line` grows?"
    ),
    "syllables of the first line": (
        "Every line has as many syllables as the first line. Which entry of `form.lines` does a new line get?"
    ),
    "end left out": ("The verses end without `form.end`. `form.end` is the last token of a verse."),
    "prompt kept": "The result begins with the prompt. Return the verse alone.",
}
WRITING = [
    Mistake(partial(greedy, mistake=mistake), explanation) for mistake, explanation in _EXPLANATIONS_OF_WRITING.items()
]
WRITING_CRASHES = {
    "no verse is as long": (
        "`write_haiku` did not stop. A verse has at most 17 words and 3 marks. Does `line` grow after each break, and "
        "does the loop end when all verses have ended?"
    ),
}
