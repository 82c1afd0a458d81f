"""Question 5: Convolve against its definition, and the convolutional model on held-out images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data import Library, digits
from grading import common_checks, expect
from grading.outcomes import CheckFailed
from grading.student import Student

CONVOLVE, TARGET = "models.Convolve", "models.DigitConvolutionalModel"
LOSS, TRAIN = "losses.digitconvolution_loss", "train.train_digitconvolution"
SIZES = [
    ((3, 3), (2, 2)),
    ((5, 7), (2, 3)),
    ((7, 5), (3, 2)),
    ((6, 4), (1, 3)),
    ((4, 9), (4, 1)),
    ((28, 28), (3, 3)),
]
TOLERANCE = 1e-4  # float32 sums of at most nine products are exact to about 1e-6


def convolve(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = np.random.default_rng(7)
    for image_shape, kernel_shape in SIZES:
        image, kernel = (random.standard_normal(shape).astype(np.float32) for shape in (image_shape, kernel_shape))
        expected = correlate(image, kernel)
        what = f"Convolve of a {_times(image_shape)} image with a {_times(kernel_shape)} kernel should give an array"
        found = expect.array(
            student.call(CONVOLVE, image, kernel),
            expected.shape,
            what,
            "The kernel never hangs over the edge.",
        )
        where = f"Convolve of a {_times(image_shape)} image with a {_times(kernel_shape)} kernel should give"
        expect.close(
            found,
            expected,
            TOLERANCE,
            where,
            "Each entry is the sum of kernel * the patch that starts there.",
        )


def differentiable(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = np.random.default_rng(8)
    image, kernel = (
        random.standard_normal((6, 5)).astype(np.float32),
        random.standard_normal((2, 3)).astype(np.float32),
    )
    cotangent = random.standard_normal((5, 3)).astype(np.float32)
    found = student.gradients(CONVOLVE, image, kernel, cotangent=cotangent)
    padded = np.pad(cotangent, ((1, 1), (2, 2)))
    expected = [correlate(padded, kernel[::-1, ::-1]), correlate(image, cotangent)]
    for name, gradient, right in zip(("image", "kernel"), found.inputs, expected, strict=True):
        if gradient is None:
            raise CheckFailed(
                f"no gradient flows through Convolve back to the {name}, so the kernel cannot learn. "
                "Build the result from torch operations: no .item(), no numpy, no new tensor(...) of the numbers."
            )
        expect.close(
            expect.array(gradient, right.shape, f"the gradient of the {name}"),
            right,
            TOLERANCE,
            f"the gradient of the {name} should be",
        )


def shape(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.logits_shape(student, TARGET, digits.PIXELS, digits.CLASSES, "Is the last layer sized for 10 digits?")
    model = student.create(TARGET)
    image = np.random.default_rng(9).random((2, digits.PIXELS), dtype=np.float32)
    if model.gradients(image).parameters.get("convolution_weights") is None:
        raise CheckFailed(
            "no gradient reaches convolution_weights, the model's 3 x 3 kernel. "
            "Does forward send every image through Convolve with it?"
        )


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.cross_entropy_loss(student, LOSS, digits.CLASSES)


def accuracy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    easy = library.load("easy_digits")
    assert easy.test is not None
    model = student.create(TARGET)
    student.train(TRAIN, model, easy)
    count = len(easy.test)
    logits = expect.array(
        model(digits.inputs(easy.test.x)),
        (count, digits.CLASSES),
        f"{count} held-out images should give scores",
    )
    share = expect.accuracy(logits, easy.test.y)
    student.record("test_accuracy", share)
    expect.at_least(
        share,
        thresholds["minimum_test_accuracy"],
        "accuracy on the held-out images",
        "A few small layers and a few epochs are enough.",
    )


def correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The definition: entry (i, j) is the sum of the kernel times the patch of its size that starts at (i, j)."""
    patches = np.lib.stride_tricks.sliding_window_view(image.astype(np.float64), kernel.shape)
    return np.einsum("ijkl,kl->ij", patches, kernel.astype(np.float64))


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
