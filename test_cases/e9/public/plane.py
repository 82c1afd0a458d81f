"""A plane through the latents of digits, in which the walk from a 3 to an 8 goes from left to right."""

from __future__ import annotations

import numpy as np

FROM, TO = 3, 8
STEPS = 9  # images of a walk, both ends included


def plane(latents: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where latents lie in a plane, and a straight walk between two of them.

    The plane's first axis goes from the mean of the 3s to that of the 8s. The second is the direction at a right angle
    in which the means of the digits differ most; the mean of the 0s lies above.

    Args:
        latents: (count, size), of images of every digit.
        labels: int64 (count,).
    Returns:
        points (count, 2); latents of the walk (STEPS, size); their points (STEPS, 2).
    """
    latents = np.nan_to_num(np.asarray(latents, np.float64), posinf=1e6, neginf=-1e6).clip(-1e6, 1e6)
    means = np.stack([latents[labels == digit].mean(axis=0) for digit in range(10)])  # (10, size)
    middle = means.mean(axis=0)
    across = _unit(means[TO] - means[FROM])
    rest = (means - middle) - np.outer((means - middle) @ across, across)
    up = np.linalg.svd(rest)[2][0]
    up = _unit(up - across * (up @ across))
    up = up if (means[0] - middle) @ up >= 0 else -up
    axes = np.stack([across, up], axis=1)  # (size, 2)
    start, end = (_typical(latents, labels, means, digit) for digit in (FROM, TO))
    walk = np.linspace(start, end, STEPS)
    return (latents - middle) @ axes, walk, (walk - middle) @ axes


def _typical(latents: np.ndarray, labels: np.ndarray, means: np.ndarray, digit: int) -> np.ndarray:
    """The latent of a digit that is nearest to their mean."""
    rows = np.flatnonzero(labels == digit)
    distances = np.linalg.norm(latents[rows] - means[digit], axis=1)
    return np.asarray(latents[rows[int(distances.argmin())]])


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.eye(len(vector))[0]
