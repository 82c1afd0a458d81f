"""Trainings of elective 9: an autoencoder squeezes digits, a denoiser cleans them, and a VAE draws new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from data import Library, Splits
from grading.checks import diagnosis, expect
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.checks.student import Student
from test_cases.e9 import answers, exhibits, measures, networks, reference
from test_cases.e9.answers import MODULE
from test_cases.e9.public import data

AUTOENCODER, VAE = f"{MODULE}.Autoencoder", f"{MODULE}.VAE"
DATA = "test_cases.e9.public.data"
SQUEEZED, CLEANED = (data.PIXELS, 192, 16), (data.PIXELS, 256)  # sizes of the autoencoder and of the denoiser
DRAWN = 10  # numbers of the VAE's latent
SAMPLES = 1000  # images that are drawn from N(0, 1)
FITTED = 6000  # training images that the grader's own PCA is fitted to


def compression(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """After 16 numbers, an autoencoder's images are nearer to the test images than those of PCA."""
    splits = library.load(DATA)
    assert splits.test is not None
    model, training = _trained(student, "train_autoencoder", AUTOENCODER, SQUEEZED, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        own = networks.of(model, named("after train_autoencoder, Autoencoder", *SQUEEZED), SQUEEZED[-1], SQUEEZED[-1])
        answers.require_own_images(model, own, data.images(splits.test.x[:3]))
    test = data.images(splits.test.x)
    middle, rows = reference.pca_of_many(map(data.images, reference.blocks(splits.train.x[:FITTED])), SQUEEZED[-1])
    by_pca = reference.reconstruction_by_pca(test, middle.astype(np.float32), rows.astype(np.float32))
    made = measures.reconstructions(own, test)
    error, best = float(np.mean((made - test) ** 2)), float(np.mean((by_pca - test) ** 2))
    share = error / best
    student.record("test_error", error)
    student.record("pca_error", best)
    student.record("error_share", share)
    latents = own.encode(test)
    shown = exhibits.squeezed(splits, made, by_pca, latents, error, best)
    student.exhibit(lambda: shown)
    student.exhibit(lambda: exhibits.drawn(own, _latents(library, SQUEEZED[-1]), "autoencoder"))
    with diagnosis.explained(
        lambda text: diagnosis.first(
            lambda: diagnosis.training(training),
            lambda: measures.of_latents(latents),
            lambda: diagnosis.coverage(training),
        )
    ):
        what = f"the squared error of test images, {error:.4f}, divided by that of PCA, {best:.4f},"
        expect.at_most(share, thresholds["maximum_error_share"], what, "Does the loss still fall when training ends?")


def denoising(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """A denoiser takes most of the noise away."""
    splits = library.load(DATA)
    assert splits.test is not None
    test, splits = splits.test, replace(splits, about={"task": "noise"})
    model, training = _trained(student, "train_denoiser", AUTOENCODER, CLEANED, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        own = networks.of(model, named("after train_denoiser, Autoencoder", *CLEANED), CLEANED[-1], CLEANED[-1])
    clean = data.images(test.x)
    given = clean + np.float32(data.NOISE) * random_inputs(library, 9).standard_normal(clean.shape, np.float32)
    answers.require_own_images(model, own, given[:3])
    made = measures.reconstructions(own, given)
    before, after = reference.psnr(given, clean), reference.psnr(made, clean)
    left = float(np.mean((made - clean) ** 2) / np.mean((given - clean) ** 2))
    student.record("noise_left", left)
    student.record("gain_decibels", after - before)
    shown = exhibits.cleaned(splits, given, made, before, after)
    student.exhibit(lambda: shown)
    with diagnosis.explained(
        lambda text: diagnosis.first(
            lambda: diagnosis.training(training),
            lambda: measures.of_denoiser(own, clean, left),
            lambda: diagnosis.coverage(training),
        )
    ):
        what = (
            f"after denoising, psnr went from {before:.1f} to {after:.1f} decibels. The share of the noise's squared "
            "error that is left"
        )
        expect.at_most(left, thresholds["maximum_noise_left"], what, "Does the loss still fall when training ends?")


def generation(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """A VAE's ELBO is high, and what it draws from N(0, 1) can be read as digits."""
    splits = library.load(DATA)
    assert splits.test is not None
    test, splits = splits.test, replace(splits, about={"task": "space"})
    model, training = _trained(student, "train_vae", VAE, (DRAWN,), splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        own = networks.of(model, named("after train_vae, VAE", DRAWN), DRAWN, 2 * DRAWN)
        answers.require_own_latents(model, own, data.images(test.x[:3]))
    parts = measures.nats(own, data.images(test.x), random_inputs(library, 10))
    student.record("nats", parts.total)
    student.record("reconstruction_nats", parts.reconstruction)
    student.record("kl_nats", parts.divergence)
    latents = _latents(library, DRAWN)
    share, right = measures.readable(own, latents), measures.read_right(own, test)
    student.record("readable_share", share)
    student.record("digits_kept", right)
    student.exhibit(lambda: exhibits.space(own, splits, latents, parts))
    student.exhibit(lambda: exhibits.walks(own, splits))
    student.exhibit(lambda: exhibits.drawn(own, latents, "VAE"))
    with diagnosis.explained(
        lambda text: diagnosis.first(
            lambda: diagnosis.training(training), lambda: parts.explained, lambda: diagnosis.coverage(training)
        )
    ):
        what = (
            f"minus the ELBO of a test image, {parts.reconstruction:.1f} nats of reconstruction and "
            f"{parts.divergence:.1f} nats of divergence,"
        )
        expect.at_most(parts.total, thresholds["maximum_nats"], what, "Does the loss still fall when training ends?")
        what = f"the share of {SAMPLES:,} images drawn from N(0, 1) that the grader's classifier reads as a digit"
        hint = "Are draws of the latent near N(0, 1) in training? The KL divergence sees to that."
        expect.at_least(share, thresholds["minimum_readable_share"], what, hint)


def random_inputs(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 9, number])


def _latents(library: Library, size: int) -> np.ndarray:
    """Draws from N(0, 1), (SAMPLES, size)."""
    return random_inputs(library, 11).standard_normal((SAMPLES, size))


def _trained(
    student: Student, function: str, target: str, sizes: tuple[int, ...], splits: Splits
) -> tuple[Model, Training]:
    """A model trained by a function of the student's."""
    model = student.create(target, *sizes)
    with diagnosis.explained(diagnosis.crash_in_training):
        return model, student.train(f"{MODULE}.{function}", model, splits)


def named(name: str, *sizes: int) -> str:
    """A model as it is made, such as "VAE(10)"."""
    return f"{name}({', '.join(map(str, sizes))})"
