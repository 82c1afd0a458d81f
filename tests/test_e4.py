"""Elective 4: the numpy reference is torch's, pictures draw whatever comes, odd answers are named, no answer is forged."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import data as datasets
from grading.outcomes import CheckFailed
from pictures.windows.live import Live
from staff.solutions.electives import convnets
from test_cases.e4 import checks, mistakes, moving, reference
from test_cases.e4.public import charts, data, layers, picture
from test_cases.e4.public.dataset import DigitImages
from test_cases.e4.trained import STAGES
from tests.support import elective, only
from tests.windows import Keeping, Opener, carried, drawn, figure_of

PICTURE = "test_cases.e4.public.picture"


def random(number: int = 0) -> np.random.Generator:
    return np.random.default_rng(number)


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def same(found: np.ndarray, right: torch.Tensor, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(found, right.detach().numpy(), rtol=0, atol=tolerance)


@pytest.mark.parametrize(("before", "after", "kernel", "stride", "padding"), checks.CONVOLUTIONS)
def test_the_reference_convolves_as_torch_does(before, after, kernel, stride, padding):
    x, bias = random().standard_normal((2, before, 9, 12)), random().standard_normal(after)
    weight = random(1).standard_normal((after, before, kernel, kernel))
    same(
        reference.conv2d(x, weight, bias, stride, padding),
        functional.conv2d(*tensors(x, weight, bias), stride, padding),
    )


@pytest.mark.parametrize(("size", "height", "width"), checks.POOLED)
def test_the_reference_pools_as_torch_does(size, height, width):
    x = random().standard_normal((2, 3, height, width))
    same(reference.max_pool(x, size), functional.max_pool2d(*tensors(x), size))
    same(reference.average_pool(x, size), functional.avg_pool2d(*tensors(x), size))


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), checks.SIDES)
def test_the_reference_counts_positions_and_parameters_as_torch_does(size, kernel, stride, padding):
    layer = nn.Conv2d(3, 16, kernel, stride, padding)
    assert layer(torch.zeros(1, 3, size, size)).shape[-1] == reference.output_size(size, kernel, stride, padding)
    assert sum(each.numel() for each in layer.parameters()) == reference.parameter_count(3, 16, kernel)


def test_sixteen_filters_of_5_by_5_on_32_by_32_by_3_give_32_by_32_by_16_with_1216_parameters():
    assert (32, 5, 1, 2) in checks.SIDES
    assert (3, 16, 5) in checks.LAYERS
    assert reference.output_size(32, 5, 1, 2) == 32
    assert reference.parameter_count(3, 16, 5) == 1216


def test_the_reference_moves_images_as_torchs_sampling_does():
    images = random().standard_normal((3, 2, 11, 11))
    numbers = random(1).uniform(-3, 3, (2, 3)), random(2).uniform(-90, 90, 3)
    matrices = []
    for down, right, turn in zip(*numbers[0], np.radians(numbers[1]), strict=True):
        turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])  # column first, then row
        matrices.append(np.column_stack([turned, -turned @ np.array([right, down]) * 2 / 11]))
    grid = functional.affine_grid(torch.from_numpy(np.stack(matrices)), list(images.shape), align_corners=False)
    right_images = functional.grid_sample(torch.from_numpy(images), grid, align_corners=False)
    same(reference.move(images, *numbers[0], numbers[1]), right_images)


def test_a_quarter_turn_and_a_whole_shift_are_those_of_arrays():
    images = random().standard_normal((1, 1, 6, 6))
    none, turn = np.zeros(1), np.full(1, 90.0)
    np.testing.assert_allclose(reference.move(images, none, none, turn), np.rot90(images, axes=(2, 3)), atol=1e-12)
    shifted = reference.move(images, np.full(1, 2.0), np.full(1, -1.0), none)
    np.testing.assert_allclose(shifted[:, :, 2:, :-1], images[:, :, :-2, 1:], atol=1e-12)
    assert not shifted[:, :, :2].any()


def test_the_reference_finds_the_gradients_that_torch_finds():
    from test_cases.e4.public.probes import Curved

    images, labels = random().standard_normal((3, 2, 4, 4)), np.array([1, 0, 2])
    weights = {"inner": random(1).standard_normal((5, 32)), "outer": random(2).standard_normal((3, 5))}
    pixels = torch.from_numpy(images).requires_grad_()
    Curved(*tensors(*weights.values()))(pixels)[range(3), labels].sum().backward()
    assert pixels.grad is not None
    same(reference.saliency(weights, images, labels), pixels.grad)


def parameters_of(model: nn.Module) -> dict[str, np.ndarray]:
    return {name: each.detach().numpy() for name, each in model.named_parameters()}


def test_the_reference_reads_digits_as_the_model_does_with_either_head():
    torch.manual_seed(0)
    model, images = convnets.LeNet(10), random().random((3, 1, 28, 28)).astype(np.float32)
    assert sum(each.numel() for each in model.parameters()) == 44_426
    same(reference.logits(parameters_of(model), images), model(torch.from_numpy(images)), 1e-5)
    model.head = nn.Linear(reference.FEATURES, 5)
    same(reference.logits(parameters_of(model), images), model(torch.from_numpy(images)), 1e-5)


def distinct(explanations: Any, computation: Any, explain: Any, arguments: Any) -> None:
    """Each mistake is recognised by what it gives, and taken for no other."""
    for wrong, explanation in explanations.items():
        probes = [(each, computation(*each, wrong)) for each in arguments]
        assert explain(probes) == explanation, wrong


def test_a_mistake_is_recognised_in_no_other_mistakes_answer():
    draw = random(5)
    convolutions = []
    for before, after, kernel, stride, padding in checks.CONVOLUTIONS:
        weight = draw.standard_normal((after, before, kernel, kernel))
        convolutions.append(
            (draw.standard_normal((2, before, 9, 12)), weight, draw.standard_normal(after), stride, padding)
        )
    rights = [reference.conv2d(*each) for each in convolutions]
    distinct(
        mistakes.IN_CONVOLUTION, mistakes.conv2d, lambda probes: mistakes.of_convolution(probes, rights), convolutions
    )
    for is_max in (True, False):
        pooled = [
            (draw.standard_normal((2, 3, height, width)) - 1, size, is_max) for size, height, width in checks.POOLED
        ]
        distinct(mistakes.IN_POOLING, mistakes.pool, mistakes.of_pooling, pooled)
    shapes = ((3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 1, 1))
    one, two, around = [(draw.standard_normal(shape) / 3, draw.standard_normal(3)) for shape in shapes]
    x = draw.standard_normal((2, 3, 8, 6))
    distinct(
        mistakes.IN_RESIDUAL, mistakes.residual_block, mistakes.of_residual,
        [(x, one, two, None, 1), (x, one, two, around, 2)],
    )  # fmt: skip
    moved = (draw.standard_normal((4, 2, 9, 9)), *draw.uniform(-2, 2, (2, 4)), draw.uniform(-70, 70, 4))
    distinct(mistakes.IN_MOVING, mistakes.move, mistakes.of_moving, [moved])
    weights = {"inner": draw.standard_normal((7, 50)) / 5, "outer": draw.standard_normal((4, 7))}
    salient = (weights, draw.standard_normal((3, 2, 5, 5)), np.array([0, 3, 1]))
    one_of = {text: wrong for wrong, text in mistakes.IN_SALIENCY.items()}  # some mistakes share their explanation
    distinct({wrong: text for text, wrong in one_of.items()}, mistakes.saliency, mistakes.of_saliency, [salient])


def augmented(images: np.ndarray, max_shift: int, max_degrees: float) -> np.ndarray:
    torch.manual_seed(0)
    return convnets.augment(torch.from_numpy(images), max_shift, max_degrees).numpy()


def test_random_shifts_and_turns_are_told_from_others():
    shifted, turned = moving.pattern(random(), 10), moving.pattern(random(1), 16)
    moving.require_shifts(augmented(shifted, moving.MAX_SHIFT, 0.0), shifted)
    moving.require_turns(augmented(turned, 0, moving.MAX_DEGREES), turned)
    for degrees, message in (
        (2 * moving.MAX_DEGREES, "turned an image by"),
        (0.0, "by the same angle"),
        (8.0, "deviation of about 13.9 degrees; got 4.[0-9].$"),
    ):
        with pytest.raises(CheckFailed, match=message):
            moving.require_turns(augmented(turned, 0, degrees), turned)
    for found, message in (
        (augmented(shifted, 2, 0.0), "shifted an image by"),
        (shifted, "by the same amount"),
        (shifted[:, :, ::-1].copy(), "whole pixels"),
    ):
        with pytest.raises(CheckFailed, match=message):
            moving.require_shifts(found, shifted)


def test_draws_that_are_not_uniform_are_told():
    """Normal numbers, cut off or not, and uniform numbers that are rounded: what small ones are is told."""
    shifted, turned = moving.pattern(random(), 10), moving.pattern(random(1), 16)
    generator = torch.Generator().manual_seed(2)

    def moved(images: np.ndarray, down: torch.Tensor, right: torch.Tensor, degrees: torch.Tensor) -> np.ndarray:
        return convnets.move(torch.from_numpy(images), *(each.double() for each in (down, right, degrees))).numpy()

    most, none = moving.MAX_DEGREES, torch.zeros(len(turned))
    normal = torch.randn(len(turned), generator=generator)
    for degrees, message in (
        (most * normal, "turned an image by .*as in a normal distribution"),
        ((most / 2 * normal).clamp(-most, most), "got 11.* as in a normal distribution"),
        ((most * normal).clamp(-most, most), "by 24 degrees, to either side.*as `clamp` does"),
        (most * normal.sign(), "480 of 480 images by 24 degrees, to either side.*uniformly.$"),
    ):
        with pytest.raises(CheckFailed, match=message):
            moving.require_turns(moved(turned, none, none, degrees), turned)
    still = torch.zeros(len(shifted))
    uniform = 2 * torch.rand(2, len(shifted), generator=generator) - 1
    even = torch.randint(-1, 2, (2, len(shifted)), generator=generator)
    for (down, right), message in (
        (torch.randn(2, len(shifted), generator=generator).round(), "shifted an image by .*normal distribution"),
        (uniform.round(), "pixels down. All shifts up to max_shift are equally likely"),
        ((even[0], uniform[1].round()), "pixels to the right. All shifts"),
    ):
        with pytest.raises(CheckFailed, match=message):
            moving.require_shifts(moved(shifted, down, right, still), shifted)


def test_whole_shifts_may_be_int64_and_parts_of_a_pixel_are_told():
    shifted = moving.pattern(random(), 10)
    images, zeros = torch.from_numpy(shifted), torch.zeros(len(shifted))
    torch.manual_seed(0)
    down, right = torch.randint(-1, 2, (2, len(shifted)))  # divided by half a side, they are float32
    found = convnets.move(images, down, right, zeros).numpy()
    assert np.abs(found - convnets.move(images, down.to(images), right.to(images), zeros).numpy()).max() > 1e-9
    moving.require_shifts(found, shifted)
    with pytest.raises(CheckFailed, match="Are the shifts drawn from whole numbers"):
        moving.require_shifts(convnets.move(images, down + 0.01, right + 0.01, zeros).numpy(), shifted)


def splits() -> datasets.Splits:
    return datasets.Library(seed=0).load(checks.DATA)


def test_old_and_new_digits_are_what_they_are_called():
    everything = splits()
    assert everything.test is not None
    old = data.old(everything)
    assert (len(everything.train), len(old.train)) == (data.TRAIN, data.OLD_TRAIN)
    for split in (old.train, old.validation, old.test):
        assert split is not None
        assert set(split.y.tolist()) == set(range(5))
    new = data.few_of_each(everything, 3, random())
    assert new.test is not None
    assert new.validation is None
    assert np.bincount(new.train.y).tolist() == [3] * 5
    rows = np.flatnonzero(everything.test.y >= data.OLD)[: data.NEW_TEST]
    np.testing.assert_array_equal(new.test.y, everything.test.y[rows] - data.OLD)
    np.testing.assert_array_equal(new.test.x, everything.test.x[rows])


def arrays(count: int) -> dict[str, Any]:
    found = datasets.training_arrays(splits())
    return {name: array[:count] for name, array in found.items()}


@pytest.fixture(scope="module")
def state() -> picture.State:
    torch.manual_seed(0)
    return picture.Reader(DigitImages(convnets.LeNet(10), arrays(200))).read()


def test_the_picture_shows_the_layers_as_the_reference_computes_them(state):
    torch.manual_seed(0)
    model = convnets.LeNet(10)
    image = torch.from_numpy(state.image)[None, None]
    seen = layers.read(model, image, state.label)
    np.testing.assert_allclose(
        seen["features"].ravel(), reference.encode(parameters_of(model), image.numpy())[0], atol=1e-5
    )
    own = convnets.saliency(model, image, torch.tensor([state.label]))
    np.testing.assert_allclose(seen["saliency"], own[0].numpy(), atol=1e-6)
    assert state.label == picture.SHOWN_DIGIT
    assert state.caption.startswith("digits 0 to 9")


@pytest.mark.filterwarnings("error")
def test_pictures_of_whatever_numbers_draw(state):
    assert drawn(PICTURE, state).shape == (480, 640, 3)
    arrays_of = {
        name: value for name, value in vars(state).items() if isinstance(value, np.ndarray) and name != "image"
    }
    for value in (0.0, np.nan, np.inf, -1e30):
        odd = dataclasses.replace(state, **{name: np.full_like(each, value) for name, each in arrays_of.items()})
        assert drawn(PICTURE, odd).shape == (480, 640, 3)
    five = dataclasses.replace(state, chances=np.full(5, 0.2))
    assert drawn(PICTURE, five).shape == (480, 640, 3)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(state):
    back = carried(state)
    assert (back.accuracy, back.label) == (state.accuracy, state.label)
    np.testing.assert_array_equal(back.maps, state.maps)


def test_the_charts_of_the_report_draw(state):
    exhibits = [
        charts.Responses(*checks._responses(datasets.Library(seed=0))),
        charts.SalientDigits(random().random((10, 28, 28)), np.zeros((10, 28, 28))),
        charts.Transfer(STAGES, {3: random().random((4, 3)), 10: np.ones((2, 3))}),
    ]
    for exhibit in exhibits:
        (panel,) = exhibit.panels()
        figure_of(panel)
        assert panel.alt.endswith(".")
    (window,) = picture.Layers(**vars(state)).panels()
    assert window.state == state or window.state.label == state.label


def trained(live: Live | None) -> list[torch.Tensor]:
    """Parameters after a short training, with a window or without."""
    torch.manual_seed(0)
    model = convnets.LeNet(10)
    dataset = DigitImages(model, arrays(640))
    with live.watching(PICTURE, dataset) if live else pytest.MonkeyPatch.context():
        convnets.train_lenet(model, dataset)
    return [parameter.detach() for parameter in model.parameters()]


def test_the_live_window_follows_training_and_changes_no_weight():
    opener = Opener(Keeping)
    ticks = iter(range(10**9))
    watched = trained(Live("e4 Convolutional networks", opener, clock=lambda: next(ticks) / 20))
    assert all(torch.equal(one, other) for one, other in zip(watched, trained(None), strict=True))
    states = opener.windows[0].states
    assert len(states) > 2
    assert not np.array_equal(states[-1].filters, states[0].filters)


submission = partial(elective, "convnets")
SIZE = "return (size + 2 * padding - kernel) // stride + 1"
POOL = "return x.unfold(2, size, size).unfold(3, size, size).mean(dim=(4, 5))"


@pytest.mark.parametrize(
    ("old", "new", "check", "message"),
    [
        (SIZE, "return None", "sizes", "got None (is a return missing?)"),
        ("return kernels[name]", "return kernels[name].tolist()", "kernels", "of shape (3, 3); got a list"),
        (POOL, "x.add_(1)\n    return x", "pooling", "changed one of its arguments in place"),
        (POOL, "return x[:, :, 0, 0]", "pooling", "got (2, 3)"),
        ("return gradient.abs().amax(dim=1)", "return gradient.abs().amax(dim=1) * float('nan')", "saliency", "NaN"),
        ("    return (conv2d(inner, *second, padding=1) + around).relu()", "    return inner, around", "residual_block", "got a list"),
        ("self.conv1, self.conv2 = Convolution(1, 6, 5)", "self.conv1, self.conv2 = Convolution(1, 8, 5)", "lenet", "Was the class changed?"),
        ("        super().__init__()\n        self.conv1", "        super().__init__()\n        self.more = Linear(2, 2)\n        self.conv1", "lenet", "that it should not have"),
    ],
)  # fmt: skip
def test_odd_answers_are_named(graded, tmp_path, old, new, check, message):
    run = graded(submission(tmp_path, (old, new)), only("e4", check))
    assert message in run.check("e4", check)["message"]
    assert run.check("e4", check)["status"] == "failed"


def test_a_model_whose_forward_is_not_that_of_its_weights_is_worth_nothing(graded, tmp_path):
    """The grader computes answers from the weights: a forward of another kind forges none."""
    run = graded(
        submission(tmp_path, ("return self.head(self.encode(x))", "return 2 * self.head(self.encode(x))")), "e4"
    )
    assert "Was the class changed?" in run.check("e4", "lenet")["message"]
    assert run.question("e4")["score"] == 2.25


def test_inputs_and_draws_differ_from_seed_to_seed():
    drawn_images = [data.few_of_each(splits(), 3, np.random.default_rng([seed, 4, 8])).train.x for seed in (0, 1)]
    assert not np.array_equal(*drawn_images)
