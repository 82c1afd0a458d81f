"""Question 8: the four parts of the haiku chatbot on cases of the grader's own, then a trained bot in conversation.

The grader counts syllables, looks for known haiku and judges themes with its own tables; what it takes from the
student's process is text and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data import Library
from data import haiku as texts
from grading.checks import diagnosis, expect, smallest
from grading.checks.student import Picture, Student
from grading.outcomes import CheckFailed, StudentCrashed
from pictures.panels import Conversation
from test_cases.q8 import answers, cases
from test_cases.q8 import mistakes_in_learning as learning
from test_cases.q8 import mistakes_in_writing as writing
from test_cases.q8.cases import BREAKS, END, PAD, RARE, SMALL_FORM, SYLLABLES, TOKENS

MESSAGES = Path(__file__).resolve().parent / "messages.txt"
TOLERANCE = 1e-4  # float32 means over a few dozen numbers are exact to about 1e-6
DRAWS = 20_000  # the standard error of a frequency is then at most 0.0035
DRAWS_OF_A_ROW = 200  # of tokens with a chance of 9% or more: one is missed in less than one of 10^8 runs
FREQUENCY_TOLERANCE = 0.02  # more than five of those standard errors
GENERATOR = "Does `multinomial` get `generator`?"
RECOGNISED_FREQUENCIES = 0.03  # six standard errors of half as many draws
FUNCTIONS = {name: f"haiku.{name}" for name in ("encode_example", "masked_loss", "write_haiku")} | {
    "GPT": "gpt_model.GPT"
}


def model(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    created = student.create("gpt_model.GPT", 16, 8, 2, 50)
    ids = np.random.default_rng(0).integers(50, size=(3, 11))
    expect.array(created(ids), (3, 11, 50), "a batch of 3 sequences of 11 tokens out of 50 should give logits")


def encoding(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for prompt, verse, length, pad in sorted(cases.examples(), key=lambda example: example[2]):
        found = student.call("haiku.encode_example", prompt, verse, length, pad)
        if not isinstance(found, list) or len(found) != 3:
            raise CheckFailed("`encode_example` should return three tensors: inputs, targets and mask.")
        spare = length - (len(prompt) + len(verse) - 1)
        tokens, mask = prompt + verse, [0] * (len(prompt) - 1) + [1] * len(verse) + [0] * spare
        wanted = {"inputs": tokens[:-1] + [pad] * spare, "targets": tokens[1:] + [pad] * spare, "mask": mask}
        for part, (name, values) in enumerate(wanted.items()):
            with diagnosis.explained(partial(_wrong_encoding, student, part, name)):
                what = f"the {name} of `encode_example({prompt}, {verse}, {length}, {pad})` should be"
                numbers = expect.array(found[part], (length,), f"{what} a tensor")
                if not np.array_equal(numbers, values):
                    raise expect.Mismatch(f"{what} {values}; got {numbers.astype(int).tolist()}.")


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong_loss(student), lambda: _smallest_wrong_loss(student)):
        for logits, targets, mask in cases.losses():
            batch, time = mask.shape
            what = f"`masked_loss` of {batch} x {time} positions, with a mask of {int(mask.sum())} ones,"
            value = expect.number(student.call("haiku.masked_loss", logits, targets, mask), f"{what} should be")
            expected = learning.masked_mean(learning.token_losses(logits, targets), mask)
            expect.close(value, expected, TOLERANCE, f"{what} should be")
            found = student.gradients("haiku.masked_loss", logits, targets, mask)
            slope = found.inputs[0]
            if not found.differentiable or slope is None:
                raise CheckFailed(
                    "the loss is right, but no gradient arrives at the logits.",
                    "Does `masked_loss` use detach, item, no_grad or numpy?",
                )
            if np.abs(slope[mask == 0]).max() > 0:
                raise CheckFailed(
                    "the gradient of `masked_loss` should be 0 where the mask is 0; some of these gradients are not 0."
                )


def sampling(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(partial(_wrong_sampling, student)):
        _require_frequencies(student)
    with diagnosis.explained(lambda text: diagnosis.crash(text, writing.CRASHES_OF_UNLIKE_ROWS)):
        _require_own_tokens(student)
    first, again, other = (_drawn(student, RARE, 1.0, 6, seed=seed) for seed in (7, 7, 8))
    if not np.array_equal(first, again):
        raise CheckFailed("two calls with equal generators should give the same draws; they differ.", GENERATOR)
    if np.array_equal(first, other):
        raise CheckFailed("two calls with different generators should give different draws; they are equal.", GENERATOR)


def form(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    handle = student.probe_object("form", **vars(SMALL_FORM)).handle
    states = [(left, line) for line in range(3) for left in range(8)]
    left, line = (np.array(column) for column in zip(*states, strict=True))
    expected = writing.allowed(left, line, SMALL_FORM)
    with diagnosis.explained(lambda text: _wrong_allowed(student, left, line, handle)):
        found = expect.array(
            student.call("haiku.allowed_tokens", left, line, handle),
            (len(states), len(TOKENS)),
            f"`allowed_tokens` of {len(states)} verses over {len(TOKENS)} tokens should be a bool tensor",
        )
        for row, token in np.argwhere((found != 0) != expected):
            verb = "should" if expected[row, token] else "should not"
            raise expect.Mismatch(
                f"with left = {left[row]} and line = {line[row]}, the token {TOKENS[token]!r} of {SYLLABLES[token]} "
                f"syllables {verb} be allowed; got {bool(found[row, token])}."
            )
    with diagnosis.explained(lambda text: _wrong_writing(student, handle, text)):
        for table, prompts in cases.tables():
            _require_verses(student, table, prompts, handle)


def bot(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    asked = answers.read_messages(MESSAGES)
    trained = student.probe_object("Bot", FUNCTIONS, Picture("haiku_bot.picture"), seed=0)
    found = trained.method("answers", [message for _, message in asked], 0)
    if not isinstance(found, list) or len(found) != len(asked) or not all(isinstance(text, str) for text in found):
        raise CheckFailed("the bot should answer every message with a text; some answers are none.")
    turns = tuple((message, answer) for (_, message), answer in zip(asked, found, strict=True))
    student.exhibit(lambda: Conversation(turns))
    shares = answers.shares(asked, [text.split("\n") for text in found], lambda line: {_syllables(line)})
    for name, share in shares.items():
        student.record(name, share)
    for name, share in shares.items():
        what = f"{answers.WANTED[name]}, of {len(asked)} messages:"
        expect.at_least(share, thresholds[f"minimum_{name}"], what)


def _wrong_encoding(student: Student, part: int, name: str, text: str) -> str:
    probes = [(example, student.call("haiku.encode_example", *example)[part]) for example in cases.examples()]
    return diagnosis.recognised(learning.ENCODING[name], probes, TOLERANCE)


def _wrong_loss(student: Student) -> str:
    probes = [(arguments, student.call("haiku.masked_loss", *arguments)) for arguments in cases.losses()]
    return diagnosis.recognised(learning.LOSSES, probes, TOLERANCE)


def _smallest_wrong_loss(student: Student) -> str:
    return smallest.difference(
        (
            smallest.Case(
                f"logits {smallest.told(logits)}, targets {smallest.told(targets)}, mask {smallest.told(mask)}",
                learning.masked_mean(learning.token_losses(logits, targets), mask),
                partial(student.call, "haiku.masked_loss", logits, targets, mask),
            )
            for logits, targets, mask in cases.small_losses()
        ),
        TOLERANCE,
    )


def _require_frequencies(student: Student) -> None:
    for temperature, top_k in ((1.0, 6), (0.5, 3), (2.0, 2), (1.0, 50), (0.7, 1)):
        drawn = _drawn(student, RARE, temperature, top_k, seed=5)
        (expected,) = writing.chances(RARE[None], temperature, top_k)
        frequencies = np.bincount(drawn, minlength=len(RARE)) / DRAWS
        worst = int(np.abs(frequencies - expected).argmax())
        if abs(frequencies[worst] - expected[worst]) > FREQUENCY_TOLERANCE:
            raise expect.Mismatch(
                f"`sample_next` got the logits {RARE.tolist()}, temperature {temperature:g} and top_k {top_k}. Token "
                f"{worst} should have probability {expected[worst]:.3f}; it came in {frequencies[worst]:.3f} of "
                f"{DRAWS:,} draws."
            )


def _require_own_tokens(student: Student) -> None:
    """Fail unless each row of a batch gets a token that is among the top k of that row."""
    rows, top_k = writing.UNLIKE_ROWS, 2
    generator = student.probe_object("generator", seed=5).handle
    drawn = expect.array(
        student.call("haiku.sample_next", np.tile(rows, (DRAWS_OF_A_ROW, 1)), 1.0, top_k, generator),
        (DRAWS_OF_A_ROW * len(rows),),
        f"`sample_next` of {len(rows)} different rows, {DRAWS_OF_A_ROW} times each, should give one token id for each",
    )
    for row, logits in enumerate(rows):
        best = np.sort(np.argsort(-logits)[:top_k])
        others = np.setdiff1d(drawn[row :: len(rows)], best).astype(int)
        if others.size:
            raise expect.Mismatch(
                f"`sample_next` drew token {others[0]} for a row with the logits {smallest.told(logits)}. The token is "
                f"not among the top {top_k} of its row, which are the tokens {best[0]} and {best[1]}. Other "
                "rows of the batch have larger or smaller logits.",
                writing.ONE_THRESHOLD,
            )


def _wrong_sampling(student: Student, text: str) -> str:
    if explanation := diagnosis.crash(text, writing.SAMPLING_CRASHES):
        return explanation
    rows, one = writing.SAMPLED_ROWS, True
    probes: list[diagnosis.Probe] = []
    for temperature, top_k in writing.SAMPLED:
        generator = student.probe_object("generator", seed=9).handle
        many = np.tile(rows, (DRAWS // len(rows), 1))
        drawn = student.call("haiku.sample_next", many, temperature, top_k, generator)
        if not isinstance(drawn, np.ndarray) or drawn.shape != (DRAWS,) or drawn.dtype.kind != "i":
            return ""
        one = one and bool((drawn == drawn[0]).all())
        counts = [np.bincount(drawn[row :: len(rows)], minlength=rows.shape[1]) for row in range(len(rows))]
        probes.append(((rows, temperature, top_k), np.stack(counts) * len(rows) / DRAWS))
    return writing.ONE_DRAW if one else diagnosis.recognised(writing.SAMPLING, probes, RECOGNISED_FREQUENCIES)


def _drawn(student: Student, logits: np.ndarray, temperature: float, top_k: int, seed: int) -> np.ndarray:
    """The tokens of `DRAWS` equal rows of logits."""
    generator = student.probe_object("generator", seed=seed).handle
    rows = np.tile(logits, (DRAWS, 1))
    found = student.call("haiku.sample_next", rows, temperature, top_k, generator)
    tokens = expect.array(
        found, (DRAWS,), f"`sample_next` of {DRAWS} rows of logits should give one token id for each row, a tensor"
    )
    if tokens.min() < 0 or tokens.max() >= len(logits):
        raise CheckFailed(f"`sample_next` gave token {int(tokens.max())} of a vocabulary of {len(logits)}.")
    return tokens.astype(np.int64)


def _written(student: Student, model: Any, prompts: np.ndarray, form: Any, top_k: int) -> np.ndarray:
    generator = student.probe_object("generator", seed=11).handle
    found = student.call("haiku.write_haiku", model, prompts, form, 1.0, top_k, generator)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or len(found) != len(prompts):
        raise expect.Mismatch(
            f"`write_haiku` of {len(prompts)} prompts should give ids of shape ({len(prompts)}, time); got "
            f"{expect.kind(found)}."
        )
    if found.dtype.kind != "i" or found.size == 0 or found.min() < 0 or found.max() >= len(TOKENS):
        raise CheckFailed(
            f"`write_haiku` should give int64 token ids from 0 to {len(TOKENS) - 1}; got {smallest.told(found)}."
        )
    return found


def _wrong_allowed(student: Student, left: np.ndarray, line: np.ndarray, form: Any) -> str:
    found = student.call("haiku.allowed_tokens", left, line, form)
    return diagnosis.recognised(writing.ALLOWED, [((left, line, SMALL_FORM), found)], 0)


def _require_verses(student: Student, table: np.ndarray, prompts: np.ndarray, form: Any) -> None:
    """Fail unless `write_haiku` takes the best allowed tokens with top_k 1, and keeps the form with every token."""
    model = student.probe_object("TableModel", table=table).handle
    expected = writing.greedy(table, prompts, SMALL_FORM)
    for verse, row in zip(_written(student, model, prompts, form, top_k=1).tolist(), expected.tolist(), strict=True):
        best = row[: row.index(END) + 1]
        if verse[: len(best)] != best or any(token != PAD for token in verse[len(best) :]):
            raise expect.Mismatch(
                "with top_k 1, `write_haiku` should take the allowed token of the largest logit in each step. Expected:"
                f"{_names(best)}\nand then <pad>; got:{_names(verse)}\n{_lengths(verse)}"
            )
    for verse in _written(student, model, prompts, form, top_k=len(TOKENS)).tolist():
        _require_form(verse)


def _wrong_writing(student: Student, form: Any, text: str) -> str:
    """What is known of a wrong `write_haiku`, also from tables where forbidden marks have the largest logits."""
    probes: list[diagnosis.Probe] = []
    for table, prompts in cases.tables():
        for bonus in (0, 10):
            favoured = table + np.float32(bonus) * (np.array(SYLLABLES) == 0)
            model = student.probe_object("TableModel", table=favoured).handle
            try:
                written = _written(student, model, prompts, form, top_k=1)
            except StudentCrashed:
                continue
            probes.append(((favoured, prompts, SMALL_FORM), written))
    return diagnosis.recognised(writing.WRITING, probes, 0) or diagnosis.crash(text, writing.WRITING_CRASHES)


def _require_form(verse: list[int]) -> None:
    """Fail unless the ids are three lines of 5, 7 and 5 syllables, the end, and then padding."""
    left, line = texts.FORM[0], 0
    for position, token in enumerate(verse):
        if not writing.is_allowed(token, left, line, SMALL_FORM):
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
    wanted = "as they should." if tuple(counts) == texts.FORM else f"not {_listed(texts.FORM)}."
    return f"{lines} {_listed(counts)} syllables, {wanted}"


def _listed(counts: Sequence[int]) -> str:
    """Numbers in words of a sentence: 5, 7 and 5."""
    *others, last = map(str, counts)
    return f"{', '.join(others)} and {last}" if others else last


def _syllables(line: str) -> int:
    """The syllables of a line; -1 if it holds a word that the grader does not know."""
    counts = [texts.syllables().get(word, -100) for word in texts.words_of(line)]
    return max(sum(counts), -1)
