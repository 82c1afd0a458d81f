"""Question 8's `write_haiku`, described step by step for a whole batch, and what can go wrong with each of its parts.

`greedy` is right without keywords. `grading.checks.combinations` tries the wrong values of `WRITING`, alone and in
pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grading.checks.combinations import Computation, Part, Variant
from test_cases.q8.mistakes_in_form import SmallForm, allowed

NEW_FIRST = "new tokens first"
MAX_STEPS = 40  # a verse has at most 17 words and 3 marks


def greedy(
    table: np.ndarray,
    prompts: np.ndarray,
    form: SmallForm,
    *,
    start: str = "line 0",
    read: str = "all tokens",
    scores: str = "last position",
    forbidden: str = "minus infinity",
    counters: str = "own",
    broken: str = "own",
    line_change: str = "token of 0 syllables",
    next_left: str = "of the new line",
    used: str = "syllables",
    drawn: str = "own",
    filling: str = "pad",
    until: str = "all have ended",
    result: str = "verses",
) -> np.ndarray:
    """The verses, (batch, time), that always take the best allowed token, and what mistakes make of them.

    Args:
        table: (times, vocab, vocab), scores of the next token, see public/probes.py.
        prompts: (batch, prompt time).
        form: over the vocabulary.
        start, read, scores, forbidden, counters, broken: right by default; `WRITING` lists the mistakes.
        line_change, next_left, used, drawn, filling, until, result: right by default; `WRITING` lists the mistakes.
    Returns:
        the ids. Empty if a mistake never ends.
    """
    lengths = np.array([*form.lines, 0])
    last = len(form.lines) - 1
    count = len(prompts)
    ids, line, left = prompts, np.zeros(count, np.int64), np.full(count, lengths[0])
    if start != "line 0":
        line, left = line + (start == "line 1"), np.full(count, lengths[1])
    ended = np.zeros(count, bool)
    may_come = _allowed_by_state(form)  # (left, line, vocab)
    first_allowed = may_come[left, line]
    for _ in range(MAX_STEPS):
        logits = _scores(table, ids, prompts.shape[1], read, scores)
        counted, number = (left[:1].repeat(count), line[:1].repeat(count)) if counters == "first row" else (left, line)
        may = (
            first_allowed
            if forbidden == "once"
            else may_come[counted.clip(0, len(may_come) - 1), number.clip(max=last)]
        )
        best = _best(logits, may, forbidden)
        best = best[:1].repeat(count) if drawn == "first row" else best
        best = np.where(ended & (filling == "pad"), form.pad, best)
        syllables = form.syllables[best]
        spent = left - {
            "words": np.minimum(syllables, 1),
            "nothing": 0,
            "token before": form.syllables[ids[:, -1]],
            "most of the batch": syllables.max(),
        }.get(used, syllables)
        breaks = ~ended & (spent <= 0 if line_change == "no syllables left" else syllables == 0)
        together = (breaks.any() if "any" in broken else breaks.all()) & ~ended
        goes_on = breaks if broken in ("own", "any left", "all left") else together
        before, line = line, (line + goes_on).clip(max=last + 1)
        resets = breaks if broken in ("own", "any line", "all line") else together
        following = {"of the line before": lengths[before], "of the first line": lengths[0]}
        left = np.where(resets, following.get(next_left, lengths[line]), spent)
        ended = line > last
        ids = np.concatenate([ids, best[:, None]], axis=1)
        if ended.any() if until == "one has ended" else ended.all():
            return _result(ids if read != NEW_FIRST else _new_first(ids, prompts.shape[1]), prompts, result, form)
    return np.zeros((0, 0), np.int64)


@dataclass(frozen=True)
class WrongToken:
    """The first token of a verse that is not the allowed token of the largest logit.

    Attributes:
        step: its index in the verse.
        token, best: its id, and the id that was expected.
        left, line: syllables that were left, and the line's number from 0, by the tokens before it.
        logits: of all tokens in this step, (vocab,).
    """

    step: int
    token: int
    best: int
    left: int
    line: int
    logits: np.ndarray


def first_wrong(table: np.ndarray, prompt: list[int], verse: list[int], form: SmallForm) -> WrongToken | None:
    """Follow a verse along its own tokens, up to the first that is not the best allowed one; None if all are."""
    may_come = _allowed_by_state(form)
    left, line = form.lines[0], 0
    for step, token in enumerate(verse):
        read = prompt + verse[:step]
        logits = table[(len(read) - 1) % len(table), read[-1]]
        best = int(np.where(may_come[left, line], logits, -np.inf).argmax())
        if token != best:
            return WrongToken(step, token, best, left, line, logits)
        if token == form.end:
            return None
        is_break = form.syllables[token] == 0
        line += int(is_break)
        left = form.lines[line] if is_break else left - int(form.syllables[token])
    return None


def _allowed_by_state(form: SmallForm) -> np.ndarray:
    """What may come for each number of syllables left and each line: bool (left, line, vocab)."""
    states = np.indices((max(form.lines) + 1, len(form.lines))).reshape(2, -1)
    return allowed(states[0], states[1], form).reshape(max(form.lines) + 1, len(form.lines), -1)


def _scores(table: np.ndarray, ids: np.ndarray, prompt_time: int, read: str, scores: str) -> np.ndarray:
    """The logits that are used for the next token, (batch, vocab)."""
    seen = {"the prompt": ids[:, :prompt_time], "the last token": ids[:, -1:]}.get(read, ids)
    if read == NEW_FIRST:
        seen = _new_first(ids, prompt_time)
    logits = table[np.arange(seen.shape[1]) % len(table), seen]  # (batch, time, vocab)
    if scores == "mean":
        return logits.mean(axis=1)
    return logits[:, 0 if scores == "first position" else -1]


def _new_first(ids: np.ndarray, prompt_time: int) -> np.ndarray:
    """The ids where every new token was put in front of all others."""
    return np.concatenate([ids[:, prompt_time:][:, ::-1], ids[:, :prompt_time]], axis=1)


def _best(logits: np.ndarray, may: np.ndarray, forbidden: str) -> np.ndarray:
    """The token of the largest logit of each row, after the forbidden logits are changed."""
    if forbidden == "nothing":
        return logits.argmax(axis=1)
    fill = 0.0 if forbidden == "zero" else -np.inf
    kept = ~may if forbidden == "allowed tokens" else may
    return np.where(kept, logits, fill).argmax(axis=1)


def _result(ids: np.ndarray, prompts: np.ndarray, result: str, form: SmallForm) -> np.ndarray:
    verses = ids[:, prompts.shape[1] :]
    if result == "from the number of rows":
        return ids[:, len(prompts) :]
    if result == "from the second token":
        return verses[:, 1:]
    if result == "prompts and verses":
        return ids
    if result == "without the last step":
        return verses[:, :-1]
    if result == "without the end":
        kept = [[token for token in verse if token != form.end] for verse in verses.tolist()]
        longest = max(map(len, kept))
        return np.array([verse + [form.pad] * (longest - len(verse)) for verse in kept])
    return verses


_TOGETHER = "Which operation of your code looks at the whole batch at once?"
WRITING = Computation(
    greedy,
    (
        Part(
            "start",
            (
                Variant("line 1", "The verse begins with line 1. Lines count from 0."),
                Variant(
                    "left of line 1",
                    "The first line gets the syllables of line 1. Lines count from 0.",
                    "Which entry of `form.lines` does `left` get before the loop?",
                ),
            ),
        ),
        Part(
            "read",
            (
                Variant(
                    "the prompt",
                    "Every step uses the logits that follow the prompt. A step should use the logits that follow the "
                    "last token written.",
                    "Does `model` get the prompt alone, or is the position of the logits fixed?",
                ),
                Variant(
                    "the last token",
                    "The model reads the last token alone. It should read the prompt and all tokens that were written.",
                ),
                Variant(
                    NEW_FIRST,
                    "New tokens come before the prompt. They should come after all tokens before them.",
                    "In which order does `cat` get its tensors?",
                ),
            ),
        ),
        Part(
            "scores",
            (
                Variant(
                    "first position",
                    "The logits of the first position are used in every step.",
                    "The logits of which position are for the next token?",
                ),
                Variant("mean", "The mean of the logits over all positions is used. Use the last position alone."),
            ),
        ),
        Part(
            "forbidden",
            (
                Variant(
                    "nothing",
                    "Forbidden tokens are drawn, too.",
                    "Are the logits of forbidden tokens set to minus infinity before the draw?",
                ),
                Variant(
                    "zero",
                    "Logits of forbidden tokens are 0. A forbidden token is then drawn where the allowed logits are "
                    "below 0. They should be minus infinity.",
                ),
                Variant("allowed tokens", "Allowed tokens are never drawn. The mask hides them and keeps the others."),
                Variant(
                    "once",
                    "The tokens allowed in the first step are allowed in every step. `left` and `line` change in each "
                    "step.",
                    "Is `allowed_tokens` called before the loop?",
                ),
            ),
        ),
        Part(
            "counters",
            (
                Variant(
                    "first row",
                    "`left` and `line` of the first verse decide what is allowed in every verse. Each verse has its "
                    "own.",
                ),
            ),
        ),
        Part(
            "broken",
            (
                Variant(
                    "any",
                    "When one verse ends its line, all verses of the batch go to the next line. Each verse "
                    "has lines of its own.",
                    _TOGETHER,
                ),
                Variant(
                    "all",
                    "No verse goes to the next line unless all verses end their line in the same step.",
                    _TOGETHER,
                ),
                Variant(
                    "all line",
                    "`line` stays until all verses of the batch end their line in the same step.",
                    _TOGETHER,
                ),
                Variant(
                    "any line",
                    "When one verse ends its line, `line` grows for all verses of the batch.",
                    _TOGETHER,
                ),
                Variant(
                    "any left",
                    "When one verse ends its line, `left` starts again for all verses of the batch.",
                    _TOGETHER,
                ),
            ),
        ),
        Part(
            "line_change",
            (
                Variant(
                    "no syllables left",
                    "A verse goes to the next line as soon as no syllables are left. It should first write a break or "
                    "`form.end`.",
                    "Which token ends a line?",
                ),
            ),
        ),
        Part(
            "next_left",
            (
                Variant(
                    "of the line before",
                    "Lines 1 and 2 have as many syllables as the line before them should have. Lines count from 0.",
                    "Is `left` looked up before or after `line` grows?",
                ),
                Variant(
                    "of the first line",
                    "Every line has as many syllables as the first line.",
                    "Which entry of `form.lines` does a new line get?",
                ),
            ),
        ),
        Part(
            "used",
            (
                Variant("words", "`left` falls by 1 for each word. It should fall by the syllables of the word."),
                Variant(
                    "token before",
                    "`left` falls by the syllables of the token before. It should fall by those of the token that was "
                    "just drawn.",
                ),
                Variant(
                    "most of the batch",
                    "`left` of every verse falls by the largest number of syllables in the batch. Each verse has its "
                    "own word.",
                ),
                Variant("nothing", "`left` does not fall. It should fall by the syllables of each word."),
            ),
        ),
        Part(
            "drawn",
            (
                Variant(
                    "first row",
                    "Every verse gets the tokens of the first verse. Each row of the batch needs its own token.",
                ),
            ),
        ),
        Part(
            "filling",
            (
                Variant(
                    "any",
                    "A verse goes on after `form.end`. After `form.end` every token of the verse should be `form.pad`.",
                ),
            ),
        ),
        Part(
            "until",
            (
                Variant(
                    "one has ended",
                    "Writing stops when one verse of the batch has ended. It should stop when all verses have ended.",
                ),
            ),
        ),
        Part(
            "result",
            (
                Variant("prompts and verses", "The result begins with the prompt. Return the verse alone."),
                Variant(
                    "from the number of rows",
                    "The result begins at column `len(prompts)`, the number of rows. It should begin behind the "
                    "prompt.",
                    "Which size of `prompts` is the length of the prompt?",
                ),
                Variant("from the second token", "The first token of each verse is missing in the result."),
                Variant("without the last step", "The result lacks the tokens of the last step."),
                Variant(
                    "without the end",
                    "The verses end without `form.end`. `form.end` is the last token of a verse.",
                ),
            ),
        ),
    ),
)  # fmt: skip
