"""Answers of the student's functions and models: asked for, looked at, compared with what is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from grading.checks import diagnosis, expect, variants
from grading.checks.model import Model
from grading.checks.student import Student
from grading.checks.variants import EXACT, Constants
from grading.outcomes import CheckFailed
from test_cases.e9 import networks, reference
from test_cases.e9.networks import Networks

MODULE = "electives.autoencoders"


def asked(student: Student, probe: str, name: str, *arguments: Any) -> Any:
    """What a function of the student's gives; it may change no argument in place."""
    found = student.probe_named(probe, {"function": f"{MODULE}.{name}"}, has_curve=False, arguments=list(arguments))
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed one of its arguments in place. Which operations make a new tensor?")
    return found


def require_right(
    probes: Sequence[Any],
    right: Callable[..., Any],
    wrong: Callable[..., Any],
    explanations: Mapping[str, str],
    what: str,
    constants: Constants = (),
) -> None:
    """Answers are what the reference gives."""
    with diagnosis.explained(lambda text: variants.recognised(right, wrong, explanations, probes, constants)):
        for arguments, found in probes:
            wanted = np.asarray(right(*arguments))
            given = expect.array(found, wanted.shape, f"{what} should be")
            expect.close(given, wanted, EXACT, f"{what} should be", "The docstring has the formula.")


def require_gradients(student: Student, random: np.random.Generator, *given: np.ndarray) -> None:
    """Gradients reach mean and log_variance: those of mean + sigma * epsilon, for the epsilon that was drawn."""
    cotangent = random.standard_normal(given[0].shape)
    functions = {"function": f"{MODULE}.reparameterize"}
    found = student.probe_named("slopes", functions, has_curve=False, arguments=list(given), cotangent=cotangent)
    z = expect.array(found["result"], given[0].shape, "reparameterize should be")
    gradients = found["gradients"]
    wanted = [cotangent, cotangent * (z - given[0]) / 2]
    for number, (name, right) in enumerate(zip(("mean", "log_variance"), wanted, strict=True)):
        if not isinstance(gradients, list) or len(gradients) < 2 or gradients[number] is None:
            raise CheckFailed(
                f"no gradient flows from reparameterize back to {name}.",
                "Does the draw itself have the parameters? Draw epsilon from N(0, 1), then compute z.",
            )
        what = f"the gradient of reparameterize with respect to {name} should be"
        expect.close(expect.array(gradients[number], right.shape, what), right, EXACT, what, "Is something detached?")


def require_slopes(
    student: Student,
    name: str,
    given: Sequence[np.ndarray],
    slopes: Sequence[np.ndarray | None],
    random: np.random.Generator,
) -> None:
    """Gradients of a sum over the batch, each image with a weight of its own; None is not looked at."""
    weights = random.uniform(0.5, 2, len(given[0]))
    functions = {"function": f"{MODULE}.{name}"}
    found = student.probe_named("slopes", functions, has_curve=False, arguments=list(given), cotangent=weights)
    gradients = found["gradients"]
    for number, slope in enumerate(slopes):
        if slope is None:
            continue
        if not isinstance(gradients, list) or len(gradients) < len(slopes) or gradients[number] is None:
            raise CheckFailed(
                f"no gradient flows from {name} back to argument {number + 1}. Is `detach`, `item` or a new tensor in "
                "between?"
            )
        what = f"the gradient of {name} with respect to argument {number + 1} should be"
        value = expect.array(gradients[number], slope.shape, what)
        expect.close(value, weights[:, None] * slope, EXACT, what, "Is something detached?")


def require_own_images(model: Model, own: Networks, images: np.ndarray) -> None:
    """An autoencoder's encode and decode are those of its weights."""
    images = images.astype(np.float32)
    latent = own.encode(images)
    networks.require_own(model.method("encode", images), latent, f"Autoencoder's encode of {len(images)} images")
    what = f"Autoencoder's decode of {len(images)} latents"
    found, logits = model.method("decode", latent), own.decode(latent)
    with diagnosis.explained(
        lambda text: "The result is that of the decoder as it is. Where is the sigmoid?" if equal(found, logits) else ""
    ):
        networks.require_own(found, reference.sigmoid(logits), what)


def require_own_latents(model: Model, own: Networks, images: np.ndarray) -> None:
    """A VAE's encode and decode are those of its weights."""
    images = images.astype(np.float32)
    found, spread = model.method("encode", images), own.spread(images)
    if not isinstance(found, list) or len(found) != 2:
        raise CheckFailed(f"VAE's encode should return mean and log_variance; got {expect.kind(found)}.")
    with diagnosis.explained(lambda text: _wrong_halves(found, spread)):
        for value, wanted, name in zip(found, spread, ("mean", "log_variance"), strict=True):
            networks.require_own(value, wanted, f"{name} of VAE's encode of {len(images)} images")
    latent = spread[0]
    logits = own.decode(latent)
    made = model.method("decode", latent)
    with diagnosis.explained(
        lambda text: "These are sigmoids. The logits are asked for." if equal(made, reference.sigmoid(logits)) else ""
    ):
        networks.require_own(made, logits, f"VAE's decode of {len(images)} latents")


def forward(model: Model, images: np.ndarray) -> list[Any]:
    """The three tensors that a VAE's forward gives."""
    found = model(images)
    if not isinstance(found, list) or len(found) != 3:
        count = f" of {len(found)}" if isinstance(found, list) else ""
        raise CheckFailed(
            f"VAE's forward should return logits, mean and log_variance; got {expect.kind(found)}{count}."
        )
    return found


def _wrong_halves(found: Sequence[Any], spread: tuple[np.ndarray, np.ndarray]) -> str:
    """How mean and log_variance were cut out of what the encoder made."""
    mean, log_variance = spread
    both = np.concatenate(spread, axis=1)
    if equal(found[0], log_variance) and equal(found[1], mean):
        return "Mean and log_variance are exchanged. The encoder makes the means first."
    if equal(found[0], both[:, 0::2]) and equal(found[1], both[:, 1::2]):
        return "Mean and log_variance take turns. The first half are means, the second half are logarithms."
    if equal(found[0], mean) and equal(found[1], np.exp(log_variance)):
        return "The second tensor is the variance. Its logarithm is asked for."
    if equal(found[0], mean) and equal(found[1], np.log1p(np.exp(log_variance))):
        return "The second tensor went through a softplus. The second half is log_variance as it is."
    return ""


def wrong_decoding(own: Networks, mean: np.ndarray, logits: np.ndarray) -> str:
    """What a VAE decoded in place of the mean, where every draw is the mean."""
    if equal(logits, reference.sigmoid(own.decode(mean))):
        return "forward returned images. The logits are asked for."
    return "Does the decoder get what `reparameterize` returns for this mean and log_variance?"


def equal(found: Any, wanted: np.ndarray) -> bool:
    """Whether a result is this array."""
    return (
        isinstance(found, np.ndarray)
        and found.shape == wanted.shape
        and bool(np.isfinite(found).all())
        and expect.is_close(found, wanted, networks.ROUNDED)
    )
