"""How good trained models are, computed from their weights: errors, nats, and what the grader's classifier reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data import Split
from grading.checks import digit_reader
from test_cases.e9 import reference
from test_cases.e9.networks import Networks
from test_cases.e9.public import data
from test_cases.e9.reference import BLOCK

MIN_SURE = 0.5  # probability of a digit from which on an image counts as read
FEW_NATS, MANY_NATS = 1.0, 60.0  # of divergence: no latent is used; nothing holds it
ENDLESS = 1e9  # nats in place of infinity
WORSE = 1.5  # times the loss of decoded means


@dataclass(frozen=True)
class Nats:
    """Minus the ELBO, in nats for an image.

    Attributes:
        reconstruction: the loss of the logits that the decoder makes of draws.
        divergence: from N(0, 1).
        of_means: the loss of the logits that the decoder makes of the means.
    """

    reconstruction: float
    divergence: float
    of_means: float

    @property
    def total(self) -> float:
        """Both parts together."""
        return self.reconstruction + self.divergence

    @property
    def explained(self) -> str:
        """What the parts tell of a total that is too large, or ""."""
        if self.divergence < FEW_NATS:
            return (
                f"The divergence is {self.divergence:.2g} nats: the latent tells nothing about the image, so the "
                "decoder makes the same of all. Does the divergence count too much in the loss, or is the "
                "reconstruction averaged over pixels?"
            )
        if self.reconstruction > WORSE * self.of_means:
            return (
                f"The decoder loses {self.of_means:.1f} nats on the mean of each latent, and "
                f"{self.reconstruction:.1f} nats on draws. Has it seen draws in training?"
            )
        if self.divergence > MANY_NATS:
            return f"The divergence is {self.divergence:.0f} nats. Is it part of the loss in training?"
        return ""


def reconstructions(own: Networks, images: np.ndarray) -> np.ndarray:
    """What an autoencoder makes of images (count, 784)."""
    return np.concatenate([own.drawn(own.encode(block)) for block in reference.blocks(images)])


def nats(own: Networks, images: np.ndarray, random: np.random.Generator) -> Nats:
    """Minus the ELBO of images (count, 784), with one draw of the latent for each."""
    found = []
    for block in reference.blocks(images):
        mean, log_variance = own.spread(block)
        with np.errstate(over="ignore", invalid="ignore"):
            z = mean + np.exp(0.5 * log_variance) * random.standard_normal(mean.shape, np.float32)
            parts = (
                reference.reconstruction_loss(own.decode(z), block),
                reference.kl_divergence(mean, log_variance),
                reference.reconstruction_loss(own.decode(mean), block),
            )
        found.append(np.stack(parts, axis=1))
    means = np.concatenate(found).mean(axis=0, dtype=np.float64)
    return Nats(*np.nan_to_num(means, nan=ENDLESS, posinf=ENDLESS, neginf=ENDLESS).tolist())


def readable(own: Networks, latents: np.ndarray) -> float:
    """The share of latents whose image the grader's classifier reads as some digit."""
    return float(np.mean(digit_reader.read(own.drawn(latents)).max(axis=1) >= MIN_SURE))


def read_right(own: Networks, split: Split, most: int = 1000) -> float:
    """The share of test images that still show their digit when the decoder has made them of their mean."""
    mean, _ = own.spread(data.images(split.x[:most]))
    return float(np.mean(digit_reader.read(own.drawn(mean)).argmax(axis=1) == split.y[:most]))


def of_latents(latents: np.ndarray) -> str:
    """What the latents of an autoencoder tell of an error that is too large, or ""."""
    spread = latents.std(axis=0)
    if spread.max() < 1e-4 * (1 + np.abs(latents).max()):
        return "The latent is the same for every image, so the decoder makes the same of all."
    idle = int((spread < 1e-4 * spread.max()).sum())
    if idle:
        return (
            f"{idle} of {len(spread)} numbers of the latent are the same for every image. Does a ReLU end the encoder?"
        )
    return ""


def of_denoiser(own: Networks, clean: np.ndarray, left: float) -> str:
    """What a denoiser makes of images without noise, where it leaves too much noise."""
    images = clean[:BLOCK]
    error = float(np.mean((reconstructions(own, images) - images) ** 2))
    share = error / data.NOISE**2
    if share < left / 4:
        return (
            f"On images without noise, the squared error is {error:.3f}; on images with noise, it is "
            f"{left * data.NOISE**2:.3f}. Has the model seen noise in training?"
        )
    return ""
