"""Classic mistakes in how question 8 writes: what each would give, and the story for it.

As in mistakes_in_learning.py. `allowed` and `greedy` without a mistake are what the checks compare with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from grading.diagnosis import Mistake
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
        "One token too few stands in the draw: the last of the top_k never comes. Is something > that should be >=, or "
        "an index one too low?",
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


WORDS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    # of syllables and may_end_line, (vocab,), and left, (batch, 1)
    "right": lambda s, ends, left: (s > 0) & ((s < left) | ((s == left) & ends)),
    "any length": lambda s, ends, left: (s > 0) & (left > -1),
    "any end": lambda s, ends, left: (s > 0) & (s <= left),
    "line ends only": lambda s, ends, left: (s > 0) & (s <= left) & ends,
    "never all": lambda s, ends, left: (s > 0) & (s < left),
    "marks, too": lambda s, ends, left: (s < left) | ((s == left) & ends),
    "marks, any end": lambda s, ends, left: s <= left,
    "wrong ends": lambda s, ends, left: (s > 0) & ((s < left) | ((s == left) & ~ends)),
}
MARKS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    # of breaks and what is the end, (vocab,), and whether the line is the last, (batch, 1)
    "right": lambda breaks, end, last: np.where(last, end, breaks),
    "breaks only": lambda breaks, end, last: breaks & (last | ~last),
    "end only": lambda breaks, end, last: end & (last | ~last),
    "both": lambda breaks, end, last: (breaks | end) & (last | ~last),
    "both at the end": lambda breaks, end, last: np.where(last, breaks | end, breaks),
    "wrong way round": lambda breaks, end, last: np.where(last, breaks, end),
    "none": lambda breaks, end, last: (breaks & end) & last,
}


def allowed(
    left: np.ndarray, line: np.ndarray, form: SmallForm, *, words: str = "right", marks: str = "right"
) -> np.ndarray:
    """Which tokens may come next, bool (batch, vocab), and what mistakes make of it.

    Args:
        left, line: int (batch,), syllables left and the line's number.
        form: over the vocabulary.
        words, marks: right as they are by default; other keys of `WORDS` and `MARKS` are mistakes.
    """
    lacking, last = left[:, None], (line == len(form.lines) - 1)[:, None]
    end = np.arange(len(form.syllables)) == form.end
    of_words = WORDS[words](form.syllables, form.may_end_line, lacking)
    return np.where(lacking > 0, of_words, MARKS[marks](form.breaks, end, last))


_STORIES_OF_WORDS = {
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
_STORIES_OF_MARKS = {
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
    *(Mistake(partial(allowed, words=words), story) for words, story in _STORIES_OF_WORDS.items()),
    *(Mistake(partial(allowed, marks=marks), story) for marks, story in _STORIES_OF_MARKS.items()),
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

MOST_STEPS = 40  # a verse has at most 17 words and 3 marks


def greedy(table: np.ndarray, prompts: np.ndarray, form: SmallForm, *, mistake: str = "") -> np.ndarray:
    """The verses, (batch, time), that always take the best allowed token, and what mistakes make of them.

    Args:
        table: (times, vocab, vocab), scores of the next token; see haiku_bot/probe.py.
        prompts: (batch, prompt time).
        form: over the vocabulary.
        mistake: none by default.
    Returns:
        ids; a mistake that never ends gives an empty array.
    """
    ids, lines = prompts, np.array([*form.lines, 0])
    line = np.zeros(len(prompts), np.int64)
    left = lines[line]
    ended = line == len(form.lines)
    while not (ended.any() if mistake == "until one has ended" else ended.all()):
        if ids.shape[1] > prompts.shape[1] + MOST_STEPS:
            return np.zeros((0, 0), np.int64)
        place, last = ids.shape[1] - 1, ids[:, -1]
        if mistake == "sees the prompt only":
            place, last = prompts.shape[1] - 1, prompts[:, -1]
        elif mistake == "sees the last token only":
            place = 0
        elif mistake == "scores of the first place":
            place, last = 0, ids[:, 0]
        scores = table[place % len(table), last]
        may = allowed(left, np.minimum(line, len(form.lines) - 1), form)
        drawn = np.where(may | (mistake == "nothing forbidden"), scores, -np.inf).argmax(axis=1)
        if mistake == "first verse for all":
            drawn = np.repeat(drawn[:1], len(drawn))
        if mistake != "no filling":
            drawn = np.where(ended, form.pad, drawn)
        broken = ~ended & (form.syllables[drawn] == 0)
        line = line + broken
        counted = form.syllables[drawn[:1]] if mistake == "first verse's syllables" else form.syllables[drawn]
        left = np.where(broken, lines[line], left - (1 * (counted > 0) if mistake == "words counted" else counted))
        ended = line == len(form.lines)
        if mistake == "end left out":
            ended = ended | ((line == len(form.lines) - 1) & (left == 0))
            line = np.where(ended, len(form.lines), line)
        ids = np.concatenate([ids, drawn[:, None]], axis=1)
    return ids if mistake == "prompt kept" else ids[:, prompts.shape[1] :]


_STORIES_OF_WRITING = {
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
    "first verse's syllables": (
        "From every verse's syllables, those of the first verse's word are taken. Each verse has its own count."
    ),
    "words counted": "Each word takes one off what is left, however many syllables it has.",
    "end left out": (
        "The verses lack their last token, `form.end`. When is a verse done: before that is written, or after?"
    ),
    "prompt kept": "The prompt is given back with the verse. Only the verse is wanted.",
}
WRITING = [Mistake(partial(greedy, mistake=mistake), story) for mistake, story in _STORIES_OF_WRITING.items()]
WRITING_CRASHES = {
    "no verse is as long": (
        "write_haiku went on and on: a verse has at most 17 words and 3 marks. Are syllables taken off, lines counted, "
        "forbidden tokens kept out, and does the loop see when all verses have ended?"
    ),
}
