"""Elective 4: layers, blocks, augmentation and saliency are exact; LeNet reads digits; what it learned is reused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from data import Library
from grading.checks import diagnosis, expect
from grading.checks.student import Student
from grading.checks.variants import EXACT
from grading.outcomes import CheckFailed
from test_cases.e4 import mistakes, moving, reference, trained
from test_cases.e4.public import data
from test_cases.e4.public.charts import Responses
from test_cases.e4.trained import DATA, LENET, LOGITS, MODULE, parameters_of, random_inputs, require_own_logits

SIDES = ((32, 5, 1, 2), (28, 5, 1, 0), (6, 3, 2, 0), (7, 3, 2, 1), (11, 11, 4, 0), (15, 4, 3, 2))
LAYERS = ((3, 16, 5), (1, 6, 5), (6, 16, 3), (64, 32, 1))
CONVOLUTIONS = ((3, 4, 3, 1, 0), (2, 3, 3, 1, 2), (3, 2, 4, 2, 1), (4, 5, 1, 3, 0))  # in, out, kernel, stride, padding
HEIGHT, WIDTH = 9, 12  # different, so that none is taken for the other
POOLED = ((2, 8, 6), (3, 10, 8), (2, 7, 9))  # size, height, width: the last two leave rows and columns over

digits, frozen, transfer = trained.digits, trained.frozen, trained.transfer


def sizes(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for name, cases, right, wrong in (
        ("output_size", SIDES, reference.output_size, mistakes.SIZES),
        ("parameter_count", LAYERS, reference.parameter_count, mistakes.COUNTS),
    ):
        found = [(case, student.call(f"{MODULE}.{name}", *case)) for case in cases]
        with diagnosis.explained(lambda text, wrong=wrong, found=found: mistakes.of_numbers(wrong, found)):  # type: ignore[misc]
            for case, value in found:
                what = f"{name}({', '.join(map(str, case))}) should return"
                if not isinstance(value, int) or isinstance(value, bool):
                    given = value if isinstance(value, float) else expect.kind(value)
                    raise expect.Mismatch(f"{what} the integer {right(*case)}; got {given}.")
                expect.close(value, right(*case), 0, what, "The docstring says what is counted.")


def kernels(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for name, right in reference.KERNELS.items():
        found = student.call(f"{MODULE}.image_kernel", name)
        with diagnosis.explained(lambda text, name=name, found=found: mistakes.of_kernel(name, found)):  # type: ignore[misc]
            what = f'image_kernel("{name}") should be'
            expect.close(expect.array(found, (3, 3), what), right, EXACT, what, "The docstring describes it.")
    student.exhibit(lambda: Responses(*_responses(library)))


def convolution(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes, rights = random_inputs(library, 1), [], []
    for before, after, kernel, stride, padding in CONVOLUTIONS:
        x = random.standard_normal((2, before, HEIGHT, WIDTH))
        weight, bias = random.standard_normal((after, before, kernel, kernel)), random.standard_normal(after)
        arguments = (x, weight, bias, stride, padding)
        probes.append((arguments, _unchanged(student, "conv2d", *arguments)))
        rights.append(reference.conv2d(*arguments))
    with diagnosis.explained(lambda text: mistakes.of_convolution(probes, rights)):
        for ((_, weight, _, stride, padding), found), right in zip(probes, rights, strict=True):
            what = (
                f"conv2d of images {(2, weight.shape[1], HEIGHT, WIDTH)} and filters {weight.shape}, stride {stride}, "
                f"padding {padding}, should be"
            )
            expect.close(expect.array(found, right.shape, what), right, EXACT, what, "The docstring has the formula.")


def pooling(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = random_inputs(library, 2)
    for name, is_max in (("max_pool", True), ("average_pool", False)):
        probes = []
        for size, height, width in POOLED:
            x = random.standard_normal((2, 3, height, width)) - 1  # many windows have no number above 0
            probes.append(((x, size, is_max), _unchanged(student, name, x, size)))
        with diagnosis.explained(lambda text, probes=probes: mistakes.of_pooling(probes)):  # type: ignore[misc]
            for (x, size, _), found in probes:
                right, what = getattr(reference, name)(x, size), f"{name} of images {x.shape} by {size} should be"
                expect.close(expect.array(found, right.shape, what), right, EXACT, what)


def residual_block(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes = random_inputs(library, 3), []
    for after, stride, has_shortcut in ((3, 1, False), (5, 2, True), (3, 1, True)):
        x = random.standard_normal((2, 3, 8, 6))
        shapes = [(after, 3, 3, 3), (after, after, 3, 3), *([(after, 3, 1, 1)] if has_shortcut else [])]
        layers = [[random.standard_normal(shape) / 3, random.standard_normal(after)] for shape in shapes]
        functions = {"function": f"{MODULE}.residual_block"}
        found = student.probe("block", functions, x=x, layers=layers, stride=stride)
        one, two, *around = [(weight, bias) for weight, bias in layers]
        probes.append(((x, one, two, around[0] if around else None, stride), found))
    with diagnosis.explained(lambda text: mistakes.of_residual(probes)):
        for arguments, found in probes:
            right, kind = reference.residual_block(*arguments), "with" if arguments[3] else "without"
            what = f"residual_block of images {arguments[0].shape}, stride {arguments[4]}, {kind} shortcut, should be"
            expect.close(expect.array(found, right.shape, what), right, EXACT, what, "The docstring has the formula.")


def augmentation(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes = random_inputs(library, 4), []
    for channels, side in ((2, 9), (1, 12)):
        images = random.standard_normal((4, channels, side, side))
        down, right, degrees = random.uniform(-2, 2, 4), random.uniform(-2, 2, 4), random.uniform(-70, 70, 4)
        arguments = (images, down, right, degrees)
        probes.append((arguments, _unchanged(student, "move", *arguments)))
    with diagnosis.explained(lambda text: mistakes.of_moving(probes)):
        for arguments, found in probes:
            wanted, what = reference.move(*arguments), f"move of images {arguments[0].shape} should be"
            expect.close(expect.array(found, wanted.shape, what), wanted, EXACT, what, "The docstring has the formula.")
    shifted, turned = moving.pattern(random, 10), moving.pattern(random, 16)
    moving.require_shifts(_unchanged(student, "augment", shifted, moving.MAX_SHIFT, 0.0), shifted)
    moving.require_turns(_unchanged(student, "augment", turned, 0, moving.MAX_DEGREES), turned)


def saliency(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes = random_inputs(library, 5), []
    for channels, side, classes, count in ((2, 5, 4, 3), (1, 6, 3, 5)):
        images, labels = random.standard_normal((count, channels, side, side)), random.integers(classes, size=count)
        inner = random.standard_normal((7, channels * side * side)) / side
        weights = {"inner": inner, "outer": random.standard_normal((classes, 7))}
        functions = {"saliency": f"{MODULE}.saliency"}
        found = student.probe_named(
            "salient", functions, images=images, labels=labels, inner=inner, outer=weights["outer"]
        )
        if found["changed"] is not False:
            raise CheckFailed("saliency changed the images or the model's weights. It changes no argument.")
        if found["left"] is not False:
            raise CheckFailed(
                "saliency left a gradient in `.grad` of the images or of the model's weights. Which function of "
                "torch.autograd returns gradients instead?"
            )
        probes.append(((weights, images, labels), found["result"]))
    with diagnosis.explained(lambda text: mistakes.of_saliency(probes)):
        for (weights, images, labels), result in probes:
            right = np.abs(reference.saliency(weights, images, labels)).max(axis=1)
            what = f"saliency of images {images.shape} should be"
            expect.close(expect.array(result, right.shape, what), right, EXACT, what, "The docstring has the formula.")


def lenet(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    images = random_inputs(library, 6).random((3, 1, data.SIDE, data.SIDE))
    model = student.create(LENET, data.CLASSES)
    parameters = parameters_of(model, data.CLASSES)
    found = model.method("encode", images.astype(np.float32))
    parameters = {name: value.astype(np.float64) for name, value in parameters.items()}
    what = "LeNet's encode of 3 images should give features"
    with diagnosis.explained(lambda text: mistakes.of_features([((parameters, images), found)], LOGITS)):
        wanted = reference.encode(parameters, images)
        expect.close(expect.array(found, wanted.shape, what), wanted, LOGITS, what, "The table shows the layers.")
    count = sum(value.size for value in parameters.values())
    expect.close(count, 44_426, 0, "LeNet(10) should have as many parameters as the table says,")
    require_own_logits(model, parameters, images)


def _unchanged(student: Student, name: str, *arguments: Any) -> Any:
    """What a function of the student's gives; it may change no argument in place."""
    found = student.probe_named("unchanged", {"function": f"{MODULE}.{name}"}, arguments=list(arguments))
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed one of its arguments in place. Which operations make a new tensor?")
    return found["result"]


def _responses(library: Library) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A test image, and what the kernels make of it."""
    test = library.load(DATA).test
    assert test is not None
    image = data.images(test.x[test.y == 5][:1])
    made = {
        name: reference.conv2d(image, kernel[None, None], np.zeros(1), 1, 1)[0, 0]
        for name, kernel in reference.KERNELS.items()
    }
    return image[0, 0], made
