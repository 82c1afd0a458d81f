"""Trainings of elective 4: LeNet reads digits, and what its encoder has learned is reused for other digits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from data import Library, Split, Splits
from grading.checks import course, diagnosis, expect
from grading.checks.answers import Training
from grading.checks.common import Accuracy
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import CheckFailed
from test_cases.e4 import reference
from test_cases.e4.public import data
from test_cases.e4.public.charts import SalientDigits, Transfer
from test_cases.e4.public.picture import Layers

MODULE = "electives.convnets"
LENET = f"{MODULE}.LeNet"
DATA = "test_cases.e4.public.data"
LOGITS = 1e-3  # float32 through five layers, against numpy
DRAWS = {3: 4, 10: 2}  # how many, by the images of each new digit
MOST = max(DRAWS)
# Accuracy of a LeNet from nothing, the mean of seeds 0 to 4. The student's class is trained: less is not believed.
USUAL_FROM_NOTHING = {3: 0.67, 10: 0.83}
LEAST_OF_USUAL = 0.7  # of the usual accuracy; the worst of these seeds reached 0.96 of it
LEAST_KNOWN = 0.5  # of the images that a new head was trained on; it must know more. Chance is 0.2
STAGES = ("from nothing", "frozen encoder", "fine-tuned")
BLOCK = 500  # images that the grader reads at once


def digits(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """LeNet, trained by the student's function, reads test images; the grader computes its answers from its weights."""
    splits = library.load(DATA)
    assert splits.test is not None
    assert splits.validation is not None
    model, training = _trained(student, "train_lenet", splits, data.CLASSES)
    parameters = parameters_of(model, data.CLASSES)
    require_own_logits(model, parameters, data.images(splits.test.x[:3]))
    share = _accuracy(parameters, splits.test)
    student.record("test_accuracy", share)
    student.exhibit(lambda: _layers(student, model, parameters, splits, share))
    student.exhibit(lambda: _salient(student, model, splits))
    validation = splits.validation
    measured = Accuracy(share, thresholds["minimum_test_accuracy"], lambda: _accuracy(parameters, validation))
    with diagnosis.explained(lambda text: measured.mistake(training)):
        measured.require("accuracy of LeNet on the test images", "Does the rate fall to almost 0 in the end?")


def frozen(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """A new head learns while the encoder stays as it is; fine-tuning then moves every parameter."""
    splits = data.few_of_each(library.load(DATA), MOST, random_inputs(library, 7))
    model = student.create(LENET, data.OLD)
    before = parameters_of(model, data.OLD)
    training = student.train(f"{MODULE}.train_head", model, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        after = parameters_of(model, data.OLD, "train_head")
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
    require_own_logits(model, after, data.images(splits.train.x[:3]))
    training = student.train(f"{MODULE}.fine_tune", model, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        last = parameters_of(model, data.OLD, "fine_tune")
        still = [name for name in last if name in after and np.array_equal(last[name], after[name])]
        if still:
            raise expect.Mismatch(
                f"fine_tune should change every parameter of the model; {still[0]} did not change.",
                "Are the encoder's parameters still frozen?",
            )


def transfer(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """An encoder that knows the digits 0 to 4 leaves fewer errors on the digits 5 to 9 than a LeNet from nothing."""
    splits = library.load(DATA)
    random = random_inputs(library, 8)
    old = data.old(splits)
    assert old.test is not None
    model, training = _trained(student, "pretrain", old, data.OLD)
    parameters = parameters_of(model, data.OLD)
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


def random_inputs(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 4, number])


def parameters_of(model: Model, classes: int, after: str = "") -> dict[str, np.ndarray]:
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


def require_own_logits(model: Model, parameters: Mapping[str, np.ndarray], images: np.ndarray) -> None:
    """The model gives the scores that its weights give by the formulas."""
    images = images.astype(np.float32)
    wanted = reference.logits(parameters, images)
    found = expect.array(model(images), wanted.shape, f"LeNet should give {len(images)} images scores")
    what = "LeNet should give the scores that its weights give by the table,"
    expect.close(found, wanted, LOGITS, what, "Was the class changed?")


def _trained(student: Student, function: str, splits: Splits, classes: int) -> tuple[Model, Training]:
    """A LeNet trained by a function of the student's."""
    model = student.create(LENET, classes)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(f"{MODULE}.{function}", model, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        parameters_of(model, classes, function)
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
    shares = [_accuracy(parameters_of(alone, data.OLD), splits.test)]
    model = student.create(LENET, data.OLD)
    model.set_parameters(dict(encoder))
    for function in ("train_head", "fine_tune"):
        with diagnosis.explained(diagnosis.crash_in_training):
            student.train(f"{MODULE}.{function}", model, splits)
        shares.append(_accuracy(parameters_of(model, data.OLD, function), splits.test))
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
