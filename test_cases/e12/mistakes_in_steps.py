"""The classic mistakes in a step of DPO: what tables they would leave, what losses they would return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grading.checks import diagnosis, variants
from grading.checks.diagnosis import Mistake
from grading.checks.variants import EXACT
from test_cases.e12 import reference


@dataclass(frozen=True)
class Given:
    """What steps begin with.

    Attributes:
        policy, old: tables of the policy and of the reference, float64 (vocabulary, vocabulary).
        batches: for each step, the chosen verses and the rejected ones.
        beta, rate: of the loss; of gradient descent.
    """

    policy: np.ndarray
    old: np.ndarray
    batches: Sequence[Sequence[np.ndarray]]
    beta: float
    rate: float


def right(given: Given) -> tuple[list[float], np.ndarray]:
    """The loss before each step, and the policy after each step, (steps, vocabulary, vocabulary)."""
    table, losses, tables = given.policy, [], []
    for better, worse in given.batches:
        loss, slope = reference.dpo_gradient(table, given.old, better, worse, given.beta)
        table = table - given.rate * slope
        losses.append(loss)
        tables.append(table)
    return losses, np.stack(tables)


def tables(given: Given, wrong: str) -> np.ndarray:
    """The policy after each step, with a mistake."""
    table, found = given.policy, []
    total = np.ones_like(table) if wrong == "all gradients kept" else np.zeros_like(table)
    for better, worse in given.batches:
        if wrong == "verses exchanged":
            better, worse = worse, better
        old = {"itself": table, "no reference": np.zeros_like(table)}.get(wrong, given.old)
        _, slope = reference.dpo_gradient(table, old, better, worse, FIXED.get(wrong, given.beta))
        if wrong == "reference exchanged":
            slope = _reference_exchanged(table, given.old, better, worse, given.beta)
        if wrong == "no reference":
            slope = _without_reference(table, better, worse, given.beta)
        if wrong == "chosen alone":
            slope = _chosen_alone(table, given.old, better, worse, given.beta)
        if wrong == "likelihood":
            slope = -reference.slopes(table, better, np.full(len(better), 1 / len(better)))
        total = total + slope if wrong == "all gradients kept" else slope
        if wrong == "upwards":
            total = -total
        if wrong != "no step":
            table = table - given.rate * total
        found.append(table)
    return np.stack(found)


def _without_reference(table: np.ndarray, better: np.ndarray, worse: np.ndarray, beta: float) -> np.ndarray:
    logs = [reference.verse_log_probabilities(table, rows) for rows in (better, worse)]
    pulls = -beta * np.exp(reference.log_sigmoid(-beta * (logs[0] - logs[1]))) / len(better)
    return reference.slopes(table, better, pulls) - reference.slopes(table, worse, pulls)


def _reference_exchanged(
    table: np.ndarray, old: np.ndarray, better: np.ndarray, worse: np.ndarray, beta: float
) -> np.ndarray:
    """The gradient if the reference's log-probabilities of chosen and rejected verses change places."""
    of_policy, of_reference = (
        reference.verse_log_probabilities(model, better) - reference.verse_log_probabilities(model, worse)
        for model in (table, old)
    )
    pulls = -beta * np.exp(reference.log_sigmoid(-beta * (of_policy + of_reference))) / len(better)
    return reference.slopes(table, better, pulls) - reference.slopes(table, worse, pulls)


def _chosen_alone(table: np.ndarray, old: np.ndarray, better: np.ndarray, worse: np.ndarray, beta: float) -> np.ndarray:
    """The gradient if the policy's log-probabilities of rejected verses are taken without one."""
    logs = [reference.verse_log_probabilities(model, rows) for model in (table, old) for rows in (better, worse)]
    pulls = -beta * np.exp(reference.log_sigmoid(-reference.margins(logs, beta))) / len(better)
    return reference.slopes(table, better, pulls)


FIXED = {"beta 0.1": 0.1, "beta 1": 1.0, "beta 0.5": 0.5}
IN_STEPS = {
    **{
        wrong: f"The loss was computed with beta = {beta:g}. The argument `beta` has no influence."
        for wrong, beta in FIXED.items()
    },
    "reference exchanged": "The reference's log-probabilities of chosen and rejected verses are swapped.",
    "all gradients kept": "Gradients from before were added. Where is `zero_grad` called?",
    "verses exchanged": "Chosen and rejected verses are swapped.",
    "itself": "The policy is its own reference: each step compares the policy with itself. Use `reference`.",
    "no reference": "The reference has no influence. Its log-probabilities belong to the loss.",
    "chosen alone": "No gradient comes from the rejected verses. Only the reference is computed without gradients.",
    "likelihood": "The chosen verses were made more likely, whatever the rejected ones are. Is this `dpo_loss`?",
    "no step": "The policy did not move. Which call of the optimizer changes its parameters?",
    "upwards": "The policy moved the wrong way: the loss grows. Is the sign of the loss right?",
}


def of_steps(given: Given, found: np.ndarray) -> str:
    """The explanation of the mistake that leaves these tables."""
    return variants.recognised(lambda g: right(g)[1], tables, IN_STEPS, [((given,), found)])


def _after(given: Given) -> np.ndarray:
    """The loss of each batch after its step."""
    _, moved = right(given)
    pairs = zip(moved, given.batches, strict=True)
    return np.array(
        [reference.dpo_gradient(table, given.old, batch[0], batch[1], given.beta)[0] for table, batch in pairs]
    )


def of_losses(given: Given, losses: Sequence[Any]) -> str:
    """The explanation of the mistake that returns these losses, where the steps are right."""
    found = np.array([float(loss) if isinstance(loss, (int, float)) else np.nan for loss in losses])
    after = Mistake(_after, "This is the loss after the step. The loss before the step is asked for.")
    sums = Mistake(
        lambda g: np.array(right(g)[0]) * len(g.batches[0][0]), "These are sums. The mean loss is asked for."
    )
    return diagnosis.recognised([after, sums], [((given,), found)], EXACT)
