"""Two directions in which the latents of digits differ, and a straight walk from a 3 to an 8 among them."""

from __future__ import annotations

import numpy as np

from test_cases.e9.public import data

FROM, TO = 3, 8
STEPS = 9  # images of a walk, both ends included


def plane(latents: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where latents are drawn, and the walk from the first 3 to the first 8.

    From left to right goes the direction that tells 3s from 8s best (Fisher's linear discriminant, 1936). From below
    to above goes the one that tells all digits apart best of those that are left; the 0s lie above.

    Args:
        latents: (count, size), of images of every digit.
        labels: int64 (count,).
    Returns:
        points (count, 2); latents of the walk (STEPS, size); their points (STEPS, 2).
    """
    latents = np.nan_to_num(np.asarray(latents, np.float64), posinf=1e6, neginf=-1e6).clip(-1e6, 1e6)
    means = np.stack([latents[labels == digit].mean(axis=0) for digit in range(data.CLASSES)])  # (10, size)
    middle, within = means.mean(axis=0), _inverse_root(latents - means[labels])
    white = (means - middle) @ within  # the means, where every digit is about as wide as long
    across = _unit(white[TO] - white[FROM])
    rest = white - np.outer(white @ across, across)
    up = _unit(np.linalg.svd(rest)[2][0])
    up = up if white[0] @ up >= 0 else -up
    axes = within @ np.stack([across, up], axis=1)  # (size, 2)
    rows = data.one_of_each(labels)
    walk = np.linspace(latents[rows[FROM]], latents[rows[TO]], STEPS)
    return (latents - middle) @ axes, walk, (walk - middle) @ axes


def _inverse_root(differences: np.ndarray) -> np.ndarray:
    """The inverse root of a covariance matrix, (size, size); directions without any difference count little."""
    values, vectors = np.linalg.eigh(differences.T @ differences / len(differences))
    return np.asarray(vectors / np.sqrt(np.maximum(values, 1e-3 * max(float(values[-1]), 1e-9))) @ vectors.T)


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.eye(len(vector))[0]
