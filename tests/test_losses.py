"""Mistakes in losses and in the convolution: each is named from its own numbers, and a right one is named nothing."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
import torch

from grading.checks import common, losses
from grading.checks.combinations import Computation, Probe
from test_cases.q2 import checks as q2
from test_cases.q5 import checks as q5
from test_cases.q5 import mistakes as q5_mistakes

COMPUTATIONS: dict[str, tuple[Computation, list[Any]]] = {
    "squared error": (losses.SQUARED_ERROR, q2._loss_inputs(14, (5, 8, 13))),
    "cross-entropy": (losses.CROSS_ENTROPY, common._loss_inputs(11, common.PROBED_BATCHES, 10)),
    "convolution": (q5_mistakes.CONVOLUTION, q5._pairs(17)),
}
SINGLE = [
    pytest.param(name, part.keyword, number, id=f"{name}-{part.keyword}-{number}")
    for name, (computation, _) in COMPUTATIONS.items()
    for part in computation.parts
    for number in range(len(part.variants))
]


def probes(name: str, **wrong: Any) -> list[Probe]:
    """What a submission with these mistakes gives, in float32; inputs that make it crash are left out."""
    computation, inputs = COMPUTATIONS[name]
    found: list[Probe] = []
    for given in inputs:
        with np.errstate(all="ignore"), contextlib.suppress(ValueError):
            found.append((given, np.asarray(computation.function(*given, **wrong), np.float32)))
    return found


@pytest.mark.parametrize(("name", "keyword", "number"), SINGLE)
def test_every_single_mistake_is_named_from_its_numbers(name, keyword, number):
    computation, _ = COMPUTATIONS[name]
    (variant,) = (part.variants[number] for part in computation.parts if part.keyword == keyword)
    assert variant.fact in computation.explanation(probes(name, **{keyword: variant.value}), 1e-4)


@pytest.mark.parametrize("name", COMPUTATIONS)
def test_nothing_is_named_of_a_right_result(name):
    assert COMPUTATIONS[name][0].explanation(probes(name), 1e-4) == ""


def test_two_mistakes_together_are_both_named():
    told = losses.SQUARED_ERROR.explanation(probes("squared error", differences="pairs", reduction=("sum", 1.0)), 1e-4)
    assert "all pairs of a prediction and a label" in told
    assert "the sum over the batch" in told


def test_the_losses_are_those_of_torch():
    for logits, labels in common._loss_inputs(1, (1, 6), 5):
        right = torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels))
        assert losses.cross_entropy(logits, labels) == pytest.approx(right.item(), rel=1e-5)
    for predictions, labels in q2._loss_inputs(4, (1, 5)):
        right = torch.nn.functional.mse_loss(torch.from_numpy(predictions), torch.from_numpy(labels))
        assert losses.squared_error(predictions, labels) == pytest.approx(right.item(), rel=1e-5)


def test_the_convolution_is_that_of_torch():
    for image, kernel in q5._pairs(3):
        right = torch.nn.functional.conv2d(torch.from_numpy(image)[None, None], torch.from_numpy(kernel)[None, None])
        np.testing.assert_allclose(q5_mistakes.convolution(image, kernel), right[0, 0].numpy(), atol=1e-4)
