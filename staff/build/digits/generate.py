"""Batches of handwritten digits: `generate(count, seed, split)`.

Images are made in blocks of 2,000, each from its own seed: any block can be made again alone. In a block every digit
appears 100 times in the even rows and 100 times in the odd rows, because the test images are split by that into
validation and test.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from staff.build.digits.deform import deform
from staff.build.digits.hand import Floats, Hand
from staff.build.digits.raster import centred, draw, fit_to_box, pen_radii
from staff.build.digits.strokes import POINTS_PER_PATH, paths
from staff.build.digits.styles import DIGITS

BLOCK = 2000
PIXELS = 784
RASTER_BATCH = 250  # small enough for the arrays of a batch to stay in the processor's cache
THINNEST, THICKEST = 0.66, 2.6  # pen radius in pixels

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Manner:
    """How freely the writers write.

    `amplitude` scales every deviation of shape: more makes the set harder, and nets trained on it read strange hands
    better. `spread` is how much writers differ in it, in natural logarithms.
    """

    amplitude: float = 0.75
    spread: float = 0.3


def generate(count: int, seed: int, split: str = "train", manner: Manner = Manner()) -> tuple[Images, Labels]:
    """`count` images (count, 784) uint8, 16 grey levels, ink 255 on 0, and their labels (count,) uint8.

    The same arguments give the same images; another `seed` or `split` gives others. Raises ValueError for a negative
    count or seed.
    """
    if count < 0 or seed < 0:
        raise ValueError(f"count and seed should be at least 0; got count {count}, seed {seed}")
    blocks = [generate_block(index, seed, split, manner) for index in range(-(-count // BLOCK))]
    images = np.concatenate([images for images, _ in blocks] or [np.zeros((0, 784), np.uint8)])
    labels = np.concatenate([labels for _, labels in blocks] or [np.zeros(0, np.uint8)])
    return images[:count], labels[:count]


def generate_block(index: int, seed: int, split: str = "train", manner: Manner = Manner()) -> tuple[Images, Labels]:
    """Block `index` of a split: BLOCK images (BLOCK, 784) and their labels (BLOCK,)."""
    hand = Hand(BLOCK, (seed, split, index))
    digits = np.repeat(np.arange(10, dtype=np.uint8), BLOCK // 20)
    labels = np.empty(BLOCK, np.uint8)
    labels[0::2], labels[1::2] = hand.shuffled(digits), hand.shuffled(digits)

    amplitude = np.float32(manner.amplitude) * np.exp(hand.bell(manner.spread))
    lines = np.empty((BLOCK, POINTS_PER_PATH, 2), np.float32)
    pen_down = np.empty((BLOCK, POINTS_PER_PATH - 1), np.float32)
    stretch, slant, pen = hand.bell(1), hand.bell(1), hand.bell(1)
    for digit, traits in enumerate(DIGITS):
        rows = np.flatnonzero(labels == digit)
        stretch[rows] = np.float32(traits.stretch) * np.exp(stretch[rows] * np.float32(traits.stretch_spread))
        slant[rows] = traits.slant + slant[rows] * traits.slant_spread
        pen[rows] = np.float32(traits.pen) * np.exp(pen[rows] * np.float32(traits.pen_spread))
        chosen = hand.choice(list(traits.styles.values()), len(rows))
        for style, drawing in enumerate(traits.styles):
            written = rows[chosen == style]
            if len(written):
                writer = Hand(len(written), (seed, split, index, digit, style))
                lines[written], pen_down[written] = paths(drawing, writer, amplitude[written] * traits.jitter)
    pen = pen.clip(THINNEST, THICKEST)
    images = [
        _render(lines[part], pen_down[part], Hand(RASTER_BATCH, (seed, split, index, "ink", part.start)),
                amplitude[part], stretch[part], slant[part], pen[part])
        for part in (slice(start, start + RASTER_BATCH) for start in range(0, BLOCK, RASTER_BATCH))
    ]  # fmt: skip
    return np.concatenate(images).reshape(BLOCK, PIXELS), labels


def _render(
    lines: Floats, pen_down: Floats, hand: Hand, amplitude: Floats, stretch: Floats, slant: Floats, pen: Floats
) -> Images:
    bent = deform(lines, hand, amplitude, stretch, slant)
    radii = pen_radii(bent, hand, pen)
    return centred(draw(fit_to_box(bent, radii), pen_down, radii, hand))
