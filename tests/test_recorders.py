"""What the recorders of a training run keep: means of losses, optimizers, ranges of inputs, new parameters."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.modules.module import _global_forward_pre_hooks
from torch.utils.data import DataLoader

from backend import RegressionDataset
from grading.child import first_values, recorders, watch, weights


@pytest.mark.parametrize("count", [1, 39, 40, 41, 1000, 4097])
def test_means_of_losses_cover_all_updates_and_stay_few(count):
    course = recorders.LossCourse()
    for number in range(count):
        course.add(torch.tensor(float(number)))
    told = course.told()
    assert len(told["losses"]) <= recorders.MAX_MEANS
    assert told["losses"] == sorted(told["losses"])
    assert (told["first_loss"], told["latest_loss"], told["lowest_loss"]) == (0, count - 1, 0)
    assert told["losses"][0] < max(2.0, count / 10)
    assert told["losses"][-1] > 0.9 * (count - 1) - 1


def test_a_loss_that_is_no_single_number_is_left_out():
    course = recorders.LossCourse()
    for loss in (torch.zeros(2), None, [torch.tensor(1.0)]):
        course.add(loss)
    assert course.told() == {"losses": [], "first_loss": None, "latest_loss": None, "lowest_loss": None}


def trained(change=lambda x: x, optimizers: int = 1, makes_layers: bool = False) -> dict:
    """The statistics of ten updates on the sine."""
    model = torch.nn.Linear(1, 1)
    examples = RegressionDataset(model)
    with watch.training_stats(model, examples) as stats:
        made = [torch.optim.SGD(model.parameters(), lr=1 / 2**number) for number in range(optimizers)]
        for number, batch in enumerate(DataLoader(examples, batch_size=20)):
            optimizer = made[number % optimizers]
            optimizer.zero_grad()
            outputs = model(change(batch["x"]))
            if makes_layers:
                outputs = torch.nn.Linear(1, 1)(outputs)
            torch.nn.functional.mse_loss(outputs, batch["label"]).backward()
            optimizer.step()
            model(100 * batch["x"]) if number == 0 else None
    return stats


def test_the_range_of_inputs_is_told_beside_that_of_the_batches():
    stats = trained(lambda x: x / 10 + 5)
    (low, high), (read_low, read_high) = stats["batch_range"], stats["input_range"]
    assert -6.3 < low < high < 6.3
    assert read_high > 50  # of the call with 100 times the inputs
    assert read_low < 5


def test_calls_without_gradients_are_no_training():
    model = torch.nn.Linear(1, 1)
    examples = RegressionDataset(model)
    with watch.training_stats(model, examples) as stats, torch.no_grad():
        model(torch.full((1, 1), 9.0))
    assert stats["input_range"] == []


def test_the_model_is_watched_for_some_calls_only():
    model = torch.nn.Linear(1, 1)
    seen = recorders.Inputs(model)
    with seen.watching():
        with torch.no_grad():
            for _ in range(recorders.MAX_CALLS):
                model(torch.zeros(1, 1))
        assert not _global_forward_pre_hooks
        model(torch.ones(1, 1))
    assert seen.told()["input_range"] == []


def test_optimizers_and_new_parameters_are_counted():
    stats = trained(optimizers=5, makes_layers=True)
    assert stats["optimizers"] == 5
    assert stats["learning_rates"] == [1.0, 1 / 16]
    assert stats["made"] == 20  # a weight and a bias in each of ten updates


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ([torch.tensor([3.0, 4.0])], [torch.tensor([3.0, 4.5])], 0.1),
        ([torch.zeros(2)], [torch.ones(2)], None),
        ([torch.ones(2)], [torch.full((2,), math.nan)], None),
        ([torch.ones(2)], [torch.ones(3)], None),
        ([], [], None),
    ],
)
def test_movement_is_a_share_of_the_size_at_first(before, after, share):
    found = first_values.movement(list(zip(before, after, strict=True)))
    assert found == (share if share is None else pytest.approx(share))


def with_a_new_head(steps: int, makes_head: bool = True, trains: bool = True, passes: int = 1) -> dict:
    """The statistics of a training that freezes the first layer, and may give the model a new last one."""
    torch.manual_seed(5)
    model = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Linear(4, 3), torch.nn.Linear(3, 1))
    examples = RegressionDataset(model)
    with watch.training_stats(model, examples) as stats:
        if makes_head:
            model[1], model[2] = torch.nn.Identity(), torch.nn.Linear(4, 1)
        model[0].requires_grad_(False)
        optimizer = torch.optim.SGD(model[2].parameters() if trains else torch.nn.Linear(4, 1).parameters(), lr=0.01)
        for _ in range(passes):
            for _, batch in zip(range(steps), DataLoader(examples, batch_size=20), strict=False):
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(model(batch["x"]), batch["label"]).backward()
                optimizer.step()
        stats["names"] = [name for name, _ in model.named_parameters()]
    return stats


@pytest.mark.parametrize("makes_head", [True, False])
def test_a_model_whose_new_head_was_trained_has_changed(makes_head):
    stats = with_a_new_head(10, makes_head)
    assert (stats["changed"], stats["own_steps"], stats["arrivals"]) == (True, 10, 10)
    assert stats["unmoved"][:2] == ["0.weight", "0.bias"]
    assert 0 < stats["moved"] < 1


def test_a_model_whose_new_head_was_not_trained_has_not_changed():
    stats = with_a_new_head(10, trains=False)
    assert (stats["changed"], stats["steps"], stats["own_steps"], stats["moved"]) == (False, 10, 0, 0)
    assert stats["unmoved"] == stats["names"]


def test_training_of_a_new_head_alone_is_not_taken_for_hopeless():
    stats = with_a_new_head(10, passes=15)
    assert (stats["stopped"], stats["steps"]) == (False, 150)


def test_a_head_that_nobody_saw_before_it_was_set_counts_as_changed():
    """A closed form needs no backward pass."""
    model = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Linear(4, 3), torch.nn.Linear(3, 1))
    with watch.training_stats(model, RegressionDataset(model)) as stats:
        model[1], model[2] = torch.nn.Identity(), torch.nn.Linear(4, 1)
    assert stats["changed"] is True
    assert stats["moved"] == 0  # of the layer that was there before


def test_inputs_in_another_order_are_told_from_exchanged_dimensions():
    batch = torch.arange(24.0).reshape(2, 3, 4)
    model = torch.nn.Identity()
    for inputs, is_reordered in (
        (batch, 0),
        (batch.movedim(1, 0), 0),
        (batch.permute(2, 0, 1), 0),
        (batch.reshape(3, 2, 4), 1),
        (batch + 1, 0),
        (batch.reshape(6, 4), 0),
    ):
        seen = recorders.Inputs(model)
        seen.batch({"x": batch})
        with seen.watching():
            model(inputs)
        assert seen.told()["reordered"] == is_reordered


def test_tensors_outside_of_the_model_are_counted_unless_the_optimizer_has_them():
    model, other = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    loss = other(model(torch.ones(1, 2))).sum()
    for parameters, foreign in ((model.parameters(), 2), ([*model.parameters(), *other.parameters()], 0)):
        graph = recorders.Graph(lambda: list(model.parameters()))
        graph.add(loss)
        graph.step(torch.optim.SGD(parameters, lr=0.1))
        assert graph.told() == {"foreign": foreign}


def test_a_loss_without_a_graph_depends_on_nothing():
    graph = recorders.Graph(lambda: [])
    graph.add(torch.tensor(1.0))
    assert graph.told() == {"foreign": 0}


def test_the_weight_decay_of_the_latest_step_is_kept():
    steps = recorders.Steps()
    steps.add(torch.optim.Adam([torch.nn.Parameter(torch.ones(1))], weight_decay=0.1))
    assert steps.told()["weight_decay"] == 0.1


def test_the_step_from_which_the_learning_rate_is_small_is_kept():
    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    steps = recorders.Steps()
    for _ in range(5):
        steps.add(optimizer)
        optimizer.param_groups[0]["lr"] /= 10
    assert steps.told()["slow_from"] == 4


@pytest.mark.parametrize(
    ("moving", "moves", "last_moved"), [((), 0, False), ((0, 3), 0, False), ((5, 7), 2, False), ((1, 9), 1, True)]
)
def test_the_moves_of_the_latest_pass_are_counted(moving, moves, last_moved):
    """Two passes of five batches; batches of the first pass do not count."""
    parameter = torch.nn.Parameter(torch.zeros(3))
    recorder = weights.Moves([parameter], 5)
    for number in range(10):
        if number in moving:
            with torch.no_grad():
                for _ in range(number):
                    parameter.add_(1)
        recorder.batch_ended()
    most = max((number for number in moving if number >= 5), default=0)
    assert recorder.told() == {"moves": moves, "last_moved": last_moved, "most_writes": most}


def test_a_training_tells_which_batches_moved_the_weights():
    stats = trained()
    assert (stats["batches"], stats["moves"], stats["last_moved"]) == (10, 10, True)
