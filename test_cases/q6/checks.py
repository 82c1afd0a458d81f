"""Question 6: the attention block is causal, its weights sum to one, and its output is exact."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from data import Library
from grading.checks import diagnosis, expect
from grading.checks.diagnosis import Mistake
from grading.checks.student import Model, Student
from grading.outcomes import CheckFailed, StudentCrashed
from pictures.attention import AttentionWeights

TARGET = "models.AttentionBlock"
SIZES = [
    (8, 6, 2, 6),
    (8, 6, 1, 1),
    (4, 9, 3, 5),
    (16, 5, 2, 4),
    (5, 7, 4, 7),
]  # layer size, block size, batch, time
TOLERANCE = 1e-4  # float32 softmax and sums over at most 16 products are exact to about 1e-6
WORD, SCORE_OF_EQUALS, SCORE_OF_NEIGHBOURS = "abracadabra", 2.0, 1.5  # of what is shown


def weights_sum_to_one(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    student.exhibit(lambda: _seen_weights(student), in_window=True)
    with diagnosis.explained(lambda text: _wrong_attention(student)):
        for layer_size, block_size, batch, time in SIZES:
            model, parameters = _block(student, layer_size, block_size)
            parameters["v_layer.weight"] = np.zeros((layer_size, layer_size), np.float32)
            parameters["v_layer.bias"] = np.ones(layer_size, np.float32)
            model.set_parameters(parameters)  # every value is 1, so each output is the sum of its position's weights
            sums = _call(model, _inputs(layer_size, batch, time))
            worst = np.unravel_index(int(np.abs(sums - 1).argmax()), sums.shape)
            if abs(sums[worst] - 1) > TOLERANCE:
                raise expect.Mismatch(
                    f"the attention weights of position {worst[1]} (of {time}) should sum to 1; "
                    f"they sum to {sums[worst]:.4f}.",
                    "Is the softmax over the positions looked at, the last dimension, and after the mask?",
                )


def causal(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong_attention(student)):
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
                        f"changing position {cut} and later of {time} changed the output at position {leaks[0]}, "
                        "which comes before.",
                        "Is the mask applied to the scores, before the softmax, and the right way round?",
                    )


def exact(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong_attention(student)):
        for layer_size, block_size, batch, time in SIZES:
            model, parameters = _block(student, layer_size, block_size)
            inputs = _inputs(layer_size, batch, time)
            expect.close(
                _call(model, inputs),
                attention(inputs, parameters),
                TOLERANCE,
                f"attention over {time} positions of {layer_size} numbers should give",
                "Are the scores divided by the square root of the layer size?",
            )


def attention(
    inputs: np.ndarray,
    parameters: Mapping[str, np.ndarray],
    *,
    scale: str = "root of the layer size",
    mask: str = "before the softmax",
    softmax_axis: int = 2,
    queries: str = "q_layer",
    keys: str = "k_layer",
    values: str = "v_layer",
) -> np.ndarray:
    """Causal softmax(Q K^T / sqrt(d)) V in float64 (Vaswani et al., 2017), and what mistakes make of it.

    Args:
        inputs: (batch, time, d).
        parameters: weights and biases of the three layers, by name.
        scale, mask, softmax_axis, queries, keys, values: right as they are by default; anything else is a mistake.
    Returns:
        (batch, time, d), or (batch, time, time) without values.
    """

    def linear(name: str) -> np.ndarray:
        weight, bias = parameters[f"{name}.weight"].astype(np.float64), parameters[f"{name}.bias"]
        return inputs.astype(np.float64) @ weight.T + bias

    time, layer_size = inputs.shape[1:]
    divisor = {
        "root of the layer size": np.sqrt(layer_size),
        "nothing": 1.0,
        "layer size": layer_size,
        "root of the time": np.sqrt(time),
        "upside down": 1 / np.sqrt(layer_size),
    }[scale]
    scores = linear(queries) @ linear(keys).transpose(0, 2, 1) / divisor  # (batch, time, time)
    may_look = np.tril(np.ones((time, time))) == 1
    if mask == "transposed":
        may_look = may_look.T
    if mask in ("before the softmax", "transposed"):
        scores = np.where(may_look, scores, -np.inf)
    elif mask == "zeros before the softmax":
        scores = np.where(may_look, scores, 0)
    with np.errstate(invalid="ignore"):  # a wrong axis may hold nothing but minus infinity
        weights = np.exp(scores - scores.max(axis=softmax_axis, keepdims=True))
        weights = weights / weights.sum(axis=softmax_axis, keepdims=True)
    if mask == "after the softmax":
        weights = np.where(may_look, weights, 0)
    if values == "none":
        return weights
    return weights @ (inputs if values == "inputs" else linear(values))


_WITHOUT_VALUES = (
    "What is mixed are not the values. The weights tell how much to take; of what, and which layer makes it?"
)
_WRONG_AXIS = (
    "The softmax runs over the wrong dimension. The weights that should sum to 1 are those of one position looking at "
    "all the others: which dimension of the scores counts the ones looked at?"
)
_WRONG_SCALE = "The scores are divided by {}. Look at the formula again: what stands under the fraction?"
MISTAKES = [
    Mistake(
        partial(attention, scale="nothing"),
        "That is attention without its scale: the scores are not divided by anything before the softmax.",
    ),
    Mistake(partial(attention, scale="layer size"), _WRONG_SCALE.format("the layer size itself, which is too much")),
    Mistake(
        partial(attention, scale="root of the time"),
        _WRONG_SCALE.format("a number that grows with the positions instead of the layer size"),
    ),
    Mistake(
        partial(attention, scale="upside down"),
        "The scores are multiplied by what they should be divided by, so the softmax picks almost one position alone.",
    ),
    Mistake(
        partial(attention, mask="none"),
        "Every position looks at every other, as if there were no mask. Is the masked result kept, or thrown away?",
    ),
    Mistake(
        partial(attention, mask="transposed"),
        "The mask is the wrong way round: positions look at themselves and what comes later. Is it transposed, or is "
        "filled in what should be kept?",
    ),
    Mistake(
        partial(attention, mask="after the softmax"),
        "The mask comes after the softmax: the weights of later positions are taken away, but they had their share of "
        "the sum already. In which order do mask and softmax work so that the rest sums to 1?",
    ),
    Mistake(
        partial(attention, mask="zeros before the softmax"),
        "Masked scores are set to 0, and a score of 0 still gets weight: the softmax makes it e^0 = 1 before dividing. "
        "Which score would get none?",
    ),
    Mistake(partial(attention, softmax_axis=1), _WRONG_AXIS),
    Mistake(partial(attention, softmax_axis=0, mask="none"), _WRONG_AXIS),
    Mistake(partial(attention, softmax_axis=1, mask="none"), _WRONG_AXIS),
    Mistake(partial(attention, softmax_axis=1, mask="after the softmax"), _WRONG_AXIS),
    Mistake(
        partial(attention, queries="k_layer", keys="q_layer"),
        "Queries and keys have changed places. In the scores, rows belong to the positions that ask and columns to the "
        "positions that are asked.",
    ),
    Mistake(partial(attention, values="inputs"), _WITHOUT_VALUES),
    Mistake(partial(attention, values="k_layer"), _WITHOUT_VALUES),
    Mistake(partial(attention, values="q_layer"), _WITHOUT_VALUES),
    Mistake(
        partial(attention, values="none"),
        "The weights themselves were returned, one for each pair of positions. They should mix something.",
    ),
]


def _seen_weights(student: Student) -> AttentionWeights:
    """What a block's attention does with a word whose letters look for their equals and for the letter before.

    A letter is a unit vector for which letter it is, beside another for where it stands. The weights are read through
    the values, which turn position i into the i-th unit vector.
    """
    kinds, time = sorted(set(WORD)), len(WORD)
    size = len(kinds) + time
    inputs = np.zeros((1, time, size), np.float32)
    for place, letter in enumerate(WORD):
        inputs[0, place, [kinds.index(letter), len(kinds) + place]] = 1
    queries, keys = np.eye(size), np.eye(size)
    keys[len(kinds) :, len(kinds) :] = np.eye(time, k=1)  # a place is found by whoever stands one place further on
    scales = np.sqrt(np.repeat([SCORE_OF_EQUALS, SCORE_OF_NEIGHBOURS], [len(kinds), time]) * np.sqrt(size))
    model, parameters = _block(student, size, time)
    unit_vectors = np.eye(time, size)
    weights = {"q": queries * scales, "k": keys.T * scales, "v": (np.linalg.pinv(inputs[0]) @ unit_vectors).T}
    for layer, weight in weights.items():
        parameters[f"{layer}_layer.weight"] = weight.astype(np.float32)
        parameters[f"{layer}_layer.bias"] = np.zeros(size, np.float32)
    model.set_parameters(parameters)
    output = _call(model, inputs)[0, :, :time]
    return AttentionWeights(output, attention(inputs, parameters, values="none")[0], tuple(WORD))


def _wrong_attention(student: Student) -> str:
    probes: list[diagnosis.Probe] = []
    crashed = []
    for layer_size, block_size, batch, time in SIZES:
        model, parameters = _block(student, layer_size, block_size)
        inputs = _inputs(layer_size, batch, time)
        try:
            probes.append(((inputs, parameters), model(inputs)))
        except StudentCrashed:
            crashed.append(time < block_size)
    if crashed and all(crashed) and len(crashed) == sum(time < block_size for _, block_size, _, time in SIZES):
        return (
            "The block works on inputs as long as its block size, and only on those. Shorter ones come, too: does the "
            "mask fit them?"
        )
    if crashed:
        return ""
    if any(isinstance(found, np.ndarray) and np.isnan(found).any() for _, found in probes):
        return (
            "Some outputs are NaN. A softmax over nothing but minus infinity gives that: along its dimension, is "
            "something left unmasked everywhere?"
        )
    return diagnosis.recognised(MISTAKES, probes, TOLERANCE)


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
