"""Elective 2: each function and its gradient are exact, whole networks too, and two small networks learn with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from data import Library
from grading.checks import diagnosis, expect
from grading.checks.student import Picture, Student
from grading.checks.variants import EXACT, joined
from grading.outcomes import CheckFailed
from test_cases.e2 import mistakes, mistakes_in_networks, reference
from test_cases.e2.answers import counted, trained_network
from test_cases.e2.public.charts import Squares, Wave
from test_cases.e2.public.picture import ACTIVATIONS, DeepNetworks

MODULE = "electives.backprop"
PICTURE = "test_cases.e2.public.picture"
SHAPES = ((4, 3), (2, 5))  # of activations and losses; no dimension is taken for another
SIZES = ((3, 5, 2), (2, 1), (3, 4, 6, 5, 2))  # of networks: two layers, one layer, four layers
BATCH = 7
HUGE = (-1000.0, -40.0, 40.0, 1000.0)
LAYERS, WIDTH, DEEP_POINTS, DEEP_STEPS, DEEP_RATE = 20, 32, 64, 300, 0.01
GAINS = {"sigmoid": 1.0, "relu": 2**0.5}  # Glorot and Bengio (2010); He and others (2015)
NEARLY = 1e-6  # relative: of gradients through 20 layers
SQUARES, CORNERS = 10, np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
POINTS, UNSEEN = 200, 500
DOCSTRING = "The docstring has the formula."

# the worked example of the hand-out
EXAMPLE_WEIGHTS = np.array([[0.5, 0.3], [0.2, 0.8]]), np.array([[0.4], [0.6]])
EXAMPLE_BIASES = np.array([0.1, 0.2]), np.array([0.3])
EXAMPLE_X, EXAMPLE_TARGET, EXAMPLE_RATE = np.array([[1.0, 0.0]]), np.array([[1.0]]), 0.25


def linear(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 1)
    x, weight, bias, upstream = (random.standard_normal(shape) for shape in ((BATCH, 3), (3, 4), (4,), (BATCH, 4)))
    _exact(student, "linear", x, weight, bias)
    given = upstream, x, weight
    found = _called(student, "linear_backward", given)
    rights = reference.linear_backward(*given)
    what = "linear_backward should return three gradients: with respect to x, W and b"
    if not isinstance(found, list) or len(found) != len(rights):
        raise CheckFailed(f"{what}; got {expect.kind(found)}.")
    names = ("x", "W", "b")
    arrays = [
        expect.array(one, right.shape, f"linear_backward should return the gradient with respect to {name}", DOCSTRING)
        for name, one, right in zip(names, found, rights, strict=True)
    ]
    with diagnosis.explained(lambda text: mistakes.of_linear_backward(joined(*arrays), given)):
        for name, array, right in zip(names, arrays, rights, strict=True):
            what = f"the gradient with respect to {name} of a linear layer should be"
            expect.close(array, right, EXACT, what, DOCSTRING)


def sigmoid(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_activation(student, _random(library, 2), "sigmoid")


def tanh(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_activation(student, _random(library, 3), "tanh")


def relu(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 4)
    _exact_activation(student, random, "relu")
    _exact_activation(student, random, "leaky_relu", float(random.uniform(0.1, 0.4)))


def mean_squared_error(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 5)
    for shape in SHAPES:
        _exact_loss(student, "mean_squared_error", random.standard_normal(shape), random.standard_normal(shape))


def binary_cross_entropy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 6)
    for shape in SHAPES:
        targets = random.permutation(np.arange(np.prod(shape)) % 2.0).reshape(shape)  # both targets occur
        _exact_loss(student, "binary_cross_entropy", 2 * random.standard_normal(shape), targets)


def cross_entropy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 7)
    for batch, classes in SHAPES:
        logits = 2 * random.standard_normal((batch, classes))
        _exact(student, "softmax", logits)
        _exact_loss(student, "cross_entropy", logits, np.eye(classes)[random.integers(classes, size=batch)])


def saturated(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    x = np.array([HUGE])
    both = np.repeat(x, 2, axis=0), np.array([[0.0] * len(HUGE), [1.0] * len(HUGE)])
    rows = np.array([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0], [5.0, 1000.0, 999.0]])
    classes = np.eye(3)[[2, 0, 1]]
    cases: list[tuple[str, tuple[np.ndarray, ...]]] = [
        ("sigmoid", (x,)),
        ("sigmoid_backward", (np.ones_like(x), x)),
        ("tanh", (x,)),
        ("tanh_backward", (np.ones_like(x), x)),
        ("binary_cross_entropy", both),
        ("binary_cross_entropy_backward", both),
        ("softmax", (rows,)),
        ("cross_entropy", (rows, classes)),
        ("cross_entropy_backward", (rows, classes)),
    ]
    for name, given in cases:
        found = _called(student, name, given)
        right = np.asarray(getattr(reference, name)(*given))
        hint = partial(_why_saturated, student, name, given)
        if isinstance(found, np.ndarray) and found.shape == right.shape:
            wrong = int((~np.isfinite(found)).sum())
            if wrong:
                size = max(float(np.abs(array).max()) for array in given)
                raise CheckFailed(
                    f"{name} with entries of size {size:,.0f} should be finite; {wrong} of {found.size} numbers are "
                    "NaN or infinite.",
                    hint(),
                )
        what = f"{name} with huge entries should be"
        with diagnosis.explained(lambda text, hint=hint: hint()):  # type: ignore[misc]
            expect.close(expect.array(found, right.shape, what), right, EXACT, what)


def example(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    functions = {name: f"{MODULE}.{name}" for name in ("linear", "linear_backward", "sigmoid", "sigmoid_backward")}
    functions |= {"loss": f"{MODULE}.mean_squared_error", "loss_backward": f"{MODULE}.mean_squared_error_backward"}
    arrays = {"weights": list(EXAMPLE_WEIGHTS), "biases": list(EXAMPLE_BIASES)}
    found = student.probe_named(
        "one_step",
        functions,
        x=EXAMPLE_X,
        target=EXAMPLE_TARGET,
        rate=EXAMPLE_RATE,
        **arrays,
    )
    for moment, right in example_numbers().items():
        what = f"output and loss of the worked example, {moment} one step, should be"
        expect.close(expect.array(found[moment], (2,), what), right, EXACT, what)


def network(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 8)
    for sizes in SIZES:
        for activation in reference.ACTIVATIONS:
            layers = [(random.standard_normal(pair), random.standard_normal(pair[1])) for pair in pairwise(sizes)]
            x, upstream = random.standard_normal((BATCH, sizes[0])), random.standard_normal((BATCH, sizes[-1]))
            _exact_network(student, x, upstream, layers, activation)


def deep(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 9)
    sizes = [1, *[WIDTH] * (LAYERS - 1), 1]
    pairs = list(pairwise(sizes))
    weights = [[gain / n**0.5 * random.standard_normal((n, m)) for n, m in pairs] for gain in GAINS.values()]
    x = np.linspace(-1, 1, DEEP_POINTS)[:, None]
    targets = np.sin(np.pi * x)
    functions = {name: f"{MODULE}.{name}" for name in ("network_forward", "network_backward")}
    given: dict[str, Any] = {
        "x": x, "targets": targets, "weights": weights, "steps": DEEP_STEPS, "rate": DEEP_RATE,
    }  # fmt: skip
    found = student.probe_named("deep", functions, Picture(PICTURE), has_curve=False, **given)
    shapes = {
        "sizes": (len(GAINS), LAYERS), "last_sizes": (len(GAINS), LAYERS),
        "losses": (len(GAINS), DEEP_STEPS), "outputs": (len(GAINS), DEEP_POINTS),
    }  # fmt: skip
    told = {name: found[name] for name in shapes}
    for name, shape in shapes.items():
        if not isinstance(told[name], np.ndarray) or told[name].shape != shape:
            got = expect.kind(told[name])
            raise CheckFailed(f"{name} of {len(GAINS)} deep networks should have the shape {shape}; got {got}.")
    for number, activation in enumerate(ACTIVATIONS):
        layers = [(weight, np.zeros(weight.shape[1])) for weight in weights[number]]
        error = reference.network(x, layers, activation) - targets
        _, slopes = reference.network_backward(2 * error / error.size, x, layers, activation)
        right = np.array([np.sqrt(np.square(slope).mean()) for slope, _ in slopes])
        share = told["sizes"][number] / right
        what = f"gradients of a network of {LAYERS} layers with {activation}, divided by the right ones, should be"
        expect.close(share, np.ones(LAYERS), NEARLY, what)
    student.exhibit(lambda: DeepNetworks(x[:, 0], targets[:, 0], **told))


def xor(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 10)
    squares, classes, networks = [], [], []
    for number in range(SQUARES):
        angle = 0.0 if number == 0 else random.uniform(0, 2 * np.pi)  # the first square is not turned
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        squares.append((CORNERS - 0.5) @ turn + 0.5)
        classes.append(np.logical_xor(*(CORNERS.T == 1))[:, None] ^ (number % 2 == 1))  # ones and zeros take turns
        found = student.call(f"{MODULE}.train_xor", squares[-1], classes[-1].astype(np.float64))
        networks.append(trained_network(found, "train_xor", [2, 2, 1]))
    given = list(zip(squares, networks, strict=True))
    ones = np.stack([reference.sigmoid(reference.network(x, layers, name))[:, 0] for x, (name, layers) in given])
    right = np.where(np.stack(classes)[:, :, 0], ones, 1 - ones)  # (squares, corners)
    learned = (right >= mistakes_in_networks.SURE).all(axis=1)
    student.record("xor_share", float(learned.mean()))
    student.exhibit(lambda: Squares(np.stack(squares), np.stack(classes)[:, :, 0], np.asarray(learned), networks))
    with diagnosis.explained(lambda text: mistakes_in_networks.of_xor(right)):
        what = f"train_xor was called {SQUARES} times. The share of trainings that learn all four points"
        expect.at_least(float(learned.mean()), thresholds["minimum_xor_share"], what)


def sine(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 11)
    phase = random.uniform(0, 2 * np.pi)
    x = np.linspace(0, 2 * np.pi, POINTS)[:, None]
    unseen = np.sort(random.uniform(0, 2 * np.pi, UNSEEN))[:, None]
    found = student.call(f"{MODULE}.train_sine", x, np.sin(x + phase))
    name, layers = trained_network(found, "train_sine", [1, 0, 1])
    answers, right = reference.network(unseen, layers, name), np.sin(unseen + phase)
    error = reference.mean_squared_error(answers, right)
    student.record("sine_error", error)
    student.exhibit(lambda: Wave(unseen[:, 0], right[:, 0], answers[:, 0], name, layers))
    with diagnosis.explained(lambda text: mistakes_in_networks.of_sine(unseen, answers, right)):
        what = f"the mean squared error at {UNSEEN} points from 0 to 2 pi that training did not see"
        expect.at_most(error, thresholds["maximum_sine_error"], what)


def example_numbers() -> dict[str, np.ndarray]:
    """Output and loss of the worked example, before and after its step, (2,) each."""
    weights, biases, told = list(EXAMPLE_WEIGHTS), list(EXAMPLE_BIASES), {}
    for moment in ("before", "after"):
        first = reference.linear(EXAMPLE_X, weights[0], biases[0])
        hidden = reference.sigmoid(first)
        second = reference.linear(hidden, weights[1], biases[1])
        output = reference.sigmoid(second)
        told[moment] = np.array([output.item(), reference.mean_squared_error(output, EXAMPLE_TARGET)])
        above = reference.sigmoid_backward(reference.mean_squared_error_backward(output, EXAMPLE_TARGET), second)
        above, *later = reference.linear_backward(above, hidden, weights[1])
        earlier = reference.linear_backward(reference.sigmoid_backward(above, first), EXAMPLE_X, weights[0])[1:]
        weights = [weights[0] - EXAMPLE_RATE * earlier[0], weights[1] - EXAMPLE_RATE * later[0]]
        biases = [biases[0] - EXAMPLE_RATE * earlier[1], biases[1] - EXAMPLE_RATE * later[1]]
    return told


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 2, number])


def _called(student: Student, name: str, given: Sequence[Any]) -> Any:
    """What a function gives, if it leaves its arguments as they are."""
    with diagnosis.explained(lambda text: diagnosis.crash(text, mistakes.CRASHES)):
        found = student.probe_named("called", {"function": f"{MODULE}.{name}"}, arguments=list(given))
    if not isinstance(found["changed"], list) or found["changed"]:
        raise CheckFailed(f"{name} changed one of its arguments in place. Which operations make a new tensor?")
    return found["result"]


def _why_saturated(student: Student, name: str, given: tuple[np.ndarray, ...]) -> str:
    """Why a function is wrong for huge entries: whether each row of logits alone is right, else what often helps."""

    def is_right(row: int) -> bool:
        alone = [array[row : row + 1] for array in given]
        found, right = _called(student, name, alone), np.asarray(getattr(reference, name)(*alone))
        return isinstance(found, np.ndarray | float) and expect.is_close(found, right, EXACT)

    is_of_rows = name in ("softmax", "cross_entropy", "cross_entropy_backward")
    rows_alone = is_of_rows and diagnosis.attempted(lambda: all(map(is_right, range(len(given[0])))), False)
    return mistakes.ROWS_ALONE if rows_alone else mistakes.SATURATED[name]


def _exact(student: Student, name: str, *given: Any) -> None:
    """A function gives what its definition gives."""
    right = np.asarray(getattr(reference, name)(*given))
    found = _called(student, name, given)
    shapes = " and ".join(str(array.shape) for array in given if isinstance(array, np.ndarray))
    what = f"{name} of arguments of shape {shapes} should return a tensor"
    array = expect.array(found, right.shape, what, DOCSTRING)
    with diagnosis.explained(partial(_wrong_function, name, array, given)):
        expect.close(array, right, EXACT, f"{name} of random numbers should be", DOCSTRING)


def _wrong_function(name: str, found: np.ndarray, given: Sequence[Any], text: str) -> str:
    return mistakes.of_function(name, found, given)


def _exact_activation(student: Student, random: np.random.Generator, name: str, *slope: float) -> None:
    """Both halves of an activation; some entries are exactly 0."""
    for shape in SHAPES:
        x, upstream = random.standard_normal((2, *shape))
        x.flat[random.choice(x.size, 2, replace=False)] = 0.0
        _exact(student, name, x, *slope)
        _exact(student, f"{name}_backward", upstream, x, *slope)


def _exact_loss(student: Student, name: str, given: np.ndarray, targets: np.ndarray) -> None:
    """A loss and its gradient."""
    _exact(student, name, given, targets)
    _exact(student, f"{name}_backward", given, targets)


def _exact_network(
    student: Student, x: np.ndarray, upstream: np.ndarray, layers: reference.Layers, activation: str
) -> None:
    """Outputs and gradients of one network."""
    functions = {name: f"{MODULE}.{name}" for name in ("network_forward", "network_backward")}
    weights, biases = [weight for weight, _ in layers], [bias for _, bias in layers]
    with diagnosis.explained(lambda text: diagnosis.crash(text, mistakes.CRASHES)):
        found = student.probe_named(
            "backpropagated", functions,
            x=x, upstream=upstream, weights=weights, biases=biases, activation=activation,
        )  # fmt: skip
    sizes = [len(weights[0]), *(len(bias) for bias in biases)]
    network = f"a network of sizes {sizes} with {activation}"
    if "odd" in found:
        kind = expect.kind(found["odd"])
        raise CheckFailed(f"network_forward should return two things: outputs and what is kept; got {kind}.")
    right = reference.network(x, layers, activation)
    outputs = expect.array(found["outputs"], right.shape, f"network_forward of {network} should return outputs")
    with diagnosis.explained(lambda text: mistakes_in_networks.of_outputs(outputs, x, layers, activation)):
        expect.close(outputs, right, EXACT, f"the outputs of {network} should be", "Is a layer left out?")
    what = f"network_backward of {network} should return a list of {len(layers)} tuples, weight and bias"
    found_gradients = found["gradients"]
    if not isinstance(found_gradients, list) or len(found_gradients) != len(layers):
        raise CheckFailed(f"{what}; got {counted(found_gradients)}.")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in found_gradients):
        raise CheckFailed(f"{what}; one of them is no tuple of two.")
    flat = [array for pair in found_gradients for array in pair]
    rights = [array for pair in reference.network_backward(upstream, x, layers, activation)[1] for array in pair]
    if not all(isinstance(array, np.ndarray) for array in flat):
        raise CheckFailed(f"{what}; one of them holds no tensor.")
    with diagnosis.explained(lambda text: mistakes_in_networks.of_gradients(flat, upstream, x, layers, activation)):
        for number, (array, wanted) in enumerate(zip(flat, rights, strict=True)):
            which = f"the {'bias' if number % 2 else 'weight'} of layer {number // 2 + 1} of {network}"
            name = f"the gradient with respect to {which}"
            if array.shape != wanted.shape:
                raise expect.Mismatch(f"{name} should have the shape {wanted.shape}; got {array.shape}.", DOCSTRING)
            expect.close(array, wanted, EXACT, f"{name} should be", "Which gradients does a layer hand on?")
