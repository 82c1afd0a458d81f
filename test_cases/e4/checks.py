"""Elective 4: layers, blocks, augmentation and saliency are exact; LeNet reads digits; what it learned is reused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from data import Library, Split, Splits
from grading.checks import course, diagnosis, expect
from grading.checks.answers import Training
from grading.checks.common import Accuracy
from grading.checks.model import Model
from grading.checks.student import Student
from grading.checks.variants import EXACT
from grading.outcomes import CheckFailed
from test_cases.e4 import mistakes, moving, reference
from test_cases.e4.public import data
from test_cases.e4.public.charts import Responses, SalientDigits, Transfer
from test_cases.e4.public.picture import Layers

MODULE = "electives.convnets"
LENET = f"{MODULE}.LeNet"
DATA = "test_cases.e4.public.data"
SIDES = ((32, 5, 1, 2), (28, 5, 1, 0), (6, 3, 2, 0), (7, 3, 2, 1), (11, 11, 4, 0), (15, 4, 3, 2))
LAYERS = ((3, 16, 5), (1, 6, 5), (6, 16, 3), (64, 32, 1))
CONVOLUTIONS = ((3, 4, 3, 1, 0), (2, 3, 3, 1, 2), (3, 2, 4, 2, 1), (4, 5, 1, 3, 0))  # in, out, kernel, stride, padding
HEIGHT, WIDTH = 9, 12  # different, so that none is taken for the other
POOLED = ((2, 8, 6), (3, 10, 8), (2, 7, 9))  # size, height, width: the last two leave rows and columns over
LOGITS = 1e-3  # float32 through five layers, against numpy
DRAWS = {3: 4, 10: 2}  # how many, by the images of each new digit
MOST = max(DRAWS)
# Accuracy of a LeNet from nothing, the mean of seeds 0 to 4. The student's class is trained: less is not believed.
USUAL_FROM_NOTHING = {3: 0.67, 10: 0.83}
LEAST_OF_USUAL = 0.7  # of the usual accuracy; the worst of these seeds reached 0.96 of it
LEAST_KNOWN = 0.5  # of the images that a new head was trained on; it must know more. Chance is 0.2
STAGES = ("from nothing", "frozen encoder", "fine-tuned")
BLOCK = 500  # images that the grader reads at once


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
    random, probes, rights = _random(library, 1), [], []
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
    random = _random(library, 2)
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
    random, probes = _random(library, 3), []
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
    random, probes = _random(library, 4), []
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
    random, probes = _random(library, 5), []
    for channels, side, classes, count in ((2, 5, 4, 3), (1, 6, 3, 5)):
        images, labels = random.standard_normal((count, channels, side, side)), random.integers(classes, size=count)
        inner = random.standard_normal((7, channels * side * side)) / side
        weights = {"inner": inner, "outer": random.standard_normal((classes, 7))}
        functions = {"saliency": f"{MODULE}.saliency"}
        found = student.probe("salient", functions, images=images, labels=labels, inner=inner, outer=weights["outer"])
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
    images = _random(library, 6).random((3, 1, data.SIDE, data.SIDE))
    model = student.create(LENET, data.CLASSES)
    parameters = _parameters(model, data.CLASSES)
    found = model.method("encode", images.astype(np.float32))
    parameters = {name: value.astype(np.float64) for name, value in parameters.items()}
    what = "LeNet's encode of 3 images should give features"
    with diagnosis.explained(lambda text: mistakes.of_features([((parameters, images), found)], LOGITS)):
        wanted = reference.encode(parameters, images)
        expect.close(expect.array(found, wanted.shape, what), wanted, LOGITS, what, "The table shows the layers.")
    count = sum(value.size for value in parameters.values())
    expect.close(count, 44_426, 0, "LeNet(10) should have as many parameters as the table says,")
    _require_own_logits(model, images)


def digits(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load(DATA)
    assert splits.test is not None
    assert splits.validation is not None
    model, training = _trained(student, "train_lenet", splits, data.CLASSES)
    parameters = _parameters(model, data.CLASSES)
    _require_own_logits(model, data.images(splits.test.x[:3]))
    share = _accuracy(parameters, splits.test)
    student.record("test_accuracy", share)
    student.exhibit(lambda: _layers(student, model, parameters, splits, share))
    student.exhibit(lambda: _salient(student, model, splits))
    validation = splits.validation
    measured = Accuracy(share, thresholds["minimum_test_accuracy"], lambda: _accuracy(parameters, validation))
    with diagnosis.explained(
        lambda text: diagnosis.first(
            lambda: diagnosis.training(training), lambda: "" if measured.is_validated else diagnosis.coverage(training)
        )
    ):
        measured.require("accuracy of LeNet on the test images", "Does the rate fall to almost 0 in the end?")


def frozen(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = data.few_of_each(library.load(DATA), MOST, _random(library, 7))
    model = student.create(LENET, data.OLD)
    before = _parameters(model, data.OLD)
    training = student.train(f"{MODULE}.train_head", model, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        after = _parameters(model, data.OLD, "train_head")
        moved = [name for name in reference.ENCODER if not np.array_equal(before[name], after[name])]
        if moved:
            raise CheckFailed(
                f"train_head should leave the encoder as it is; {moved[0]} changed. Which parameters does the "
                "optimizer hold, and which of them want a gradient?"
            )
        if "head.weight" not in after:
            raise CheckFailed(
                "train_head should replace `model.head` by one new Linear layer; the old head is still there."
            )
        known = _accuracy(after, splits.train)
        if not known > LEAST_KNOWN:
            raise expect.Mismatch(
                f"after train_head, LeNet should read more than {LEAST_KNOWN:.0%} of the {len(splits.train)} training "
                f"images; it reads {known:.0%}. Chance is {1 / data.OLD:.0%}.",
                f"{course.numbers(training, data.OLD)} Does the new head need more updates or another learning rate?",
            )
    _require_own_logits(model, data.images(splits.train.x[:3]))
    training = student.train(f"{MODULE}.fine_tune", model, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        last = _parameters(model, data.OLD, "fine_tune")
        still = [name for name in last if name in after and np.array_equal(last[name], after[name])]
        if still:
            raise expect.Mismatch(
                f"fine_tune should change every parameter of the model; {still[0]} did not change.",
                "Are the encoder's parameters still frozen?",
            )


def transfer(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load(DATA)
    random = _random(library, 8)
    old = data.old(splits)
    assert old.test is not None
    model, training = _trained(student, "pretrain", old, data.OLD)
    parameters = _parameters(model, data.OLD)
    share = _accuracy(parameters, old.test)
    student.record("old_digits_accuracy", share)
    with diagnosis.explained(
        lambda text: diagnosis.first(partial(diagnosis.training, training), partial(diagnosis.coverage, training))
    ):
        what = "accuracy of the pretrained LeNet on test images of the digits 0 to 4"
        expect.at_least(share, thresholds["minimum_old_digits_accuracy"], what, "Does the loss still fall?")
    encoder = {name: parameters[name] for name in reference.ENCODER}
    shares = {}
    for each, draws in DRAWS.items():
        found = [_transferred(student, data.few_of_each(splits, each, random), encoder) for _ in range(draws)]
        shares[each] = np.array(found)  # (draws, stages)
    means = {each: found.mean(axis=0) for each, found in shares.items()}
    _, head, tuned = means[MOST]
    student.record("transfer_accuracy", tuned)
    for each, (start, _, fine) in means.items():
        student.record(f"gain_with_{each}_images_each", fine - start)
    left = [(1 - fine) / (1 - _believed(start, each)) for each, (start, _, fine) in means.items()]
    errors_left = float(np.mean(left))
    student.record("errors_left", errors_left)
    student.exhibit(lambda: Transfer(STAGES, shares))
    with diagnosis.explained(lambda text: _wrong_transfer(training, head, tuned)):
        what = "the errors after transfer, divided by the errors of a LeNet from nothing,"
        hint = (
            f"This number is the mean of {' and '.join(f'{each:.3f}' for each in left)}, after "
            f"{' and '.join(map(str, DRAWS))} images of each digit. What would make the features suit digits that the "
            "encoder has never seen?"
        )
        expect.at_most(errors_left, thresholds["maximum_errors_left"], what, hint)


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 4, number])


def _unchanged(student: Student, name: str, *arguments: Any) -> Any:
    """What a function of the student's gives; it may change no argument in place."""
    found = student.probe("unchanged", {"function": f"{MODULE}.{name}"}, arguments=list(arguments))
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed one of its arguments in place. Which operations make a new tensor?")
    return found["result"]


