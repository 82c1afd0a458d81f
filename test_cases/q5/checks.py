"""Question 5: Convolve against its definition, and the convolutional model on held-out images."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from data import Library, digits, easy_digits
from grading.checks import combinations, diagnosis, expect, pattern, smallest
from grading.checks import common as common_checks
from grading.checks.behaviour import PROBED_ROWS
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import StudentCrashed
from pictures.digit_field import ReadDigits
from pictures.kernel import Convolution
from test_cases.q5 import mistakes, mistakes_in_model

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
    with diagnosis.explained(lambda text: _wrong_convolution(student), lambda: _seen_of_convolution(student)):
        for image, kernel in _pairs(7):
            expected = mistakes.convolution(image, kernel)
            what = f"Convolve of a {_times(image.shape)} image with a {_times(kernel.shape)} kernel should give"
            found = expect.array(
                student.call(CONVOLVE, image, kernel),
                expected.shape,
                f"{what} an array",
                "The kernel stays inside the image.",
            )
            expect.close(found, expected, TOLERANCE, what)


def differentiable(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = np.random.default_rng(8)
    image, kernel = (
        random.standard_normal((6, 5)).astype(np.float32),
        random.standard_normal((2, 3)).astype(np.float32),
    )
    cotangent = random.standard_normal((5, 3)).astype(np.float32)
    found = student.gradients(CONVOLVE, image, kernel, cotangent=cotangent)
    padded = np.pad(cotangent, ((1, 1), (2, 2)))
    expected = [mistakes.convolution(padded, kernel[::-1, ::-1]), mistakes.convolution(image, cotangent)]
    for name, gradient, right in zip(("image", "kernel"), found.inputs, expected, strict=True):
        if gradient is None:
            lost = " The kernel could then not learn." if name == "kernel" else ""
            raise expect.Mismatch(
                f"no gradient flows through Convolve back to the {name}.{lost}",
                _cut(name, found.inputs),
            )
        expect.close(
            expect.array(gradient, right.shape, f"the gradient of the {name}"),
            right,
            TOLERANCE,
            f"the gradient of the {name} should be",
        )


def shape(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.logits_shape(student, TARGET, digits.PIXELS, digits.CLASSES)
    model = student.create(TARGET)
    image = np.random.default_rng(9).random((2, digits.PIXELS), dtype=np.float32)
    if model.gradients(image).parameters.get("convolution_weights") is None:
        with diagnosis.explained(lambda text: _cut_by_convolve(student) or mistakes_in_model.cut_kernel(model, image)):
            raise expect.Mismatch(
                "no gradient reaches `convolution_weights`, the model's 3 x 3 kernel.",
                "The scores should depend on the result of `Convolve` with this kernel.",
            )


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    common_checks.cross_entropy_loss(student, LOSS, digits.CLASSES)


def accuracy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    easy = library.load("easy_digits")
    assert easy.test is not None
    model = student.create(TARGET)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(TRAIN, model, easy, thresholds["maximum_passes"])
    inputs, count = digits.inputs(easy.test.x), len(easy.test)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        logits = expect.array(model(inputs), (count, digits.CLASSES), f"{count} held-out images should give scores")
    share = expect.accuracy(logits, easy.test.y)
    student.record("test_accuracy", share)
    images, labels = easy.test.x, easy.test.y
    student.exhibit(lambda: ReadDigits(images, labels, logits))
    student.exhibit(lambda: _convolution(student, model, images[: len(easy_digits.CLASSES)]))
    threshold = thresholds["minimum_test_accuracy"]
    measured = common_checks.accuracy_of_digits(share, threshold, model, easy)
    with diagnosis.explained(
        lambda text: diagnosis.after_training(
            training,
            model,
            inputs,
            logits,
            is_validated=measured.is_validated,
            measure=common_checks.measure_of_digits(easy.test, threshold),
        )
    ):
        measured.require(
            "accuracy on the test images",
            lambda: measured.seen(training, digits.CLASSES, model.layers(inputs[:PROBED_ROWS])),
        )
    student.advise(training)


def _convolution(student: Student, model: Model, images: np.ndarray) -> Convolution:
    """The learned kernel, and what the student's Convolve makes of images (count, 784) with it."""
    kernel = expect.array(model.parameters().get("convolution_weights"), KERNEL, "convolution_weights should be")
    squares = digits.inputs(images).reshape(-1, digits.SIDE, digits.SIDE)
    maps = [student.call(CONVOLVE, square, kernel.astype(np.float32)) for square in squares]
    shape = tuple(digits.SIDE - side + 1 for side in KERNEL)
    maps = [expect.array(found, shape, "Convolve should give an array") for found in maps]
    return Convolution(kernel, squares, np.stack(maps))


