"""Elective 1: the numpy reference is torch's, the picture draws whatever comes, and odd answers are named."""

from __future__ import annotations

import dataclasses
import io
import re
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from grading.console import Console
from grading.engine import Engine, Settings
from grading.questions import discover
from pictures.panels import WindowPicture
from pictures.windows.live import Live
from staff.evidence.calibrate.runs import SOLUTIONS as GRADED
from staff.evidence.mutants.format import read_all
from staff.solutions.electives import optimizers
from test_cases.e1 import checks, mistakes, reference
from test_cases.e1.public import picture, probes, surfaces
from test_cases.e1.public.charts import BowlPaths, Schedules
from tests.support import PROJECT, SOLUTIONS, elective, only
from tests.windows import Keeping, Opener, carried, drawn, figure_of

PICTURE = "test_cases.e1.public.picture"
STEPS = 20
THRESHOLD = next(question for question in discover() if question.id == "e1").thresholds["maximum_valley_loss"]


def valley_start() -> np.ndarray:
    return np.array(surfaces.VALLEY_START)


def descended(update: str, rates: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    start = valley_start() if start is None else start
    return reference.descend(reference.UPDATES[update], start, reference.rosenbrock_slope, rates)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("gradient_descent", torch.optim.SGD),
        ("momentum", partial(torch.optim.SGD, momentum=reference.MU)),
        ("adam", torch.optim.Adam),
    ],
)
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e4])
def test_the_reference_takes_the_steps_of_torch_optim_also_when_the_rate_changes(name, make, size):
    random = np.random.default_rng(1)
    start, slopes = random.standard_normal(6), size * random.standard_normal((STEPS, 6))
    rates = random.uniform(0.01, 0.1, STEPS)
    weights = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = make([weights], lr=1.0)
    path = [start]
    for slope, rate in zip(slopes, rates, strict=True):
        optimizer.param_groups[0]["lr"] = float(rate)
        weights.grad = torch.from_numpy(slope)
        optimizer.step()
        path.append(weights.detach().numpy().copy())
    found = reference.run(reference.UPDATES[name], start, slopes, rates)
    np.testing.assert_allclose(found, np.stack(path), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("right", "make"),
    [
        (lambda step: reference.step_decay(0.3, step, 7, 0.4), partial(torch.optim.lr_scheduler.StepLR, step_size=7, gamma=0.4)),
        (lambda step: reference.exponential_decay(0.3, step, 0.05), partial(torch.optim.lr_scheduler.ExponentialLR, gamma=np.exp(-0.05))),
        (lambda step: reference.cosine_annealing(0.3, step, 60, 0.01), partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=60, eta_min=0.01)),
    ],
    ids=["step", "exponential", "cosine"],
)  # fmt: skip
def test_the_reference_has_the_rates_of_torch_lr_scheduler(right, make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = make(optimizer)
    for step in range(61):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(right(step), rel=1e-9)
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(
    ("surface", "slope"),
    [(surfaces.bowl, reference.bowl_slope), (surfaces.rosenbrock, reference.rosenbrock_slope)],
    ids=["bowl", "rosenbrock"],
)
def test_the_gradients_of_the_surfaces_are_those_of_torch(surface, slope):
    points = np.random.default_rng(2).standard_normal((5, 2))
    tensor = torch.from_numpy(points.copy()).requires_grad_()
    surface(tensor).sum().backward()
    np.testing.assert_allclose(slope(points), tensor.grad.numpy(), rtol=1e-12)
    np.testing.assert_array_equal(surface(points), surface(tensor).detach().numpy())


def test_the_path_that_minimize_should_give_is_that_of_its_definition():
    random = np.random.default_rng(3)
    start, centre = random.standard_normal((2, 2, 3))
    given = (start, centre, random.uniform(0.5, 2, (2, 3)), 0.2, STEPS)
    tensors = [torch.from_numpy(each.copy()) if isinstance(each, np.ndarray) else each for each in given]
    found = probes.stretched_bowl(optimizers.minimize, *tensors)
    np.testing.assert_allclose(mistakes.minimized(*given), found.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("share", [0.99, 1.01])
def test_gradient_descent_shrinks_below_the_largest_stable_rate_and_grows_above(share):
    hessian = np.array([[3.0, 1.0], [1.0, 2.0]])
    rate = share * optimizers.largest_stable_rate(torch.from_numpy(hessian))
    path = reference.descend(reference.gradient_descent, np.ones(2), lambda w: hessian @ w, [rate] * 2000)
    assert (np.abs(path[-1]).max() < 1e-6) == (share < 1)
    assert rate == pytest.approx(share * reference.largest_stable_rate(hessian))


def test_half_lands_in_one_step_on_the_bowl_a_tenth_converges_and_a_hundredth_has_far_to_go():
    paths = [
        reference.descend(reference.gradient_descent, checks.BOWL_START, reference.bowl_slope, [rate] * 50)
        for rate in checks.BOWL_RATES
    ]
    slow, sound, at_once = (surfaces.bowl(path) for path in paths)
    assert at_once[1] == 0
    assert sound[-1] < 1e-8
    assert slow[-1] == pytest.approx(18 * 0.98**100)


def test_no_constant_rate_leads_plain_gradient_descent_through_the_valley():
    losses = [surfaces.rosenbrock(descended("gradient_descent", np.full(2000, rate))[-1]) for rate in np.geomspace(1e-4, 2.4e-3, 40)]  # fmt: skip
    assert min(loss for loss in losses if np.isfinite(loss)) > 5 * THRESHOLD


@pytest.mark.parametrize("name", ["reference", "mediocre"])
def test_a_recipe_that_is_accepted_leads_from_any_start_in_the_box(name):
    recipes = {"reference": optimizers.valley_recipe(2000), "mediocre": ("momentum", [5e-4] * 2000)}
    update, rates = recipes[name]
    box = np.stack(np.meshgrid(*[np.linspace(-0.2, 0.2, 5)] * 2), axis=-1).reshape(-1, 2)
    losses = surfaces.rosenbrock(descended(update, np.array(rates), valley_start() + box)[-1])
    assert losses.max() < 0.8 * THRESHOLD


def test_the_goal_of_the_picture_is_the_threshold():
    assert picture.GOAL == THRESHOLD


def whole_paths() -> np.ndarray:
    """Three paths, (3, 2001, 2)."""
    rates = {**checks.OTHER_RATES, "adam": 0.05}
    return np.stack([descended(name, np.full(2000, rates[name])) for name in picture.UPDATES])


def state_of(recipe: str, paths: np.ndarray) -> picture.State:
    (panel,) = picture.ValleyPaths(recipe, paths).panels()
    assert isinstance(panel, WindowPicture)
    return panel.state


@pytest.fixture(scope="module")
def state() -> picture.State:
    return state_of("adam", whole_paths())


def test_the_picture_draws_at_the_start_on_the_way_and_at_the_end(state):
    nothing = dataclasses.replace(state, paths=[path[:0] for path in state.paths])
    begun = dataclasses.replace(state, paths=[state.paths[0], state.paths[1][:30], state.paths[2][:0]])
    pictures = [drawn(PICTURE, each) for each in (nothing, begun, state)]
    assert all(one.shape == (480, 640, 3) for one in pictures)
    assert len({one.tobytes() for one in pictures}) == 3
    assert begun.caption.startswith("momentum  ·  step 29 of 2,000")
    assert state.caption.startswith("your recipe ends at a loss of ")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e20, -1e300])
