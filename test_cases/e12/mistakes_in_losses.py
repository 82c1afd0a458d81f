"""What can go wrong in the two losses of elective 12, alone and in pairs: each part with its wrong values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grading.checks import variants
from grading.checks.combinations import Computation, Part, Variant
from grading.checks.diagnosis import Probe
from grading.checks.variants import EXACT
from test_cases.e12 import reference

# What becomes of margins (pairs,) before the mean.
FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "right": lambda margins: -reference.log_sigmoid(margins),
    "no logarithm": lambda margins: -np.exp(reference.log_sigmoid(margins)),
    "wrong answers": lambda margins: 1 - np.exp(reference.log_sigmoid(margins)),
    "no sigmoid": lambda margins: -margins,
    "hinge": lambda margins: np.maximum(0, 1 - margins),
    "square": np.square,
}


def of_margins(margins: np.ndarray, form: str, is_minus_missing: bool, reduction: str) -> float:
    """The loss of margins (pairs,), or what mistakes make of it."""
    if reduction == "logarithm of the mean":
        loss = -np.log(np.exp(reference.log_sigmoid(margins)).mean())
    elif reduction == "loss of the mean":
        loss = FORMS[form](margins.mean())
    else:
        losses = FORMS[form](margins)
        loss = losses.sum() if reduction == "sum" else losses.mean()
    return float(-loss if is_minus_missing else loss)


def preference(
    chosen: np.ndarray,
    rejected: np.ndarray,
    *,
    compared: str = "difference",
    form: str = "right",
    is_minus_missing: bool = False,
    reduction: str = "mean",
) -> float:
    """The loss of a reward model, or what mistakes make of it. The keywords are right as they are."""
    log = reference.log_sigmoid
    if compared == "logarithms":
        return of_margins(log(chosen) - log(rejected), "no sigmoid", is_minus_missing, reduction)
    if compared == "two labels":
        return of_margins(log(chosen) + log(-rejected), "no sigmoid", is_minus_missing, reduction)
    margins = {
        "difference": lambda: chosen - rejected,
        "exchanged": lambda: rejected - chosen,
        "sum": lambda: chosen + rejected,
        "quotient": lambda: chosen / rejected,
        "chosen alone": lambda: chosen,
    }[compared]()
    return of_margins(margins, form, is_minus_missing, reduction)


def dpo(
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    d: np.ndarray,
    beta: float,
    *,
    models: str = "right",
    verses: str = "right",
    with_beta: str = "right",
    form: str = "right",
    is_minus_missing: bool = False,
    reduction: str = "mean",
) -> float:
    """The loss of DPO, or what mistakes make of it. The keywords are right as they are.

    Args:
        a, b: log-probabilities of chosen and rejected verses of the policy, (pairs,). c, d: of the reference.
        beta: of the loss.
        models: "no reference", "exchanged", "reference added" or "quotients".
        verses: "chosen alone", "rejected alone" or "added".
        with_beta: "left out", "divided", "squared", "of the chosen", "of the policy" or "outside".
        form, is_minus_missing, reduction: as in `of_margins`.
    """
    of_policy, of_reference = {
        "no reference": (1.0, 0.0),
        "exchanged": (-1.0, -1.0),
        "reference added": (1.0, -1.0),
    }.get(models, (1.0, 1.0))
    if with_beta == "of the policy":
        of_policy = beta * of_policy
    chosen, rejected = of_policy * a - of_reference * c, of_policy * b - of_reference * d
    if models == "quotients":
        chosen, rejected = np.exp(chosen), np.exp(rejected)
    if with_beta == "of the chosen":
        chosen = beta * chosen
    margins = {"chosen alone": chosen, "rejected alone": -rejected, "added": chosen + rejected}.get(
        verses, chosen - rejected
    )
    inside = {"right": beta, "divided": 1 / beta, "squared": beta**2}.get(with_beta, 1.0)
    loss = of_margins(inside * margins, form, is_minus_missing, reduction)
    return beta * loss if with_beta == "outside" else loss


BOTH = (
    Part(
        "form",
        (
            Variant("no logarithm", "The logarithm is missing. This is the mean of -sigmoid."),
            Variant("wrong answers", "This is 1 - sigmoid. The formula has -log sigmoid."),
            Variant(
                "no sigmoid", "The sigmoid and its logarithm are missing. Without them the loss has no lower bound."
            ),
            Variant("hinge", "This is the hinge loss, max(0, 1 - difference). The formula has -log sigmoid."),
            Variant("square", "This is the square of the difference. The formula has -log sigmoid."),
        ),
    ),
    Part(
        "is_minus_missing",
        (
            Variant(
                True,
                "The minus is missing: training would make the loss smaller, and the chosen verses worse.",
            ),
        ),
    ),
    Part(
        "reduction",
        (
            Variant("sum", "The losses of the batch were added. Their mean is asked for."),
            Variant(
                "logarithm of the mean",
                "The mean was taken before the logarithm. Each pair has a logarithm of its own.",
            ),
            Variant("loss of the mean", "The mean was taken before the sigmoid. Each pair has a sigmoid of its own."),
        ),
    ),
)
PREFERENCE = Computation(
    preference,
    (
        Part(
            "compared",
            (
                Variant(
                    "exchanged", "Chosen and rejected are swapped. The loss is small if the chosen verse is ahead."
                ),
                Variant("sum", "The two rewards were added. The formula has their difference."),
                Variant("quotient", "One reward was divided by the other. The formula has their difference."),
                Variant("chosen alone", "The rejected verses have no influence."),
                Variant(
                    "logarithms",
                    "The sigmoid was taken of each reward. The formula takes the sigmoid of their difference.",
                ),
                Variant(
                    "two labels",
                    "Each reward has a loss of its own, with a label. The formula takes the sigmoid of their "
                    "difference.",
                ),
            ),
        ),
        *BOTH,
    ),
)
DPO = Computation(
    dpo,
    (
        Part(
            "models",
            (
                Variant("no reference", "The reference has no influence. The formula subtracts its log-probabilities."),
                Variant(
                    "exchanged", "Policy and reference are swapped, or chosen and rejected.", "Which is subtracted?"
                ),
                Variant(
                    "reference added", "The log-probabilities of the reference were added. The formula subtracts them."
                ),
                Variant(
                    "quotients",
                    "Ratios of probabilities were used. The formula has their logarithms, which are differences.",
                ),
            ),
        ),
        Part(
            "verses",
            (
                Variant("chosen alone", "The rejected verses have no influence."),
                Variant("rejected alone", "The chosen verses have no influence."),
                Variant(
                    "added", "The two implicit rewards were added. The formula subtracts that of the rejected verse."
                ),
            ),
        ),
        Part(
            "with_beta",
            (
                Variant("left out", "Beta has no influence. The formula multiplies by beta inside of the sigmoid."),
                Variant("divided", "The difference was divided by beta. The formula multiplies."),
                Variant("squared", "Beta was multiplied twice. Each implicit reward has the factor once."),
                Variant(
                    "of the chosen",
                    "Only the chosen verses are multiplied by beta. Both implicit rewards have the factor.",
                ),
                Variant("of the policy", "Only the policy is multiplied by beta. Beta is a factor of both models."),
                Variant(
                    "outside",
                    "Beta stands outside of the sigmoid. The formula has beta inside, in the implicit rewards.",
                ),
            ),
        ),
        *BOTH,
    ),
)

SIGMOID = "the sigmoid in the logarithm"


def of_preference(probes: Sequence[Probe]) -> str:
    """The explanation of the mistakes that give these losses."""
    constants = [(SIGMOID, lambda better, worse, constant: _loss_with_constant(better - worse, constant))]
    why = variants.nearly_right(reference.preference_loss, probes, constants)
    return variants.first(why, lambda: PREFERENCE.explanation(probes, EXACT))


def of_dpo(probes: Sequence[Probe]) -> str:
    """The explanation of the mistakes that give these losses."""

    def with_constant(*given: Any, constant: float) -> float:
        return _loss_with_constant(reference.margins(given[:4], given[4]), constant)

    why = variants.nearly_right(reference.dpo_loss, probes, [(SIGMOID, with_constant)])
    return variants.first(why, lambda: DPO.explanation(probes, EXACT))


def _loss_with_constant(margins: np.ndarray, constant: float) -> float:
    return float(-np.log(np.exp(reference.log_sigmoid(margins)) + constant).mean())
