"""Pen, ink and scanner: paths become grey images, normalised as MNIST's are.

MNIST scaled each scan, keeping its proportions, into a box of 20x20 pixels and placed it in 28x28 so that the centre
of mass of its grey levels falls on the middle (LeCun, Cortes, Burges: yann.lecun.com/exdb/mnist). The middle is pixel
index 14, to the nearest whole pixel.

How the pen is drawn: ink lies wherever a point of the path is nearer than the pen's radius. Blur the path with a
Gaussian, exp(-SHARPNESS d^2), and the logarithm of the blurred path is minus the squared distance to it, soft where
strokes cross. A Gaussian separates into rows and columns, so a batch of images is one batched matrix product.
"""

import numpy as np
from numpy.typing import NDArray

from staff.build.digits.hand import Floats, Hand

SIDE = 28
BOX = 20
MIDDLE = 14
GREY_STEP = 17  # 16 grey levels, 0, 17 ... 255: they compress to half the size of 256

SHARPNESS = 2.5  # per squared pixel: a blur of 0.45 pixels, half the distance between path points
EDGE = 1.0  # pixels from full ink to none at the edge of a stroke
EDGE_SPREAD = 0.2  # how much that varies between scans, in natural logarithms
ROUGHNESS = 0.12  # of the ink's outline, from paper and pen: four of these in pixels at most
PRESSURE = 0.12  # change of the pen's radius along the path
NIB = 0.15  # change of the pen's radius with the direction of the stroke


def pen_radii(paths: Floats, hand: Hand, pen: Floats) -> Floats:
    """The pen's radius (count, points) in pixels, around `pen` (count,): changing with direction and pressure."""
    step = np.empty_like(paths)
    step[:, 1:-1] = paths[:, 2:] - paths[:, :-2]
    step[:, 0], step[:, -1] = paths[:, 1] - paths[:, 0], paths[:, -1] - paths[:, -2]
    x, y = step[..., 0], step[..., 1]
    length = x * x + y * y + np.float32(1e-12)
    nib, held = hand.bell(NIB, 1), hand.between(0, 2 * np.pi, 1)
    # cos(2 (direction - held)), without computing the direction
    along = ((x * x - y * y) * np.cos(held) + 2 * x * y * np.sin(held)) / length
    time = np.linspace(0, 1, paths.shape[1], dtype=np.float32)
    pressure = hand.bell(PRESSURE, 1) * np.cos(time * hand.between(2, 9, 1) + hand.between(0, 2 * np.pi, 1))
    return np.maximum(pen[:, None] * (1 + nib * along + pressure), np.float32(0.7))


def fit_to_box(paths: Floats, radii: Floats) -> Floats:
    """Scales `paths` so that the larger side of the ink, pen included, is BOX pixels, and centres its extent."""
    margin = radii.mean(axis=1)[:, None]  # (count, 1)
    extent = np.ptp(paths, axis=1).max(axis=1)[:, None]
    paths = paths * ((BOX - 2 * margin) / extent)[:, :, None]
    reach = radii[:, :, None]
    low, high = (paths - reach).min(axis=1), (paths + reach).max(axis=1)  # (count, 2)
    return paths - ((low + high) / 2)[:, None, :]


def draw(paths: Floats, pen_down: Floats, radii: Floats, hand: Hand) -> Floats:
    """Ink between 0 and 1, of shape (count, BOX, BOX), for paths in pixels around the middle of the box."""
    x, y = paths[..., 0], paths[..., 1]
    steps = np.sqrt(np.diff(x, axis=1) ** 2 + np.diff(y, axis=1) ** 2) * pen_down  # (count, points - 1)
    ink = np.zeros_like(x)
    ink[:, 1:] += steps / 2
    ink[:, :-1] += steps / 2
    ink *= np.exp(SHARPNESS * radii**2) * np.float32(np.sqrt(SHARPNESS / np.pi))

    centres = np.arange(BOX, dtype=np.float32) + np.float32(0.5 - BOX / 2)
    columns = np.exp(-SHARPNESS * (x[..., None] - centres) ** 2)  # (count, points, BOX)
    rows = np.exp(-SHARPNESS * (y[..., None] - centres) ** 2) * ink[..., None]
    blurred = np.matmul(rows.transpose(0, 2, 1), columns)  # (count, BOX, BOX)
    outside = np.log(np.maximum(blurred, np.float32(1e-30))) / np.float32(-SHARPNESS)  # distance^2 - radius^2

    radius = radii.mean(axis=1)[:, None, None]
    distance = np.sqrt(np.maximum(outside + radius**2, 0)) + _roughness(hand)
    edge = np.float32(EDGE) * np.exp(hand.bell(EDGE_SPREAD, 1, 1))
    return np.clip(np.float32(0.5) + (radius - distance) / edge, 0, 1)


def _roughness(hand: Hand) -> Floats:
    noise = hand.speckle(BOX + 4, BOX + 4)
    smooth = noise[:, :-1] + noise[:, 1:]
    smooth = smooth[:, :, :-1] + smooth[:, :, 1:]
    return smooth[:, :BOX, :BOX] * np.float32(ROUGHNESS)


def centred(ink: Floats) -> NDArray[np.uint8]:
    """Images of shape (count, 28, 28) with the centre of mass at pixel index 14, from ink (count, BOX, BOX).

    The shift is by whole pixels, computed from whole numbers so that it cannot depend on rounding. The box never leaves
    the image: one digit in 500, a 7 with nearly all its ink at the top, stays up to 1.5 pixels off centre.
    """
    levels = np.rint(ink * (255 // GREY_STEP)).astype(np.uint8)
    weight = levels.astype(np.int32)
    mass = np.maximum(weight.sum(axis=(1, 2)), 1)
    index = np.arange(BOX)
    # the row and column of the image where the box begins
    tops = (MIDDLE - _nearest(weight.sum(axis=2) @ index, mass)).clip(0, SIDE - BOX)
    lefts = (MIDDLE - _nearest(weight.sum(axis=1) @ index, mass)).clip(0, SIDE - BOX)
    images = np.zeros((len(ink), SIDE, SIDE), np.uint8)
    rows, columns = (tops[:, None] + index)[:, :, None], (lefts[:, None] + index)[:, None, :]
    images[np.arange(len(ink))[:, None, None], rows, columns] = levels * np.uint8(GREY_STEP)
    return images


def _nearest(numerator: NDArray[np.int64], denominator: NDArray[np.int32]) -> NDArray[np.int64]:
    """numerator / denominator, rounded to the nearest whole number."""
    return (2 * numerator + denominator) // (2 * denominator)
