"""The classic mistakes in losses and steps: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from grading.checks import diagnosis, variants
from grading.checks.diagnosis import Mistake, Probe
from grading.checks.variants import EXACT, ROUNDED, Constants, joined
from test_cases.e10 import reference
from test_cases.e10.public.settings import STALE
from test_cases.e10.reference import Turn, sigmoid, softplus


def _joined(real: np.ndarray, fake: np.ndarray) -> float:
    return float(np.concatenate([softplus(-real).ravel(), softplus(fake).ravel()]).mean())


def _probabilities(real: np.ndarray, fake: np.ndarray) -> float:
    return reference.discriminator_loss(sigmoid(real), sigmoid(fake))


IN_DISCRIMINATOR: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "Real and generated samples are swapped. Real ones have the label 1, generated ones 0.": (
        lambda real, fake: reference.discriminator_loss(fake, real)
    ),
    "All samples have the label 1. That of generated samples is 0.": (
        lambda real, fake: float(softplus(-real).mean() + softplus(-fake).mean())
    ),
    "All samples have the label 0. That of real samples is 1.": (
        lambda real, fake: float(softplus(real).mean() + softplus(fake).mean())
    ),
    "Only the real samples count. The generated ones have a mean of their own.": (
        lambda real, fake: float(softplus(-real).mean())
    ),
    "Only the generated samples count. The real ones have a mean of their own.": (
        lambda real, fake: float(softplus(fake).mean())
    ),
    "The two means were averaged. The formula adds them.": (
        lambda real, fake: reference.discriminator_loss(real, fake) / 2
    ),
    "All logits have one mean together. Each kind has a mean of its own, and the two are added.": _joined,
    "The losses of single samples were added. The formula has means.": (
        lambda real, fake: float(softplus(-real).sum() + softplus(fake).sum())
    ),
    "The sign is wrong: the logarithms have a minus in front.": (
        lambda real, fake: -reference.discriminator_loss(real, fake)
    ),
    "The logits went through a sigmoid twice. Does the function that you use take logits or probabilities?": (
        _probabilities
    ),
    "This is the squared error of the probabilities. The formula has logarithms.": (
        lambda real, fake: float(((1 - sigmoid(real)) ** 2).mean() + (sigmoid(fake) ** 2).mean())
    ),
    "This is the squared error of the logits. The formula has logarithms of probabilities.": (
        lambda real, fake: float(((1 - real) ** 2).mean() + (fake**2).mean())
    ),
    "This is the difference of mean logits, the loss of another kind of adversarial network.": (
        lambda real, fake: float(fake.mean() - real.mean())
    ),
}  # fmt: skip

SATURATING = (
    "This is the loss that saturates, the mean of log(1 - sigmoid(logits)). The generator minimizes the mean of "
    "-log(sigmoid(logits))."
)
IN_GENERATOR: Mapping[str, Callable[[np.ndarray], float]] = {
    SATURATING: lambda fake: -float(softplus(fake).mean()),
    "Generated samples have the label 0. The generator wants them to be taken for real, with the label 1.": (
        lambda fake: float(softplus(fake).mean())
    ),
    "The sign is wrong: the logarithm has a minus in front.": lambda fake: -reference.generator_loss(fake),
    "The losses of single samples were added. The formula has a mean.": lambda fake: float(softplus(-fake).sum()),
    "The loss was halved. There is one mean here.": lambda fake: reference.generator_loss(fake) / 2,
    "The logits went through a sigmoid twice. Does the function that you use take logits or probabilities?": (
        lambda fake: reference.generator_loss(sigmoid(fake))
    ),
    "This is minus the mean logit. The formula has a logarithm of the probability.": lambda fake: -float(fake.mean()),
    "This is the squared error of the probabilities. The formula has a logarithm.": (
        lambda fake: float(((1 - sigmoid(fake)) ** 2).mean())
    ),
}  # fmt: skip


def _of_probabilities(real: np.ndarray, fake: np.ndarray, constant: float) -> float:
    return float(-np.log(sigmoid(real) + constant).mean() - np.log(1 - sigmoid(fake) + constant).mean())


def of_discriminator_loss(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these losses of (real, fake) logits."""
    constants = [("the probabilities in the logarithms", _of_probabilities)]
    return _of_loss(IN_DISCRIMINATOR, reference.discriminator_loss, probes, constants)


