"""Elective 9: noise, PCA, draws, divergence, ELBO and walks are exact; models squeeze, clean and draw digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from data import Library, Splits
from grading.checks import diagnosis, expect, variants
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.checks.student import Student
from grading.checks.variants import EXACT
from grading.outcomes import CheckFailed
from test_cases.e9 import answers, draws, exhibits, measures, mistakes, networks, reference
from test_cases.e9.answers import MODULE
from test_cases.e9.mistakes import VECTORS
from test_cases.e9.public import data

AUTOENCODER, VAE = f"{MODULE}.Autoencoder", f"{MODULE}.VAE"
DATA = "test_cases.e9.public.data"
SQUEEZED, CLEANED = (data.PIXELS, 192, 16), (data.PIXELS, 256)  # sizes of the autoencoder and of the denoiser
DRAWN = 10  # numbers of the VAE's latent
BATCH, SIZE, PIXELS = 5, 4, 7  # all different, so that a dimension is taken for no other
STACKS = ((data.PIXELS, 20, 5), (data.PIXELS, 30, 12, 3))  # sizes of autoencoders that are not trained
TRIED = (3, 6)  # latent sizes of VAEs that are not trained
HUGE = 1000.0  # logits at which a sigmoid is 0 or 1 in float64
CERTAIN, UNCERTAIN = -60.0, 0.0  # logarithms of variances: sigma is 0, and 1
LITTLE_NOISE = 0.05  # deviation of images that psnr is asked of
SAMPLES = 1000  # images that are drawn from N(0, 1)
FITTED = 6000  # training images that the grader's own PCA is fitted to
DRAWN_KL = 200_000  # draws for the divergence by its definition, which a message tells


def noise(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 1)
    images = random.random((draws.ROWS, draws.COLUMNS))
    for deviation in (data.NOISE, float(random.uniform(1.5, 3))):
        found = answers.asked(student, "twice", "add_noise", images, deviation)
        what = f"add_noise of images {images.shape} and the deviation {deviation:.2g} should be"
        noisy, again = (expect.array(found[name], images.shape, what) for name in ("result", "again"))
        if noisy.min() >= 0 and noisy.max() <= 1:
            raise CheckFailed("the images of add_noise lie within 0 and 1. The sums should not be clipped.")
        if np.array_equal(noisy, again):
            raise CheckFailed("add_noise added the same noise in two calls. Is a seed set inside?")
        added = noisy - images
        if draws.is_unit(added / deviation**0.5, images) and abs(deviation - 1) > 0.1:
            raise CheckFailed("add_noise took `deviation` for the variance. The noise is deviation * epsilon.")
        draws.require_normal(added / deviation, "the noise of add_noise", "image", deviation)
    probes = []
    for error in (LITTLE_NOISE**2, float(random.uniform(0.01, 0.1))):  # a small one shows what is added to it
        clean, noise = random.random((BATCH, PIXELS)), random.standard_normal((BATCH, PIXELS))
        given = clean + noise * np.sqrt(error / np.square(noise).mean())
        probes.append(((given, clean), student.call(f"{MODULE}.psnr", given, clean)))
    what = "psnr of images with noise"
    answers.require_right(probes, reference.psnr, mistakes.psnr, mistakes.IN_PSNR, what, mistakes.IN_THE_ERROR)


def pca(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes, found = _random(library, 2), [], []
    for count, pixels, size in ((60, 12, 4), (8, 11, 5)):
        turn = np.linalg.qr(random.standard_normal((pixels, pixels)))[0]
        spread = 2.0 ** -np.arange(pixels) * random.standard_normal((count, pixels))
        images = spread @ turn + random.uniform(1, 2, pixels)
        result = answers.asked(student, "unchanged", "fit_pca", images, size)["result"]
        if not isinstance(result, list) or len(result) != 2:
            raise CheckFailed(f"fit_pca should return two tensors, mean and components; got {expect.kind(result)}.")
        middle, rows = reference.pca(images, size)
        what = f"fit_pca of {count} images of {pixels} pixels should find the mean"
        expect.close(expect.array(result[0], middle.shape, what), middle, EXACT, f"{what} image,")
        probes.append(((images, size), rows))
        found.append(result[1])
    with diagnosis.explained(lambda text: mistakes.of_components(*probes[0][0], found[0])):
        for ((images, _), rows), each in zip(probes, found, strict=True):
            what = f"fit_pca of {images.shape[0]} images of {images.shape[1]} pixels should find components"
            given = expect.array(each, rows.shape, what)
            expect.close(mistakes.signed(given, rows), rows, VECTORS, f"{what}, up to the sign of each,")
    back = []
    for (images, _), rows in probes:
        given = images[:BATCH] + random.standard_normal((BATCH, images.shape[1]))
        middle = images.mean(axis=0)
        result = answers.asked(student, "unchanged", "reconstruct_by_pca", given, middle, rows)["result"]
        back.append(((given, middle, rows), result))
    right, wrong = reference.reconstruction_by_pca, mistakes.reconstruction
    answers.require_right(back, right, wrong, mistakes.IN_RECONSTRUCTION, "reconstruct_by_pca of images")


def autoencoder(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 3)
    for sizes in STACKS:
        model = student.create(AUTOENCODER, *sizes)
        own = networks.of(model, _named("Autoencoder", *sizes), sizes[-1], sizes[-1])
        for part, wanted in ((own.encoder, sizes), (own.decoder, sizes[::-1])):
            found = tuple(len(bias) for _, bias in part)
            if found != wanted[1:]:
                raise CheckFailed(
                    f"{_named('Autoencoder', *sizes)} should have layers with {_listed(wanted[1:])} outputs from "
                    f"{wanted[0]} numbers on; got {_listed(found)}."
                )
        answers.require_own_images(model, own, random.random((3, data.PIXELS)))


def reparameterize(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 4)
    shape = draws.ROWS, draws.COLUMNS
    mean, log_variance = random.uniform(-3, 3, shape), random.uniform(-4, 2, shape)
    found = answers.asked(student, "twice", "reparameterize", mean, log_variance)
    what = f"reparameterize of means {shape} should be"
    z, again = (expect.array(found[name], shape, what) for name in ("result", "again"))
    if np.array_equal(z, mean):
        raise CheckFailed("reparameterize returned the mean. Where does epsilon come in?")
    if np.array_equal(z, again):
        raise CheckFailed("reparameterize returned the same draw in two calls. Is a seed set inside?")
    sigma = np.exp(0.5 * log_variance)
    if not draws.is_unit((z - mean) / sigma, log_variance):
        if draws.is_unit(z / sigma, log_variance):
            raise CheckFailed("the draws of reparameterize lie around 0. They should lie around `mean`.")
        if text := mistakes.of_spread(z - mean, log_variance):
            raise CheckFailed("the draws of reparameterize have the wrong deviation.", text)
    draws.require_normal((z - mean) / sigma, "epsilon of reparameterize", "image")
    answers.require_gradients(student, random, mean[:BATCH], log_variance[:BATCH])


def kl_divergence(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 5)
    probes = []
    for _ in range(2):
        given = random.uniform(-2, 2, (BATCH, SIZE)), random.uniform(-3, 1.5, (BATCH, SIZE))
        probes.append((given, answers.asked(student, "unchanged", "kl_divergence", *given)["result"]))
    given = probes[0][0]

    def by_definition(text: str) -> str:
        right, constants = reference.kl_divergence, mistakes.IN_THE_VARIANCE
        if named := variants.recognised(right, mistakes.kl, mistakes.IN_KL, probes, constants):
            return named
        value = reference.sampled_kl(given[0][:1], given[1][:1], random, DRAWN_KL)[0]
        return (
            f"For the first image, the mean of log q(z) - log p(z) over {DRAWN_KL:,} draws z is {value:.2f}. The "
            "divergence is what this mean tends to."
        )

    with diagnosis.explained(by_definition):
        for arguments, result in probes:
            right = reference.kl_divergence(*arguments)
            what = f"kl_divergence of {BATCH} images with {SIZE} numbers should be"
            expect.close(expect.array(result, right.shape, what), right, EXACT, what)
    answers.require_slopes(student, "kl_divergence", given, [given[0], (np.exp(given[1]) - 1) / 2], random)


def elbo(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 6)
    losses, bounds = [], []
    for _ in range(2):
        logits, images = 2 * random.standard_normal((BATCH, PIXELS)), random.random((BATCH, PIXELS))
        given = random.uniform(-2, 2, (BATCH, SIZE)), random.uniform(-3, 1.5, (BATCH, SIZE))
        every = (logits, images, *given)
        losses.append((every[:2], answers.asked(student, "unchanged", "reconstruction_loss", *every[:2])["result"]))
        bounds.append((every, answers.asked(student, "unchanged", "elbo", *every)["result"]))
    right, wrong = reference.reconstruction_loss, mistakes.loss
    what = f"reconstruction_loss of {BATCH} images"
    answers.require_right(losses, right, wrong, mistakes.IN_LOSS, what, mistakes.IN_THE_LOGARITHMS)
    far = HUGE * np.where(random.random((BATCH, PIXELS)) < 0.5, -1.0, 1.0)
    images = random.random((BATCH, PIXELS))
    result = answers.asked(student, "unchanged", "reconstruction_loss", far, images)["result"]
    what = "reconstruction_loss of logits of 1,000 and -1,000 should be"
    with diagnosis.explained(
        lambda text: (
            "The logarithm of a sigmoid that is 0 is infinite, or was cut off. Which function of torch takes logits?"
        )
    ):
        expect.close(expect.array(result, (BATCH,), what), right(far, images), EXACT, what)
    answers.require_right(bounds, reference.elbo, mistakes.bound, mistakes.IN_BOUND, f"elbo of {BATCH} images")
    logits, images, mean, log_variance = bounds[0][0]
    slopes = [images - reference.sigmoid(logits), None, -mean, (1 - np.exp(log_variance)) / 2]
    answers.require_slopes(student, "elbo", bounds[0][0], slopes, random)


def vae(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 7)
    for size in TRIED:
        model = student.create(VAE, size)
        own = networks.of(model, _named("VAE", size), size, 2 * size)
        answers.require_own_latents(model, own, random.random((3, data.PIXELS)))
    images = random.random((3, data.PIXELS)).astype(np.float32)
    last = len(own.encoder) - 1
    names = [name for name in model.parameters() if name.startswith("encoder.")]
    bias = max((name for name in names if name.endswith(".bias")), key=lambda name: int(name.split(".")[1]))
    values = {}
    for log_variance in (CERTAIN, UNCERTAIN):
        weight = own.encoder[last][0].copy()
        weight[size:] = 0
        level = np.append(own.encoder[last][1][:size], np.full(size, log_variance)).astype(np.float32)
        model.set_parameters({bias: level, bias.replace("bias", "weight"): weight})
        found = answers.forward(model, images)
        mean = own.spread(images)[0]
        networks.require_own(found[1], mean, "the mean of VAE's forward")
        networks.require_own(found[2], np.full_like(mean, log_variance), "log_variance of VAE's forward")
        values[log_variance] = expect.array(found[0], images.shape, "VAE's forward should give logits")
    with diagnosis.explained(lambda text: answers.wrong_decoding(own, mean, values[CERTAIN])):
        what = "with log_variance at -60, so that each draw is the mean, VAE's forward"
        networks.require_own(values[CERTAIN], own.decode(mean), what)
    again = expect.array(answers.forward(model, images)[0], images.shape, "VAE's forward should give logits")
    if np.array_equal(again, values[UNCERTAIN]):
        decoded = np.allclose(again, own.decode(mean), atol=networks.ROUNDED)
        raise CheckFailed(
            "with log_variance at 0, VAE's forward gave the same logits twice.",
            "The decoder got the mean. It should get a draw." if decoded else "Where does `reparameterize` come in?",
        )


def latent_space(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 8)
    weight = random.standard_normal((draws.COLUMNS, PIXELS)) / draws.COLUMNS**0.5
    weight = weight.astype(np.float32)
    found = student.probe(
        "generated", {"generate": f"{MODULE}.generate"}, has_curve=False, weight=weight, count=draws.ROWS
    )
    if found["latents"] is None:
        raise CheckFailed("generate should call `model.decode` with a latent for each image; there was no call.")
    shape = draws.ROWS, draws.COLUMNS
    latent = expect.array(found["latents"], shape, f"generate(model, {draws.ROWS}) should decode latents")
    draws.require_normal(latent, "the latent of generate", "image")
    logits = latent @ weight
    with diagnosis.explained(
        lambda text: "The images are logits. Where is the sigmoid?" if answers.equal(found["result"], logits) else ""
    ):
        what = f"generate(model, {draws.ROWS}) should return the sigmoids of the logits,"
        given = expect.array(found["result"], logits.shape, f"generate(model, {draws.ROWS}) should return images")
        expect.close(given, reference.sigmoid(logits), networks.ROUNDED, what)
    probes = []
    for count in (6, 3, 2):
        start, end = random.standard_normal((2, SIZE))
        probes.append(
            ((start, end, count), answers.asked(student, "unchanged", "interpolate", start, end, count)["result"])
        )
    answers.require_right(
        probes, reference.interpolation, mistakes.walk, mistakes.IN_WALK, "interpolate between two latents"
    )


def compression(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load(DATA)
    assert splits.test is not None
    model, training = _trained(student, "train_autoencoder", AUTOENCODER, SQUEEZED, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        own = networks.of(model, _named("after train_autoencoder, Autoencoder", *SQUEEZED), SQUEEZED[-1], SQUEEZED[-1])
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
    splits = library.load(DATA)
    assert splits.test is not None
    test, splits = splits.test, replace(splits, about={"task": "noise"})
    model, training = _trained(student, "train_denoiser", AUTOENCODER, CLEANED, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        own = networks.of(model, _named("after train_denoiser, Autoencoder", *CLEANED), CLEANED[-1], CLEANED[-1])
    clean = data.images(test.x)
    given = clean + np.float32(data.NOISE) * _random(library, 9).standard_normal(clean.shape, np.float32)
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
    splits = library.load(DATA)
    assert splits.test is not None
    test, splits = splits.test, replace(splits, about={"task": "space"})
    model, training = _trained(student, "train_vae", VAE, (DRAWN,), splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        own = networks.of(model, _named("after train_vae, VAE", DRAWN), DRAWN, 2 * DRAWN)
        answers.require_own_latents(model, own, data.images(test.x[:3]))
    parts = measures.nats(own, data.images(test.x), _random(library, 10))
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


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 9, number])


def _latents(library: Library, size: int) -> np.ndarray:
    """Draws from N(0, 1), (SAMPLES, size)."""
    return _random(library, 11).standard_normal((SAMPLES, size))


def _trained(
    student: Student, function: str, target: str, sizes: tuple[int, ...], splits: Splits
) -> tuple[Model, Training]:
    """A model trained by a function of the student's."""
    model = student.create(target, *sizes)
    with diagnosis.explained(diagnosis.crash_in_training):
        return model, student.train(f"{MODULE}.{function}", model, splits)


def _named(name: str, *sizes: int) -> str:
    """A model as it is made, such as "VAE(10)"."""
    return f"{name}({', '.join(map(str, sizes))})"


def _listed(sizes: Sequence[int]) -> str:
    return ", ".join(map(str, sizes))
