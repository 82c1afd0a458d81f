"""Elective 10: losses and steps are exact; a ring keeps its modes; digits are as asked, varied, and no copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from data import Library
from grading.checks import diagnosis, expect
from grading.checks.student import Student
from grading.checks.variants import EXACT, joined
from grading.outcomes import CheckFailed
from test_cases.e10 import mistakes, reference, trained
from test_cases.e10.public import digits as small_digits
from test_cases.e10.public.settings import DRAWS_OF_WEIGHTS
from test_cases.e10.trained import MODULE

FAR = 1000.0  # a logit at which a sigmoid is 0 or 1 in float64
SIZE, HIDDEN, NOISE, CLASSES, BATCH = 3, 5, 2, 4, 6  # of the small networks; all different
RATE, STEPS = 0.1, 2
FORMULA = "The docstring has the formula."
OUTSIDE = 2.0  # of 0 to 1: random weights may lead to NaN
NEAR_AN_END = 0.05  # outputs that come so near to 0 and 1, and stay between them, are held there
BLIND = 1e-6  # outputs that differ by less do not depend on what was changed


def discriminator_loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 1)
    given = [[2 * random.standard_normal(shape) for shape in shapes] for shapes in (((7,), (4,)), ((3, 1), (5, 1)))]
    _exact_loss(student, "discriminator_loss", given, reference.discriminator_loss, reference.discriminator_slopes,
                mistakes.of_discriminator_loss)  # fmt: skip
    sure = np.array([FAR, -FAR, 1.0])
    _finite_loss(student, "discriminator_loss", [sure, -sure], reference.discriminator_loss)


def generator_loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 2)
    given = [[2 * random.standard_normal(shape)] for shape in ((7,), (5, 1))]
    _exact_loss(student, "generator_loss", given, reference.generator_loss, reference.generator_slopes,
                mistakes.of_generator_loss)  # fmt: skip
    _finite_loss(student, "generator_loss", [np.array([FAR, -FAR, 1.0])], reference.generator_loss)


def discriminator_step(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_steps(student, library, 3, "discriminator_step")


def generator_step(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_steps(student, library, 4, "generator_step")


def with_class(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes = _random(library, 5), []
    for count, size in ((5, 3), (2, 6)):
        x, labels = random.standard_normal((count, size)), random.integers(1, 8, count)  # neither first nor last class
        found = student.call(f"{MODULE}.with_class", x, labels)
        probes.append(((x, labels, small_digits.CLASSES), found))
    with diagnosis.explained(lambda text: mistakes.of_with_class(probes)):
        for (x, labels, classes), found in probes:
            right, what = reference.with_class(x, labels, classes), f"with_class of rows {x.shape} should be rows"
            expect.close(expect.array(found, right.shape, what), right, EXACT, what, "The docstring says what follows.")


def networks(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, count = _random(library, 6), 12
    images = random.random((count, small_digits.PIXELS)).astype(np.float32)
    noise = random.standard_normal((count, small_digits.NOISE_SIZE)).astype(np.float32)
    functions = {
        "generator": f"{MODULE}.ConditionalGenerator",
        "discriminator": f"{MODULE}.ConditionalDiscriminator",
    }
    found = student.probe_named(
        "network_outputs", functions, has_curve=False, noise=noise, labels=np.arange(count) % 10, images=images
    )
    outputs = {}
    for name in ("images", "one_noise", "one_class"):
        what = f"ConditionalGenerator should make of {count} rows of noise and {count} classes images"
        outputs[name] = expect.array(found[name], (count, small_digits.PIXELS), what)
        low, high = outputs[name].min(), outputs[name].max()
        if low < 0 or high > 1:
            raise CheckFailed(
                f"ConditionalGenerator should make pixels from 0 to 1; got {low:.3g} to {high:.3g}. What brings "
                "numbers between 0 and 1?"
            )
    for name in ("logits", "one_image", "one_label"):
        what = f"ConditionalDiscriminator should give {count} images and {count} classes logits"
        outputs[name] = _logits(found[name], count, what)
    _require_free_logits(found["redrawn"], count)
    for network, kind, whole, part, same, varied in (
        ("ConditionalGenerator", "image", "images", "one_noise", "noise", "classes"),
        ("ConditionalGenerator", "image", "images", "one_class", "class", "rows of noise"),
        ("ConditionalDiscriminator", "logit", "logits", "one_image", "image", "classes"),
        ("ConditionalDiscriminator", "logit", "logits", "one_label", "class", "images"),
    ):
        spread = np.ptp(outputs[part], axis=0).max()
        if spread < BLIND:
            raise CheckFailed(
                f"{network} gave the same {kind} {len(outputs[whole])} times, for one {same} and different {varied}. "
                f"Do the {varied} reach the layers?"
            )
    missing = found["no_gradient"]
    if isinstance(missing, list) and missing:
        raise CheckFailed(
            f"no gradient reaches {str(missing[0])[:60]} from the logits of generated images. Is something detached, "
            "or a layer not used?"
        )


def ring(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    trained.ring(student, library, thresholds, _random(library, 7))


def digits(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    trained.digits(student, library, thresholds, _random(library, 8))


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 10, number])


def _logits(found: Any, count: int, what: str) -> np.ndarray:
    """Logits, (count,); a column of them is accepted, too."""
    if isinstance(found, np.ndarray) and found.shape == (count, 1):
        found = found[:, 0]
    return expect.array(found, (count,), what)


def _require_free_logits(found: Any, count: int) -> None:
    """Logits take any value. Probabilities do not, whatever the weights are."""
    what = f"ConditionalDiscriminator with other weights should give {count} images and {count} classes logits"
    if not isinstance(found, list) or len(found) != DRAWS_OF_WEIGHTS:
        raise CheckFailed(f"{what}, {DRAWS_OF_WEIGHTS} times; got {expect.kind(found)}.")
    numbers = [np.nan_to_num(each, nan=OUTSIDE) if isinstance(each, np.ndarray) else each for each in found]
    logits = np.stack([_logits(each, count, what) for each in numbers])
    if 0 <= logits.min() < NEAR_AN_END and 1 - NEAR_AN_END < logits.max() <= 1:
        raise CheckFailed(
            f"the grader drew the weights of ConditionalDiscriminator {DRAWS_OF_WEIGHTS} times. All of its "
            f"{logits.size} outputs lie between 0 and 1: they are probabilities. The losses take logits, and apply a "
            "sigmoid themselves. Does `forward` end in a sigmoid or a softmax?"
        )


def _exact_loss(
    student: Student,
    name: str,
    given: Sequence[list[np.ndarray]],
    loss: Callable[..., float],
    slopes: Callable[..., list[np.ndarray]],
    find: Callable[[list[diagnosis.Probe]], str],
) -> None:
    """A loss and its gradients, of several lists of logits."""
    answers = [_probed_loss(student, name, logits) for logits in given]
    probes: list[diagnosis.Probe] = [
        (tuple(logits), answer["value"]) for logits, answer in zip(given, answers, strict=True)
    ]
    with diagnosis.explained(lambda text: find(probes)):
        for logits, answer in zip(given, answers, strict=True):
            what = f"{name} of {' and '.join(str(each.shape) for each in logits)} logits should be"
            expect.close(expect.number(answer["value"], what), loss(*logits), EXACT, what, FORMULA)
    for logits, answer in zip(given, answers, strict=True):
        gradients = answer["gradients"]
        if not isinstance(gradients, list) or len(gradients) != len(logits):
            raise CheckFailed(f"{name} has no gradient. Is `detach`, `item` or a new tensor in between?")
        for gradient, slope in zip(gradients, slopes(*logits), strict=True):
            what = f"the gradient of {name} by its logits should be"
            value = expect.array(gradient, slope.shape, what)
            expect.close(value, slope, EXACT, what, "Is something detached?")


def _finite_loss(student: Student, name: str, logits: list[np.ndarray], loss: Callable[..., float]) -> None:
    """A loss where the discriminator is very sure."""
    found = _probed_loss(student, name, logits)["value"]
    hint = "A sigmoid is 0 here. Its logarithm is infinite, or was cut off. Which function of torch takes logits?"
    with diagnosis.explained(lambda text: hint):
        what = f"with logits of {FAR:g} and {-FAR:g}, {name} should be"
        expect.close(expect.number(found, what), loss(*logits), EXACT, what)


def _probed_loss(student: Student, name: str, logits: list[np.ndarray]) -> Any:
    """Value and gradients of a loss, if nothing was changed in place."""
    found = student.probe_named("loss", {"function": f"{MODULE}.{name}"}, has_curve=False, logits=logits)
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed its logits in place. Which operations make a new tensor?")
    return found


def _exact_steps(student: Student, library: Library, number: int, name: str) -> None:
    """Steps of small networks, without classes and with them, move one network as they should, and not the other."""
    random, is_generators = _random(library, number), name == "generator_step"
    for has_classes in (False, True):
        weights = [_weights(random, NOISE, SIZE), _weights(random, SIZE, 1)]
        real, noise = random.standard_normal((STEPS, BATCH, SIZE)), random.standard_normal((STEPS, BATCH, NOISE))
        labels = random.integers(1, CLASSES, (STEPS, BATCH)) if has_classes else None
        arguments: dict[str, Any] = {
            "generator": weights[0], "discriminator": weights[1], "real": real, "noise": noise, "labels": labels,
            "rate": RATE, "is_generators": is_generators,
        }  # fmt: skip
        found = student.probe_named("steps", {"function": f"{MODULE}.{name}"}, has_curve=False, **arguments)
        learner = 0 if is_generators else 1
        _require_the_other_left_alone(found, name, ("generator", "discriminator")[1 - learner])
        after, losses = found["weights"], found["losses"]
        if not isinstance(after, list) or not isinstance(losses, list) or len(after) != STEPS or len(losses) != STEPS:
            raise CheckFailed(f"{name} should take one step for each batch.")
        for step in range(STEPS):
            given = (*weights, real[step], noise[step], None if labels is None else labels[step])
            _exact_step(found, name, given, after[step], losses[step])
            weights[learner] = [np.asarray(each, np.float64) for each in after[step]]
        if found["frozen"] is not False:
            raise CheckFailed(
                f"after {name}, a parameter no longer wants gradients. The next step needs them. What sets "
                "`requires_grad` back to True?"
            )


def _exact_step(found: Mapping[str, Any], name: str, given: mistakes.Arguments, after: Any, loss: Any) -> None:
    """One step, from the weights in `given` to those in `after`, and the loss that it returned."""
    is_generators = name == "generator_step"
    turn = reference.generator_turn if is_generators else reference.discriminator_turn
    right = turn(*given)
    moved = _moved(given[0] if is_generators else given[1], after, name)
    with diagnosis.explained(lambda text: _wrong_step(found, name, turn, given, moved)):
        classes = "without classes" if given[-1] is None else "with classes"
        what = f"a step of {name} {classes} should move the weights along the gradient, which begins with"
        expect.close(moved, joined(*right.gradients), EXACT, what, "The docstring says what a step is made of.")
    what = f"{name} should return the loss before its step,"
    if not isinstance(loss, float):
        raise CheckFailed(f"{what} a float; got {expect.kind(loss)}.")
    expect.close(loss, right.loss, EXACT, what, "Is it a sum, or the loss after the step?")


def _weights(random: np.random.Generator, inputs: int, outputs: int) -> list[np.ndarray]:
    """Weights of a `probes.Network`."""
    return [random.standard_normal(shape) for shape in ((inputs, HIDDEN), (HIDDEN, outputs), (CLASSES, HIDDEN))]


def _require_the_other_left_alone(found: Mapping[str, Any], name: str, other: str) -> None:
    if found["others_moved"] is not False:
        raise CheckFailed(
            f"{name} changed weights of the {other}. The two networks learn in turn, each in its own step."
        )
    if name == "discriminator_step" and found["others_grew"] is not False:
        raise CheckFailed(
            "in discriminator_step, gradients reached the generator: its `.grad` changed. The generator does not learn "
            "here. Where are the generated samples detached?"
        )


def _moved(before: list[np.ndarray], after: Any, name: str) -> np.ndarray:
    """What a step of gradient descent used as gradients, one after the other."""
    if not isinstance(after, list) or len(after) != len(before):
        raise CheckFailed(f"{name} should leave the parameters of the networks as many as they are.")
    pairs = zip(before, after, strict=True)
    what = f"after {name}, weights should be numbers"
    return joined(*((old - expect.array(new, old.shape, what)) / RATE for old, new in pairs))


def _wrong_step(
    found: Mapping[str, Any], name: str, turn: Callable[..., reference.Turn], given: Any, moved: np.ndarray
) -> str:
    """The mistake behind a step that moves weights otherwise."""
    calls = found["calls"]
    if found["other_noise"] is True:
        return "The generator was called with other noise than the argument `noise`."
    if found["other_labels"] is True:
        return "One of the networks was called without `*labels`, or with other classes."
    if found["unseen"] is True:
        return "The discriminator was never called with the real samples as they are."
    if isinstance(calls, list) and calls[:1] == [0]:
        return "The generator was never called. Which samples does the discriminator judge?"
    if found["reached"] is False and name == "generator_step":
        return (
            "No gradient of this step reached the generator. Are the generated samples detached, or is a part computed "
            "under `no_grad`?"
        )
    return mistakes.of_step(turn, [(given, moved)])