def _wrong_convolution(student: Student) -> str:
    probes: list[diagnosis.Probe] = []
    crashes = []
    for image, kernel in _pairs(17):
        try:
            probes.append(((image, kernel), student.call(CONVOLVE, image, kernel)))
        except StudentCrashed:
            crashes.append(kernel.shape)
    of_squares = [((image, kernel), found) for (image, kernel), found in probes if image.shape[0] == image.shape[1]]
    told = of_squares if crashes else probes  # code that exchanges rows and columns crashes unless both are square
    if explanation := mistakes.CONVOLUTION.explanation(told, TOLERANCE):
        return explanation
    is_right = [combinations.agrees(mistakes.convolution(*pair), found, TOLERANCE) for pair, found in probes]
    is_square = [kernel.shape[0] == kernel.shape[1] for (_, kernel), _ in probes]
    if is_right == is_square and any(is_right) and all(height != width for height, width in crashes):
        sides = mistakes_in_model.sides(partial(student.call, CONVOLVE))
        return f"Square kernels give the right result, other kernels do not. {sides}".strip()
    return ""


def _seen_of_convolution(student: Student) -> str:
    """Where the entries of a larger result differ, and the smallest case that differs."""
    return " ".join(filter(None, (_pattern_of_convolution(student), _smallest_convolution(student))))


def _pattern_of_convolution(student: Student) -> str:
    for image, kernel in _pairs(20):
        try:
            found = student.call(CONVOLVE, image, kernel)
        except StudentCrashed:
            continue
        expected = mistakes.convolution(image, kernel)
        if not isinstance(found, np.ndarray) or found.shape != expected.shape:
            continue
        if seen := pattern.described(found.astype(np.float64), expected, TOLERANCE):
            integers = f" The result has the dtype {found.dtype}." if found.dtype.kind in "iu" else ""
            return f"With a {_times(image.shape)} image and a {_times(kernel.shape)} kernel: {seen}{integers}"
    return ""


def _smallest_convolution(student: Student) -> str:
    sizes = [((1, 1), (1, 1)), ((1, 2), (1, 1)), ((1, 3), (1, 2)), ((2, 2), (2, 2)), ((3, 3), (2, 2))]
    random = np.random.default_rng(19)
    cases = []
    for size, kernel_size in sizes:
        image, kernel = (random.integers(-3, 4, shape).astype(np.float32) for shape in (size, kernel_size))
        cases.append(
            smallest.Case(
                f"image {smallest.told(image)}, kernel {smallest.told(kernel)}",
                mistakes.convolution(image, kernel),
                partial(student.call, CONVOLVE, image, kernel),
            )
        )
    return smallest.difference(cases, TOLERANCE)


def _cut(name: str, gradients: list[np.ndarray | None]) -> str:
    """Where the graph from Convolve's result to one of its arguments may be cut."""
    others = {"image": "kernel", "kernel": "image"}
    if any(gradient is not None for gradient in gradients):
        return (
            f"Gradients reach the {others[name]}. Does `item()` or numpy take numbers out of the {name}, or is the "
            f"{name} copied?"
        )
    return (
        "No gradient reaches the kernel, either. The result must be made by torch operations. Is the result made by "
        "`item()` or numpy, or copied into a new tensor?"
    )


def _cut_by_convolve(student: Student) -> str:
    image, kernel = _pairs(18)[0]
    if student.gradients(CONVOLVE, image, kernel).inputs[1] is None:
        return "`Convolve` itself passes no gradient to its kernel. Fix the check of its gradients first."
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
