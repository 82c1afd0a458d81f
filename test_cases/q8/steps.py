"""Question 8's `write_haiku`, described step by step: for a whole batch, and along one verse.

`greedy` is right without keywords. `mistakes_in_steps.py` lists the wrong values of the keywords.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
