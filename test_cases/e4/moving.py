"""Whether copies of a pattern are shifted and turned at random as `augment` should do it."""

from __future__ import annotations

from typing import Any

import numpy as np

from grading.checks import expect
from grading.checks.variants import ROUNDED
from grading.outcomes import CheckFailed
from test_cases.e4 import reference

MAX_SHIFT, MAX_DEGREES = 1, 24.0
SHIFTED = 960  # copies; of nine shifts, one is missing by chance in one of 10^48 runs
REACH = 5  # pixels: shifts that are tried
UNEVEN = 80  # copies more or less than a third of them: 5.5 standard deviations
TURNED = 480  # copies
STEP_DEGREES = 0.5  # of the angles that are tried; between two of them, a smooth pattern is nearly straight
SHARE_OF_SPREAD = 0.12  # 5.9 standard deviations of the spread of 480 uniform angles
SHARE_AT_AN_END = 0.05  # of angles at either end; a hundredth of uniform ones are
FAR_OUT = 2.4  # standard deviations; uniform numbers end at 1.73, and 960 normal ones at 3
PEAKED = 2.2  # the fourth moment by the squared variance: 1.8 if uniform, 3 if normal, 2.4 if cut off at two deviations

AS_IF_NORMAL = "Small {what} are more frequent than large ones, as in a normal distribution. {asked}"


def pattern(random: np.random.Generator, side: int) -> np.ndarray:
    """Copies of one smooth image with an empty border, (copies, 1, side, side)."""
    lines, posts = np.mgrid[:side, :side] - (side - 1) / 2
    radius = np.hypot(lines, posts)
    waves = sum(
        random.uniform(0.5, 1) * np.cos(random.uniform(0.3, 0.7) * (np.cos(turn) * lines + np.sin(turn) * posts) + turn)
        for turn in random.uniform(0, 2 * np.pi, 3)
    )
    image = (1 + waves + lines / side) * (radius < side / 2 - 2)
    return np.repeat(image[None, None], SHIFTED if side < 16 else TURNED, axis=0)


def require_shifts(found: Any, images: np.ndarray) -> None:
    """Copies shifted by whole pixels, up to one in each direction: all nine shifts are equally likely."""
    what = f"augment of {len(images)} images, max_shift {MAX_SHIFT} and max_degrees 0, should be images"
    found = expect.array(found, images.shape, what)
    tried = np.stack(np.meshgrid(*2 * [np.arange(-REACH, REACH + 1)], indexing="ij")).reshape(2, -1)
    made = _moved(images[0], tried[0], tried[1], np.zeros(tried.shape[1]))
    nearest, _ = _nearest(found, made)
    errors = np.abs(found - made[nearest]).max(axis=(1, 2, 3))
    if errors.max() > ROUNDED:  # a shift may be int64, which half a side divides into float32
        raise CheckFailed(
            f"augment with max_shift {MAX_SHIFT} and max_degrees 0 should shift each image by whole pixels; image "
            f"{int(errors.argmax())} was not. Are the shifts drawn from whole numbers?"
        )
    shifts = tried[:, nearest]  # (2, copies): down and right
    seen = set(map(tuple, shifts.T.tolist()))
    if np.abs(shifts).max() > MAX_SHIFT:
        beyond = max(seen, key=lambda shift: max(map(abs, shift)))
        asked = f"All whole numbers from -{MAX_SHIFT} to {MAX_SHIFT} are equally likely."
        raise CheckFailed(
            f"augment with max_shift {MAX_SHIFT} shifted an image by {beyond} pixels (down, right).",
            AS_IF_NORMAL.format(what="shifts", asked=asked) if np.abs(shifts).max() > FAR_OUT * shifts.std() else "",
        )
    if len(seen) == 1:
        raise CheckFailed(f"augment shifted all {len(images)} images by the same amount. Each has its own.")
    if (shifts[0] == shifts[1]).all():
        raise CheckFailed("augment shifts each image down and right by the same amount. Both are drawn alone.")
    reach = range(-MAX_SHIFT, MAX_SHIFT + 1)
    if missing := sorted({(down, right) for down in reach for right in reach} - seen):
        raise CheckFailed(
            f"augment with max_shift {MAX_SHIFT} never shifted one of {len(images)} images by {missing[0]} pixels "
            "(down, right). Which numbers can come up?"
        )
    for axis, name in zip(shifts, ("down", "to the right"), strict=True):
        counts = [int((axis == pixels).sum()) for pixels in reach]
        if max(abs(count - len(images) / len(counts)) for count in counts) > UNEVEN:
            raise CheckFailed(
                f"augment shifted {', '.join(map(str, counts[:-1]))} and {counts[-1]} of {len(images)} images by "
                f"{', '.join(map(str, reach[:-1]))} and {reach[-1]} pixels {name}. All shifts up to max_shift are "
                "equally likely. Are other numbers rounded?"
            )