def _parameters(model: Model, classes: int, after: str = "") -> dict[str, np.ndarray]:
    """The parameters of a LeNet, all of their shapes; its head may be one linear layer."""
    found = model.parameters()
    is_new = "head.weight" in found
    shapes = {name: reference.LENET[name] for name in reference.LENET if not is_new or name in reference.ENCODER}
    last = ("head", reference.FEATURES) if is_new else ("head.4", 84)
    shapes |= {f"{last[0]}.weight": (classes, last[1]), f"{last[0]}.bias": (classes,)}
    what = f"{f'after {after}, ' if after else ''}LeNet({classes}) should have a parameter"
    for name, shape in shapes.items():
        if name not in found:
            raise CheckFailed(f"{what} {name} of shape {shape}; there is none. Was the class changed?")
        expect.array(found[name], shape, f"{what} {name}", "Was the class changed?")
    if more := sorted(set(found) - set(shapes)):
        raise CheckFailed(f"LeNet({classes}) has a parameter {more[0][:40]} that it should not have.")
    return found


def _require_own_logits(model: Model, images: np.ndarray) -> None:
    """The model gives the scores that its weights give by the formulas."""
    images = images.astype(np.float32)
    wanted = reference.logits(model.parameters(), images)
    found = expect.array(model(images), wanted.shape, f"LeNet should give {len(images)} images scores")
    what = "LeNet should give the scores that its weights give by the table,"
    expect.close(found, wanted, LOGITS, what, "Was the class changed?")


