"""Encoder and decoder of a student's model as the grader computes them: from their weights, with ReLU between."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from grading.checks import expect
from grading.checks.model import Model
from grading.outcomes import CheckFailed
from test_cases.e9 import reference
from test_cases.e9.public import data
from test_cases.e9.reference import Layers

PARAMETER = re.compile(r"(encoder|decoder)\.(\d{1,2})\.(weight|bias)")
MAX_UNITS = 4096  # of a layer: all test images go through at once, in blocks
ROUNDED = 1e-3  # float32 through a few layers, against numpy


@dataclass(frozen=True)
class Networks:
    """The two networks of a model; float32 weights."""

    encoder: Layers
    decoder: Layers

    def encode(self, images: np.ndarray) -> np.ndarray:
        """What the encoder makes of images (batch, 784)."""
        return reference.run(self.encoder, images)

    def decode(self, latent: np.ndarray) -> np.ndarray:
        """What the decoder makes of a latent, before any sigmoid: (batch, 784)."""
        return reference.run(self.decoder, latent.astype(np.float32))

    def drawn(self, latent: np.ndarray) -> np.ndarray:
        """Images (batch, 784) in [0, 1] of a latent; pixels without a number are paper."""
        return np.nan_to_num(reference.sigmoid(self.decode(latent)))

    def spread(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means and logarithms of variances that a VAE's encoder makes of images."""
        both = self.encode(images)
        half = both.shape[1] // 2
        return both[:, :half], both[:, half:]


def of(model: Model, who: str, latent_size: int, encoded: int) -> Networks:
    """The networks of a model, if they have the sizes that they should have.

    Args:
        model: of the student's.
        who: it is, for messages, such as "after train_vae, VAE(10)".
        latent_size: numbers that the decoder reads.
        encoded: numbers that the encoder makes of an image.
    """
    found: dict[tuple[str, int, str], Any] = {}
    for parameter, value in model.parameters().items():
        match = PARAMETER.fullmatch(parameter)
        if match is None:
            raise CheckFailed(
                f"{who} has a parameter {parameter[:40]}. All its parameters should be those of `encoder` and "
                "`decoder`, made by `layers`."
            )
        found[match[1], int(match[2]), match[3]] = value
    ends = {"encoder": (data.PIXELS, encoded), "decoder": (latent_size, data.PIXELS)}
    return Networks(**{part: _network(found, part, *ends[part], who) for part in ends})


def require_own(found: Any, wanted: np.ndarray, what: str) -> None:
    """An answer of the model is the one that its weights give.

    Args:
        found: what the model gave.
        wanted: what the weights give.
        what: such as "Autoencoder's encode of 3 images".
    """
    given = expect.array(found, wanted.shape, f"{what} should be")
    expect.close(given, wanted, ROUNDED, f"{what} should be what its weights give,")


def _network(found: dict[tuple[str, int, str], Any], part: str, first: int, last: int, who: str) -> Layers:
    numbers = sorted({number for of_part, number, _ in found if of_part == part})
    what = f"{who} should have an `{part}` from {first} to {last} numbers"
    if not numbers:
        raise CheckFailed(f"{what}, made by `layers`; there is none.")
    network, before = [], first
    for number in numbers:
        weight, bias = found.get((part, number, "weight")), found.get((part, number, "bias"))
        if not isinstance(weight, np.ndarray) or not isinstance(bias, np.ndarray) or weight.ndim != 2:
            raise CheckFailed(f"{what}, made by `layers`; {part}.{number} is no linear layer with a bias.")
        after = last if number == numbers[-1] else weight.shape[0]
        if weight.shape != (after, before) or bias.shape != (after,):
            raise CheckFailed(f"{what}; its layer {number} goes from {weight.shape[1]} to {weight.shape[0]} numbers.")
        if after > MAX_UNITS:
            raise CheckFailed(f"{what}; its layer {number} has {after} units. At most {MAX_UNITS} are allowed.")
        for array in (weight, bias):
            expect.finite(array, f"{who} should have finite weights")
        network.append((weight.astype(np.float32), bias.astype(np.float32)))
        before = after
    return network
