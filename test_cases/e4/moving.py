"""Whether copies of a pattern are shifted and turned at random as `augment` should do it."""

from __future__ import annotations

from typing import Any

import numpy as np

from grading.checks import expect
from grading.checks.variants import ROUNDED
from grading.outcomes import CheckFailed
from test_cases.e4 import reference

MAX_SHIFT, MAX_DEGREES = 1, 24.0
COPIES = 160  # of nine shifts, one is missing by chance in one of 10^7 runs
TURNED = 60
STEP_DEGREES = 0.5  # of the angles that are tried; between two of them, a smooth pattern is nearly straight
SHARE_OF_SPREAD = 0.25  # the standard deviation of 60 uniform angles is within 25% in all but one of 10^5 runs


def pattern(random: np.random.Generator, side: int) -> np.ndarray:
    """Copies of one smooth image with an empty border, (copies, 1, side, side)."""
    lines, posts = np.mgrid[:side, :side] - (side - 1) / 2
    radius = np.hypot(lines, posts)
    waves = sum(
        random.uniform(0.5, 1) * np.cos(random.uniform(0.3, 0.7) * (np.cos(turn) * lines + np.sin(turn) * posts) + turn)
        for turn in random.uniform(0, 2 * np.pi, 3)
    )
    image = (1 + waves + lines / side) * (radius < side / 2 - 2)
    return np.repeat(image[None, None], COPIES if side < 16 else TURNED, axis=0)


def require_shifts(found: Any, images: np.ndarray) -> None:
    """Copies shifted by whole pixels, up to one in each direction: all nine shifts come up."""
    what = f"augment of {len(images)} images, max_shift {MAX_SHIFT} and max_degrees 0, should be images"
    found = expect.array(found, images.shape, what)
    reach = range(-MAX_SHIFT - 1, MAX_SHIFT + 2)
    shifts = [(down, right) for down in reach for right in reach]
    made = np.stack([np.roll(images[0], shift, axis=(1, 2)) for shift in shifts])  # the border is empty
    errors = np.abs(found[:, None] - made[None]).max(axis=(2, 3, 4))  # (copies, shifts)
    nearest = errors.argmin(axis=1)
    if errors.min(axis=1).max() > ROUNDED:  # a shift may be int64, which half a side divides into float32
        raise CheckFailed(
            f"augment with max_shift {MAX_SHIFT} and max_degrees 0 should shift each image by whole pixels; image "
            f"{int(errors.min(axis=1).argmax())} was not. Are the shifts drawn from whole numbers?"
        )
    seen = {shifts[number] for number in nearest.tolist()}
    wanted = {shift for shift in shifts if max(map(abs, shift)) <= MAX_SHIFT}
    if beyond := sorted(seen - wanted):
        raise CheckFailed(f"augment with max_shift {MAX_SHIFT} shifted an image by {beyond[0]} pixels (down, right).")
    if len(seen) == 1:
        raise CheckFailed(f"augment shifted all {len(images)} images by the same amount. Each has its own.")
    if all(down == right for down, right in seen):
        raise CheckFailed("augment shifts each image down and right by the same amount. Both are drawn alone.")
    if missing := sorted(wanted - seen):
        raise CheckFailed(
            f"augment with max_shift {MAX_SHIFT} never shifted one of {len(images)} images by {missing[0]} pixels "
            "(down, right). Which numbers can come up?"
        )


def require_turns(found: Any, images: np.ndarray) -> None:
    """Copies turned by angles that are spread uniformly."""
    what = f"augment of {len(images)} images, max_shift 0 and max_degrees {MAX_DEGREES:g}, should be images"
    found = expect.array(found, images.shape, what)
    angles = np.arange(-2 * MAX_DEGREES, 2 * MAX_DEGREES + STEP_DEGREES, STEP_DEGREES)
    zeros = np.zeros(len(angles))
    made = reference.move(np.repeat(images[:1], len(angles), axis=0), zeros, zeros, angles)
    errors = ((found[:, None] - made[None]) ** 2).sum(axis=(2, 3, 4)) ** 0.5
    turned = angles[errors.argmin(axis=1)]
    distance = np.linalg.norm(made[1:] - made[:-1], axis=(2, 3)).max()
    if errors.min(axis=1).max() > distance:
        raise CheckFailed(
            f"augment with max_shift 0 and max_degrees {MAX_DEGREES:g} should turn each image about its centre by at "
            f"most that; image {int(errors.min(axis=1).argmax())} is no such image. Does augment call your move?"
        )
    if np.ptp(turned) == 0:
        raise CheckFailed(f"augment turned all {len(images)} images by the same angle. Each has its own.")
    if np.abs(turned).max() > MAX_DEGREES + STEP_DEGREES:
        worst = turned[np.abs(turned).argmax()]
        raise CheckFailed(f"augment with max_degrees {MAX_DEGREES:g} turned an image by {worst:.0f} degrees.")
    if turned.min() > -STEP_DEGREES or turned.max() < STEP_DEGREES:
        raise CheckFailed("augment turned all images in the same direction. Angles of both signs come up.")
    spread = float(turned.std() * 3**0.5 / MAX_DEGREES)
    if abs(spread - 1) > SHARE_OF_SPREAD:
        raise CheckFailed(
            f"augment with max_degrees {MAX_DEGREES:g} should draw angles uniformly, with a standard deviation of "
            f"about {MAX_DEGREES / 3**0.5:.1f} degrees; got {turned.std():.1f}."
        )