def of_generator_loss(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these losses of (fake,) logits."""
    constants = [("the probability in the logarithm", lambda fake, constant: -np.log(sigmoid(fake) + constant).mean())]
    return _of_loss(IN_GENERATOR, reference.generator_loss, probes, constants)


def _of_loss(
    wrong: Mapping[str, Callable[..., float]],
    right: Callable[..., float],
    probes: Sequence[Probe],
    constants: Constants,
) -> str:
    mistakes = [Mistake(loss, told) for told, loss in wrong.items()]
    why = variants.nearly_right(right, probes, constants)
    return variants.first(why, lambda: diagnosis.recognised(mistakes, probes, EXACT))


def joined_with_class(x: np.ndarray, labels: np.ndarray, classes: int, wrong: str) -> np.ndarray:
    """What `with_class` gives with a mistake."""
    rows = np.eye(classes)[labels]
    return {
        "class first": lambda: np.concatenate([rows, x], axis=1),
        "number": lambda: np.concatenate([x, labels[:, None]], axis=1),
        "next class": lambda: np.concatenate([x, np.roll(rows, 1, axis=1)], axis=1),
        "as many classes as seen": lambda: np.concatenate([x, rows[:, : labels.max() + 1]], axis=1),
        "row alone": lambda: rows,
        "x alone": lambda: x,
    }[wrong]()


IN_WITH_CLASS = {
    "class first": "The class comes first. The row of x comes first.",
    "number": "The class was added as one number. A one-hot row has CLASSES numbers.",
    "next class": "The 1 is one position too far to the right. Classes are counted from 0.",
    "as many classes as seen": (
        "The one-hot rows are too short. How many classes does `one_hot` assume without an argument?"
    ),
    "row alone": "The row of x is missing.",
    "x alone": "The class is missing.",
}


def of_with_class(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives what came for (x, labels, classes)."""
    return variants.recognised(reference.with_class, joined_with_class, IN_WITH_CLASS, probes)


def _through_a_sigmoid(probabilities: np.ndarray) -> np.ndarray:
    """The derivative of a sigmoid, by its values."""
    return probabilities * (1 - probabilities)


Arguments = tuple[Any, Any, np.ndarray, np.ndarray, np.ndarray | None]  # generator, discriminator, real, noise, labels


def turned(turn: Callable[..., Turn], arguments: Arguments, wrong: str = "") -> list[np.ndarray]:
    """The gradients that a step uses, or those that a mistake makes of them."""
    generator, discriminator, real, noise, labels = arguments
    if wrong == "old gradients":
        return [gradient + STALE for gradient in turn(*arguments).gradients]
    if wrong == "old gradients alone":
        return [np.full_like(gradient, STALE) for gradient in turn(*arguments).gradients]
    if wrong == "uphill":
        return [-gradient for gradient in turn(*arguments).gradients]
    if wrong == "no step":
        return [np.zeros_like(gradient) for gradient in turn(*arguments).gradients]
    if wrong == "halved":
        return [gradient / 2 for gradient in turn(*arguments).gradients]
    made = reference.forward(generator, noise, labels)
    if turn is reference.generator_turn:
        judged = reference.forward(discriminator, made.output, labels)
        p = sigmoid(judged.output)
        slopes = {
            "saturating": -p / p.size,
            "label 0": p / p.size,
            "sigmoid twice": _through_a_sigmoid(p) * reference.generator_slopes(p)[0],
        }[wrong]
        _, by_samples = reference.backward(discriminator, judged, slopes)
        return reference.backward(generator, made, by_samples)[0]
    of_real, of_fake = (reference.forward(discriminator, x, labels) for x in (real, made.output))
    by_real, by_fake = reference.discriminator_slopes(of_real.output, of_fake.output)
    chances = sigmoid(of_real.output), sigmoid(of_fake.output)
    twice = reference.discriminator_slopes(*chances)
    parts = {
        "real alone": [(of_real, by_real)],
        "generated alone": [(of_fake, by_fake)],
        "exchanged": [(of_real, sigmoid(of_real.output) / len(real)), (of_fake, -sigmoid(-of_fake.output) / len(real))],
        "all real": [(of_real, by_real), (of_fake, -sigmoid(-of_fake.output) / len(real))],
        "sigmoid twice": [
            (called, _through_a_sigmoid(p) * slopes)
            for called, p, slopes in zip((of_real, of_fake), chances, twice, strict=True)
        ],
    }[wrong]
    found = [reference.backward(discriminator, called, slopes)[0] for called, slopes in parts]
    return [np.sum(gradients, axis=0) for gradients in zip(*found, strict=True)]


IN_STEPS = {
    "old gradients": (
        "The gradients of an earlier step were still there, and the new ones were added. Where are they reset?"
    ),
    "old gradients alone": (
        "The step used old gradients. Does `backward()` come before `step()`, and does it reach this network?"
    ),
    "uphill": "The step went uphill: the loss grew. An optimizer minimizes. Which sign does the loss have?",
    "no step": "The weights did not change. Is `step()` called, after `backward()`, on gradients that were not reset?",
    "halved": "The step is half as long as it should be. Is the loss divided by 2?",
    "sigmoid twice": (
        "The logits went through a sigmoid, and the loss applies one itself. The discriminator gives logits, and the "
        "loss takes logits."
    ),
}
IN_DISCRIMINATOR_STEP = IN_STEPS | {
    "real alone": "Only the real samples taught the discriminator. Generated ones have the label 0.",
    "generated alone": "Only the generated samples taught the discriminator. Real ones have the label 1.",
    "exchanged": "Real and generated samples are swapped in the loss.",
    "all real": "Generated samples were taught to be real. Their label is 0 in this step.",
}
IN_GENERATOR_STEP = IN_STEPS | {
    "saturating": SATURATING,
    "label 0": (
        "The step makes the samples look less real. The generator wants the discriminator to be wrong about them."
    ),
}


def of_step(turn: Callable[..., Turn], probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these gradients, one after the other, for `Arguments`."""
    known = IN_GENERATOR_STEP if turn is reference.generator_turn else IN_DISCRIMINATOR_STEP
    return variants.named(lambda *given, wrong: joined(*turned(turn, given, wrong)), known, probes, ROUNDED)
