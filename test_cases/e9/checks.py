"""Elective 9: noise, PCA, draws, divergence, ELBO and walks are exact; models squeeze, clean and draw digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data import Library
from grading.checks import diagnosis, expect, variants
from grading.checks.student import Student
from grading.checks.variants import EXACT
from grading.outcomes import CheckFailed
from test_cases.e9 import answers, draws, mistakes, networks, reference, trained
from test_cases.e9.answers import MODULE
from test_cases.e9.divergence import DIVERGENCE
from test_cases.e9.mistakes import VECTORS
from test_cases.e9.public import data
from test_cases.e9.trained import AUTOENCODER, VAE, named, random_inputs

BATCH, SIZE, PIXELS = 5, 4, 7  # all different, so that a dimension is taken for no other
STACKS = ((data.PIXELS, 20, 5), (data.PIXELS, 30, 12, 3))  # sizes of autoencoders that are not trained
TRIED = (3, 6)  # latent sizes of VAEs that are not trained
HUGE = 1000.0  # logits at which a sigmoid is 0 or 1 in float64
CERTAIN, UNCERTAIN = -60.0, 0.0  # logarithms of variances: sigma is 0, and 1
ONCE = "The noise is deviation * epsilon."
LITTLE_NOISE = 0.05  # deviation of images that psnr is asked of
DRAWN_KL = 200_000  # draws for the divergence by its definition, which a message tells

compression, denoising, generation = trained.compression, trained.denoising, trained.generation


def noise(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = random_inputs(library, 1)
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
            raise CheckFailed("add_noise took `deviation` for the variance.", ONCE)
        if draws.is_unit(added / deviation**2, images) and abs(deviation - 1) > 0.1:
            raise CheckFailed("add_noise multiplied epsilon by the square of `deviation`.", ONCE)
        if draws.is_unit(added / (deviation * images), images):
            raise CheckFailed("add_noise multiplied the noise by the image. The noise is added.", ONCE)
        draws.require_normal(added / deviation, "the noise of add_noise", "image", deviation)
    probes = []
    for error in (LITTLE_NOISE**2, float(random.uniform(0.01, 0.1))):  # a small one shows what is added to it
        clean, noise = random.random((BATCH, PIXELS)), random.standard_normal((BATCH, PIXELS))
        given = clean + noise * np.sqrt(error / np.square(noise).mean())
        probes.append(((given, clean), student.call(f"{MODULE}.psnr", given, clean)))
    what = "psnr of images with noise"
    answers.require_right(probes, reference.psnr, mistakes.psnr, mistakes.IN_PSNR, what, mistakes.IN_THE_ERROR)


def pca(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes, found = random_inputs(library, 2), [], []
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
    random = random_inputs(library, 3)
    for sizes in STACKS:
        model = student.create(AUTOENCODER, *sizes)
        own = networks.of(model, named("Autoencoder", *sizes), sizes[-1], sizes[-1])
        for part, wanted in ((own.encoder, sizes), (own.decoder, sizes[::-1])):
            found = tuple(len(bias) for _, bias in part)
            if found != wanted[1:]:
                raise CheckFailed(
                    f"{named('Autoencoder', *sizes)} should have layers with {_listed(wanted[1:])} outputs from "
                    f"{wanted[0]} numbers on; got {_listed(found)}."
                )
        answers.require_own_images(model, own, random.random((3, data.PIXELS)))


def reparameterize(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = random_inputs(library, 4)
    shape = draws.ROWS, draws.COLUMNS
    mean, log_variance = random.uniform(-3, 3, shape), random.uniform(-4, 2, shape)
    found = answers.asked(student, "twice", "reparameterize", mean, log_variance)
    what = f"reparameterize of means {shape} should be"
    z, again = (expect.array(found[name], shape, what) for name in ("result", "again"))
    if np.array_equal(z, mean):
        raise CheckFailed("reparameterize returned the mean. Where is epsilon used?")
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
    random = random_inputs(library, 5)
    probes = []
    for shape in ((BATCH, SIZE), (3, PIXELS)):  # other sizes, so that a sum of two mistakes is taken for no other one
        given = random.uniform(-2, 2, shape), random.uniform(-3, 1.5, shape)
        probes.append((given, answers.asked(student, "unchanged", "kl_divergence", *given)["result"]))
    given = probes[0][0]

    def by_definition(text: str) -> str:
        right, constants = reference.kl_divergence, mistakes.IN_THE_VARIANCE
        why = variants.nearly_right(right, probes, constants)
        if named := variants.first(why, lambda: DIVERGENCE.explanation(probes, EXACT)):
            return named
        value = reference.sampled_kl(given[0][:1], given[1][:1], random, DRAWN_KL)[0]
        return (
            f"For the first image, the mean of log q(z) - log p(z) over {DRAWN_KL:,} draws z is {value:.2f}. The "
            "divergence is what this mean tends to."
        )

    with diagnosis.explained(by_definition):
        for arguments, result in probes:
            right = reference.kl_divergence(*arguments)
            what = f"kl_divergence of {arguments[0].shape[0]} images with {arguments[0].shape[1]} numbers should be"
            expect.close(expect.array(result, right.shape, what), right, EXACT, what)
    answers.require_slopes(student, "kl_divergence", given, [given[0], (np.exp(given[1]) - 1) / 2], random)


def elbo(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = random_inputs(library, 6)
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
    random = random_inputs(library, 7)
    for size in TRIED:
        model = student.create(VAE, size)
        own = networks.of(model, named("VAE", size), size, 2 * size)
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
            "The decoder got the mean. It should get a draw." if decoded else "Where is `reparameterize` used?",
        )


def latent_space(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = random_inputs(library, 8)
    weight = random.standard_normal((draws.COLUMNS, PIXELS)) / draws.COLUMNS**0.5
    weight = weight.astype(np.float32)
    found = student.probe_named(
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


def _listed(sizes: Sequence[int]) -> str:
    return ", ".join(map(str, sizes))