def require_turns(found: Any, images: np.ndarray) -> None:
    """Copies turned by angles that are spread uniformly."""
    what = f"augment of {len(images)} images, max_shift 0 and max_degrees {MAX_DEGREES:g}, should be images"
    found = expect.array(found, images.shape, what)
    angles = np.arange(-180, 180, STEP_DEGREES)
    zeros = np.zeros(len(angles))
    made = _moved(images[0], zeros, zeros, angles)
    nearest, errors = _nearest(found, made)
    turned = angles[nearest]
    if errors.max() > np.linalg.norm(made[1:] - made[:-1], axis=(2, 3)).max():
        raise CheckFailed(
            f"augment with max_shift 0 and max_degrees {MAX_DEGREES:g} should turn each image about its centre; image "
            f"{int(errors.argmax())} is no such image. Does augment call your move?"
        )
    if np.ptp(turned) == 0:
        raise CheckFailed(f"augment turned all {len(images)} images by the same angle. Each has its own.")
    centred = turned - turned.mean()
    asked = f"Angles between -{MAX_DEGREES:g} and {MAX_DEGREES:g} are drawn uniformly."
    is_peaked = (centred**4).mean() > PEAKED * (centred**2).mean() ** 2
    hint = AS_IF_NORMAL.format(what="angles", asked=asked) if is_peaked else ""
    if np.abs(turned).max() > MAX_DEGREES + STEP_DEGREES:
        worst = turned[np.abs(turned).argmax()]
        raise CheckFailed(f"augment with max_degrees {MAX_DEGREES:g} turned an image by {worst:.0f} degrees.", hint)
    if turned.min() > -STEP_DEGREES or turned.max() < STEP_DEGREES:
        raise CheckFailed("augment turned all images in the same direction. Angles of both signs come up.")
    _require_few_at_the_ends(np.abs(turned), asked)
    spread = float(turned.std() * 3**0.5 / MAX_DEGREES)
    if abs(spread - 1) > SHARE_OF_SPREAD:
        raise CheckFailed(
            f"augment with max_degrees {MAX_DEGREES:g} should draw angles uniformly, with a standard deviation of "
            f"about {MAX_DEGREES / 3**0.5:.1f} degrees; got {turned.std():.1f}.",
            hint,
        )


def _require_few_at_the_ends(sizes: np.ndarray, asked: str) -> None:
    """Few angles are as large as allowed."""
    at_an_end = sizes > MAX_DEGREES - STEP_DEGREES / 2
    if at_an_end.mean() > SHARE_AT_AN_END:
        raise CheckFailed(
            f"augment with max_degrees {MAX_DEGREES:g} turned {at_an_end.sum()} of {len(sizes)} images by "
            f"{MAX_DEGREES:g} degrees, to either side. {asked}",
            "" if at_an_end.all() else "Are larger angles cut off there, as `clamp` does?",
        )


def _moved(image: np.ndarray, down: np.ndarray, right: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """One image (1, side, side), moved in several ways, (ways, 1, side, side)."""
    return reference.move(np.repeat(image[None], len(degrees), axis=0), down, right, degrees)


def _nearest(found: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each image that was found, the number of the nearest one that was made, and the distance between the two."""
    ours, theirs = made.reshape(len(made), -1), found.reshape(len(found), -1)
    squares = (theirs**2).sum(axis=1)[:, None] + (ours**2).sum(axis=1) - 2 * theirs @ ours.T  # (found, made)
    nearest = squares.argmin(axis=1)
    return nearest, np.linalg.norm(theirs - ours[nearest], axis=1)
