"""How a trained model behaves when it is asked: what its outputs for these and other inputs tell of a mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from grading.checks import received
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.outcomes import CheckFailed

PROBED_ROWS = 32
EXACT_ZEROS = 0.05  # a share of outputs that are zero to the last bit: nothing but an activation makes so many
FAR_AWAY = np.float32(100)  # times the inputs
NEAR_THE_END = 0.02  # outputs that fill [0, 1] to both ends, and stay in it, are held there
NEARLY = 1e-3  # relative: float32 through a few layers is exact to about 1e-5
OTHER_RANGE = 0.02  # a share of the width of the batches' range
HALF_WAY = 0.5  # to the threshold: so much better is no chance
MIN_WIDTH = 8  # units; the reference solutions have 64 and more
MIN_UNITS = 3  # of a layer; two may be equal by training
SAME_SHAPE = 0.98  # of the squared correlation
OTHER_SIZE = 0.1  # from a factor of 1


@dataclass(frozen=True)
class Measure:
    """What a trained model is measured by.

    Attributes:
        inputs: what the model reads, one row an example unless the model says otherwise.
        score: of the outputs for these inputs: higher is better.
        threshold: that the score should reach.
    """

    inputs: np.ndarray
    score: Callable[[np.ndarray], float]
    threshold: float


def behaviour(model: Model, inputs: np.ndarray, batch_axis: int = 0, is_rate_large: bool = False) -> str:
    """Whether a trained model is unsteady, deaf to its input, mixes its batch, has equal units, or is a straight line.

    Args:
        model: trained; called on some of the inputs.
        inputs: some different rows of what it reads.
        batch_axis: the dimension of `inputs` that counts examples.
        is_rate_large: whether training had an unusually large learning rate.
    """
    count = min(PROBED_ROWS, inputs.shape[batch_axis]) // 2
    one, other = (np.take(inputs, np.arange(count) + start, axis=batch_axis) for start in (0, count))
    outputs = _outputs(model, one)
    if not np.array_equal(outputs, _outputs(model, one)):
        return (
            "The trained model gave different outputs for the same inputs, in evaluation mode. Is dropout on outside "
            "of training, or does `forward` draw random numbers?"
        )
    scale = float(np.abs(outputs - outputs.mean(axis=0)).max())
    if scale <= NEARLY * float(np.abs(outputs).max()):
        if outputs.shape[1] == 1 and (outputs == 1).all():
            return (
                "The trained model gives 1 for all inputs. A softmax over one number is always 1. Is there a softmax?"
            )
        seen = "The trained model gives the same outputs for all inputs."
        if is_rate_large:
            return f"{seen} The learning rate was unusually large. Is the learning rate too large?"
        return f"{seen} {received.deaf(model, one, count, batch_axis)}".strip()
    alone = np.concatenate([_outputs(model, np.take(one, [row], axis=batch_axis)) for row in range(count)])
    if alone.shape != outputs.shape or np.abs(alone - outputs).max() > NEARLY * scale:
        seen = "The model's output for one example changes with the other examples of its batch. Examples must not mix."
        if outputs.shape[1] > 1 and outputs.min() >= 0 and np.abs(outputs.sum(axis=0) - 1).max() < NEARLY:
            return (
                f"{seen} For each class, the outputs of the batch sum to 1. Along which dimension does a softmax run?"
            )
        return f"{seen} {received.mixed(model, one, batch_axis)}".strip()
    if equal := _equal_units(model):
        return equal
    there, back = FAR_AWAY * one, -FAR_AWAY * other  # so far that every unit with a bend in it is seen to bend
    ends = (_outputs(model, there) + _outputs(model, back)) / 2
    if np.abs(_outputs(model, (there + back) / 2) - ends).max() <= NEARLY * np.abs(ends - ends.mean(axis=0)).max():
        return (
            "The trained model is a straight line. Halfway between two inputs, the output is halfway between their "
            "outputs. Linear layers in a row are one linear map. What stands between the layers?"
        )
    return ""


def not_a_number_alone(model: Model, inputs: np.ndarray, batch_axis: int = 0) -> str:
    """Whether a model that is not trained yet gives NaN for a batch of one example only; "" if not.

    Args:
        model: called on the first example alone, and on all of them.
        inputs: at least two examples of what it reads.
        batch_axis: the dimension of `inputs` that counts examples.
    """
    count = inputs.shape[batch_axis]
    alone, together = model(np.take(inputs, [0], axis=batch_axis)), model(inputs)
    if not all(isinstance(found, np.ndarray) and found.dtype.kind == "f" for found in (alone, together)):
        return ""
    if np.isfinite(alone).all() or not np.isfinite(together).all():
        return ""
    return (
        f"A batch of {count} gives numbers only. The output for one example should not depend on the other examples of "
        "its batch. Does `forward` compute a mean or a deviation over the batch?"
    )


def narrow(model: Model) -> str:
    """Whether a layer before the last one has so few units that little can pass."""
    weights = [(name, weight) for name, weight in model.parameters().items() if name.endswith(".weight")]
    for name, weight in [(name, weight) for name, weight in weights if weight.ndim == 2][:-1]:
        if len(weight) < MIN_WIDTH:
            units = "1 unit" if len(weight) == 1 else f"{len(weight)} units"
            return (
                f"The layer `{name.removesuffix('.weight')}` has {units}. Later layers get nothing else of the input. "
                "Is the layer too narrow?"
            )
    return ""


def _equal_units(model: Model) -> str:
    """Whether all units of a layer have the same weights. A Parameter that is no layer's may well start equal."""
    for name, weight in model.parameters().items():
        if not name.endswith(".weight") or weight.ndim != 2 or len(weight) < MIN_UNITS:
            continue
        if np.abs(weight - weight[0]).max() <= NEARLY * np.abs(weight).max():
            return (
                f"All {len(weight)} rows of `{name}` are equal, so that all units of this layer give the same number. "
                "Units that start equal stay equal. How does your code set the weights at first?"
            )
    return ""


