"""Mistakes put together by machine: each is named from its own numbers, and nothing is named where nothing is sure."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from grading.checks import smallest
from grading.checks.combinations import Computation, Part, Variant, agrees
from grading.checks.smallest import Case
from grading.outcomes import StudentCrashed
from test_cases.q6 import checks
from test_cases.q6.computation import RIGHT_MASK, attention
from test_cases.q6.mistakes import ATTENTION


def line(x: float, *, factor: float = 2.0, shift: float = 1.0) -> float:
    return factor * x + shift


LINE = Computation(
    line,
    (
        Part("factor", (Variant(3.0, "3 is the factor.", "Why 3?"), Variant(4.0, "4 is the factor."))),
        Part("shift", (Variant(0.0, "The shift is missing.", "Is 1 added?"), Variant(3.0, "The shift is 3."))),
    ),
)


def of_line(found, *points):
    return LINE.explanation([((x,), found(x)) for x in points], 1e-9)


def test_one_mistake_is_told_with_its_question():
    assert of_line(lambda x: 3 * x + 1, 1.0, 2.0) == "3 is the factor. Why 3?"


def test_two_mistakes_are_told_as_facts_where_no_single_one_fits():
    assert of_line(lambda x: 3 * x, 1.0, 2.0) == "Two parts are wrong. 3 is the factor. The shift is missing."


def test_two_explanations_of_the_same_numbers_are_both_told():
    told = of_line(lambda x: 2 * x + 3, 2.0)  # 7: the factor 3 gives the same
    assert told == "Two mistakes give these numbers. 1. 3 is the factor. 2. The shift is 3."
    assert of_line(lambda x: 2 * x + 3, 2.0, 5.0) == "The shift is 3."


def test_what_many_explanations_share_is_told_alone():
    parts = (*LINE.parts, Part("unused", (Variant(0, "u"), Variant(1, "v"), Variant(2, "w"))))
    wider = Computation(lambda x, *, unused=None, **kept: line(x, **kept) if unused is None else 3 * x, parts)
    probes = [((x,), 3 * x) for x in (1.0, 2.0)]
    assert wider.explanation(probes, 1e-9) == ""  # three single mistakes fit, and share nothing
    assert Computation(line, LINE.parts, max_mistakes=1).explanation(probes, 1e-9) == ""


@pytest.mark.parametrize("found", [lambda x: 2 * x + 1, lambda x: x * x, lambda x: float("nan"), lambda x: "text"])
def test_nothing_is_told_of_right_numbers_unknown_ones_and_none(found):
    assert of_line(found, 1.0, 2.0, 5.0) == ""
    assert LINE.explanation([], 1e-9) == ""


def test_a_variant_that_does_not_go_with_a_probe_does_not_fit():
    def fails(x, *, how=""):
        if how:
            raise ValueError("axes do not match")
        return x

    assert Computation(fails, (Part("how", (Variant("badly", "no"),)),)).explanation([((1.0,), 2.0)], 1e-9) == ""


def test_nan_agrees_with_nan_at_the_same_entry_and_with_nothing_else():
    nan, inf = np.nan, np.inf
    assert agrees(np.array([nan, 1, inf]), np.array([nan, 1, inf]), 1e-6)
    assert not agrees(np.array([nan, 1.0]), np.array([1.0, nan]), 1e-6)
    assert not agrees(np.array([inf]), np.array([-inf]), 1e-6)
    assert not agrees(np.zeros((2, 1)), np.zeros(2), 1e-6)
    assert agrees(np.array([[2.0]]), 2.0, 1e-6)


@pytest.mark.parametrize("place", range(5))
def test_one_entry_that_differs_is_enough_wherever_it_is(place):
    expected = np.arange(5.0)
    for wrong in (1.0, np.nan, np.inf):
        found = (
            expected + wrong * np.eye(5)[place] if np.isfinite(wrong) else np.where(np.eye(5)[place], wrong, expected)
        )
        assert not agrees(expected, found, 1e-6), wrong
        assert not agrees(found, expected, 1e-6), wrong
        assert agrees(found, found.copy(), 1e-6), wrong


@cache
def attention_given() -> list[tuple]:
    """The arguments of attention at each size that question 6 asks for."""
    given = []
    for layer_size, block_size, batch, time in checks.SIZES:
        random = np.random.default_rng([layer_size, block_size])
        parameters = {
            f"{layer}.{part}": random.standard_normal(shape).astype(np.float32)
            for layer in ("k_layer", "q_layer", "v_layer")
            for part, shape in (("weight", (layer_size, layer_size)), ("bias", (layer_size,)))
        }
        given.append((checks._inputs(layer_size, batch, time), parameters, block_size))
    return given


@cache
def computed(size, wrong):
    with np.errstate(all="ignore"):
        return attention(*attention_given()[size], **dict(wrong))


def remembered(size, **wrong):
    """Attention at one of the sizes: each variant is computed once for all tests."""
    return computed(size, tuple(sorted(wrong.items())))


REMEMBERED = replace(ATTENTION, function=remembered)


def attention_probes(**wrong):
    return [((size,), np.asarray(remembered(size, **wrong), np.float32)) for size in range(len(checks.SIZES))]


def test_nothing_is_told_of_right_attention():
    assert REMEMBERED.explanation(attention_probes(), checks.TOLERANCE) == ""


@pytest.mark.parametrize("part", ATTENTION.parts, ids=lambda part: part.keyword)
def test_every_single_mistake_of_attention_is_named_from_its_numbers(part):
    for variant in part.variants:
        told = REMEMBERED.explanation(attention_probes(**{part.keyword: variant.value}), checks.TOLERANCE)
        assert variant.fact in told, (part.keyword, variant.value, told)


def test_most_pairs_of_mistakes_of_attention_are_named_and_none_is_named_wrongly():
    random = np.random.default_rng(0)
    named = 0
    pairs = list(combinations(ATTENTION.parts, 2))[::4]
    for one, other in pairs:
        chosen = [part.variants[random.integers(len(part.variants))] for part in (one, other)]
        probes = attention_probes(**{one.keyword: chosen[0].value, other.keyword: chosen[1].value})
        told = REMEMBERED.explanation(probes, checks.TOLERANCE)
        named += all(variant.fact in told for variant in chosen)
    assert named >= 0.6 * len(pairs)


def test_the_smallest_case_that_differs_is_stated_with_its_numbers():
    def gone():
        raise StudentCrashed("gone")

    cases = [
        Case("input 0", 0.0, lambda: 0.0),
        Case("input 1", 1.0, gone),
        Case("input [1, 2]", np.array([1.0, 0.5]), lambda: np.array([1.0, 0.25])),
        Case("input 3", 3.0, lambda: 4.0),
    ]
    told = smallest.difference(cases, 1e-6)
    assert told == "The smallest case that differs: input [1, 2]. Expected [1, 0.5]; got [1, 0.25]."
    assert smallest.difference(cases[:2], 1e-6) == ""


def test_a_large_array_in_a_message_is_told_by_its_shape():
    assert smallest.told(np.zeros((5, 7))) == "a tensor of shape (5, 7)"
    assert smallest.told(2.0) == "2"


def test_messages_of_attention_hold_no_line_of_code_that_fixes_them():
    for part in ATTENTION.parts:
        for variant in part.variants:
            assert "softmax(" not in variant.fact + variant.question
    assert RIGHT_MASK[1] == float("-inf")
