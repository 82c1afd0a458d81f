"""Trained generators: the modes of a ring, and digits that are as asked, varied, and no copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from data import Library, Splits
from grading.checks import diagnosis, expect
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import CheckFailed
from test_cases.e10 import measures, reference
from test_cases.e10.measures import Measures
from test_cases.e10.public import digits as small_digits
from test_cases.e10.public import picture
from test_cases.e10.public import ring as eight
from test_cases.e10.public.charts import Losses, Neighbours

MODULE = "electives.adversarial"
RING, DIGITS = "test_cases.e10.public.ring", "test_cases.e10.public.digits"
POINTS = 2000  # that modes are counted among
EACH = 100  # digits of each class
SHOWN_POINTS = 400
AGREE = 1e-4  # float32 through three layers, against float64
MAX_READ_WITHOUT_WEIGHTS = 0.5  # a share of digits; chance is 0.1
MUCH = 3.0  # times as many steps of one network as of the other


def ring(student: Student, library: Library, thresholds: Mapping[str, float], random: np.random.Generator) -> None:
    """Train on the ring and count the modes that samples hold."""
    splits, centres = library.load(RING), eight.drawn_centres(library.seed)
    model = student.create(f"{MODULE}.RingAdversaries")
    noise = random.standard_normal((POINTS, 2)).astype(np.float32)
    training, watched = _trained(
        student, "train_ring", model, splits, noise[:SHOWN_POINTS], None, thresholds["maximum_passes"]
    )
    points = _ring_points(model, noise)
    shares = eight.near_each_mode(points, centres)
    held, near = eight.held(shares), float(shares.sum())
    student.record("modes_share", float(held.mean()))
    student.record("ring_share", near)
    student.exhibit(lambda: _losses("train_ring", watched))
    student.exhibit(lambda: picture.Ring(_ring_state(student, model, watched, splits, centres), near))
    with diagnosis.explained(lambda text: _wrong_ring(training, watched, held, points)):
        what = f"the share of the eight modes that {POINTS:,} generated points hold"
        expect.at_least(float(held.mean()), thresholds["minimum_modes_share"], what, _steps(watched))
        what = f"the share of generated points within {eight.NEAR:g} standard deviations of a centre"
        expect.at_least(near, thresholds["minimum_ring_share"], what, "Do the rates fall towards the end?")


def digits(student: Student, library: Library, thresholds: Mapping[str, float], random: np.random.Generator) -> None:
    """Train on digits, ask for each digit, and measure what comes."""
    splits = library.load(DIGITS)
    assert splits.test is not None
    model = student.create(f"{MODULE}.DigitAdversaries")
    rows = random.standard_normal((picture.ROWS, small_digits.NOISE_SIZE)).astype(np.float32)
    shown = rows.repeat(small_digits.CLASSES, axis=0)  # one noise for all digits of a row
    asked = np.tile(np.arange(small_digits.CLASSES), picture.ROWS)
    training, watched = _trained(student, "train_digits", model, splits, shown, asked, thresholds["maximum_passes"])
    labels = np.arange(small_digits.CLASSES).repeat(EACH)
    noise = random.standard_normal((len(labels), small_digits.NOISE_SIZE)).astype(np.float32)
    what = "after train_digits, the generator should make images"
    images = expect.array(model.method("sample", noise, labels), (len(labels), small_digits.PIXELS), what)
    known = small_digits.shipped(library)
    found = measures.measured(np.clip(images, 0, 1), labels, splits.train, splits.test, known)
    student.record("read_share", found.read)
    student.record("variety", found.variety)
    student.record("novelty", found.novelty)
    student.record("coverage", found.coverage)
    student.exhibit(lambda: _losses("train_digits", watched))
    student.exhibit(lambda: picture.Digits(_digits_state(watched), found.read, found.coverage))
    student.exhibit(lambda: Neighbours.of(images, labels, splits.train.x, found.nearest, found.novelty))
    with diagnosis.explained(lambda text: _wrong_digits(training, watched, found, thresholds)):
        what = "the share of generated digits that are read as what was asked for"
        expect.at_least(found.read, thresholds["minimum_read_share"], what, _steps(watched))
        _require_variety(found, thresholds)
    _require_made_by_weights(model, noise, labels, random)


def _require_variety(found: Measures, thresholds: Mapping[str, float]) -> None:
    what = f"generated digits of class {found.least_varied} should differ among each other by"
    _at_least_a_share(found.variety, thresholds["minimum_variety"], what, "of what real ones do")
    what = "generated digits should differ from the nearest digit of the data folder by"
    _at_least_a_share(found.novelty, thresholds["minimum_novelty"], what, "of what other real digits do")
    what = "the share of real digits that have a generated one close by"
    expect.at_least(found.coverage, thresholds["minimum_coverage"], what, "Do digits of a class look alike?")


def _require_made_by_weights(model: Model, noise: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> None:
    """A generator whose weights have changed places makes no digits. One that shows stored images still does."""
    weights = {name: each for name, each in model.parameters().items() if name.startswith("generator.")}
    model.set_parameters({name: random.permuted(each.ravel()).reshape(each.shape) for name, each in weights.items()})
    found = model.method("sample", noise, labels)
    numbers = np.nan_to_num(found) if isinstance(found, np.ndarray) else found  # such weights may lead anywhere
    images = expect.array(numbers, (len(labels), small_digits.PIXELS), "with other weights, images should be")
    read = float(measures.read_right(images, labels).mean())
    if read > MAX_READ_WITHOUT_WEIGHTS:
        raise CheckFailed(
            f"the grader put the weights of the generator in another order. Still, {read:.0%} of its images are read "
            "as what was asked for. Do its images come from its layers?"
        )


def _at_least_a_share(value: float, threshold: float, what: str, of_what: str) -> None:
    """A distance compared with that of real digits, which may exceed 1."""
    if not value >= threshold:
        wanted, got = expect.told_apart(threshold, value, expect.significant)
        raise expect.Miss(f"{what} at least {wanted} {of_what}; got {got}.", "", threshold - value, 1 - threshold)


def _trained(
    student: Student,
    name: str,
    model: Model,
    splits: Splits,
    noise: np.ndarray,
    labels: np.ndarray | None,
    max_passes: float,
) -> tuple[Training, Mapping[str, Any]]:
    """Train a model, and keep what its generator makes of the same noise meanwhile."""
    shown = {name: array[:SHOWN_POINTS] for name, array in splits.train.arrays.items()}
    kept = student.probe_object(
        "watch", model=model, noise=noise, labels=labels, real=shown["x"], real_labels=shown.get("y")
    )
    with diagnosis.explained(diagnosis.crash_in_training):  # a curve would mix the losses of both networks
        training = student.train(f"{MODULE}.{name}", model, splits, max_passes, has_curve=False)
    training = replace(training, stale=0)  # the generator's steps leave gradients in the discriminator, as they may
    watched = student.probe_named("watched", has_curve=False, kept=kept)
    return training, watched


def _ring_points(model: Model, noise: np.ndarray) -> np.ndarray:
    """What the trained generator makes of noise, computed here from its weights."""
    parameters = model.parameters()
    for name, shape in reference.RING_SHAPES.items():
        expect.array(parameters.get(name), shape, f"after train_ring, RingAdversaries should hold {name}")
    points = reference.ring_points(parameters, noise)
    what = "RingAdversaries should make points"
    own = expect.array(model.method("sample", noise[:5]), (5, 2), what)
    expect.close(own, points[:5], AGREE, f"{what} that its weights give,", "Was the class changed?")
    return points


def _unfair(watched: Mapping[str, Any]) -> str:
    """What the optimizers' steps tell; the student's process says so, and no point depends on it."""
    steps = watched["generator_steps"], watched["discriminator_steps"]
    if watched["is_mixed"] is True:
        return (
            "One optimizer holds parameters of both networks. Its step makes the discriminator help the generator, or "
            "the reverse. Each network has an optimizer of its own."
        )
    if not all(type(count) is int for count in steps):
        return ""
    names = ("generator", "discriminator")
    for own, other in ((0, 1), (1, 0)):
        if steps[own] == 0 < steps[other]:
            return f"The {names[other]} took {steps[other]:,} steps, the {names[own]} none. Which optimizer holds it?"
        if steps[other] > MUCH * steps[own]:
            return (
                f"The {names[other]} took {steps[other]:,} steps, the {names[own]} {steps[own]:,}. A network that is "
                "far ahead teaches the other nothing."
            )
    return ""


def _wrong_ring(training: Training, watched: Mapping[str, Any], held: np.ndarray, points: np.ndarray) -> str:
    """Why modes are lost."""
    lost = int((~held).sum())
    return diagnosis.first(
        lambda: diagnosis.training(training),
        lambda: _unfair(watched),
        lambda: (
            f"All points lie close together: the generator has collapsed to one spot. {_steps(watched)}"
            if np.ptp(points, axis=0).max() < 10 * eight.DEVIATION
            else ""
        ),
        lambda: (
            f"The generator has lost {lost} of {eight.MODES} modes. {_steps(watched)} Are they enough, do the rates "
            "fall towards the end, and is Adam's beta_1 at most 0.5?"
            if lost > 1
            else ""
        ),
    )


def _wrong_digits(
    training: Training, watched: Mapping[str, Any], found: Measures, thresholds: Mapping[str, float]
) -> str:
    """Why digits are not read, or do not vary."""
    worst = int(found.read_by_class.argmin())
    return diagnosis.first(
        lambda: diagnosis.training(training),
        lambda: _unfair(watched),
        lambda: (
            f"Digits are not read better than at random. {_steps(watched)} Are they enough? If they are: does the "
            "discriminator win early, with a loss of almost 0? Batch normalization in the generator helps against that."
            if found.read < 0.2
            else ""
        ),
        lambda: (
            f"Of the digits {worst}, {found.read_by_class[worst]:.0%} are read as such. {_steps(watched)}"
            if found.read < thresholds["minimum_read_share"]
            else ""
        ),
        lambda: _copies(found, thresholds),
    )


def _copies(found: Measures, thresholds: Mapping[str, float]) -> str:
    """Digits that are copies, of one another or of training digits."""
    if found.novelty < thresholds["minimum_novelty"]:
        return (
            "Generated digits are copies of training digits or of others in the data folder, or nearly so. The "
            "generator makes digits of noise, and never sees a real one."
        )
    if found.variety < thresholds["minimum_variety"]:
        return (
            f"Digits of class {found.least_varied} are copies of one another, or nearly so: the generator has "
            "collapsed. Does it use all of the noise? Noise on the images that the discriminator sees helps."
        )
    if found.coverage < thresholds["minimum_coverage"]:
        return (
            "The digits are read, but they are few kinds, or far from all real ones. Noise on the images that the "
            "discriminator sees helps against that."
        )
    return ""


def _steps(watched: Mapping[str, Any]) -> str:
    """How many steps both took."""
    steps = watched["generator_steps"], watched["discriminator_steps"]
    if not all(type(count) is int for count in steps):
        return ""
    return f"The generator took {steps[0]:,} steps, the discriminator {steps[1]:,}."


def _kept(watched: Mapping[str, Any], count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The snapshots: updates, (snapshots,), and what was made, (snapshots, count, size)."""
    made = watched["made"]
    snapshots = len(made) if isinstance(made, np.ndarray) and made.ndim == 3 else 0
    made = expect.array(made, (max(snapshots, 1), count, size), "snapshots of training should be numbers")
    return expect.array(watched["updates"], (len(made),), "updates should be numbers").astype(np.int64), made


def _losses(name: str, watched: Mapping[str, Any]) -> Losses:
    updates = watched["updates"]
    moments = len(updates) if isinstance(updates, np.ndarray) else 1
    losses = expect.array(watched["losses"], (moments, 2), "losses should be numbers")
    return Losses(name, expect.array(updates, (moments,), "updates should be numbers").astype(np.int64), losses)


def _ring_state(
    student: Student, model: Model, watched: Mapping[str, Any], splits: Splits, centres: np.ndarray
) -> picture.State:
    updates, made = _kept(watched, SHOWN_POINTS, 2)
    places = picture.places()
    belief = student.probe("belief", has_curve=False, model=model, places=places)
    belief = expect.array(belief, (len(places),), "the discriminator should give probabilities")
    return picture.ring_state(updates, made, splits.train.x[:SHOWN_POINTS], centres, belief)


def _digits_state(watched: Mapping[str, Any]) -> picture.State:
    updates, made = _kept(watched, picture.ROWS * small_digits.CLASSES, small_digits.PIXELS)
    return picture.digits_state(updates, made)
