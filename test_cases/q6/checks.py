"""Question 6: the attention block is causal, its weights sum to one, and its output is exact."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data import Library
from grading import expect
from grading.outcomes import CheckFailed
from grading.student import Model, Student

TARGET = "models.AttentionBlock"
SIZES = [
    (8, 6, 2, 6),
    (8, 6, 1, 1),
    (4, 9, 3, 5),
    (16, 5, 2, 4),
    (5, 7, 4, 7),
]  # layer size, block size, batch, time
TOLERANCE = 1e-4  # float32 softmax and sums over at most 16 products are exact to about 1e-6


def causal(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for layer_size, block_size, batch, time in SIZES:
        model, parameters = _block(student, layer_size, block_size)
        before = _inputs(layer_size, batch, time)
        output = _call(model, before)
        for cut in range(1, time):
            after = before.copy()
            after[:, cut:] += 1
            changed = np.abs(_call(model, after) - output).max(axis=(0, 2))  # (time,)
            leaks = np.flatnonzero(changed[:cut] > TOLERANCE)
            if leaks.size:
                raise CheckFailed(
                    f"changing position {cut} and later of {time} changed the output at position {leaks[0]}, "
                    "which comes before. "
                    "Is the mask applied to the scores, before the softmax, and the right way round?"
                )


def weights_sum_to_one(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for layer_size, block_size, batch, time in SIZES:
        model, parameters = _block(student, layer_size, block_size)
        parameters["v_layer.weight"] = np.zeros((layer_size, layer_size), np.float32)
        parameters["v_layer.bias"] = np.ones(layer_size, np.float32)
        model.set_parameters(parameters)  # every value is 1, so each output is the sum of its position's weights
        sums = _call(model, _inputs(layer_size, batch, time))
        worst = np.unravel_index(int(np.abs(sums - 1).argmax()), sums.shape)
        if abs(sums[worst] - 1) > TOLERANCE:
            raise CheckFailed(
                f"the attention weights of position {worst[1]} (of {time}) should sum to 1; "
                f"they sum to {sums[worst]:.4f}. "
                "Is the softmax over the positions looked at, the last dimension, and after the mask?"
            )


def exact(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for layer_size, block_size, batch, time in SIZES:
        model, parameters = _block(student, layer_size, block_size)
        inputs = _inputs(layer_size, batch, time)
        expected = attention(inputs, parameters)
        what = f"attention over {time} positions of {layer_size} numbers should give"
        expect.close(
            _call(model, inputs),
            expected,
            TOLERANCE,
            what,
            "Are the scores divided by the square root of the layer size?",
        )


def attention(inputs: np.ndarray, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Causal softmax(Q K^T / sqrt(d)) V in float64 (Vaswani et al., 2017); inputs (batch, time, d), same shape back."""

    def linear(name: str) -> np.ndarray:
        return (
            inputs.astype(np.float64) @ parameters[f"{name}.weight"].T.astype(np.float64) + parameters[f"{name}.bias"]
        )

    time, layer_size = inputs.shape[1:]
    scores = linear("q_layer") @ linear("k_layer").transpose(0, 2, 1) / np.sqrt(layer_size)  # (batch, time, time)
    scores = np.where(np.tril(np.ones((time, time))) == 1, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    return (weights / weights.sum(axis=2, keepdims=True)) @ linear("v_layer")


def _block(student: Student, layer_size: int, block_size: int) -> tuple[Model, dict[str, np.ndarray]]:
    """A block with known random parameters: large enough for the scores to matter."""
    model = student.create(TARGET, layer_size, block_size)
    random = np.random.default_rng([layer_size, block_size])
    found = model.parameters()
    parameters = {}
    for layer in ("k_layer", "q_layer", "v_layer"):
        for part, shape in (("weight", (layer_size, layer_size)), ("bias", (layer_size,))):
            name = f"{layer}.{part}"
            if name not in found or found[name].shape != shape:
                raise CheckFailed(f"{layer} should be Linear({layer_size}, {layer_size}), as given; was it changed?")
            parameters[name] = random.standard_normal(shape).astype(np.float32)
    model.set_parameters(parameters)
    return model, parameters


def _inputs(layer_size: int, batch: int, time: int) -> np.ndarray:
    return (
        np.random.default_rng([layer_size, batch, time]).standard_normal((batch, time, layer_size)).astype(np.float32)
    )


def _call(model: Model, inputs: np.ndarray) -> np.ndarray:
    batch, time, layer_size = inputs.shape
    return expect.array(model(inputs), inputs.shape, f"an input of shape {inputs.shape} should give an output")
