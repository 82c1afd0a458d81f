"""What is said of a training run from what was seen of it: each course has its own sentence, a sound one has none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grading.checks import behaviour, course, expect, training_mistakes
from grading.checks.answers import LayerCall, Layers, Training, training
from grading.checks.behaviour import Measure

FALLING = tuple(float(loss) for loss in 2.0 * 0.9 ** np.arange(40))
LEVEL = (*FALLING[:20], *(0.2 + 0.001 * (number % 2) for number in range(20)))
SOUND = Training(
    changed=True,
    finite=True,
    examples=1000,
    fetched=100_000,
    distinct=1000,
    batches=2000,
    steps=2000,
    own_steps=2000,
    backwards=2000,
    arrivals=2000,
    resumed=1999,
    optimizers=1,
    optimizer="Adam",
    learning_rates=(0.003, 0.003),
    moved=0.8,
    losses=LEVEL,
    first_loss=2.1,
    latest_loss=0.2,
    lowest_loss=0.1,
)


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 500, "own_steps": 500},
        {"steps": 250, "own_steps": 250},
        {"batches": 400, "steps": 100, "own_steps": 100, "arrivals": 400, "backwards": 400},
        {"batches": 100, "steps": 100, "own_steps": 100, "optimizer": "LBFGS"},
        {"steps": 0, "own_steps": 0},
    ],
    ids=["4 batches a step", "8 batches a step", "4 batches a pass", "20 gradients a step of a whole batch", "by hand"],
)
def test_an_update_of_several_batches_is_no_step_in_the_wrong_loop(changes):
    assert training_mistakes.training(replace(SOUND, **changes)) == ""


def test_a_sound_course_is_told_in_numbers_without_a_question():
    assert course.told(SOUND) == (
        "Training took 2,000 updates in 100 passes. The optimizer was Adam with learning rate 0.003. The loss went from "
        "2.1 to 0.201. The weights moved by 80% of their size."
    )
    assert (
        training_mistakes.training(SOUND) == training_mistakes.coverage(SOUND) == training_mistakes.advice(SOUND) == ""
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"backwards": 5, "batches": 5, "fetched": 5000},
            "Training took 5 updates in 5 passes. Each batch held all 1,000 examples, so that each pass had one update. "
            "Smaller batches give more updates. Is the batch size too large?",
        ),
        (
            {"unmoved": ("last.weight", "last.bias")},
            "These parameters did not move: `last.weight`, `last.bias`. Does the",
        ),
        ({"unmoved": tuple("abcdef")}, "`a`, `b`, `c`, `d` and 2 more. Does the optimizer not get them"),
        ({"weight_decay": 0.1}, "0.003, with weight decay 0.1. Weight decay pulls all weights towards 0 in each step."),
        ({"backwards": 40, "batches": 40, "fetched": 12_000}, "because a batch held 300 examples. Is the batch size"),
        ({"backwards": 40, "batches": 40, "fetched": 800}, "These are few updates. Does training need more passes?"),
        ({"latest_loss": 0.05, "lowest_loss": 0.05}, "Does the loss of one batch end your loop?"),
        (
            {"moved": 0.0001},
            "The weights moved by 0.01% of their size only, in 2,000 updates. Is the learning rate too small?",
        ),
        ({"optimizer": "SGD", "learning_rates": (0.001, 0.001), "moved": 0.05}, "SGD needs a larger learning rate"),
        ({"learning_rates": (0.5, 0.5)}, "Adam usually gets a learning rate from 0.0001 to 0.01. Is the learning rate"),
        (
            {"fetched": 1960, "batches": 20, "largest_batch": 100, "latest_loss": 0.05, "lowest_loss": 0.05},
            "Training ended inside a pass over the data, after 1.96 passes and 2,000 updates. Its last batch had the",
        ),
        (
            {"losses": (2.0, 40.0, *LEVEL[2:])},
            "The loss rose from 2.1 to 40 in between. Is the learning rate too large?",
        ),
        ({"losses": (*LEVEL[:-1], 1.5)}, "The loss fell to 0.2 and rose to 1.5 again. Is the learning rate too large?"),
        ({"losses": (*LEVEL[:20], *(0.2, 0.5) * 10)}, "The loss still jumps in the second half of training"),
        ({"slow_from": 40}, "below 1% of its first value after 40 of 2,000 steps."),
        ({"losses": FALLING}, "Does training need more passes or a larger learning rate?"),
        (
            {"losses": FALLING, "batches": 100, "backwards": 100},
            "A batch held 1,000 examples, so that a pass had few updates.",
        ),
        (
            {"losses": (2.303,) * 40, "first_loss": 2.31, "latest_loss": 2.31, "lowest_loss": 2.3},
            "The loss stayed near 2.303 from the first update to the last. That is the loss of equal probabilities for "
            "10 classes.",
        ),
    ],
)
def test_each_course_has_its_sentence(changes, told):
    stats = replace(SOUND, **changes)
    if "That is the loss" in told or "a pass had few updates." in told:
        stats = replace(stats, examples=50_000, fetched=100_000)
    assert told in course.told(stats, classes=10)


def test_a_cross_entropy_below_0_asks_for_the_order_of_its_arguments():
    stats = replace(SOUND, lowest_loss=-3.0)
    assert "never below 0. Which argument holds the scores, and which the labels?" in course.told(stats, classes=10)
    assert "never below 0" not in course.told(stats)  # another loss may be


def test_a_loss_that_is_negative_from_the_first_update_on_asks_for_its_sign():
    stats = replace(SOUND, first_loss=-2.3, losses=(-3.0, -50.0), lowest_loss=-60.0)
    assert "Which sign does the loss have where `backward()` is called?" in course.told(stats, classes=10)
    assert "A mean squared error is never below 0." in course.told(stats, loss="mean squared error")
    assert "sign" not in course.told(stats)  # another loss may be negative
    assert "Which sign does the loss have" in training_mistakes.training(replace(stats, finite=False))


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"first": 1, "last": 0}, "This layer is never called: `last`. Which line of `forward` should use it?"),
        ({"first": 1, "last": 1}, "Does the optimizer not get these parameters, or does `detach()`"),
        ({}, "Does the optimizer not get them, or does `forward` not use them?"),
    ],
)
def test_parameters_that_did_not_move_are_told_with_the_calls_of_their_layers(counts, told):
    stats = replace(SOUND, unmoved=("last.weight", "last.bias"))
    assert told in course.told(stats, layers=Layers(counts=counts))


def test_a_last_layer_that_did_not_move_has_a_gradient_if_others_moved():
    calls = (LayerCall("first", "Linear", True, (2, 3), None), LayerCall("last", "Linear", True, (2, 4), None))
    layers = Layers(calls, {"first": 1, "last": 1})
    told = course.told(replace(SOUND, unmoved=("last.weight", "last.bias")), layers=layers)
    assert told.endswith("Which parameters does the optimizer get?") and "detach" not in told
    assert "detach" in course.told(replace(SOUND, unmoved=("first.weight",)), layers=layers)


def test_a_list_of_layers_that_is_longer_than_needed_is_no_finding():
    stats = replace(SOUND, unmoved=("hidden.9.weight",))
    assert "hidden" not in course.told(stats, layers=Layers(counts={"hidden.8": 1, "hidden.9": 0}))


@pytest.mark.parametrize(("fetched", "is_inside"), [(1960, True), (2000, False), (1980, False)])
def test_a_pass_without_its_last_smaller_batch_is_whole(fetched, is_inside):
    stats = replace(SOUND, fetched=fetched, batches=22, largest_batch=90)  # 11 whole batches hold 990 of 1,000
    assert ("inside a pass" in training_mistakes.coverage(stats)) == is_inside


def test_the_weight_decay_of_adamw_is_no_fault():
    assert course.told(replace(SOUND, weight_decay=0.01)) == course.told(SOUND)


def test_of_a_training_without_updates_nothing_is_told():
    assert course.told(Training()) == ""


def test_of_batches_that_came_from_elsewhere_no_size_is_told():
    stats = replace(SOUND, backwards=20, fetched=0, batches=0, distinct=0)
    assert course.told(stats).startswith("Training took 20 updates. The optimizer was Adam")
    assert "batch" not in course.told(stats)


@pytest.mark.parametrize("losses", [(), (1.0,), (float("nan"),) * 40, (float("inf"), 1.0) * 20])
def test_a_course_that_is_no_course_is_no_fault(losses):
    assert course.told(replace(SOUND, losses=losses, first_loss=None)).startswith("Training took 2,000 updates")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"finite": False}, "training diverged. The optimizer was Adam with learning rate 0.003."),
        ({"made": 4000}, "Are all layers made in `__init__`?"),
        ({"optimizers": 2000}, "Is the optimizer made inside the loop?"),
        ({"optimizers": 2000, "optimizer": "SGD"}, ""),
        ({"made": 6}, ""),
        ({"foreign": 4}, "4 tensors that training cannot change"),
        ({"reordered": 8}, "`reshape` and `view` cannot exchange dimensions."),
        ({"changed": False, "learning_rates": (0.0, 0.0)}, "The learning rate was 0."),
        ({"changed": False}, "What happens to the gradients between `backward()` and `step()`?"),
        ({"changed": False, "steps": 0, "own_steps": 0}, "Is `step()` called after each `backward()`?"),
        ({"changed": False, "arrivals": 0, "backwards": 0}, "Is `backward()` called on the loss?"),
        ({"changed": False, "arrivals": 0}, "no gradient arrived at the model"),
        ({"changed": False, "arrivals": 0, "own_steps": 0}, "Is a new model or a copy made"),
        ({"changed": False, "own_steps": 0}, "holds no parameter of this model"),
        ({"stale": 1500}, "Where does your code reset the gradients?"),
        (
            {"steps": 100, "own_steps": 100, "resumed": 1980, "stale": 99},
            "Gradients arrived 2,000 times, but the optimizer took only 100 steps, about one in each pass. Each batch "
            "should have a step of its own. Is `step()` inside of the loop over the batches?",
        ),
        ({"steps": 1, "own_steps": 1}, "but the optimizer took only 1 step. Each batch"),
        ({"steps": 1, "own_steps": 1, "fetched": 1000, "batches": 20, "arrivals": 20, "backwards": 20}, "only 1 step."),
    ],
)
def test_a_mistake_in_training_is_named_from_its_counts(changes, told):
    found = training_mistakes.training(replace(SOUND, **changes))
    assert told in found
    assert bool(found) == bool(told)


def test_an_optimizer_for_each_step_is_worth_advice():
    told = training_mistakes.advice(replace(SOUND, optimizers=2000, optimizer="SGD"))
    assert told.startswith("2,000 optimizers were made for 2,000 steps.")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"distinct": 20, "fetched": 20, "batches": 1, "backwards": 1}, "Does a `return` or `break` end the loop"),
        ({"distinct": 20, "fetched": 20, "batches": 1, "backwards": 500}, "Is one batch used over and over"),
        (
            {"distinct": 20, "fetched": 200, "batches": 10, "backwards": 10, "largest_batch": 20},
            "Does each pass end after the first batch, or does",
        ),
        ({"fetched": 2000, "backwards": 40}, "Training passed over the data 2 times, in 40 updates."),
        ({"fetched": 1000, "backwards": 20}, "Training passed over the data once, in 20 updates."),
    ],
)
def test_training_on_little_data_is_named(changes, told):
    found = training_mistakes.coverage(replace(SOUND, **changes))
    assert told in found
    assert isinstance(found, expect.Doubt) == ("passed over the data" in told)  # few passes may be what is meant


def test_overfitting_is_told_only_where_training_data_is_known_and_other_data_is_not():
    assert "99.0% of its training words right, and 70.0%" in course.overfitting(0.99, 0.7, 0.8, "words")
    assert course.overfitting(0.75, 0.7, 0.8, "words") == ""
    assert course.overfitting(0.99, 0.81, 0.8, "words") == ""
    assert course.overfitting(float("nan"), float("nan"), 0.8, "words") == ""


@pytest.mark.parametrize(
    ("losses", "measured", "told"),
    [
        ([4.0, 2.0, 0.1], 1.5, "in evaluation mode, the loss is 1.5. Does `forward` do something else"),
        ([4.0, 2.0, 1.4], 1.5, "In training, the loss went from 4 to 1.4."),
        ([4.0, 4.1, 4.01], 4.0, "In training, the loss stayed near 4.01."),
        ([], 4.0, ""),
    ],
)
def test_reported_losses_are_compared_with_the_measured_one(losses, measured, told):
    rows = np.array(list(enumerate(losses)), np.float64).reshape(-1, 2)
    found = course.reported(rows, measured)
    assert told in found
    assert bool(found) == bool(told)


class Doubling:
    """A model that was trained on inputs from -1 to 1 where the batches hold -2 to 2: right there, wrong elsewhere."""

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        return 2 * inputs


@pytest.mark.parametrize(
    ("input_range", "is_told"),
    [((-1.0, 1.0), True), ((-2.0, 2.0), False), ((-3.0, 3.0), False), ((), False)],
)
def test_inputs_scaled_in_training_only_are_told_where_such_inputs_do_better(input_range, is_told):
    inputs = np.linspace(-2, 2, 20)[:, None]
    measure = Measure(inputs, lambda found: -float(np.square(found - inputs).mean()), -0.01)
    stats = Training(batch_range=(-2.0, 2.0), input_range=input_range)
    assert bool(behaviour.other_inputs(stats, Doubling(), measure)) == is_told


@pytest.mark.parametrize(
    ("factor", "shift", "is_told"), [(0.5, 0.0, True), (1.0, 1.0, True), (1.02, 0.05, False), (-1.0, 0.0, True)]
)
def test_predictions_of_another_size_are_told(factor, shift, is_told):
    right = np.sin(np.linspace(-6, 6, 50))[:, None]
    assert bool(behaviour.scaled_outputs(factor * right + shift, right)) == is_told


def test_predictions_of_another_shape_are_not_scaled_ones():
    right = np.sin(np.linspace(-6, 6, 50))[:, None]
    assert behaviour.scaled_outputs(np.abs(right), right) == ""
    assert behaviour.scaled_outputs(np.zeros_like(right), right) == ""


class OfWeights:
    """A model of which only the weights are asked for."""

    def __init__(self, name: str, weight: np.ndarray) -> None:
        self._weights = {name: weight}

    def parameters(self) -> dict[str, np.ndarray]:
        return self._weights


@pytest.mark.parametrize(
    ("name", "weight", "is_told"),
    [
        ("first.weight", np.ones((5, 4)), True),
        ("first.weight", np.tile([1.0, 2.0], (5, 1)), True),
        ("first.weight", np.eye(4), False),
        ("first.weight", np.ones((2, 4)), False),
        ("convolution_weights", np.ones((3, 3)), False),
    ],
)
def test_units_with_the_same_weights_are_told(name, weight, is_told):
    assert bool(behaviour._equal_units(OfWeights(name, weight))) == is_told


def test_predictions_that_cannot_become_negative_are_told():
    outputs = np.linspace(0.05, 0.9, 20)[:, None]
    assert "gives no negative numbers" in behaviour.activation_on_the_output(outputs, lowest=-1.0)
    assert behaviour.activation_on_the_output(outputs, lowest=0.0) == ""
    assert behaviour.activation_on_the_output(outputs / 10, lowest=-1.0) == ""  # hardly trained


@pytest.mark.parametrize(
    "reply",
    [
        {"losses": [1.0] * 101, "moved": 1, "optimizer": "not a name", "learning_rates": ["0.1"]},
        {"losses": [1, 2], "first_loss": "1", "batch_range": None, "optimizer": "x" * 41},
    ],
)
def test_statistics_that_do_not_fit_are_left_out(reply: dict[str, Any]):
    assert training(reply) == Training()


def test_statistics_that_fit_arrive():
    assert training({"losses": [1.0, 0.5], "optimizer": "Adam", "moved": 0.5}) == Training(
        losses=(1.0, 0.5), optimizer="Adam", moved=0.5
    )


@pytest.mark.parametrize("names", [["a b"], ["x" * 60], [1], ["a"] * 100_000, "ab"])
def test_names_that_are_none_are_left_out(names):
    assert training({"unmoved": names, "moved": 0.5}) == Training(moved=0.5)
    assert training({"unmoved": ["layers.0.weight"]}).unmoved == ("layers.0.weight",)
