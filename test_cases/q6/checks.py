"""Question 6: the attention block is causal, its weights sum to one, and its output is exact."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data import Library
from grading.checks import diagnosis, expect, rows, smallest
from grading.checks.combinations import Probe
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import CheckFailed, StudentCrashed
from pictures.attention import AttentionWeights
from test_cases.q6 import mistakes
from test_cases.q6.computation import attention

TARGET = "models.AttentionBlock"
SIZES = [
    (8, 6, 2, 6),
    (8, 6, 1, 1),
    (4, 9, 3, 5),
    (16, 5, 2, 4),
    (5, 7, 4, 7),
]  # layer size, block size, batch, time
SMALL_SIZES = [(1, 1), (2, 1), (2, 2), (3, 2)]  # time, layer size
SMALL_INPUT = np.array([[1, 0], [0, 2], [1, 1]], np.float32)
SMALL_FACTORS = {"q_layer": 1.0, "k_layer": 2.0, "v_layer": 3.0}
TOLERANCE = 1e-4  # float32 softmax and sums over at most 16 products are exact to about 1e-6
WORD, SCORE_OF_EQUALS, SCORE_OF_NEIGHBOURS = "abracadabra", 2.0, 1.5  # of what is shown


def weights_sum_to_one(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    student.exhibit(lambda: _seen_weights(student), in_window=True)
    with diagnosis.explained(lambda text: _wrong_attention(student), lambda: _smallest_difference(student)):
        for layer_size, block_size, batch, time in SIZES:
            model, parameters = _block(student, layer_size, block_size)
            parameters["v_layer.weight"] = np.zeros((layer_size, layer_size), np.float32)
            parameters["v_layer.bias"] = np.ones(layer_size, np.float32)
            model.set_parameters(parameters)  # every value is 1, so each output is the sum of its position's weights
            sums = _call(model, _inputs(layer_size, batch, time))
            worst = np.unravel_index(int(np.abs(sums - 1).argmax()), sums.shape)
            if abs(sums[worst] - 1) > TOLERANCE:
                raise expect.Mismatch(
                    f"the values, which `v_layer` gives, were all set to 1. The output at position {worst[1]} of "
                    f"{time} should then be 1, the sum of the weights; got {sums[worst]:.4f}."
                )


def causal(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong_attention(student), lambda: _smallest_difference(student)):
        for layer_size, block_size, batch, time in SIZES:
            model, _ = _block(student, layer_size, block_size)
            before = _inputs(layer_size, batch, time)
            output = _call(model, before)
            for cut in range(1, time):
                after = before.copy()
                after[:, cut:] += 1
                changed = np.abs(_call(model, after) - output).max(axis=(0, 2))  # (time,)
                leaks = np.flatnonzero(changed[:cut] > TOLERANCE)
                if leaks.size:
                    raise expect.Mismatch(
                        f"the grader changed the input at {expect.from_position(cut, time)}. Positions count from 0. "
                        f"The output at position {leaks[0]} should stay the same; it changed."
                    )


def exact(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong_attention(student), lambda: _smallest_difference(student)):
        for layer_size, block_size, batch, time in SIZES:
            model, parameters = _block(student, layer_size, block_size)
            inputs = _inputs(layer_size, batch, time)
            expect.close(
                _call(model, inputs),
                attention(inputs, parameters),
                TOLERANCE,
                f"the attention of {time} positions of {layer_size} numbers should give",
            )


def _seen_weights(student: Student) -> AttentionWeights:
    """What a block's attention does with a word whose letters look for their equals and for the letter before.

    A letter's vector joins two unit vectors: one for the letter, one for its position. The weights are read through
    the values, which turn position i into the i-th unit vector.
    """
    kinds, time = sorted(set(WORD)), len(WORD)
    size = len(kinds) + time
    inputs = np.zeros((1, time, size), np.float32)
    for position, letter in enumerate(WORD):
        inputs[0, position, [kinds.index(letter), len(kinds) + position]] = 1
    queries, keys = np.eye(size), np.eye(size)
    keys[len(kinds) :, len(kinds) :] = np.eye(time, k=1)  # the query of position i finds the key of position i - 1
    scales = np.sqrt(np.repeat([SCORE_OF_EQUALS, SCORE_OF_NEIGHBOURS], [len(kinds), time]) * np.sqrt(size))
    model, parameters = _block(student, size, time)
    unit_vectors = np.eye(time, size)
    weights = {"q": queries * scales, "k": keys.T * scales, "v": (np.linalg.pinv(inputs[0]) @ unit_vectors).T}
    for layer, weight in weights.items():
        parameters[f"{layer}_layer.weight"] = weight.astype(np.float32)
        parameters[f"{layer}_layer.bias"] = np.zeros(size, np.float32)
    model.set_parameters(parameters)
    output = _call(model, inputs)[0, :, :time]
    return AttentionWeights(output, attention(inputs, parameters, output="weights")[0], tuple(WORD))


def _wrong_attention(student: Student) -> str:
    """What is known of a block whose output is not the right one, or that crashed."""
    probes: list[Probe] = []
    crashed = []
    for layer_size, block_size, batch, time in SIZES:
        model, parameters = _block(student, layer_size, block_size)
        inputs = _inputs(layer_size, batch, time)
        try:
            output = model(inputs)
            if not probes and not np.array_equal(output, model(inputs), equal_nan=True):
                return mistakes.UNSTEADY
            probes.append(((inputs, parameters, block_size), output))
        except StudentCrashed:
            crashed.append(time < block_size)
    if crashed:
        is_length = all(crashed) and len(crashed) == sum(time < block_size for _, block_size, _, time in SIZES)
        return mistakes.ONLY_WHOLE_BLOCKS if is_length else ""
    if explanation := mistakes.ATTENTION.explanation(probes, TOLERANCE):
        return explanation
    for (inputs, parameters, block_size), _ in probes:
        model, _ = _block(student, inputs.shape[2], block_size)
        right = attention(inputs, parameters)
        if explanation := rows.mixing(model, inputs, np.asarray(right), TOLERANCE):
            return explanation
    has_nan = any(isinstance(output, np.ndarray) and np.isnan(output).any() for _, output in probes)
    return mistakes.NOT_A_NUMBER if has_nan else ""


def _smallest_difference(student: Student) -> str:
    """The smallest of a few cases, with layers that multiply by 1, 2 and 3, where the output is not the right one."""
    return smallest.difference((_small_case(student, time, layer_size) for time, layer_size in SMALL_SIZES), TOLERANCE)


def _small_case(student: Student, time: int, layer_size: int) -> smallest.Case:
    inputs = SMALL_INPUT[None, :time, :layer_size]
    weights = {
        f"{layer}.weight": np.float32(factor) * np.eye(layer_size, dtype=np.float32)
        for layer, factor in SMALL_FACTORS.items()
    }
    biases = {f"{layer}.bias": np.zeros(layer_size, np.float32) for layer in SMALL_FACTORS}
    factors = ", ".join(f"`{layer}(x)` = {factor:g} * x" for layer, factor in SMALL_FACTORS.items())

    def call() -> np.ndarray:
        model, _ = _block(student, layer_size, time)
        model.set_parameters(weights | biases)
        return model(inputs)

    return smallest.Case(f"{factors}, input {smallest.told(inputs)}", attention(inputs, weights | biases, time), call)


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
                raise CheckFailed(
                    f"{layer} should be Linear({layer_size}, {layer_size}), as you received it. Was the layer changed?"
                )
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
