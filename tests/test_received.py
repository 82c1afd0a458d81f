"""What the first layer of a model receives, and where examples meet or are lost: asked of models in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from grading.checks import answers, received
from grading.child import layers


class Network(nn.Module):
    """Two layers; what happens before, between and behind them is given."""

    def __init__(
        self,
        width: int,
        before: Callable[[Tensor], Tensor] = lambda x: x,
        between: Callable[[Tensor], Tensor] = torch.tanh,
        behind: Callable[[Tensor], Tensor] = lambda x: x,
    ) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(width, 6), nn.Linear(6, 2)
        self.steps = before, between, behind

    def forward(self, x: Tensor) -> Tensor:
        before, between, behind = self.steps
        return behind(self.last(between(self.first(before(x)))))


class Asked:
    """A model as checks see one."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return self._network(torch.from_numpy(inputs)).numpy()

    def layers(self, inputs: np.ndarray) -> answers.Layers:
        with torch.no_grad():
            told = layers.watched(self._network, lambda: self._network(torch.from_numpy(inputs)))
        return answers.layers(told)


def asked(width: int, **steps: Any) -> Any:
    return Asked(Network(width, **steps))


IMAGES = np.random.default_rng(0).random((16, 8), dtype=np.float32)
LINE = np.linspace(-6, 6, 64, dtype=np.float32)[:, None]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (torch.flatten, "`first` receives (32,). All images of the batch are joined in one row."),
        (torch.t, "`first` receives (8, 4). The dimensions are exchanged."),
        (lambda x: x[0], "Only one of the images reaches the layer."),
        (torch.squeeze, "The dimension of the batch is lost if it has size 1."),
        (lambda x: x / 2, ""),
    ],
)
def test_a_batch_that_loses_its_shape_before_the_first_layer_is_told(before, told):
    found = received.shape(asked(8, before=before), IMAGES[:4], "images")
    assert told in found
    assert bool(found) == bool(told)


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (torch.relu, "`first` receives 0 for every number up to -0.0952."),
        (
            lambda x: x.clamp(-1, 1),
            "receives -1 for every number up to -1.05. `first` receives 1 for every number from",
        ),
        (torch.abs, "`first` receives the same number for x and for -x."),
        (torch.round, "`forward` gets 64 different numbers, and `first` receives 13."),
        (lambda x: 0 * x, "`first` receives 0 for all of them."),
        (lambda x: x / 1000, "which is small for a layer. Where is `x` scaled?"),
        (lambda x: 1000 * x, "which is large for a layer. Where is `x` scaled?"),
        (lambda x: (x - x.mean()) / x.std(), ""),
        (lambda x: x / 6, ""),
        (lambda x: torch.tanh(x / 6), ""),
    ],
)
def test_numbers_that_change_before_the_first_layer_are_told(before, told):
    found = received.values(asked(1, before=before), LINE)
    assert told in found
    assert bool(found) == bool(told)


def test_images_that_are_cut_or_mixed_before_the_first_layer_are_told():
    first_five = received.values(asked(5, before=lambda x: x[:, :5]), IMAGES)
    assert "`first` receives only the first 5 of the 8 numbers of each example." in first_five
    mixed = received.values(asked(8, before=lambda x: x.t().reshape(x.shape)), IMAGES)
    assert "hold numbers of several examples" in mixed
    assert received.values(asked(8, before=lambda x: x.flip(1)), IMAGES) == ""  # another order of pixels is as good


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ({"before": lambda x: x - x.mean(dim=0)}, "The first layer, `first`, already receives other numbers"),
        (
            {"between": lambda x: x - x.mean(dim=0)},
            "`first` receives the same for an example alone, and `last` does not",
        ),
        ({"behind": lambda x: x.softmax(dim=0)}, "The examples meet after the last layer, `last`."),
    ],
)
def test_the_layers_between_which_examples_meet_are_told(steps, told):
    assert told in received.mixed(asked(8, **steps), IMAGES, 0)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ({"before": torch.ones_like}, "The first layer, `first`, receives the same numbers for all of them."),
        ({"between": lambda x: torch.relu(x - 100)}, "`last` receives 0 only: all units before it are 0"),
        ({"between": lambda x: (x + 100).sigmoid()}, "Up to `first`, the numbers differ."),
        ({"behind": lambda x: 0 * x}, "What happens after the last layer?"),
    ],
)
def test_the_layer_at_which_inputs_are_lost_is_told(steps, told):
    assert told in received.deaf(asked(8, **steps), IMAGES, len(IMAGES))


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ({"before": torch.relu}, "the prediction is"),
        ({"between": lambda x: torch.relu(x * 0 + 1) * (x > 0)}, "For every x"),
        ({}, ""),
    ],
)
def test_predictions_that_are_one_number_on_a_part_of_the_inputs_are_told(steps, told):
    model = asked(1, **steps)
    predictions = model(LINE)[:, :1]
    found, is_from_the_first_layer = received.where_flat(model, LINE, predictions)
    assert told in found
    assert bool(found) == bool(told)
    assert is_from_the_first_layer == ("before" in steps)


def test_layers_are_told_of_a_call_that_crashes_and_other_answers_are_left_out():
    broken = asked(8, between=lambda x: x.reshape(7))
    told = broken.layers(IMAGES)
    assert [call.name for call in told.calls] == ["first"]
    assert not told.is_whole
    assert told.counts == {"first": 1, "last": 0}
    wrong = {"calls": [{"name": "a b", "kind": "Linear", "shape": [1]}, 3], "counts": {"x": "y"}, "held": {"z": [1.5]}}
    assert answers.layers(wrong) == answers.Layers(is_whole=False)
    assert answers.layers(None) == answers.Layers(is_whole=False)


@pytest.mark.parametrize(("size", "is_kept"), [(answers.MAX_NUMBERS, True), (answers.MAX_NUMBERS + 1, False)])
def test_no_more_numbers_of_a_layer_are_kept_than_an_honest_process_sends(size, is_kept):
    """As float64, they take eight times the memory of the answer."""
    call = {"name": "first", "kind": "Linear", "shape": [size], "inputs": np.zeros(size, bool)}
    assert answers.MAX_NUMBERS == layers.MAX_NUMBERS
    (told,) = answers.layers({"calls": [call]}).calls
    assert (told.inputs is not None) == is_kept
