"""What the report shows of elective 9: test images before and after, walks, and images drawn from N(0, 1)."""

from __future__ import annotations

import numpy as np

from data import Splits
from grading.checks import digit_reader
from test_cases.e9.measures import MIN_SURE, Nats
from test_cases.e9.networks import Networks
from test_cases.e9.public import data
from test_cases.e9.public.charts import Drawn, Walk, Walks
from test_cases.e9.public.picture import Cleaned, Space, Squeezed, State
from test_cases.e9.public.plane import STEPS, plane
from test_cases.e9.reference import interpolation

ENDS = ((3, 8), (7, 4), (0, 6), (9, 5))  # digits that walks go between
SHOWN = 20  # images of each chart of draws


def squeezed(
    splits: Splits, made: np.ndarray, by_pca: np.ndarray, latents: np.ndarray, error: float, best: float
) -> Squeezed:
    """Ten test images, their latents, and both reconstructions."""
    assert splits.test is not None
    rows = data.one_of_each(splits.test.y)
    images = data.images(splits.test.x[rows])
    return Squeezed(State("squeeze", images, made[rows], by_pca[rows], latents[rows], numbers=[error, best]))


def cleaned(splits: Splits, noisy: np.ndarray, made: np.ndarray, before: float, after: float) -> Cleaned:
    """Ten test images with noise, without, and as the model makes them."""
    assert splits.test is not None
    rows = data.one_of_each(splits.test.y)
    clean = data.images(splits.test.x[rows])
    return Cleaned(State("noise", noisy[rows], made[rows], clean, numbers=[before, after]))


def space(own: Networks, splits: Splits, latents: np.ndarray, parts: Nats) -> Space:
    """The plane of latents, a walk in it, and images drawn from N(0, 1)."""
    assert splits.validation is not None
    mean, _ = own.spread(data.images(splits.validation.x))
    points, walk, spots = plane(mean, splits.validation.y)
    return Space(
        State(
            "space", own.drawn(walk), own.drawn(latents[:16]), latent=points, labels=splits.validation.y, spots=spots,
            numbers=[parts.total, parts.divergence],
        )
    )  # fmt: skip


def walks(own: Networks, splits: Splits) -> Walks:
    """Walks between test images, and what the grader's classifier reads along them."""
    assert splits.test is not None
    found = []
    for start, end in ENDS:
        rows = [int(np.flatnonzero(splits.test.y == digit)[1]) for digit in (start, end)]
        mean, _ = own.spread(data.images(splits.test.x[rows]))
        images = own.drawn(interpolation(mean[0], mean[1], STEPS))
        found.append(Walk(start, end, images, digit_reader.read(images)))
    return Walks(tuple(found))


def drawn(own: Networks, latents: np.ndarray, name: str) -> Drawn:
    """Images of latents from N(0, 1), and how many are read."""
    images = own.drawn(latents)
    chances = digit_reader.read(images)
    share = float(np.mean(chances.max(axis=1) >= MIN_SURE))
    return Drawn(name, images[:SHOWN], chances[:SHOWN], share)