@pytest.mark.filterwarnings("error")
def test_paths_that_have_diverged_can_be_drawn_and_are_no_reason_to_fail(state, value):
    paths = whole_paths()
    paths[1, 50:] = value
    assert drawn(PICTURE, state_of("momentum", paths)).shape == (480, 640, 3)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(state):
    back = carried(state)
    assert (back.recipe, back.steps) == (state.recipe, state.steps)
    assert all(np.array_equal(one, other) for one, other in zip(back.paths, state.paths, strict=True))


def test_a_picture_keeps_the_first_steps_and_the_last_however_long_a_path_is():
    path = np.random.default_rng(0).standard_normal((5001, 2))
    thinned = picture._thinned(path)
    assert len(thinned) < 350
    assert thinned[:60, 0].tolist() == list(range(60))
    assert thinned[-1].tolist() == pytest.approx([5000, *path[-1]], rel=1e-6)
    assert picture._thinned(path[:3])[:, 0].tolist() == [0, 1, 2]
    assert picture._thinned(path[:0]).shape == (0, 3)


def walk(live: Live | None) -> list[torch.Tensor]:
    """The valley probe on the reference solution, with a window or without."""
    updates = (optimizers.gradient_descent, optimizers.momentum, optimizers.adam)
    rates = torch.tensor([[value] * 300 for value in checks.OTHER_RATES.values()], dtype=torch.float64)
    watch = live.watcher(PICTURE, recipe="adam") if live else None
    return probes.valley(optimizers.minimize, *updates, torch.from_numpy(valley_start()), rates, watch)