def activation_on_the_output(outputs: np.ndarray, lowest: float | None = None) -> str:
    """Whether outputs that should be free to take any value show an activation after the last layer.

    Args:
        outputs: of a trained model, (count, width).
        lowest: the smallest right value where the outputs should come near the right values; None for scores.
    """
    smallest, largest = float(outputs.min()), float(outputs.max())
    if largest == smallest != 0:
        return ""
    if lowest is None and smallest < 0:
        is_held = smallest >= -1 and largest <= 1
        if is_held and smallest < NEAR_THE_END - 1 and largest > 1 - NEAR_THE_END:
            return "Every score lies between -1 and 1. Does `forward` end in an activation, such as tanh?"
        return ""
    if smallest < 0:
        return ""
    if outputs.shape[1] > 1 and np.abs(outputs.sum(axis=1) - 1).max() < NEARLY:
        return (
            "The model's scores for each example lie between 0 and 1 and sum to 1: they are probabilities. The loss "
            "applies a softmax itself. Does `forward` end in a softmax?"
        )
    zeros = float((outputs == 0).mean())
    if zeros > EXACT_ZEROS:
        return (
            f"No output is below 0, and {zeros:.0%} are exactly 0. The outputs should be able to have either sign. "
            "Does `forward` end in a relu?"
        )
    if largest <= 1 and smallest < NEAR_THE_END and largest > 1 - NEAR_THE_END:
        return "Every output lies between 0 and 1. Does `forward` end in an activation, such as sigmoid?"
    if lowest is not None and lowest < 0 and largest - smallest > -lowest / 2:
        return (
            f"The smallest prediction is {smallest:.2g}, and the right values go down to {lowest:.2g}. Does `forward` "
            "end in an activation that gives no negative numbers?"
        )
    return ""


def other_inputs(stats: Training, model: Model, measure: Measure) -> str:
    """Whether the model does well on inputs that are scaled and shifted as training scaled and shifted them."""
    if len(stats.batch_range) != 2 or len(stats.input_range) != 2:
        return ""
    (low, high), (read_low, read_high) = stats.batch_range, stats.input_range
    width = high - low
    if width <= 0 or max(abs(read_low - low), abs(read_high - high)) <= OTHER_RANGE * width:
        return ""
    factor = (read_high - read_low) / width
    as_in_training = ((measure.inputs - low) * factor + read_low).astype(measure.inputs.dtype)
    before, after = (measure.score(_outputs(model, inputs)) for inputs in (measure.inputs, as_in_training))
    if not after - before > HALF_WAY * (measure.threshold - before):
        return ""
    return (
        f"In training, the model gets inputs from {read_low:.3g} to {read_high:.3g}. The batches hold numbers from "
        f"{low:.3g} to {high:.3g}, and so does the test. With inputs scaled as in training, the model does much "
        "better. A change of the inputs belongs in `forward`. Does your training function change `x`?"
    )


def scaled_outputs(outputs: np.ndarray, targets: np.ndarray) -> str:
    """Whether predictions are the right values times a factor, plus a shift; both (count, 1)."""
    x, y = targets.ravel().astype(np.float64), outputs.ravel().astype(np.float64)
    if not np.ptp(y) > 0 or np.corrcoef(x, y)[0, 1] ** 2 < SAME_SHAPE:
        return ""
    factor, shift = np.polyfit(x, y, 1)
    if abs(factor - 1) < OTHER_SIZE and abs(shift) < OTHER_SIZE * np.ptp(x):
        return ""
    return (
        f"The predictions are the right values times {factor:.2f}, plus {shift:.2f}. The shape of the curve is right, "
        "and its size is not. Does training change the labels, or the outputs of the model?"
    )


def _outputs(model: Model, inputs: np.ndarray) -> np.ndarray:
    found = model(inputs)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or not np.isfinite(found).all():
        raise CheckFailed("no outputs to compare")
    return found.astype(np.float64)
