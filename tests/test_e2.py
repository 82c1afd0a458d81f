"""Elective 2: the numpy reference is torch's autograd, pictures draw whatever comes, odd answers are named."""

from __future__ import annotations

import dataclasses
import re
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from grading.outcomes import CheckFailed
from pictures.panels import WindowPicture
from pictures.windows.live import Live
from staff.solutions.electives import backprop
from test_cases.e2 import answers, checks, mistakes, mistakes_in_networks, reference
from test_cases.e2.public import charts, picture, probes
from tests.support import PROJECT, elective, only
from tests.windows import Keeping, Opener, carried, drawn, figure_of

PICTURE = "test_cases.e2.public.picture"
SHAPE = (4, 3)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(array, np.float64).copy())


def by_autograd(function: Any, upstream: np.ndarray | None, *given: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The value of a torch function, and its gradients with respect to what it was given."""
    tensors = [tensor(array).requires_grad_() for array in given]
    value = function(*tensors)
    value.backward(None if upstream is None else tensor(upstream))
    gradients = [one.grad for one in tensors]
    return value.detach().numpy(), [one.numpy() for one in gradients if one is not None]


def test_the_reference_of_the_linear_layer_is_torchs():
    random = np.random.default_rng(0)
    x, weight, bias, upstream = (random.standard_normal(shape) for shape in ((4, 3), (3, 2), (2,), (4, 2)))
    value, rights = by_autograd(lambda x, w, b: functional.linear(x, w.T, b), upstream, x, weight, bias)
    np.testing.assert_allclose(reference.linear(x, weight, bias), value, rtol=1e-13)
    for found, right in zip(reference.linear_backward(upstream, x, weight), rights, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "function", "setting"),
    [
        ("sigmoid", torch.sigmoid, ()),
        ("tanh", torch.tanh, ()),
        ("relu", torch.relu, ()),
        ("leaky_relu", functional.leaky_relu, ()),
        ("leaky_relu", lambda x: functional.leaky_relu(x, 0.3), (0.3,)),
    ],
)
def test_the_reference_of_activations_is_torchs_also_at_0_and_far_out(name, function, setting):
    x = np.array([[-1000.0, -2.0, -1e-3, 0.0], [1e-3, 0.7, 30.0, 1000.0]])
    upstream = np.random.default_rng(1).standard_normal(x.shape)
    value, (right,) = by_autograd(function, upstream, x)
    np.testing.assert_allclose(getattr(reference, name)(x, *setting), value, rtol=1e-12, atol=1e-15)
    found = getattr(reference, f"{name}_backward")(upstream, x, *setting)
    np.testing.assert_allclose(found, right, rtol=1e-10, atol=1e-15)


LOSSES = {
    "mean_squared_error": functional.mse_loss,
    "binary_cross_entropy": functional.binary_cross_entropy_with_logits,
    "cross_entropy": functional.cross_entropy,
}


@pytest.mark.parametrize("size", [1.0, 1000.0])
@pytest.mark.parametrize("name", LOSSES)
def test_the_reference_of_losses_is_torchs_also_for_huge_logits(name, size):
    random = np.random.default_rng(2)
    given, targets = size * random.standard_normal(SHAPE), np.eye(SHAPE[1])[random.integers(SHAPE[1], size=SHAPE[0])]
    value, (right,) = by_autograd(lambda z: LOSSES[name](z, tensor(targets)), None, given)
    assert getattr(reference, name)(given, targets) == pytest.approx(value.item(), rel=1e-12)
    found = getattr(reference, f"{name}_backward")(given, targets)
    np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(reference.softmax(given), torch.softmax(tensor(given), dim=1).numpy(), atol=1e-15)


def random_network(sizes: tuple[int, ...], seed: int = 3) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """What goes in, the gradient that comes back, and the layers."""
    random = np.random.default_rng(seed)
    pairs = list(pairwise(sizes))
    layers = [(random.standard_normal(pair), random.standard_normal(pair[1])) for pair in pairs]
    return random.standard_normal((6, sizes[0])), random.standard_normal((6, sizes[-1])), layers


@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
@pytest.mark.parametrize("sizes", checks.SIZES)
def test_the_reference_of_networks_is_torchs_autograd(sizes, activation):
    x, upstream, layers = random_network(sizes)
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "leaky_relu": functional.leaky_relu}

    def network(x, *flat):
        for number in range(0, len(flat), 2):
            x = x @ flat[number] + flat[number + 1]
            x = act[activation](x) if number < len(flat) - 2 else x
        return x

    flat = [array for layer in layers for array in layer]
    value, (by_x, *rights) = by_autograd(network, upstream, x, *flat)
    np.testing.assert_allclose(reference.network(x, layers, activation), value, rtol=1e-11, atol=1e-12)
    found_by_x, found = reference.network_backward(upstream, x, layers, activation)
    np.testing.assert_allclose(found_by_x, by_x, rtol=1e-10, atol=1e-12)
    for one, right in zip([array for pair in found for array in pair], rights, strict=True):
        np.testing.assert_allclose(one, right, rtol=1e-10, atol=1e-12)


def test_the_worked_example_of_the_hand_out_is_what_the_formulas_give():
    numbers = checks.example_numbers()
    assert numbers["before"].round(4).tolist() == [0.7174, 0.0798]
    assert numbers["after"].round(4).tolist() == [0.7281, 0.0739]
    x, (first, second), (b1, b2) = checks.EXAMPLE_X, checks.EXAMPLE_WEIGHTS, checks.EXAMPLE_BIASES
    sums = reference.linear(x, first, b1)
    hidden = reference.sigmoid(sums)
    above = reference.linear(hidden, second, b2)
    output = reference.sigmoid(above)
    by_above = reference.sigmoid_backward(reference.mean_squared_error_backward(output, checks.EXAMPLE_TARGET), above)
    by_hidden, by_second, _ = reference.linear_backward(by_above, hidden, second)
    by_sums = reference.sigmoid_backward(by_hidden, sums)
    _, by_first, _ = reference.linear_backward(by_sums, x, first)
    rows = {
        "x W1 + b1": sums, "hidden units": hidden, "sum of the output": above,
        "gradient with respect to the output's sum": by_above, "gradients with respect to the hidden sums": by_sums,
        "gradient with respect to W2": by_second, "gradient with respect to W1, first row": by_first[0],
    }  # fmt: skip
    page = (PROJECT / "test_cases" / "e2" / "README.md").read_text(encoding="utf-8")
    for name, array in rows.items():
        (told,) = re.findall(rf"\| {re.escape(name)} \| (.*) \|", page)
        np.testing.assert_allclose([float(text) for text in told.split(", ")], np.ravel(array), atol=5.1e-5)
    assert not by_first[1].any()


def inputs_of(name: str) -> tuple[Any, ...]:
    """What the checks give a function."""
    random = np.random.default_rng(5)
    x, upstream = random.standard_normal((2, *SHAPE))
    x[0, 1] = x[2, 2] = 0.0
    if name == "linear":
        return x, random.standard_normal((3, 5)), random.standard_normal(5)
    if "entropy" in name or name == "softmax":
        targets = np.eye(3)[random.integers(3, size=4)]
        return (2 * random.standard_normal(SHAPE), targets)[: 1 if name == "softmax" else 2]
    if name.startswith("mean_squared_error"):
        return x, upstream
    slope = (0.23,) if name.startswith("leaky") else ()
    return (upstream, x, *slope) if name.endswith("_backward") else (x, *slope)


@pytest.mark.parametrize("name", mistakes.OF_EACH)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_mistake_is_recognised_in_no_other_mistakes_answer(name):
    given = inputs_of(name)
    right = np.asarray(getattr(reference, name)(*given))
    found = [np.asarray(mistake.computation(*given), np.float64) for mistake in mistakes.OF_EACH[name]]
    for mistake, answer in zip(mistakes.OF_EACH[name], found, strict=True):
        assert answer.shape == right.shape, mistake.explanation
        if np.isfinite(answer).all():
            assert not np.allclose(answer, right), mistake.explanation
            assert mistakes.of_function(name, answer, given) == mistake.explanation


def test_a_mistake_in_a_network_is_recognised_in_no_other_mistakes_answer():
    x, upstream, layers = random_network((3, 4, 6, 5, 2))
    for wrong, explanation in mistakes_in_networks.IN_OUTPUTS.items():
        found = mistakes_in_networks.outputs(x, layers, "sigmoid", wrong)
        assert mistakes_in_networks.of_outputs(found, x, layers, "sigmoid") == explanation, wrong
    for wrong, explanation in mistakes_in_networks.IN_GRADIENTS.items():
        arrays = mistakes_in_networks.gradients(upstream, x, layers, "sigmoid", wrong)
        told = mistakes_in_networks.of_gradients(arrays, upstream, x, layers, "sigmoid")
        assert told == ("" if wrong == "always sigmoid" else explanation), wrong  # those are right here
    given = upstream[:, :2], x, layers[0][0][:, :2]
    for wrong, explanation in mistakes.IN_LINEAR_BACKWARD.items():
        assert mistakes.of_linear_backward(mistakes.linear_backward(*given, wrong), given) == explanation, wrong


def deep_weights() -> list[list[np.ndarray]]:
    random = np.random.default_rng(0)
    sizes = [1, *[checks.WIDTH] * (checks.LAYERS - 1), 1]
    pairs = list(pairwise(sizes))
    return [[gain / n**0.5 * random.standard_normal((n, m)) for n, m in pairs] for gain in checks.GAINS.values()]


def run_deep(live: Live | None, steps: int = 25) -> dict[str, torch.Tensor]:
    """The deep probe on the reference solution, with a window or without."""
    x = torch.linspace(-1, 1, 64, dtype=torch.float64)[:, None]
    weights = [[tensor(weight) for weight in network] for network in deep_weights()]
    given = (x, torch.sin(torch.pi * x), weights, steps, checks.DEEP_RATE)
    watch = live.watcher(PICTURE) if live else None
    return probes.deep(backprop.network_forward, backprop.network_backward, *given, watch)


@pytest.fixture(scope="module")
def deep() -> dict[str, np.ndarray]:
    return {name: found.numpy() for name, found in run_deep(None).items()}


def test_twenty_sigmoid_layers_leave_nothing_of_the_gradient_and_relu_keeps_it(deep):
    sigmoid, relu = deep["sizes"]
    assert sigmoid[0] < 1e-9 * sigmoid[-1]
    assert relu[0] > 1e-3 * relu[-1]
    assert (np.diff(np.log(sigmoid[:-1])) > 0).all()


@pytest.fixture(scope="module")
def state(deep) -> picture.State:
    x = np.linspace(-1, 1, 64)
    (panel,) = picture.DeepNetworks(x, np.sin(np.pi * x), **deep).panels()
    assert isinstance(panel, WindowPicture)
    assert "Size of the gradient at layer 1" in panel.alt
    return panel.state


def test_the_picture_draws_at_the_start_on_the_way_and_at_the_end(state):
    empty: list[np.ndarray] = [np.zeros(0)] * 2
    nothing = dataclasses.replace(state, before=empty, now=empty, losses=empty, outputs=empty)
    parts = {name: [getattr(state, name)[0], np.zeros(0)] for name in ("before", "now", "losses", "outputs")}
    pictures = [drawn(PICTURE, each) for each in (nothing, dataclasses.replace(state, **parts), state)]
    assert all(one.shape == (480, 640, 3) for one in pictures)
    assert len({one.tobytes() for one in pictures}) == 3
    assert nothing.caption == "two networks of 20 layers, one wave"
    assert dataclasses.replace(state, **parts).caption.startswith("sigmoid  ·  step 25 of 25  ·  loss ")
    assert state.caption.startswith("20 layers, 25 steps  ·  losses: sigmoid ")


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e300])
@pytest.mark.filterwarnings("error")
def test_gradients_that_are_gone_or_without_bound_can_be_drawn(state, value):
    names = ("before", "now", "losses", "outputs")
    odd = {name: [np.full_like(array, value) for array in getattr(state, name)] for name in names}
    assert drawn(PICTURE, dataclasses.replace(state, **odd)).shape == (480, 640, 3)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(state):
    back = carried(state)
    assert back.steps == state.steps
    np.testing.assert_array_equal(back.now[1], state.now[1])


def test_the_live_window_follows_both_trainings_and_changes_no_number(deep):
    opener = Opener(Keeping)
    ticks = iter(range(10**9))
    watched = run_deep(Live("e2 Backpropagation", opener, clock=lambda: next(ticks) / 200))
    for name, found in watched.items():
        np.testing.assert_array_equal(found.numpy(), deep[name])
    states = opener.windows[0].states
    assert len(states) > 3
    assert not len(states[0].before[0])
    assert [len(losses) for losses in states[-1].losses] == [25, 25]
    np.testing.assert_array_equal(states[-1].before[1], deep["sizes"][1])


@pytest.mark.parametrize("size", [1.0, 0.0, 1e200])
def test_the_charts_of_the_report_draw(size):
    network = [(size * np.ones((2, 2)), np.zeros(2)), (size * np.ones((2, 1)), np.zeros(1))]
    corners, is_one = np.stack([checks.CORNERS] * 10), np.tile([False, True, True, False], (10, 1))
    squares = charts.Squares(corners, is_one, np.arange(10) > 0, [("relu", network)] * 10)
    x = np.linspace(0, 2 * np.pi, 50)
    wave = charts.Wave(x, np.sin(x), 0.9 * np.sin(x), "leaky_relu", [(network[0][0][:1], np.zeros(2)), network[1]])
    for exhibit in (squares, wave):
        (panel,) = exhibit.panels()
        figure_of(panel)
        assert panel.alt


@pytest.mark.parametrize("name", reference.ACTIVATIONS)
def test_the_maps_of_the_report_use_the_activations_of_the_grader(name):
    z = np.linspace(-5, 5, 41)
    np.testing.assert_allclose(charts.ACTIVATIONS[name](z), reference.ACTIVATIONS[name][0](z), atol=1e-12)


submission = partial(elective, "backprop")
NO_TRAINING = (("range(20)", "range(0)"), ("optimizer.step(loss)", "loss()"))  # for speed
BACKWARD = "return upstream @ weight.T, x.T @ upstream, upstream.sum(dim=0)"
INSERT = "gradients.insert(0, (by_weight, by_bias))"
TRAINED_XOR = 'return "tanh", best'


@pytest.mark.parametrize(
    ("old", "new", "check", "message"),
    [
        (BACKWARD, "return upstream @ weight.T", "linear", "should return three gradients: with respect to x, W and b"),
        (BACKWARD, "return 1, 2, 3", "linear", "the gradient with respect to x of shape (7, 3); got an int"),
        (INSERT, "gradients.insert(0, by_weight)", "network", "one of them is no tuple of two"),
        (INSERT, "gradients.insert(0, (by_weight, by_bias[None]))", "network", "the gradient with respect to the bias of layer 1 of a network of sizes [3, 5, 2] with sigmoid should have the shape (5,); got (1, 5)"),
    ],
)  # fmt: skip
def test_odd_answers_are_named(graded, tmp_path, old, new, check, message):
    run = graded(submission(tmp_path, (old, new)), only("e2", check))
    assert message in run.check("e2", check)["message"]
    assert run.check("e2", check)["status"] == "failed"


def layers(*sizes: int) -> list[Any]:
    """Layers as a training function's answer has them."""
    return [[np.ones(pair), np.ones(pair[1])] for pair in pairwise(sizes)]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "should return the name of an activation and a network of sizes [1, hidden, 1]; got None"),
        (layers(1, 3, 1), "The name is one of sigmoid, tanh, relu, leaky_relu; got a list"),
        (["swish", layers(1, 3, 1)], "got 'swish'"),
        (["tanh", layers(1, 3, 3, 1)], "2 layers; got 3"),
        (["tanh", 3.0], "2 layers; got a float"),
        (["tanh", [[1.0, 2.0], [3.0, 4.0]]], "with 1 to 64 hidden units; got 0"),
        (["tanh", layers(1, 65, 1)], "with 1 to 64 hidden units; got 65"),
        (["tanh", [layers(1, 3)[0], 7]], "one of the layers is no tuple of weight and bias"),
        (["tanh", [layers(1, 3)[0], layers(4, 1)[0]]], "layer 2 of the network that train_sine returned should have a weight of shape (3, 1); got (4, 1)"),
        (["tanh", [layers(1, 3)[0], [np.full((3, 1), np.nan), np.ones(1)]]], "3 of 3 numbers are NaN or infinite"),
        (["tanh", [layers(1, 3)[0], [np.array("text"), None]]], "layer 2"),
    ],
)  # fmt: skip
def test_odd_networks_are_named(found, message):
    with pytest.raises(CheckFailed) as failure:
        answers.trained_network(found, "train_sine", [1, 0, 1])
    assert message in str(failure.value)


