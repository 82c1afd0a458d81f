"""What question 8 asks of `write_haiku`: the best tokens, the form, chance; and what is known of wrong verses."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from data import haiku as texts
from grading.checks import diagnosis, expect, smallest
from grading.checks.student import Student
from grading.checks.wording import listed
from grading.outcomes import CheckFailed, StudentCrashed
from test_cases.q8 import cases, mistakes_in_steps, steps
from test_cases.q8 import mistakes_in_form as forms
from test_cases.q8 import mistakes_in_writing as writing
from test_cases.q8.cases import BREAKS, END, PAD, SMALL_FORM, SYLLABLES, TOKENS

SHARP = 1e4  # times logits of the tables: a draw then always takes the largest
COLD = 1e-4  # a temperature: logits of the tables that differ by 0.01 then differ by 100
TRIED = 6  # prompts, each beside each: among so many, two end their lines in different steps


def _written(
    student: Student, model: Any, prompts: np.ndarray, form: Any, top_k: int, temperature: float = 1.0, seed: int = 11
) -> np.ndarray:
    generator = student.probe_object("generator", seed=seed).handle
    found = student.call("haiku.write_haiku", model, prompts, form, temperature, top_k, generator)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or len(found) != len(prompts):
        raise expect.Mismatch(
            f"`write_haiku` of {len(prompts)} prompts should give ids of shape ({len(prompts)}, time); got "
            f"{expect.kind(found)}."
        )
    if found.size == 0:
        raise expect.Mismatch(
            f"`write_haiku` of {len(prompts)} prompts of {prompts.shape[1]} tokens should give verses; got a tensor of "
            f"shape {found.shape}."
        )
    if found.dtype.kind != "i" or found.min() < 0 or found.max() >= len(TOKENS):
        raise CheckFailed(
            f"`write_haiku` should give int64 token ids from 0 to {len(TOKENS) - 1}; got {smallest.told(found)}."
        )
    return found


def require_best(student: Student, table: np.ndarray, prompts: np.ndarray, form: Any) -> None:
    """Fail unless `write_haiku` takes the best allowed tokens with top_k 1."""
    model = student.probe_object("TableModel", table=table).handle
    expected = steps.greedy(table, prompts, SMALL_FORM)
    for verse, row in zip(_written(student, model, prompts, form, top_k=1).tolist(), expected.tolist(), strict=True):
        best = row[: row.index(END) + 1]
        if verse[: len(best)] != best or any(token != PAD for token in verse[len(best) :]):
            raise expect.Mismatch(
                "with top_k 1, `write_haiku` should take the allowed token of the largest logit in each step. Expected:"
                f"{_names(best)}\nand then <pad>; got:{_names(verse)}\n{_lengths(verse)}"
            )


def require_form(student: Student, table: np.ndarray, prompts: np.ndarray, form: Any) -> None:
    """Fail unless `write_haiku` keeps the form where every token may be drawn."""
    model = student.probe_object("TableModel", table=table).handle
    for verse in _written(student, model, prompts, form, top_k=len(TOKENS)).tolist():
        _require_form_of(verse)


def require_chance(student: Student, table: np.ndarray, prompts: np.ndarray, form: Any) -> None:
    """Fail unless `write_haiku` draws with the logits as they are, the temperature and the generator that it gets."""
    expected = steps.greedy(table, prompts, SMALL_FORM)
    hints = {
        (SHARP, 1.0): "Do the logits pass through something, such as a softmax, before `sample_next`?",
        (1.0, COLD): "Does `sample_next` get the `temperature` of `write_haiku`?",
    }
    for (factor, temperature), hint in hints.items():
        model = student.probe_object("TableModel", table=np.float32(factor) * table).handle
        written = _written(student, model, prompts, form, len(TOKENS), temperature)[:, : expected.shape[1]]
        wrong = [number for number, row in enumerate(expected.tolist()) if written[number].tolist() != row]
        if wrong:
            size = "" if factor == 1 else " and logits of several thousand"
            raise CheckFailed(
                f"with temperature {temperature:g}{size}, `write_haiku` should take the allowed token of the largest "
                "logit in each step. "
                f"{len(wrong)} of {len(expected)} verses are others. With top_k 1 they are right.",
                hint,
            )
    model = student.probe_object("TableModel", table=table).handle
    first, again, other = (_written(student, model, prompts, form, len(TOKENS), seed=seed) for seed in (7, 7, 8))
    if len(prompts) > TRIED and (not np.array_equal(first, again) or np.array_equal(first, other)):
        how = (
            "equal generators gave different verses"
            if not np.array_equal(first, again)
            else ("different generators gave the same verses")
        )
        raise CheckFailed(
            f"two calls of `write_haiku` with {how}.", "Does `sample_next` draw, with the generator of `write_haiku`?"
        )


def wrong_writing(student: Student, form: Any, text: str) -> str:
    """What is known of a wrong `write_haiku`, also from tables where forbidden marks have the largest logits."""
    probes: list[diagnosis.Probe] = []
    for table, prompts in cases.tables():
        for bonus in (0, 10):
            favoured = table + np.float32(bonus) * (np.array(SYLLABLES) == 0)
            model = student.probe_object("TableModel", table=favoured).handle
            try:
                generator = student.probe_object("generator", seed=11).handle
                written = student.call("haiku.write_haiku", model, prompts, form, 1.0, 1, generator)
            except StudentCrashed:
                continue
            probes.append(((favoured, prompts, SMALL_FORM), written))
    return writing.endless(text, SMALL_FORM) or mistakes_in_steps.WRITING.explanation(probes, 0)


def more_evidence(student: Student, form: Any) -> str:
    """What differs in the verse of a prompt that is right alone, and wrong in a batch with one other prompt."""
    for table, prompts in cases.tables():
        model = student.probe_object("TableModel", table=table).handle

        def is_right(rows: list[int], model: Any = model, table: Any = table, prompts: Any = prompts) -> bool:
            written = _written(student, model, prompts[rows], form, top_k=1)
            return np.array_equal(written, steps.greedy(table, prompts[rows], SMALL_FORM))

        for row, other in itertools.product(range(min(TRIED, len(prompts))), repeat=2):
            if row != other and is_right([row]) and is_right([other]) and not is_right([row, other]):
                written = _written(student, model, prompts[[row, other]], form, top_k=1)
                return _told_together(written.tolist(), steps.greedy(table, prompts[[row, other]], SMALL_FORM).tolist())
    return _first_wrong_steps(student, form)


def _told_together(found: list[list[int]], expected: list[list[int]]) -> str:
    """The first step in which one of two verses is not as expected, and what both wrote in the step before."""
    told = "A prompt alone gives the expected verse. In a batch of two prompts, the verse of one changes."
    step, row = next(
        (step, row)
        for step in range(max(len(found[0]), len(expected[0])) + 1)
        for row in range(2)
        if found[row][step : step + 1] != expected[row][step : step + 1]
    )
    if step == 0 or step >= len(found[0]):
        return f"{told} {writing.OWN_COUNTS}"
    here, there = (TOKENS[found[each][step - 1]] for each in (row, 1 - row))
    return (
        f"{told} Its first wrong token is number {step}, counted from 0. In the step before, the other verse wrote "
        f"{there!r}, and this verse {here!r}. {writing.OWN_COUNTS}"
    )


def _first_wrong_steps(student: Student, form: Any) -> str:
    """What holds of the first wrong token of the first wrong verse; and of the logits, if it holds of all verses."""
    told, largest_allowed = "", []
    for table, prompts in cases.tables():
        model = student.probe_object("TableModel", table=table).handle
        written = _written(student, model, prompts, form, top_k=1)
        for prompt, verse in zip(prompts.tolist(), written.tolist(), strict=True):
            wrong = steps.first_wrong(table, prompt, verse, SMALL_FORM)
            if wrong is not None:
                largest_allowed.append(wrong.logits[wrong.best])
                told = told or _told_step(wrong)
            elif END not in verse and not told:
                told = (
                    f"All tokens that were written are right, and writing stops after {len(verse)} tokens without "
                    "<end>. It should stop when all verses have ended."
                )
    if told and largest_allowed and max(largest_allowed) < 0 and len(largest_allowed) > 1:
        told += (
            " In each verse, the first wrong token comes where all allowed tokens have logits below 0. Which logit do "
            "forbidden tokens get?"
        )
    return told


def _told_step(wrong: steps.WrongToken) -> str:
    state = f"{wrong.left} {'syllable was' if wrong.left == 1 else 'syllables were'} left in line {wrong.line}"
    start = f"Token {wrong.step}, {TOKENS[wrong.token]!r}, is the first wrong one: {state}."
    if forms.is_allowed(wrong.token, wrong.left, wrong.line, SMALL_FORM):
        return (
            f"{start} The token is allowed there, with the logit {wrong.logits[wrong.token]:.2f}. "
            f"{TOKENS[wrong.best]!r} has the largest logit, {wrong.logits[wrong.best]:.2f}. Tokens and lines count "
            "from 0."
        )
    syllables = SYLLABLES[wrong.token]
    return f"{start} The token has {syllables} syllables and is forbidden there. Tokens and lines count from 0."


def _require_form_of(verse: list[int]) -> None:
    """Fail unless the ids are three lines of 5, 7 and 5 syllables, the end, and then padding."""
    left, line = texts.FORM[0], 0
    for position, token in enumerate(verse):
        if not forms.is_allowed(token, left, line, SMALL_FORM):
            raise expect.Mismatch(
                f"`write_haiku` wrote this verse:{_names(verse)}\n{_lengths(verse)} Token {position}, "
                f"{TOKENS[token]!r}, is not allowed there: {left} syllables were left in line {line}. Tokens and lines "
                "count from 0."
            )
        if left == 0:
            line += 1
            if line == len(texts.FORM):
                if any(rest != PAD for rest in verse[position + 1 :]):
                    raise expect.Mismatch(
                        f"after <end> a verse should hold <pad> alone; got:{_names(verse)}\n{_lengths(verse)}"
                    )
                return
            left = texts.FORM[line]
        else:
            left -= SYLLABLES[token]
    raise expect.Mismatch(f"`write_haiku` should write until <end>; got:{_names(verse)}\n{_lengths(verse)}")


def _names(verse: list[int]) -> str:
    """The names of a verse's tokens, on a line of their own."""
    return "\n    " + " ".join(TOKENS[token] for token in verse)


def _lengths(verse: list[int]) -> str:
    """States the syllables of each line of a verse.

    A line ends at a break or at the end; without them, a verse is one line.
    """
    counts = [0]
    for token in verse:
        if BREAKS[token]:
            counts.append(0)
        elif token == END:
            break
        counts[-1] += SYLLABLES[token]
    lines = "The only line has" if len(counts) == 1 else f"The {len(counts)} lines have"
    wanted = "as they should." if tuple(counts) == texts.FORM else f"not {listed(texts.FORM)}."
    return f"{lines} {listed(counts)} syllables, {wanted}"
