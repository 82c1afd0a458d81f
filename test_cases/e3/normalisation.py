"""What can go wrong in `batch_norm` of elective 3, alone and in pairs: each part with its wrong values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from grading.checks import diagnosis, variants
from grading.checks.combinations import Computation, Part, Variant
from grading.checks.variants import EXACT
from test_cases.e3.reference import EPSILON


def normalised(
    x: np.ndarray,
    vectors: Sequence[np.ndarray],
    is_training: bool,
    share: float,
    *,
    over: str = "columns",
    in_training: str = "batch",
    in_evaluation: str = "running",
    divisor: str = "rows",
    root: str = "epsilon inside",
    has_gain: bool = True,
    has_shift: bool = True,
    moves: str = "in training",
    step: str = "momentum",
    taken: str = "unbiased",
) -> np.ndarray:
    """The output and both running statistics in one array. The keywords are right as they are.

    Args:
        x: (rows, columns). vectors: gain, shift, running mean and running variance, (columns,) each.
        is_training: whether the batch's own statistics are used.
        share: `momentum`.
        over: what the batch's mean and variance are those of: "columns", "rows" or "all" numbers.
        in_training, in_evaluation: "batch" or "running", the statistics that are used.
        divisor: of the variance that the output uses: "rows" or "rows - 1".
        root: what the difference is divided by, a key of `ROOTS`.
        has_gain, has_shift: whether they are used.
        moves: when the running statistics move: "in training", "never" or "always".
        step: how they move, a key of `STEPS`.
        taken: what the running variance takes in, a key of `TAKEN`.
    """
    gain, shift, old_mean, old_variance = vectors
    rows, axis = len(x), {"columns": 0, "rows": 1, "all": None}[over]
    centre, spread = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    used = centre, spread * (rows / (rows - 1) if divisor == "rows - 1" else 1)
    if (in_training if is_training else in_evaluation) == "running":
        used = old_mean[None], old_variance[None]
    output = (x - used[0]) / ROOTS[root](used[1])
    output = output * (gain if has_gain else 1.0) + (shift if has_shift else 0.0)
    mean, variance = old_mean, old_variance
    if moves == "always" or (moves == "in training" and is_training):
        if over == "rows":  # the output alone can have statistics of rows
            centre, spread = x.mean(axis=0), x.var(axis=0)
        mean = STEPS[step](old_mean, centre.ravel(), share)
        variance = STEPS[step](old_variance, TAKEN[taken](spread.ravel(), rows), share)
    return np.concatenate([output.ravel(), mean, variance])


ROOTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "epsilon inside": lambda variance: np.sqrt(variance + EPSILON),
    "epsilon outside": lambda variance: np.sqrt(variance) + EPSILON,
    "no epsilon": np.sqrt,
    "no root": lambda variance: variance + EPSILON,
}
STEPS: dict[str, Callable[[np.ndarray, np.ndarray, float], np.ndarray]] = {
    "momentum": lambda old, new, share: old + share * (new - old),
    "swapped": lambda old, new, share: old + (1 - share) * (new - old),
    "old kept whole": lambda old, new, share: old + share * new,
    "replaced": lambda old, new, share: 0 * old + new,
}
TAKEN: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "unbiased": lambda spread, rows: spread * rows / (rows - 1),
    "biased": lambda spread, rows: spread,
    "deviation": lambda spread, rows: np.sqrt(spread * rows / (rows - 1)),
}

BATCH_NORM = Computation(
    normalised,
    (
        Part(
            "over",
            (
                Variant("rows", "Mean and variance are those of each row.", "Which dimension counts the examples?"),
                Variant("all", "Mean and variance are those of all numbers of the batch. Each column has its own.", ""),
            ),
        ),
        Part(
            "in_evaluation",
            (
                Variant(
                    "batch",
                    "In evaluation, the statistics are those of the batch. The answer for one image then depends on "
                    "the other images.",
                    "Which statistics does evaluation use?",
                ),
            ),
        ),
        Part(
            "in_training",
            (
                Variant(
                    "running", "In training, the running statistics were used.", "Which statistics does training use?"
                ),
            ),
        ),
        Part(
            "divisor",
            (
                Variant(
                    "rows - 1",
                    "The batch was normalised with the variance that divides by rows - 1. That variance belongs to "
                    "the running statistics alone.",
                ),
            ),
        ),
        Part(
            "root",
            (
                Variant(
                    "epsilon outside", "epsilon is added after the root. The formula adds epsilon to the variance."
                ),
                Variant("no epsilon", "epsilon is missing. It matters where the variance is tiny."),
                Variant(
                    "no root", "The output was divided by the variance itself.", "What does the formula take of it?"
                ),
            ),
        ),
        Part("has_gain", (Variant(False, "The output was not multiplied by gain."),)),
        Part("has_shift", (Variant(False, "The shift was not added."),)),
        Part(
            "moves",
            (
                Variant(
                    "never",
                    "The running statistics did not move in training. Evaluation would use their first values.",
                ),
                Variant(
                    "always",
                    "The running statistics moved in evaluation. Test data then changes the net.",
                    "When do they move?",
                ),
            ),
        ),
        Part(
            "step",
            (
                Variant(
                    "swapped",
                    "The running statistics move too far: `momentum` and 1 - momentum are swapped. As in torch, the "
                    "batch has the weight `momentum`, and the old running value has 1 - momentum.",
                ),
                Variant("old kept whole", "The old running statistics were kept whole.", "Which share of them stays?"),
                Variant(
                    "replaced",
                    "The statistics of the batch replace the running ones. They move by the share `momentum`.",
                ),
            ),
        ),
        Part(
            "taken",
            (
                Variant(
                    "biased",
                    "The running variance took in the variance that divides by the rows. The factor rows / (rows - 1) "
                    "is missing.",
                ),
                Variant(
                    "deviation",
                    "The running variance took in the standard deviation of the batch.",
                    "What does the formula take?",
                ),
            ),
        ),
    ),
)

STATISTICS_DETACHED = (
    "The output is right, and its gradient is not: mean and variance of the batch were taken as constants. They depend "
    "on x. Are they detached before the output is computed?"
)


def of_batch_norm(probes: Sequence[diagnosis.Probe]) -> str:
    """The explanation of what gives what `batch_norm` gave; see `normalised` for the arguments."""
    why = variants.nearly_right(normalised, probes)
    return variants.first(why, lambda: BATCH_NORM.explanation(probes, EXACT))
