"""Classic mistakes in how question 8 writes: what each would give, and the explanation for it.

As in mistakes_in_learning.py. `allowed` and `greedy` without a mistake are what the checks compare with.
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
    """Sorted by size, then each place's softmax over the rows; multinomial makes each row sum to 1 again."""
    order = np.argsort(-rows, axis=1)[:, :top_k]
    shares = np.exp(np.take_along_axis(rows.astype(np.float64), order, axis=1) / temperature)
    shares = shares / shares.sum(axis=0)
    found = np.zeros(rows.shape)
    np.put_along_axis(found, order, shares / shares.sum(axis=1, keepdims=True), axis=1)
    return found


def _places_for_tokens(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    return -np.sort(-chances(rows, temperature, top_k), axis=1)


def _after_a_softmax(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    return chances(softmax(rows), temperature, top_k)


def _in_proportion(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    return chances(np.log(rows), 1.0, top_k)


SAMPLING = [
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: logit * temperature)),
        "The temperature works the wrong way round: a high one makes the draw safer, a low one bolder. What is done "
        "with it?",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: logit)),
        "The temperature makes no difference. Is it used at all, or only after the softmax, where dividing every "
        "chance by the same number changes nothing?",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, rows.shape[1]),
        "Tokens outside the top_k come, too, each as often as if top_k did not exist.",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, top_k - 1),
        "One token too few stands in the draw: the last of the top_k never comes. Is the boundary itself left out?",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, top_k + 1),
        "One token too many stands in the draw: one more than top_k come.",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, 1),
        "Always the likeliest token comes, as argmax picks it. A draw lets the others come, too, now and then.",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: 0.0)),
        "The tokens in the draw come equally often: their logits do not matter any more. What turns them into chances?",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(-rows, -temperature, top_k),
        "The lowest logits stand in the draw, the highest are left out.",
    ),
    Mistake(
        _over_the_batch,
        "The softmax runs over the batch: each row's chances depend on the other rows. Which dimension counts tokens?",
    ),
    Mistake(
        _places_for_tokens,
        "What comes is the place in the list of the best, 0 for the very best, not the token that stands there. Which "
        "token is it?",
    ),
    Mistake(
        _after_a_softmax,
        "The draw follows chances that went through a softmax twice, which makes them nearly equal.",
    ),
    Mistake(
        _in_proportion,
        "Chances are in proportion to the logits themselves, and negative logits crash. What makes chances of scores?",
    ),
]
ONE_DRAW = "Every row got the same token. Each row of logits wants a draw of its own."
SAMPLING_CRASHES = {
    "selected index k out of range": (
        "topk was asked for more tokens than there are. What should happen when top_k exceeds the vocabulary?"
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
    "any length": "Words that have more syllables than are left are allowed.",
    "any end": (
        'Words like "of" and "many" may end a line here, which leaves it dangling. What in `form` says which may not?'
    ),
    "line ends only": "Only words that may end a line are allowed, even in its middle. When does that matter?",
    "never all": "A word that has exactly as many syllables as are left is never allowed, so no line can be filled.",
    "marks, too": "Tokens of 0 syllables are allowed within a line. They are no words: what tells words from the rest?",
    "marks, any end": "Tokens of 0 syllables, which are no words, are allowed within a line, and any word at its end.",
    "wrong ends": "Just the words that may not end a line are allowed to end it: the condition is turned round.",
}
_EXPLANATIONS_OF_MARKS = {
    "breaks only": "The end never comes: the last line ends like the others. Which number, from 0, has the last line?",
    "end only": "The end may come after every line, and breaks never do.",
    "both": (
        "Breaks and the end are allowed after any line. Which of them belongs after the last, which after the others?"
    ),
    "both at the end": "After the last line, breaks are allowed besides the end; only the end may come there.",
    "wrong way round": "Breaks come after the last line and the end after the others: the condition is turned round.",
    "none": "A full line allows nothing at all: its mark is forgotten. What may come when no syllable is left?",
}
ALLOWED = [
    *(Mistake(partial(allowed, words=words), explanation) for words, explanation in _EXPLANATIONS_OF_WORDS.items()),
    *(Mistake(partial(allowed, marks=marks), explanation) for marks, explanation in _EXPLANATIONS_OF_MARKS.items()),
    Mistake(
        lambda left, line, form: ~allowed(left, line, form),
        "It is the wrong way round: True is for tokens that may come, and here it stands at those that may not.",
    ),
    Mistake(
        lambda left, line, form: np.repeat(allowed(left, line, form)[:1], len(left), axis=0),
        "All verses are allowed what the first of the batch is. Each has its own `left` and `line`.",
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


def _verse(table: np.ndarray, prompt: list[int], form: SmallForm, mistake: str) -> list[int]:
    """One verse; empty if it would never end."""
    verse: list[int] = []
    for line, left in enumerate(form.lines):
        broken = False
        while not broken:
            if len(verse) == MAX_STEPS:
                return []
            read = prompt if mistake == "sees the prompt only" else prompt + verse
            read = {"sees the last token only": read[-1:], "scores of the first place": read[:1]}.get(mistake, read)
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
        "Writing stops as soon as one verse of the batch has ended, and the others are cut off. When are all done?"
    ),
    "sees the prompt only": (
        "The model scores every token after the prompt alone: what has been written does not reach it. What should it "
        "read at the next step?"
    ),
    "sees the last token only": "The model sees the last token alone, not the prompt and the verse before it.",
    "scores of the first place": (
        "The scores of the first place are used at every step. Which place's scores tell what comes next?"
    ),
    "nothing forbidden": (
        "The best token is taken whether it is allowed or not. What becomes of the scores of forbidden tokens before "
        "the draw?"
    ),
    "first verse for all": "Every verse gets the tokens that were drawn for the first of the batch.",
    "no filling": (
        "After its end a verse should be filled with `form.pad`, while others of the batch are still written."
    ),
    "words counted": "Each word takes one off what is left, however many syllables it has.",
    "end left out": (
        "The verses lack their last token, `form.end`. When is a verse done: before that is written, or after?"
    ),
    "prompt kept": "The prompt is given back with the verse. Only the verse is wanted.",
}
WRITING = [
    Mistake(partial(greedy, mistake=mistake), explanation) for mistake, explanation in _EXPLANATIONS_OF_WRITING.items()
]
WRITING_CRASHES = {
    "no verse is as long": (
        "write_haiku went on and on: a verse has at most 17 words and 3 marks. Are syllables taken off, lines counted, "
        "forbidden tokens kept out, and does the loop see when all verses have ended?"
    ),
}
