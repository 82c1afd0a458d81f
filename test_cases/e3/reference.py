"""What the functions of elective 3 should give, in numpy and float64. Tests compare it with torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EPSILON = 1e-5  # of batch normalisation


def split_sizes(count: int) -> tuple[int, int, int]:
    """Of training, validation and test split."""
    part = (count * 15) // 100
    return count - 2 * part, part, part


def standardize(*parts: np.ndarray) -> list[np.ndarray]:
    """Splits (rows, columns), the training split first, by its statistics."""
    centre = parts[0].mean(axis=0)
    width = np.sqrt(((parts[0] - centre) ** 2).mean(axis=0))
    width[width == 0] = 1.0
    return [(part - centre) / width for part in parts]


def l1_penalty(arrays: Sequence[np.ndarray], factor: float) -> float:
    """The sum of absolute values, times a factor."""
    return factor * sum(float(np.abs(array).sum()) for array in arrays)


def l2_penalty(arrays: Sequence[np.ndarray], factor: float) -> float:
    """The sum of squares, times a factor."""
    return factor * sum(float(np.square(array).sum()) for array in arrays)


def slopes(name: str, arrays: Sequence[np.ndarray], factor: float) -> list[np.ndarray]:
    """The gradient of a penalty with respect to each array."""
    return [factor * (np.sign(array) if name == "l1_penalty" else 2 * array) for array in arrays]


@dataclass(frozen=True)
class Normalised:
    """What `batch_norm` should give: the output, (rows, columns), the two running statistics, (columns,) each."""

    output: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    slope: np.ndarray  # of the loss with respect to x, (rows, columns)


def batch_norm(
    x: np.ndarray, vectors: Sequence[np.ndarray], is_training: bool, share: float, slope: np.ndarray
) -> Normalised:
    """Normalisation by the batch, or by the running statistics.

    Args:
        x: (rows, columns).
        vectors: gain, shift, running mean and running variance.
        is_training: whether the batch's own statistics are used.
        share: how far the running statistics move towards those of the batch.
        slope: of the loss with respect to the output, (rows, columns).
    """
    gain, shift, old_mean, old_variance = vectors
    rows = len(x)
    if not is_training:
        scale = gain / np.sqrt(old_variance + EPSILON)
        return Normalised((x - old_mean) * scale + shift, old_mean, old_variance, slope * scale)
    centre, spread = x.mean(axis=0), x.var(axis=0)
    normal = (x - centre) / np.sqrt(spread + EPSILON)
    inner = slope * gain
    back = (inner - inner.mean(axis=0) - normal * (inner * normal).mean(axis=0)) / np.sqrt(spread + EPSILON)
    mean = old_mean + share * (centre - old_mean)
    variance = old_variance + share * (spread * rows / (rows - 1) - old_variance)
    return Normalised(normal * gain + shift, mean, variance, back)


def early_stopping(losses: np.ndarray, patience: int) -> tuple[int, int]:
    """After how many epochs training stops, and the number of the best epoch from 0; all epochs if it never does."""
    best, since, least = -1, 0, np.inf
    for epoch, loss in enumerate(losses):
        best, since, least = (epoch, 0, loss) if loss < least else (best, since + 1, least)
        if since == patience:
            return epoch + 1, best
    return len(losses), best
