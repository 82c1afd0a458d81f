"""Question 8's known mistakes: none is right, none is told for another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from grading.checks import diagnosis
from grading.checks.combinations import Computation
from grading.checks.diagnosis import Mistake, Probe
from grading.questions import discover
from test_cases.q8 import cases, mistakes_in_steps, steps
from test_cases.q8 import mistakes_in_encoding as encodings
from test_cases.q8 import mistakes_in_form as forms
from test_cases.q8 import mistakes_in_loss as losses
from test_cases.q8 import mistakes_in_writing as writing

CHECKS = next(question for question in discover() if question.id == "q8").functions["model"].__globals__
PLACES = [(left, line) for line in range(3) for left in range(8)]
LEFT, LINE = (np.array(column) for column in zip(*PLACES, strict=True))


def encoded(prompt: list[int], verse: list[int], length: int, pad: int) -> dict[str, list[int]]:
    tokens, filling = prompt + verse, [pad] * (length - len(prompt) - len(verse) + 1)
    return {
        "inputs": tokens[:-1] + filling,
        "targets": tokens[1:] + filling,
        "mask": [0] * (len(prompt) - 1) + [1] * len(verse) + [0] * len(filling),
    }


def tables() -> list[tuple[Any, ...]]:
    marks = np.array(cases.SYLLABLES) == 0
    return [
        (table + bonus * marks, prompts, cases.SMALL_FORM) for table, prompts in cases.tables() for bonus in (0, 10)
    ]


def single(computation: Computation) -> list[Mistake]:
    """Each wrong variant of a computation, alone. Two that never end are the same."""
    return [
        Mistake(partial(computation.function, **{part.keyword: variant.value}), variant.fact)
        for part in computation.parts
        for variant in part.variants
        if (part.keyword, variant.value) != ("used", "nothing")
    ]


ENCODINGS: dict[str, tuple[Sequence[Mistake], list[Probe], float]] = {
    name: (
        encodings.ENCODING[name],
        [(example, np.array(encoded(*example)[name])) for example in cases.examples()],
        CHECKS["TOLERANCE"],
    )
    for name in ("inputs", "targets", "mask")
}
KINDS: dict[str, tuple[Sequence[Mistake], list[Probe], float]] = {
    **ENCODINGS,
    "loss": (
        losses.LOSSES,
        [((x, y, mask), losses.masked_mean(losses.token_losses(x, y), mask)) for x, y, mask in cases.losses()],
        CHECKS["TOLERANCE"],
    ),
    "sampling": (
        writing.SAMPLING,
        [((writing.SAMPLED_ROWS, *drawn), writing.chances(writing.SAMPLED_ROWS, *drawn)) for drawn in writing.SAMPLED],
        2 * CHECKS["RECOGNISED_FREQUENCIES"],
    ),
    "allowed": (
        single(forms.ALLOWED),
        [
            ((left, line, cases.SMALL_FORM), forms.allowed(left, line, cases.SMALL_FORM))
            for left, line in ((LEFT, LINE), (LEFT[::-1], LINE[::-1]), (LEFT[LEFT == 0], LINE[LEFT == 0]))
        ],
        0,
    ),
    "writing": (single(mistakes_in_steps.WRITING), [(given, steps.greedy(*given)) for given in tables()], 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_known_mistake_looks_right(kind):
    mistakes, probes, tolerance = KINDS[kind]
    for mistake in mistakes:
        assert diagnosis.recognised([mistake], probes, tolerance) == "", mistake.explanation


@pytest.mark.parametrize("kind", KINDS)
def test_no_known_mistake_is_told_for_another(kind):
    mistakes, probes, tolerance = KINDS[kind]
    made = {id(mistake): [(given, mistake.computation(*given)) for given, _ in probes] for mistake in mistakes}
    for one, other in itertools.permutations(mistakes, 2):
        if one.explanation != other.explanation:
            assert diagnosis.recognised([one], made[id(other)], tolerance) == "", (one.explanation, other.explanation)


def test_the_computed_losses_are_torchs():
    from torch import from_numpy
    from torch.nn.functional import cross_entropy

    for logits, targets, mask in cases.losses():
        counted = mask == 1
        expected = cross_entropy(from_numpy(logits[counted]), from_numpy(targets[counted])).item()
        assert losses.masked_mean(losses.token_losses(logits, targets), mask) == pytest.approx(expected, rel=1e-5)


def test_a_greedy_verse_takes_only_what_is_allowed_and_ends():
    form = cases.SMALL_FORM
    for table, prompts in cases.tables():
        for verse in steps.greedy(table, prompts, form).tolist():
            ended = verse.index(cases.END)
            counts = [form.syllables[token] for token in verse[:ended]]
            assert sum(counts) == sum(form.lines)
            assert all(token == cases.PAD for token in verse[ended + 1 :])


def test_the_first_wrong_token_is_found_along_a_verses_own_tokens():
    form = cases.SMALL_FORM
    table, prompts = cases.tables()[-1]
    for prompt, verse in zip(prompts.tolist(), steps.greedy(table, prompts, form).tolist(), strict=True):
        assert steps.first_wrong(table, prompt, verse, form) is None
        changed = [*verse[:2], cases.PAD, *verse[3:]]
        found = steps.first_wrong(table, prompt, changed, form)
        assert (found.step, found.token, found.best) == (2, cases.PAD, verse[2])
        assert found.left == form.lines[0] - sum(form.syllables[token] for token in verse[:2]) or found.line


@pytest.mark.parametrize(
    ("tokens", "phrase"),
    [
        ([6] * 49, "no break is among them"),
        ([9, 7, 1, *[6] * 46], "1 of them is a break, and none is `form.end`"),
        ([9, 7, 1, cases.END, *[0] * 45], "How does your loop find out that a verse has ended?"),
    ],
)
def test_a_verse_without_an_end_is_told_by_its_tokens(tokens, phrase):
    assert phrase in writing.endless(f"RuntimeError: no verse is as long as 49 tokens: {tokens}", cases.SMALL_FORM)
    assert writing.endless("RuntimeError: something else", cases.SMALL_FORM) == ""


def test_the_edges_of_a_mask_are_told():
    right = np.array([0, 0, 1, 1, 1, 0])
    assert encodings.ones(right, right) == ""
    assert encodings.ones(np.array([0, 1, 1, 1, 0, 0]), right) == (
        "The first 1 of the mask is 1 position early. The first token of the verse is the target at position "
        "len(prompt) - 1. The last 1 of the mask is 1 position early. The last token of the verse is the target at "
        "position len(prompt) + len(verse) - 2."
    )
    assert encodings.ones(np.zeros(6), right) == "The mask has no 1."
    assert encodings.ones(np.array([1, 0, 1, 1, 1, 0]), right) == ""


def frequencies(of_temperature, of_top_k=lambda top_k: top_k) -> list[np.ndarray]:
    """What a student's draws would give: chances with other temperatures, or from another number of tokens."""
    return [
        writing.chances(writing.SAMPLED_ROWS, of_temperature(temperature), of_top_k(top_k))
        for temperature, top_k in writing.SAMPLED
    ]


def test_draws_at_other_temperatures_or_from_too_few_tokens_are_described():
    assert writing.draws(frequencies(lambda temperature: temperature)) == ""
    assert writing.draws(frequencies(lambda temperature: 1.5 * temperature)) == (
        "The frequencies fit other temperatures: 0.5, 2, 1 and 0.7 act as 0.75, 3, 1.5 and 1.05."
    )
    assert "each row draws 2, 2, 2 and 2 different tokens" in writing.draws(frequencies(lambda t: t, lambda k: 2))
    assert writing.draws([]) == ""


def test_what_the_wrong_entries_of_allowed_tokens_share_is_told():
    right = forms.allowed(LEFT, LINE, cases.SMALL_FORM)
    wrong = right | ((LINE == 2) & (LEFT == 1))[:, None]
    told = forms.differences(wrong, right, LEFT, LINE)
    assert told.endswith("all of them are True; `line` is 2 there; `left` is 1 there.")
    assert forms.differences(right, right, LEFT, LINE) == forms.differences(right[0], right, LEFT, LINE) == ""