def _trained(student: Student, function: str, splits: Splits, classes: int) -> tuple[Model, Training]:
    """A LeNet trained by a function of the student's."""
    model = student.create(LENET, classes)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(f"{MODULE}.{function}", model, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        _parameters(model, classes, function)
    return model, training


def _accuracy(parameters: Mapping[str, np.ndarray], split: Split) -> float:
    """Computed here, from the weights."""
    blocks = np.split(split.x, range(BLOCK, len(split.x), BLOCK))  # as floats, all would take memory
    logits = [reference.logits(parameters, data.images(block)) for block in blocks]
    return expect.accuracy(np.concatenate(logits), split.y)


def _transferred(student: Student, splits: Splits, encoder: Mapping[str, np.ndarray]) -> tuple[float, float, float]:
    """Test accuracy from nothing, with a frozen encoder, and fine-tuned, on one draw of images."""
    assert splits.test is not None
    alone = student.create(LENET, data.OLD)
    student.probe("from_nothing", has_curve=False, model=alone, x=data.images(splits.train.x), y=splits.train.y)
    shares = [_accuracy(_parameters(alone, data.OLD), splits.test)]
    model = student.create(LENET, data.OLD)
    model.set_parameters(dict(encoder))
    for function in ("train_head", "fine_tune"):
        with diagnosis.explained(diagnosis.crash_in_training):
            student.train(f"{MODULE}.{function}", model, splits)
        shares.append(_accuracy(_parameters(model, data.OLD, function), splits.test))
    return shares[0], shares[1], shares[2]


def _believed(start: float, each: int) -> float:
    """The accuracy from nothing that transfer is compared with, after so many images of each digit; below 1."""
    usual = USUAL_FROM_NOTHING[each]
    if start < LEAST_OF_USUAL * usual:
        raise CheckFailed(
            f"a LeNet from nothing should read about {usual:.0%} of the test images after {each} images of each digit; "
            f"got {start:.0%}. Was the class changed?"
        )
    return min(max(start, usual), 0.999)


def _wrong_transfer(training: Training, head: float, tuned: float) -> str:
    """Which of the three stages lost it."""
    if found := diagnosis.training(training):
        return found
    if tuned < head - 0.02:
        return (
            f"The frozen encoder with its new head had {head:.1%}, and fine_tune brought it down to {tuned:.1%}. Is "
            "its rate small enough?"
        )
    return diagnosis.coverage(training)


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


def _salient(student: Student, model: Model, splits: Splits) -> SalientDigits:
    """One test image of each digit, and its saliency."""
    assert splits.test is not None
    rows = [int(np.flatnonzero(splits.test.y == digit)[0]) for digit in range(data.CLASSES)]
    images, labels = data.images(splits.test.x[rows]), np.arange(data.CLASSES)
    return SalientDigits(images[:, 0], _maps(student, model, images, labels))


def _layers(
    student: Student, model: Model, parameters: Mapping[str, np.ndarray], splits: Splits, share: float
) -> Layers:
    """What each layer makes of a test image."""
    assert splits.test is not None
    row = int(np.flatnonzero(splits.test.y == 3)[0])
    image, label = data.images(splits.test.x[row : row + 1]), splits.test.y[row : row + 1]
    scores = reference.logits(parameters, image)[0]
    chances = np.exp(scores - scores.max())
    first = reference.conv2d(image, parameters["conv1.weight"], parameters["conv1.bias"])
    return Layers(
        share,
        image[0, 0],
        _maps(student, model, image, label)[0],
        parameters["conv1.weight"][:, 0],
        reference.relu(reference.max_pool(first, 2))[0],
        reference.encode(parameters, image).reshape(16, 4, 4),
        chances / chances.sum(),
        int(label[0]),
    )


def _maps(student: Student, model: Model, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The student's saliency of images, (batch, 28, 28)."""
    functions = {"saliency": f"{MODULE}.saliency"}
    found = student.probe("salient_digits", functions, has_curve=False, model=model, x=images, y=labels)
    return expect.array(found, (len(images), data.SIDE, data.SIDE), "saliency of digits should be")
