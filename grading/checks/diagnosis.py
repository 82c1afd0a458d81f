"""Names the mistake behind a failed check, where the evidence leaves one explanation.

A check states what was expected and what came. Around it, `explained` looks for more once it has failed:

    with diagnosis.explained(lambda text: diagnosis.recognised(MISTAKES, probes, TOLERANCE)):
        expect.close(found, right, TOLERANCE, "the loss should be")

A diagnosis is one or two sentences for the student: what the evidence shows, and what to look at. It never holds the
line of code that fixes the mistake. It changes the message and no outcome. If no explanation fits the evidence, or
several do, nothing is said. Known mistakes in a computation are small pure functions, each with its explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from grading.checks import expect
from grading.checks.answers import Training
from grading.checks.student import Model
from grading.outcomes import CheckFailed, StudentCrashed

Probe = tuple[tuple[Any, ...], Any]  # what a function was called with, and what came

MAX_STALE_SHARE = 0.5  # a share: code that resets gradients at all resets them before nearly every step
FEW_EPOCHS = 2.0  # so little is worth a question, whatever else is wrong
PROBED_ROWS = 32
EXACT_ZEROS = 0.05  # a share of outputs that are zero to the last bit: nothing but an activation makes so many
FAR_AWAY = np.float32(100)  # times the inputs
NEAR_THE_END = 0.02  # outputs that fill [0, 1] to both ends, and stay in it, are held there
NEARLY = 1e-3  # relative: float32 through a few layers is exact to about 1e-5


@dataclass(frozen=True)
class Mistake:
    """A wrong computation, and what its author is told."""

    computation: Callable[..., np.ndarray | float]
    explanation: str


@contextmanager
def explained(find: Callable[[str], str], otherwise: Callable[[], str] | None = None) -> Iterator[None]:
    """If the block fails, ask `find` for an explanation, and put it in place of the general hint.

    Args:
        find: gets the failure's text; returns the explanation, or "" if there is none. It may run the student's code.
            What goes wrong then means that there is no explanation.
        otherwise: gives more evidence where there is no explanation, such as the smallest differing case. The evidence
            takes the place of the general hint. "" leaves the hint.
    """
    try:
        yield
    except expect.Mismatch as failure:
        if found := _without_failing(partial(find, str(failure))):
            raise CheckFailed(failure.evidence, found) from None
        if otherwise is not None and (more := _without_failing(otherwise)):
            raise CheckFailed(f"{failure.evidence} {more}") from None
        raise
    except StudentCrashed as crash:
        if found := _without_failing(partial(find, str(crash))):
            raise StudentCrashed(crash.evidence, found) from None
        raise


def first(*findings: Callable[[], str]) -> str:
    """The first diagnosis that there is; later ones are not looked for."""
    return next((found for finding in findings if (found := _without_failing(finding))), "")


def recognised(mistakes: Sequence[Mistake], probes: Sequence[Probe], tolerance: float) -> str:
    """The explanation of the mistake that gives what came at every probe; "" if none or several do."""
    fitting = {
        mistake.explanation
        for mistake in mistakes
        if probes and all(_agrees(mistake.computation(*given), found, tolerance) for given, found in probes)
    }
    return fitting.pop() if len(fitting) == 1 else ""


def crash(text: str, explanations: Mapping[str, str]) -> str:
    """The explanation of the one known error message that a traceback holds."""
    fitting = [explanation for message, explanation in explanations.items() if message in text]
    return fitting[0] if len(fitting) == 1 else ""


TRAINING_CRASHES = {
    "does not require grad and does not have a grad_fn": (
        "backward() found no way from this loss back to the model. Look between the model's output and the loss: is "
        "detach, item, no_grad, numpy or argmax used? Or is a new tensor made of old numbers?"
    ),
    "Trying to backward through the graph a second time": (
        "The graph of one batch was sent back twice. Is the model called again for every batch, inside the loop?"
    ),
    "one of the variables needed for gradient computation has been modified by an inplace operation": (
        "A tensor that gradients still need was overwritten between the model's call and backward(). Is something "
        "assigned into, or the optimizer run, in between?"
    ),
}


def crash_in_training(text: str) -> str:
    """The explanation of a traceback that came out of a training function."""
    return crash(text, TRAINING_CRASHES)


def after_training(
    stats: Training,
    model: Model,
    inputs: np.ndarray,
    outputs: np.ndarray,
    batch_axis: int = 0,
    is_validated: bool = False,
) -> str:
    """Why a trained model may be worse than it should be: training itself, then the model, then too little training.

    Args:
        stats: of its training.
        model: trained; called on some of the inputs.
        inputs: some different rows of what it reads.
        outputs: what it made of the test split, (count, width).
        batch_axis: the dimension of `inputs` that counts examples.
        is_validated: whether it is good enough on the validation split. Then it has seen enough of its data.
    """
    return first(
        lambda: training(stats),
        lambda: activation_on_the_output(outputs),
        lambda: behaviour(model, inputs, batch_axis),
        lambda: "" if is_validated else coverage(stats),
    )


def training(stats: Training) -> str:
    """What the watchers saw go wrong while training ran; "" if nothing is sure."""
    if stats.finite is False:
        return (
            "After training, some of the model's own weights are NaN or infinite: training diverged. Mostly that comes "
            "of steps that are too large; try a learning rate ten times smaller."
        )
    if stats.changed is False:
        return _standing_still(stats)
    if stats.resumed > 2 and stats.stale > MAX_STALE_SHARE * stats.resumed:
        return (
            f"In {stats.stale} of {stats.resumed} backward passes, gradients of earlier batches were still there. The "
            "new gradients were added to the old ones. Every update should follow its own batch: where are the old "
            "gradients forgotten?"
        )
    return ""


def coverage(stats: Training) -> str:
    """Whether training saw too little of its data to be judged on anything else."""
    if 0 < stats.distinct < stats.examples / 2:
        return (
            f"Training fetched only {stats.distinct} different examples of {stats.examples}. Does it stop within the "
            "loop over the batches, or use one batch over and over?"
        )
    if 0.5 < stats.epochs <= FEW_EPOCHS:
        return f"Training went over the data {stats.epochs:.3g} times and then stopped. Is that long enough?"
    return ""


def _standing_still(stats: Training) -> str:
    explanation = "Training left every weight of the model as it was. "
    if not stats.backwards and not stats.arrivals:
        return explanation + "Gradients were never computed: backward() was not called on any loss."
    if not stats.arrivals and stats.steps and not stats.own_steps:
        return explanation + (
            f"{stats.steps} optimizer steps went to another model, and so did the gradients. Is a new model or a copy "
            "made within the training function?"
        )
    if not stats.arrivals:
        return explanation + (
            f"backward() ran {_times(stats.backwards)}, but no gradient arrived at the model. Look between the "
            "model's output and the loss: is detach, item, numpy or argmax used? Or is a new tensor made of old "
            "numbers?"
        )
    if not stats.steps:
        return explanation + f"Gradients arrived {_times(stats.arrivals)}, but no optimizer took a step with them."
    if not stats.own_steps:
        return explanation + (
            f"The optimizer took {stats.steps} steps, but holds no parameter of the model being trained. Whose "
            "parameters was it given?"
        )
    return ""


def behaviour(model: Model, inputs: np.ndarray, batch_axis: int = 0) -> str:
    """Whether a trained model is unsteady, deaf to its input, mixes its batch, or is a straight line.

    Args:
        model: trained; called on some of the inputs.
        inputs: some different rows of what it reads.
        batch_axis: the dimension of `inputs` that counts examples.
    """
    count = min(PROBED_ROWS, inputs.shape[batch_axis]) // 2
    one, other = (np.take(inputs, np.arange(count) + start, axis=batch_axis) for start in (0, count))
    outputs = _outputs(model, one)
    if not np.array_equal(outputs, _outputs(model, one)):
        return (
            "The same inputs gave different outputs when the model was asked twice. Something random is still on "
            "when the model is tested, not trained: does dropout know which of the two it is?"
        )
    scale = float(np.abs(outputs - outputs.mean(axis=0)).max())
    if scale <= NEARLY * float(np.abs(outputs).max()):
        return (
            "The trained model answers the same, whatever its input is. Does the input reach the output, or does an "
            "activation hold everything at 0?"
        )
    alone = np.concatenate([_outputs(model, np.take(one, [row], axis=batch_axis)) for row in range(count)])
    if alone.shape != outputs.shape or np.abs(alone - outputs).max() > NEARLY * scale:
        return (
            "The model's answer for one example changes with the other examples of its batch. Examples must not mix: "
            "is a dimension reshaped, summed or looped over that counts the batch?"
        )
    there, back = FAR_AWAY * one, -FAR_AWAY * other  # so far that every unit with a bend in it is seen to bend
    ends = (_outputs(model, there) + _outputs(model, back)) / 2
    if np.abs(_outputs(model, (there + back) / 2) - ends).max() <= NEARLY * np.abs(ends - ends.mean(axis=0)).max():
        return (
            "The trained model is a straight line: halfway between two inputs it answers exactly halfway between their "
            "answers. Layers upon layers stay one linear map as long as nothing non-linear stands between them."
        )
    return ""


def activation_on_the_output(outputs: np.ndarray) -> str:
    """Whether outputs that should be free to take any value show an activation after the last layer.

    Args:
        outputs: of a trained model, (count, width).
    """
    if outputs.min() < 0 or outputs.max() == outputs.min() != 0:
        return ""
    if outputs.shape[1] > 1 and np.abs(outputs.sum(axis=1) - 1).max() < NEARLY:
        return (
            "The model's scores for each example lie between 0 and 1 and sum to 1: they have been through a softmax "
            "already. The loss brings its own; what does it make of scores that are probabilities before?"
        )
    zeros = float((outputs == 0).mean())
    if zeros > EXACT_ZEROS:
        return (
            f"No output is below 0 and {zeros:.0%} are exactly 0, where either sign is wanted. What does the "
            "last step of forward do to negative numbers?"
        )
    if outputs.max() <= 1 and outputs.min() < NEAR_THE_END and outputs.max() > 1 - NEAR_THE_END:
        return "Every output lies between 0 and 1. Does forward end in an activation that keeps it there?"
    return ""


def _outputs(model: Model, inputs: np.ndarray) -> np.ndarray:
    found = model(inputs)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or not np.isfinite(found).all():
        raise CheckFailed("no outputs to compare")
    return found.astype(np.float64)


def _agrees(expected: np.ndarray | float, found: Any, tolerance: float) -> bool:
    if not isinstance(found, (np.ndarray, int, float)):
        return False
    expected, found = np.asarray(expected, np.float64), np.asarray(found, np.float64)
    if expected.size == found.size == 1:
        expected, found = expected.reshape(()), found.reshape(())
    return (
        expected.shape == found.shape and bool(np.isfinite(found).all()) and expect.is_close(found, expected, tolerance)
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _without_failing(find: Callable[[], str]) -> str:
    try:
        return find()
    except (CheckFailed, StudentCrashed):
        return ""
