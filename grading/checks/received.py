"""What the layers of a model receive, compared with what the model was called with: where a mistake begins.

All functions call the model and give sentences, or "" where nothing is wrong.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np

from grading.checks.answers import LayerCall
from grading.checks.model import Model

COARSE = 1e-2  # relative: between two numbers of the input, values are interpolated
NEARLY = 1e-4  # relative: float32 through a few layers is exact to about 1e-5
MAX_FACTOR = 20  # by which a sound model scales what it reads; standardised pixels have about 3
FLAT_SHARE = 0.15  # of different numbers that become one: fewer may be rounding or chance
FEW_NUMBERS = 0.5  # a share of the different numbers
MAX_NUMBERS, MAX_EXAMPLES = 200, 32  # that a model is asked about: single numbers, and examples of several
MIN_DIFFERENT = 8  # numbers of the input: of fewer, nothing is told


def shape(model: Model, inputs: np.ndarray, noun: str) -> str:
    """Whether the first layer receives the examples of a batch joined, exchanged or cut.

    Args:
        model: called on all inputs and on the first one.
        inputs: (batch, width), of at least three examples.
        noun: for examples, in the plural.
    """
    several, alone = model.layers(inputs).first, model.layers(inputs[:1]).first
    if several is None:
        return ""
    count, width = inputs.shape
    given = f"For {count} {noun}, `forward` gets shape {inputs.shape}, and `{several.name}` receives {several.shape}."
    numbers = prod(several.shape)
    is_one_row = len(several.shape) == 1 or several.shape[0] == 1
    if is_one_row and numbers % count == 0 and alone is not None and prod(alone.shape) * count == numbers:
        return (
            f"{given} All {noun} of the batch are joined in one row. Each needs a row of its own. Which line changes "
            "the shape of `x`?"
        )
    if several.shape == (width, count) != inputs.shape:
        return f"{given} The dimensions are exchanged."
    if several.shape in ((width,), (1, width)):
        return f"{given} Only one of the {noun} reaches the layer. Which line takes a part of `x`?"
    if alone is not None and len(alone.shape) < len(several.shape) and several.shape[0] == count:
        return (
            f"For 1 of the {noun}, `forward` gets shape {inputs[:1].shape}, and `{alone.name}` receives {alone.shape}. "
            "The dimension of the batch is lost if it has size 1. `squeeze()` removes all dimensions of size 1. Which "
            "line changes the shape of `x`?"
        )
    return ""


def values(model: Model, inputs: np.ndarray) -> str:
    """Whether the first layer receives other numbers than the model: scaled, clamped, rounded or cut.

    Args:
        model: called on the inputs.
        inputs: (batch, width).
    """
    inputs = inputs[: MAX_NUMBERS if inputs[0].size == 1 else MAX_EXAMPLES]
    call = model.layers(inputs).first
    if call is None or call.inputs is None or call.shape[:1] != (len(inputs),) or call.inputs.size == 0:
        return ""
    x = inputs.reshape(len(inputs), -1).astype(np.float64)
    z = call.inputs.reshape(len(inputs), -1)
    if z.shape[1] < x.shape[1]:
        return _cut(x, z, call)
    if z.shape != x.shape or not np.isfinite(z).all() or np.allclose(z, x, atol=NEARLY, rtol=NEARLY):
        return ""
    return _lost(x.ravel(), z.ravel(), call) or _scaled(x, z, call) or _other_order(x, z, call)


def _cut(x: np.ndarray, z: np.ndarray, call: LayerCall) -> str:
    count, kept = x.shape[1], z.shape[1]
    parts = {"first": x[:, :kept], "last": x[:, count - kept :]}
    for which, part in parts.items():
        if np.allclose(part, z, atol=NEARLY):
            return (
                f"`{call.name}` receives only the {which} {kept} of the {count} numbers of each example. Which line "
                "takes a part of `x`?"
            )
    return ""


def _lost(x: np.ndarray, z: np.ndarray, call: LayerCall) -> str:
    """Whether different numbers become equal before the first layer."""
    given, positions, where = np.unique(x, return_index=True, return_inverse=True)
    got = z[positions]  # what becomes of each different number
    if len(given) < MIN_DIFFERENT or not np.allclose(got[where.ravel()], z, atol=NEARLY):
        return ""  # other numbers of the example play a part, too
    scale = max(float(np.abs(got).max()), 1e-30)
    ranges = f"`forward` gets numbers from {given[0]:.3g} to {given[-1]:.3g}."
    question = f"What happens to `x` before `{call.name}`?"
    if np.ptp(got) <= NEARLY * scale:
        return f"{ranges} `{call.name}` receives {_number(got[0])} for all of them. {question}"
    if given[0] < 0 < given[-1]:
        inner = np.abs(given) < min(-given[0], given[-1])
        mirrored = np.interp(-given[inner], given, got)
        if inner.any() and np.allclose(got[inner], mirrored, atol=COARSE * scale):
            return f"`{call.name}` receives the same number for x and for -x. {question}"
    if flat := _flat_ends(given, got, scale):
        parts = " ".join(f"`{call.name}` receives {value} for every number {where}." for value, where in flat)
        return f"{ranges} {parts} {question}"
    different = len(np.unique(np.round(got / scale, 6)))
    if different < FEW_NUMBERS * len(given):
        return f"`forward` gets {len(given):,} different numbers, and `{call.name}` receives {different:,}. {question}"
    return ""


def _flat_ends(given: np.ndarray, got: np.ndarray, scale: float) -> list[tuple[str, str]]:
    """Values that all numbers below or above some number become, and where."""
    found = []
    for is_low, end in ((True, got[0]), (False, got[-1])):
        same = np.abs(got - end) <= NEARLY * scale
        if not is_low:
            same = same[::-1]
        count = int(np.argmin(same)) if not same.all() else len(same)
        if count >= FLAT_SHARE * len(given):
            where = f"up to {_number(given[count - 1])}" if is_low else f"from {_number(given[-count])} on"
            found.append((_number(float(end)), where))
    return found


def _scaled(x: np.ndarray, z: np.ndarray, call: LayerCall) -> str:
    width, got = np.ptp(x), np.ptp(z)
    if width <= 0 or got <= 0 or 1 / MAX_FACTOR < got / width < MAX_FACTOR:
        return ""
    factor = got / width
    size = "small" if factor < 1 else "large"
    return (
        f"`forward` gets numbers from {x.min():.3g} to {x.max():.3g}. `{call.name}` receives numbers from "
        f"{z.min():.3g} to {z.max():.3g}, which is {size} for a layer. Where is `x` scaled?"
    )


def _other_order(x: np.ndarray, z: np.ndarray, call: LayerCall) -> str:
    """Whether numbers of several examples meet in one row."""
    if not np.allclose(np.sort(x, axis=None), np.sort(z, axis=None), atol=NEARLY):
        return ""
    if np.allclose(np.sort(x, axis=1), np.sort(z, axis=1), atol=NEARLY):
        return ""
    return (
        f"The rows that `{call.name}` receives hold numbers of several examples. Each row should hold one example. "
        "Which line changes the shape of `x`?"
    )


def deaf(model: Model, inputs: np.ndarray, count: int, batch_axis: int = 0) -> str:
    """From where on a model that gives the same outputs for all inputs has lost them.

    Args:
        model: called on the inputs.
        inputs: what it reads, of `count` examples.
        count: examples.
        batch_axis: the dimension of `inputs` that counts them.
    """
    calls = _of_batch(model, inputs, count)
    if batch_axis:
        calls = calls[-1:]  # of a sequence, early letters may be equal by chance
    for number, call in enumerate(calls):
        numbers = call.inputs
        assert numbers is not None
        scale = float(np.abs(numbers).max())
        if np.abs(numbers - numbers[:1]).max() > NEARLY * scale:
            continue
        if number == 0:
            return (
                f"The first layer, `{call.name}`, receives the same numbers for all of them. What happens to the input "
                "before this layer?"
            )
        if scale == 0:
            return (
                f"`{call.name}` receives 0 only: all units before it are 0, as relu gives for numbers below 0. No "
                "gradient passes them, so that training cannot change this. What made these numbers negative?"
            )
        return f"Up to `{calls[number - 1].name}`, the numbers differ. `{call.name}` receives the same for all inputs."
    if not calls:
        return ""
    return (
        f"`{calls[-1].name}`, the last layer, receives different numbers. The outputs are the same all the same. What "
        "happens after the last layer?"
    )


def mixed(model: Model, inputs: np.ndarray, batch_axis: int) -> str:
    """Between which layers the examples of a batch meet.

    Args:
        model: its output for an example changes with the other examples.
        inputs: at least two examples.
        batch_axis: the dimension of `inputs` that counts examples.
    """
    count = inputs.shape[batch_axis]
    together = _of_batch(model, inputs, count)
    alone = _of_batch(model, np.take(inputs, [0], axis=batch_axis), 1)
    if not together or [call.name for call in together] != [call.name for call in alone]:
        return ""
    for number, (one, all_) in enumerate(zip(alone, together, strict=True)):
        assert one.inputs is not None and all_.inputs is not None
        if one.shape[1:] == all_.shape[1:] and np.allclose(one.inputs[0], all_.inputs[0], rtol=1e-3, atol=1e-4):
            continue
        if number == 0:
            return f"The first layer, `{one.name}`, already receives other numbers for an example alone."
        return (
            f"`{alone[number - 1].name}` receives the same for an example alone, and `{one.name}` does not. The "
            "examples meet between these two layers."
        )
    return (
        f"All layers receive the same for an example alone. The examples meet after the last layer, `{alone[-1].name}`."
    )


def where_flat(model: Model, x: np.ndarray, predictions: np.ndarray) -> tuple[str, bool]:
    """Whether predictions are one number on a part of the inputs, and whether they are so from the first layer on.

    Args:
        model: trained, called on the inputs.
        x: increasing numbers, (count, 1).
        predictions: for these, (count, 1).
    """
    values, scale = predictions.ravel(), float(np.ptp(predictions))
    if scale <= 0:
        return "", False
    same = np.abs(np.diff(values)) <= 1e-5 * scale
    start, length = _longest_run(same)
    if length < FLAT_SHARE * len(values):
        return "", False
    part = x[start : start + length + 1]
    low, high = float(part[0, 0]), float(part[-1, 0])
    if start == 0:
        where = f"below {_number(high)}"
    elif start + length == len(values) - 1:
        where = f"above {_number(low)}"
    else:
        where = f"from {_number(low)} to {_number(high)}"
    seen = f"For every x {where}, the prediction is {_number(float(values[start]))}."
    some = part[:: max(1, len(part) // MAX_EXAMPLES)]
    calls = _of_batch(model, some, len(some))
    for number, call in enumerate(calls):
        assert call.inputs is not None
        if np.abs(call.inputs - call.inputs[:1]).max() > NEARLY * max(1e-6, float(np.abs(call.inputs).max())):
            continue
        if number == 0:
            shown = f" {_number(float(call.inputs.flat[0]))}" if call.inputs[0].size == 1 else " the same numbers"
            told = f"The first layer, `{call.name}`, receives{shown} for all these x."
            return f"{seen} {told} What happens to `x` before this layer?", True
        before = f"`{calls[number - 1].name}` receives different numbers there, and `{call.name}` receives the same."
        return f"{seen} {before}", False
    return seen, False


def _longest_run(flags: np.ndarray) -> tuple[int, int]:
    """Start and length of the longest run of True."""
    ends = [-1, *np.flatnonzero(~flags), len(flags)]
    start, end = max(pairwise(ends), key=lambda pair: pair[1] - pair[0])
    return int(start) + 1, int(end - start) - 1


def _of_batch(model: Model, inputs: np.ndarray, count: int) -> list[LayerCall]:
    """The calls of layers with parameters that receive one row for each of `count` examples."""
    calls = model.layers(inputs).with_weights
    return [call for call in calls if call.inputs is not None and call.shape[:1] == (count,) and prod(call.shape) > 0]


def _number(value: float) -> str:
    return f"{0.0 if abs(value) < 5e-3 else value:.3g}"