def test_a_network_is_accepted_with_any_activation():
    for name in reference.ACTIVATIONS:
        assert answers.trained_network([name, layers(1, 64, 1)], "train_sine", [1, 0, 1])[0] == name


@pytest.mark.parametrize(
    ("right", "message"),
    [
        (np.full((10, 4), 0.6), "No network is sure of any corner"),
        (
            np.tile([0.99, 0.99, 0.99, 0.3], (10, 1)),
            "In 10 of 10 trainings, at least one of the four points gets the wrong answer",
        ),
        (np.tile([0.99, 0.99, 0.99, 0.8], (10, 1)), "but some are unsure"),
    ],
)
def test_what_trained_networks_show_of_xor(right, message):
    assert message in mistakes_in_networks.of_xor(right)


def test_weights_learned_by_heart_solve_no_turned_square(graded, tmp_path):
    """The classic weights of XOR fit the square that is not turned, and few others."""
    new = """one = torch.ones(2, 2).double()
    best = [(20 * one, torch.tensor([-10.0, -30.0]).double()), (torch.tensor([[20.0], [-20.0]]).double(), torch.tensor([-10.0]).double())]
    return "sigmoid", best"""
    run = graded(submission(tmp_path, (TRAINED_XOR, new), *NO_TRAINING), only("e2", "xor"))
    assert 0.1 <= run.question("e2")["metrics"]["xor_share"] <= 0.4
    assert run.check("e2", "xor")["status"] == "failed"


def test_inputs_differ_from_seed_to_seed():
    first, second = (checks._random(SimpleNamespace(seed=seed), 1).random() for seed in (0, 1))
    assert first != second


@pytest.mark.parametrize(
    "mode", [torch.enable_grad, lambda: torch.set_grad_enabled(True), lambda: torch.inference_mode(False)]
)
@pytest.mark.parametrize("computes", [lambda y, x: y.backward(), lambda y, x: torch.autograd.grad(y, x)])
def test_no_detour_to_autograd_leads_to_a_gradient_in_a_probe(mode, computes):
    def by_autograd(x):
        with mode():
            x = x.clone().requires_grad_()
            computes(x.square().sum(), x)

    with pytest.raises(RuntimeError, match="does not require grad|inference tensors"):
        probes.called(by_autograd, [torch.ones(3)])
    x = torch.ones(3, requires_grad=True)
    x.sum().backward()  # and outside of the probe it works as ever
    assert x.grad is not None
