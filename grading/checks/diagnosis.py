"""Names the mistake behind a failed check, where the evidence leaves one explanation.

A check states what was expected and what came. Around it, `explained` looks for more once it has failed:

    with diagnosis.explained(lambda text: diagnosis.recognised(MISTAKES, probes, TOLERANCE)):
        expect.close(found, right, TOLERANCE, "the loss should be")

A diagnosis is one or two sentences for the student: what the evidence shows, and what to look at. It never holds the
line of code that fixes the mistake. It changes the message and no outcome. If no explanation fits the evidence, or
several do, nothing is said. Known mistakes in a computation are small pure functions, each with its explanation.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from grading.checks import combinations, expect, received
from grading.checks.answers import Training
from grading.checks.behaviour import Measure, activation_on_the_output, behaviour, narrow, other_inputs
from grading.checks.combinations import Probe
from grading.checks.course import is_rate_large, negative
from grading.checks.model import Model
from grading.checks.training_mistakes import coverage, training
from grading.outcomes import CheckFailed, OutOfLimits, RunEnded, StudentCrashed
from startup.packages import Unusable

__all__ = ["Probe", "activation_on_the_output", "coverage", "training"]  # of other files, under one name for checks

Found = TypeVar("Found")


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
            What goes wrong then means that there is no explanation. A missed threshold with an explanation is not
            chance, and not tried again, unless the explanation is a `Doubt`.
        otherwise: gives more evidence where there is no explanation, such as the smallest differing case. The evidence
            takes the place of the general hint. "" leaves the hint. Where the entries of an array differ is told, too.
    """
    try:
        yield
    except expect.Mismatch as failure:
        if found := attempted(partial(find, str(failure)), ""):
            if isinstance(failure, expect.Miss) and isinstance(found, expect.Doubt):
                raise failure.explained_by(found) from None
            raise CheckFailed(failure.evidence, found) from None
        if otherwise is not None and (more := attempted(otherwise, "")):
            raise CheckFailed(" ".join(filter(None, (failure.evidence, failure.pattern, more)))) from None
        raise
    except StudentCrashed as crash:
        if found := attempted(partial(find, str(crash)), ""):
            raise StudentCrashed(crash.evidence, found) from None
        raise


def first(*findings: Callable[[], str]) -> str:
    """The first diagnosis that there is; later ones are not looked for."""
    return next((found for finding in findings if (found := attempted(finding, ""))), "")


def attempted(find: Callable[[], Found], otherwise: Found) -> Found:
    """What is found; `otherwise` where the student's code fails at it, uses up its limits, or the search itself fails.

    The check has failed before. What goes wrong in the search for the reason changes nothing about that, and costs no
    later check.
    """
    try:
        return find()
    except (RunEnded, Unusable):
        raise
    except Exception as error:
        if not isinstance(error, (CheckFailed, StudentCrashed, OutOfLimits)):  # our fault: told to the staff
            traceback.print_exc()
        return otherwise


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
        "`backward()` found no graph from this loss back to the model. Is the loss made by `detach()`, `item()`, numpy "
        "or argmax, or copied into a new tensor?"
    ),
    "Trying to backward through the graph a second time": (
        "`backward()` reached a graph that an earlier `backward()` has used. Is the model called outside of the loop, "
        "or is a tensor kept from the batch before?"
    ),
}


def crash_in_training(text: str) -> str:
    """The explanation of a traceback that came out of a training function; "" if its own text says it."""
    return "" if "records no graph" in text else crash(text, TRAINING_CRASHES)


def after_training(
    stats: Training,
    model: Model,
    inputs: np.ndarray,
    outputs: np.ndarray,
    batch_axis: int = 0,
    is_validated: bool = False,
    measure: Measure | None = None,
    lowest: float | None = None,
) -> str:
    """Why a trained model may be worse than it should be: training itself, then the model, then too little training.

    Args:
        stats: of its training.
        model: trained; called on some of the inputs.
        inputs: some different rows of what it reads.
        outputs: what it made of the test split, (count, width).
        batch_axis: the dimension of `inputs` that counts examples.
        is_validated: whether it is good enough on the validation split. Then it has seen enough of its data.
        measure: that it missed; None where its inputs are not numbers that can be scaled.
        lowest: as in `activation_on_the_output`.
    """
    loss, classes = ("cross-entropy", outputs.shape[1]) if lowest is None else ("mean squared error", 0)
    return first(
        lambda: negative(stats, loss, classes),
        lambda: training(stats),
        lambda: activation_on_the_output(outputs, lowest),
        lambda: received.values(model, inputs) if measure is not None else "",
        lambda: behaviour(model, inputs, batch_axis, is_rate_large(stats)),
        lambda: other_inputs(stats, model, measure) if measure is not None else "",
        lambda: "" if is_validated else coverage(stats),
        lambda: narrow(model),
    )


def _agrees(expected: np.ndarray | float, found: Any, tolerance: float) -> bool:
    """Whether finite numbers came, and the expected ones: what is NaN agrees with too much."""
    return combinations.agrees(expected, found, tolerance) and bool(np.isfinite(found).all())
