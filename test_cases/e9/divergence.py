"""What can go wrong with the divergence of elective 9, alone and in pairs: each part with its wrong values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grading.checks.combinations import Computation, Part, Variant


def divergence(
    mean: np.ndarray,
    log_variance: np.ndarray,
    *,
    factor: float = 0.5,
    unit: float = 1.0,
    reduction: str = "entries added",
    variance_of: str = "log_variance",
    of_mean: str = "square",
    one: float = -1.0,
    of_logarithm: float = -1.0,
    order: str = "from the posterior",
) -> np.ndarray:
    """The KL divergence, (batch,), or what mistakes make of it. The keywords are right as they are.

    Args:
        mean, log_variance: (batch, size).
        factor: of the sum.
        unit: in nats.
        reduction: how entries become a divergence, a key of `REDUCED`.
        variance_of: how sigma^2 is read from log_variance, a key of `VARIANCES`.
        of_mean: what is made of the mean, a key of `TERMS_OF_MEAN`.
        one: what is added to each entry.
        of_logarithm: the factor of the logarithm.
        order: "the other way" for N(0, 1) from N(mean, sigma^2).
    """
    variance, in_sum, logarithm = VARIANCES[variance_of](log_variance)
    terms = TERMS_OF_MEAN[of_mean](mean) + in_sum + one + of_logarithm * logarithm
    if order == "the other way":
        terms = (1 + TERMS_OF_MEAN[of_mean](mean)) / variance + one - of_logarithm * logarithm
    return np.asarray(factor * REDUCED[reduction](terms) / unit)


# What the sum takes for sigma^2 in a quotient, for sigma^2 as a term, and for its logarithm.
VARIANCES: dict[str, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]] = {
    "log_variance": lambda log: (np.exp(log), np.exp(log), log),
    "twice": lambda log: (np.exp(2 * log), np.exp(2 * log), 2 * log),
    "as it is": lambda log: (log, log, np.log(np.abs(log) + 1e-300)),
    "deviation": lambda log: (np.exp(log), np.exp(log / 2), log),
    "no influence": lambda log: (np.exp(log), log, log),
    "missing": lambda log: (np.exp(log), 0 * log, log),
}
TERMS_OF_MEAN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "square": np.square,
    "subtracted": lambda mean: -np.square(mean),
    "mean": lambda mean: mean,
    "size": np.abs,
    "missing": lambda mean: 0 * mean,
}
REDUCED: dict[str, Callable[[np.ndarray], Any]] = {
    "entries added": lambda terms: terms.sum(axis=1),
    "entries averaged": lambda terms: terms.mean(axis=1),
    "all added": lambda terms: terms.sum(),
    "all averaged": lambda terms: terms.mean(),
    "images averaged": lambda terms: terms.sum(axis=1).mean(),
    "entries kept": lambda terms: terms,
    "images added": lambda terms: terms.sum(axis=0),
}

DIVERGENCE = Computation(
    divergence,
    (
        Part(
            "factor",
            (
                Variant(1.0, "The factor 1/2 is missing."),
                Variant(-0.5, "The sign is reversed. A divergence is never below 0."),
                Variant(-1.0, "The sign is reversed, and the factor 1/2 is missing. A divergence is never below 0."),
                Variant(0.25, "The factor is 1/4. The formula has 1/2."),
            ),
        ),
        Part("unit", (Variant(np.log(2), "The unit is bits. Nats take the natural logarithm."),)),
        Part(
            "reduction",
            (
                Variant("entries averaged", "The entries of an image were averaged. The formula adds them up."),
                Variant("all added", "The whole batch was added up. Each image has a divergence of its own."),
                Variant("all averaged", "The whole batch was averaged. Each image has a divergence of its own."),
                Variant("images averaged", "The batch was averaged. Each image has a divergence of its own."),
                Variant("entries kept", "The entries are not added up. Each image has one divergence."),
                Variant(
                    "images added",
                    "The batch was added up in place of the entries of each image. Which dimension is the batch?",
                ),
            ),
        ),
        Part(
            "variance_of",
            (
                Variant("twice", "log_variance was taken for the logarithm of sigma. It is the logarithm of sigma^2."),
                Variant("as it is", "log_variance was taken for the variance itself."),
                Variant("deviation", "The formula has sigma^2 where your code has sigma."),
                Variant("no influence", "The variance has no influence: its terms are missing, or cancel."),
                Variant("missing", "The term sigma^2 is missing."),
            ),
        ),
        Part(
            "of_mean",
            (
                Variant("subtracted", "The square of the mean is subtracted. The formula adds it."),
                Variant("mean", "The mean is not squared."),
                Variant("size", "The size of the mean was taken. The formula has its square."),
                Variant("missing", "The mean has no influence."),
            ),
        ),
        Part(
            "one",
            (
                Variant(0.0, "The -1 is missing."),
                Variant(1.0, "The 1 was added to each entry. The formula subtracts it."),
            ),
        ),
        Part(
            "of_logarithm",
            (
                Variant(0.0, "The logarithm of the variance is missing."),
                Variant(1.0, "The logarithm of the variance is added. The formula subtracts it."),
            ),
        ),
        Part(
            "order",
            (Variant("the other way", "The divergence is the other way round: from N(0, 1) to N(mean, sigma^2)."),),
        ),
    ),
)