def test_the_live_window_follows_minimize_and_changes_no_number():
    opener = Opener(Keeping)
    ticks = iter(range(10**9))
    watched = walk(Live("e1 Gradient descent", opener, clock=lambda: next(ticks) / 500))
    assert all(torch.equal(one, other) for one, other in zip(watched, walk(None), strict=True))
    states = opener.windows[0].states
    assert len(states) > 5
    lengths = [sum(map(len, state.paths)) for state in states]
    assert lengths[0] == 0
    assert lengths == sorted(lengths)
    assert [path[-1, 0] for path in states[-1].paths] == [299, 299, 299]  # the weights before the last step


@pytest.mark.parametrize("weights", [None, 3.0, torch.zeros(3), "text"])
def test_the_reader_passes_over_weights_that_are_none(weights):
    reader = picture.Reader(None, torch.zeros(2), torch.zeros(3, 10), "adam")
    reader.note(0, weights)
    assert [len(path) for path in reader.read().paths] == [0, 0, 0]


def test_the_charts_of_the_report_draw():
    curves = {name: np.linspace(0.3, 0.01, 40) for name in ("step_decay", "exponential_decay", "cosine_annealing")}
    for exhibit in (BowlPaths((0.1, 0.5), np.zeros((2, 51, 2))), Schedules(curves)):
        (panel,) = exhibit.panels()
        figure_of(panel)
        assert panel.alt


submission = partial(elective, "optimizers")
RECIPE = 'return "adam", [cosine_annealing(0.3, step, steps) for step in range(steps)]'
STACKED = "return torch.stack(path).detach()"


@pytest.mark.parametrize(
    ("old", "new", "check", "message"),
    [
        ("return weights - rate * gradient, None", "return None", "gradient_descent", "got None (is a return missing?)"),
        ("return weights - rate * gradient, None", "return rate, None", "gradient_descent", "got a float for the weights"),
        ("return weights - rate * gradient, None", "return (weights - rate * gradient)[0], None", "gradient_descent", "got a tensor of shape (2,) for the weights"),
        ("return weights - rate * gradient, None", "gradient.mul_(rate)\n    return weights - gradient, None", "gradient_descent", "changed its argument gradient in place"),
        (STACKED, "return path", "minimize", "got a list"),
        (STACKED, "return torch.stack(path[-2:])", "minimize", "should return a path of shape (21, 3); got (2, 3)"),
        ("return 2 / torch", "return torch", "stable_rate", "That is the largest curvature itself"),
        ("torch.linalg.eigvalsh(hessian).max().item()", "3.0", "stable_rate", "100 steps change the loss from"),
        (RECIPE, 'return "adagrad", [0.1] * steps', "valley", "The name is one of gradient_descent, momentum, adam; got 'adagrad'"),
        (RECIPE, 'return "adam", [0.1] * 10', "valley", "of shape (2000,); got (10,)"),
        (RECIPE, 'return "adam", [0.1, -0.1] * (steps // 2)', "valley", "the rate of step 1 is -0.1"),
        (RECIPE, "return 0.1", "valley", "should return the name of an update and 2,000 rates; got a float"),
        (RECIPE, 'return "adam", [float("nan")] * steps', "valley", "numbers are NaN or infinite"),
    ],
)  # fmt: skip
def test_odd_answers_are_named(graded, tmp_path, old, new, check, message):
    run = graded(submission(tmp_path, (old, new)), only("e1", check))
    assert message in run.check("e1", check)["message"]
    assert run.check("e1", check)["status"] == "failed"


