"""Question 8: the four parts of the haiku chatbot on cases of the grader's own, then a trained bot in conversation.

The grader counts syllables, looks for known haiku and judges themes with its own tables; what it takes from the
student's process is text and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data import Library
from data import haiku as texts
from grading.checks import diagnosis, expect, smallest
from grading.checks.rows import mixing
from grading.checks.student import Picture, Student
from grading.outcomes import CheckFailed
from pictures.panels import Conversation
from test_cases.q8 import answers, cases, verses
from test_cases.q8 import mistakes_in_encoding as encodings
from test_cases.q8 import mistakes_in_form as forms
from test_cases.q8 import mistakes_in_loss as losses
from test_cases.q8 import mistakes_in_writing as writing
from test_cases.q8.cases import RARE, SMALL_FORM, SYLLABLES, TOKENS

MESSAGES = Path(__file__).resolve().parent / "messages.txt"
TOLERANCE = 1e-4  # float32 means over a few dozen numbers are exact to about 1e-6
DRAWS = 20_000  # the standard error of a frequency is then at most 0.0035
DRAWS_OF_A_ROW = 200  # of tokens with a chance of 9% or more: one is missed in less than one of 10^8 runs
FREQUENCY_TOLERANCE = 0.02  # more than five of those standard errors
GENERATOR = "Does `multinomial` get `generator`?"
RECOGNISED_FREQUENCIES = 0.03  # eight of those standard errors
MAX_SHOWN = 100  # characters of what the student's code makes of a list
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
            what = f"the {name} of `encode_example({prompt}, {verse}, {length}, {pad})` should be"
            right, given = np.array(values), found[part]
            with diagnosis.explained(
                partial(_wrong_encoding, student, part, name),
                lambda name=name, right=right, given=given: encodings.ones(given, right) if name == "mask" else "",  # type: ignore[misc]
            ):
                numbers = expect.array(given, (length,), f"{what} a tensor")
                if not np.array_equal(numbers, values):
                    raise expect.Mismatch(f"{what} {values}; got {numbers.astype(int).tolist()}.")
            if (given.dtype.kind == "f") != (name == "mask"):
                wanted_dtype = "float32" if name == "mask" else "int64"
                raise CheckFailed(f"{what} of dtype {wanted_dtype}; got {given.dtype}. The numbers are right.")


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong_loss(student, text), lambda: _smallest_wrong_loss(student)):
        for logits, targets, mask in cases.losses():
            batch, time = mask.shape
            what = f"`masked_loss` of {batch} x {time} positions, with a mask of {int(mask.sum())} ones,"
            value = expect.number(student.call("haiku.masked_loss", logits, targets, mask), f"{what} should be")
            expected = losses.masked_mean(losses.token_losses(logits, targets), mask)
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
    with diagnosis.explained(partial(_wrong_sampling, student), lambda: writing.draws(_frequencies(student))):
        _require_frequencies(student)
    with diagnosis.explained(lambda text: diagnosis.crash(text, writing.CRASHES_OF_UNLIKE_ROWS)):
        _require_own_tokens(student)
    with diagnosis.explained(partial(_wrong_sampling, student), lambda: writing.draws(_frequencies(student))):
        _require_frequencies_of_rows(student)
    first, again, other = (_drawn(student, RARE, 1.0, 6, seed=seed) for seed in (7, 7, 8))
    if not np.array_equal(first, again):
        raise CheckFailed("two calls with equal generators should give the same draws; they differ.", GENERATOR)
    if np.array_equal(first, other):
        raise CheckFailed(
            "two calls with different generators should give different draws; they are equal.",
            "Does your code set a seed, or make a generator of its own?",
        )


def form(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    handle = student.probe_object("form", **vars(SMALL_FORM)).handle
    states = [(left, line) for line in range(3) for left in range(8)]
    left, line = (np.array(column) for column in zip(*states, strict=True))
    expected = forms.allowed(left, line, SMALL_FORM)
    with diagnosis.explained(
        lambda text: _wrong_allowed(student, left, line, handle),
        lambda: _described_allowed(student, left, line, handle, expected),
    ):
        result = student.call("haiku.allowed_tokens", left, line, handle)
        found = expect.array(
            result,
            (len(states), len(TOKENS)),
            f"`allowed_tokens` of {len(states)} verses over {len(TOKENS)} tokens should be a bool tensor",
        )
        if result.dtype != bool:
            raise CheckFailed(f"`allowed_tokens` should give a tensor of dtype bool; got {result.dtype}.")
        for row, token in np.argwhere((found != 0) != expected):
            verb = "should" if expected[row, token] else "should not"
            raise expect.Mismatch(
                f"with left = {left[row]} and line = {line[row]}, the token {TOKENS[token]!r} of {SYLLABLES[token]} "
                f"syllables {verb} be allowed; got {bool(found[row, token])}."
            )
    with diagnosis.explained(
        lambda text: verses.wrong_writing(student, handle, text), lambda: verses.more_evidence(student, handle)
    ):
        for require in (verses.require_best, verses.require_form, verses.require_chance):
            for table, prompts in cases.tables():
                require(student, table, prompts, handle)


def bot(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    asked = answers.read_messages(MESSAGES)
    least = {name: thresholds[f"minimum_{name}"] for name in answers.WANTED}  # before the training, which is long
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
        expect.at_least(share, least[name], what)


def _wrong_encoding(student: Student, part: int, name: str, text: str) -> str:
    if changed := _changed_by_encoding(student):
        return changed
    probes = [(example, student.call("haiku.encode_example", *example)[part]) for example in cases.examples()]
    return diagnosis.recognised(encodings.ENCODING[name], probes, TOLERANCE)


def _changed_by_encoding(student: Student) -> str:
    """Whether `encode_example` changes the prompt or the verse, which a program may use again; "" if it does not."""
    prompt, verse, length, pad = next(iter(cases.examples()))
    functions = {"encode": "haiku.encode_example"}
    after = student.probe("after_encoding", functions, prompt=prompt, verse=verse, length=length, pad=pad)
    if not isinstance(after, list) or len(after) != 2:
        return ""
    for name, given, found in zip(("prompt", "verse"), (prompt, verse), after, strict=True):
        if found != given:
            return (
                f"`encode_example` changes the list `{name}`: {given} is {str(found)[:MAX_SHOWN]} after the call. "
                "`+=`, `append` and `extend` change a list in place. Which operation makes a new list?"
            )
    return ""


def _wrong_loss(student: Student, text: str) -> str:
    if explanation := diagnosis.crash(text, losses.LOSS_CRASHES):
        return explanation
    probes = [(arguments, student.call("haiku.masked_loss", *arguments)) for arguments in cases.losses()]
    return diagnosis.recognised(losses.LOSSES, probes, TOLERANCE)


def _smallest_wrong_loss(student: Student) -> str:
    return smallest.difference(
        (
            smallest.Case(
                f"logits {smallest.told(logits)}, targets {smallest.told(targets)}, mask {smallest.told(mask)}",
                losses.masked_mean(losses.token_losses(logits, targets), mask),
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


def _require_frequencies_of_rows(student: Student) -> None:
    """Fail unless each row of a batch draws with its own probabilities."""
    for (temperature, top_k), found in zip(writing.SAMPLED, _frequencies(student), strict=False):
        expected = writing.chances(writing.SAMPLED_ROWS, temperature, top_k)
        row, token = np.unravel_index(int(np.abs(found - expected).argmax()), expected.shape)
        if abs(found[row, token] - expected[row, token]) > FREQUENCY_TOLERANCE:
            raise expect.Mismatch(
                f"`sample_next` got a batch of different rows, {DRAWS:,} times each, temperature "
                f"{temperature:g} and top_k {top_k}. Token {token} of row {row} should have probability "
                f"{expected[row, token]:.3f}; it came in {found[row, token]:.3f} of the draws."
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
            counts = [len(np.unique(drawn[each :: len(rows)])) for each in range(len(rows))]
            firsts = np.argsort(-rows[0])[:top_k]
            if max(counts) > top_k:
                hint = writing.ONE_THRESHOLD
            elif set(np.unique(drawn)) <= set(firsts):
                hint = "All rows draw the top tokens of the first row. Which row do the token ids come from?"
            else:
                hint = ""
            raise expect.Mismatch(
                f"`sample_next` drew token {others[0]} for a row with the logits {smallest.told(logits)}. The token is "
                f"not among the top {top_k} of its row, which are the tokens {best[0]} and {best[1]}. Other "
                "rows of the batch have larger or smaller logits.",
                hint,
            )


def _wrong_sampling(student: Student, text: str) -> str:
    if explanation := diagnosis.crash(text, writing.SAMPLING_CRASHES):
        return explanation
    found = _frequencies(student)
    if len(found) < len(writing.SAMPLED):
        return ""
    if all((each == each[0]).all() and each.max() == 1 for each in found):
        return writing.ONE_DRAW
    probes = [((writing.SAMPLED_ROWS, *asked), each) for asked, each in zip(writing.SAMPLED, found, strict=True)]
    return diagnosis.recognised(writing.SAMPLING, probes, RECOGNISED_FREQUENCIES)


def _frequencies(student: Student) -> list[np.ndarray]:
    """How often each token is drawn for each of a few rows, (rows, vocab); of the calls that give token ids."""
    rows = writing.SAMPLED_ROWS
    found: list[np.ndarray] = []
    for temperature, top_k in writing.SAMPLED:
        generator = student.probe_object("generator", seed=9).handle
        many = np.tile(rows, (DRAWS, 1))
        drawn = student.call("haiku.sample_next", many, temperature, top_k, generator)
        if isinstance(drawn, np.ndarray) and drawn.shape == (len(many),) and drawn.dtype.kind == "i":
            counts = [np.bincount(drawn[row :: len(rows)], minlength=rows.shape[1]) for row in range(len(rows))]
            found.append(np.stack(counts) / DRAWS)
    return found


def _drawn(student: Student, logits: np.ndarray, temperature: float, top_k: int, seed: int) -> np.ndarray:
    """The tokens of `DRAWS` equal rows of logits."""
    generator = student.probe_object("generator", seed=seed).handle
    rows = np.tile(logits, (DRAWS, 1))
    found = student.call("haiku.sample_next", rows, temperature, top_k, generator)
    tokens = expect.array(
        found, (DRAWS,), f"`sample_next` of {DRAWS} rows of logits should give one token id for each row, a tensor"
    )
    if found.dtype.kind != "i":
        raise CheckFailed(f"`sample_next` should give token ids of dtype int64; got {found.dtype}.")
    if tokens.min() < 0 or tokens.max() >= len(logits):
        raise CheckFailed(f"`sample_next` gave token {int(tokens.max())} of a vocabulary of {len(logits)}.")
    return tokens.astype(np.int64)


def _wrong_allowed(student: Student, left: np.ndarray, line: np.ndarray, form: Any) -> str:
    full = left == 0
    batches = ((left, line), (left[::-1].copy(), line[::-1].copy()), (left[full], line[full]))
    return forms.ALLOWED.explanation(
        [((*batch, SMALL_FORM), student.call("haiku.allowed_tokens", *batch, form)) for batch in batches], 0
    )


def _described_allowed(student: Student, left: np.ndarray, line: np.ndarray, form: Any, expected: np.ndarray) -> str:
    """Whether the rows mix, or what the wrong entries have in common."""

    def call(states: np.ndarray) -> Any:
        return student.call("haiku.allowed_tokens", states[:, 0].copy(), states[:, 1].copy(), form)

    states = np.stack([left, line], axis=1)
    return mixing(call, states, expected, 0) or forms.differences(call(states) != 0, expected, left, line)


def _syllables(line: str) -> int:
    """The syllables of a line; -1 if it holds a word that the grader does not know."""
    counts = [texts.syllables().get(word, -100) for word in texts.words_of(line)]
    return max(sum(counts), -1)
