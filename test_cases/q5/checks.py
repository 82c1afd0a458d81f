"""Question 5: Convolve against its definition, and the convolutional model on held-out images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data import Library, digits, easy_digits
from grading.checks import common as common_checks
from grading.checks import diagnosis, expect
from grading.checks.diagnosis import Mistake
from grading.checks.student import Model, Student
from grading.outcomes import StudentCrashed
from pictures.digit_field import ReadDigits
from pictures.kernel import Convolution

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
KERNEL = (3, 3)
TOLERANCE = 1e-4  # float32 sums of at most nine products are exact to about 1e-6


def convolve(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong_convolution(student)):
        for image, kernel in _pairs(7):
            expected = correlate(image, kernel)
            what = f"Convolve of a {_times(image.shape)} image with a {_times(kernel.shape)} kernel should give"
            found = expect.array(
                student.call(CONVOLVE, image, kernel),
                expected.shape,
                f"{what} an array",
                "The kernel never hangs over the edge.",
            )
            hint = "Each entry is the sum of kernel * the patch that starts there."
            expect.close(found, expected, TOLERANCE, what, hint)


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
            raise expect.Mismatch(
                f"no gradient flows through Convolve back to the {name}, so the kernel cannot learn.",
                "Build the result from torch operations: no .item(), no numpy, no new tensor(...) of the numbers.",
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
        with diagnosis.explained(lambda text: _cut_by_convolve(student)):
            raise expect.Mismatch(
                "no gradient reaches convolution_weights, the model's 3 x 3 kernel.",
                "Does forward send every image through Convolve with it?",
            )


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.cross_entropy_loss(student, LOSS, digits.CLASSES)


def accuracy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    easy = library.load("easy_digits")
    assert easy.test is not None
    model = student.create(TARGET)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(TRAIN, model, easy)
    inputs, count = digits.inputs(easy.test.x), len(easy.test)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        logits = expect.array(model(inputs), (count, digits.CLASSES), f"{count} held-out images should give scores")
    share = expect.accuracy(logits, easy.test.y)
    student.record("test_accuracy", share)
    images, labels = easy.test.x, easy.test.y
    student.exhibit(lambda: ReadDigits(images, labels, logits))
    student.exhibit(lambda: _convolution(student, model, images[: len(easy_digits.CLASSES)]))
    measured = common_checks.Accuracy(
        share, thresholds["minimum_test_accuracy"], lambda: common_checks.validation_accuracy_of_digits(model, easy)
    )
    with diagnosis.explained(
        lambda text: diagnosis.after_training(training, model, inputs, logits, is_validated=measured.is_validated)
    ):
        measured.require("accuracy on the held-out images", "A few small layers and a few epochs are enough.")


def _convolution(student: Student, model: Model, images: np.ndarray) -> Convolution:
    """The learned kernel, and what the student's Convolve makes of images (count, 784) with it."""
    kernel = expect.array(model.parameters().get("convolution_weights"), KERNEL, "convolution_weights should be")
    squares = digits.inputs(images).reshape(-1, digits.SIDE, digits.SIDE)
    maps = [student.call(CONVOLVE, square, kernel.astype(np.float32)) for square in squares]
    shape = tuple(digits.SIDE - side + 1 for side in KERNEL)
    maps = [expect.array(found, shape, "Convolve should give an array") for found in maps]
    return Convolution(kernel, squares, np.stack(maps))


def correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The definition: entry (i, j) is the sum of the kernel times the patch of its size that starts at (i, j)."""
    patches = np.lib.stride_tricks.sliding_window_view(image.astype(np.float64), kernel.shape)
    return np.einsum("ijkl,kl->ij", patches, kernel.astype(np.float64))


def _padded(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The result as large as the image, zeros standing in where the kernel hangs over the edge."""
    before = [(side - 1) // 2 for side in kernel.shape]
    around = [(first, side - 1 - first) for first, side in zip(before, kernel.shape, strict=True)]
    return correlate(np.pad(image, around), kernel)


def _summed_over_places(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """One number for each of the kernel's entries, added up over all places."""
    patches = np.lib.stride_tricks.sliding_window_view(image.astype(np.float64), kernel.shape)
    return (patches * kernel).sum(axis=(0, 1))


_FLIPPED = (
    "Your result is that of a kernel rotated by 180 degrees: its last entry meets the patch's first. Here the "
    "kernel lies on the patch as it is, entry on entry."
)
_OFF_BY_ONE = (
    "Only the last row and column are missing, all other entries are right. How many places are there for a kernel of "
    "2 in a row of 3? Count them, then look at where the loops end."
)
WRONG_CONVOLUTIONS = [
    Mistake(lambda image, kernel: correlate(image, kernel[::-1, ::-1]), _FLIPPED),
    Mistake(
        lambda image, kernel: correlate(image, kernel[::-1]),
        "That is the result for a kernel turned upside down. Do its rows and the patch's rows run the same way?",
    ),
    Mistake(
        lambda image, kernel: correlate(image, kernel[:, ::-1]),
        "That is the result for a kernel with left and right exchanged. Do its columns and the patch's run the same "
        "way?",
    ),
    Mistake(
        _padded,
        "The result is as large as the image: zeros were put around it, so that the kernel hangs over the edge. Here "
        "it stays inside, and the result is smaller.",
    ),
    Mistake(lambda image, kernel: correlate(image, kernel)[:-1, :-1], _OFF_BY_ONE),
    Mistake(
        lambda image, kernel: correlate(image, kernel).T,
        "The result lies on its side: rows and columns are exchanged.",
    ),
    Mistake(
        _summed_over_places,
        "The sum runs over the wrong dimensions: one number came for each entry of the kernel, added up over all "
        "places. One number for each place is wanted, added up over the kernel.",
    ),
    Mistake(
        lambda image, kernel: correlate(image, kernel) / kernel.size,
        "That is the mean of kernel times patch, where their sum is wanted.",
    ),
    Mistake(
        lambda image, kernel: correlate(image, np.ones_like(kernel)),
        "That is the sum over each patch alone. Where does the kernel come in?",
    ),
]


def _wrong_convolution(student: Student) -> str:
    probes: list[diagnosis.Probe] = []
    crashes = []
    for image, kernel in _pairs(17):
        try:
            probes.append(((image, kernel), student.call(CONVOLVE, image, kernel)))
        except StudentCrashed:
            crashes.append(kernel.shape)
    if not crashes and (explanation := diagnosis.recognised(WRONG_CONVOLUTIONS, probes, TOLERANCE)):
        return explanation
    is_right = [bool(diagnosis.recognised([Mistake(correlate, "right")], [probe], TOLERANCE)) for probe in probes]
    is_square = [kernel.shape[0] == kernel.shape[1] for (_, kernel), _ in probes]
    if is_right == is_square and any(is_right) and all(height != width for height, width in crashes):
        return "Square kernels come out right, others do not. Is one side of the kernel taken for both?"
    return ""


def _cut_by_convolve(student: Student) -> str:
    image, kernel = _pairs(18)[0]
    if student.gradients(CONVOLVE, image, kernel).inputs[1] is None:
        return "Convolve itself passes no gradient on to its kernel; see what is said about its gradients."
    return ""


def _pairs(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """A random image and kernel of each of the sizes, float32."""
    random = np.random.default_rng(seed)
    return [
        (random.standard_normal(image).astype(np.float32), random.standard_normal(kernel).astype(np.float32))
        for image, kernel in SIZES
    ]


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