def test_a_recipe_that_a_tensor_holds_is_a_recipe_too(graded, tmp_path):
    new = RECIPE.replace("[cosine", "torch.tensor([cosine").replace("range(steps)]", "range(steps)])")
    assert graded(submission(tmp_path, (RECIPE, new)), "e1").question("e1")["score"] == 4


def test_a_path_to_the_minimum_is_worth_nothing_without_a_recipe_that_leads_there(graded, tmp_path):
    """The grader takes the recipe's steps itself: no path that the student's process gives counts alone."""
    bad = 'return "gradient_descent", [1e-4] * steps'
    folder = submission(tmp_path, (RECIPE, bad))
    path = folder / "electives" / "optimizers.py"
    source = path.read_text(encoding="utf-8")
    source = source.replace(STACKED, "if steps == 2000: path[-1] = torch.ones(2, dtype=torch.float64)\n    " + STACKED)
    path.write_text(source, encoding="utf-8")
    run = graded(folder, "e1")
    assert run.check("e1", "valley")["status"] == "failed"
    assert run.question("e1")["score"] == 3.5


def test_backward_in_minimize_leaves_no_curve_of_three_runs_in_one(warm_starts):
    directory = GRADED["mediocre"]  # its minimize calls backward(), whose losses are noted
    settings = Settings(directory, exhibits=True)
    with Engine(settings, Console(io.StringIO())) as engine:
        (result,) = engine.grade([question for question in discover() if question.id == "e1"])
    assert [type(exhibit) for exhibit in result.exhibits] == [Schedules, BowlPaths, picture.ValleyPaths]


def test_inputs_differ_from_seed_to_seed(graded):
    assert len({graded(SOLUTIONS, "e1", seed=seed).question("e1")["metrics"]["valley_loss"] for seed in (0, 1)}) == 2


def test_a_mistake_is_recognised_in_no_other_mistakes_answer():
    """Each wrong update differs from each other one on the inputs of the checks, so that no name is given in vain."""
    random = np.random.default_rng(7)
    for name, wrong in mistakes.WRONG_UPDATES.items():
        starts = random.standard_normal((2, 3, 2))
        sizes = np.array(checks.GRADIENT_SIZES.get(name, (1.0, 1.0))).reshape(2, 1, 1, 1)
        slopes = sizes * random.standard_normal((2, STEPS, 3, 2))
        rates = random.uniform(0.01, 0.1, STEPS)
        for kind, explanation in mistakes.EXPLANATIONS[name].items():
            update: Any = partial(wrong, wrong=kind)
            with np.errstate(invalid="ignore"):
                found = np.stack([reference.run(update, *given, rates) for given in zip(starts, slopes, strict=True)])
            assert mistakes.of_update(name, found, starts, slopes, rates) == explanation, (name, kind)


def test_weights_and_state_that_are_returned_in_the_other_order_are_told():
    random = np.random.default_rng(9)
    starts, slopes, rates = (
        random.standard_normal((2, 3, 2)),
        random.standard_normal((2, STEPS, 3, 2)),
        np.full(STEPS, 0.1),
    )

    def exchanged(x: np.ndarray, slope: np.ndarray, memory: Any, rate: float) -> tuple[Any, Any]:
        weights, velocity = reference.momentum(x, slope, memory, rate)
        return velocity, weights

    found = np.stack([reference.run(exchanged, *given, rates) for given in zip(starts, slopes, strict=True)])
    assert mistakes.of_update("momentum", found, starts, slopes, rates) == mistakes.EXCHANGED


def test_the_page_about_building_an_elective_counts_the_mutants_of_this_one():
    page = (PROJECT / "docs" / "electives.md").read_text(encoding="utf-8")
    count = sum(mutant.question == "e1" for mutant in read_all())
    assert re.findall(r"(\d+) (?:wrong submissions|mutants)", page) == [str(count)] * 2
