"""Elective 10: the numpy reference is torch's, measures tell collapse and copies, pictures draw, odd answers are named."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

import data as datasets
from grading.checks.variants import joined
from grading.outcomes import CheckFailed
from pictures.windows.live import Live
from staff.solutions.electives import adversarial
from test_cases.e10 import checks, measures, mistakes, reference, trained
from test_cases.e10.public import charts, digits, picture, probes, ring
from test_cases.e10.public.dataset import Samples
from test_cases.e10.public.snapshots import Snapshots
from tests.support import elective, only
from tests.windows import Keeping, Opener, carried, drawn, figure_of

PICTURE = "test_cases.e10.public.picture"
TURNS = {"discriminator_step": reference.discriminator_turn, "generator_step": reference.generator_turn}


def test_the_losses_of_the_reference_are_torchs_and_so_are_their_slopes():
    random = np.random.default_rng(0)
    logits = [torch.from_numpy(3 * random.standard_normal(count)).requires_grad_() for count in (7, 4)]
    real, fake = logits
    loss = binary_cross_entropy_with_logits(real, torch.ones_like(real))
    loss = loss + binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    loss.backward()
    arrays = [each.detach().numpy() for each in logits]
    assert reference.discriminator_loss(*arrays) == pytest.approx(loss.item(), abs=1e-14)
    for slope, tensor in zip(reference.discriminator_slopes(*arrays), logits, strict=True):
        np.testing.assert_allclose(slope, tensor.grad, rtol=0, atol=1e-15)
    fooled = binary_cross_entropy_with_logits(fake, torch.ones_like(fake))
    assert reference.generator_loss(arrays[1]) == pytest.approx(fooled.item(), abs=1e-14)
    (slope,) = torch.autograd.grad(fooled, [fake])
    np.testing.assert_allclose(reference.generator_slopes(arrays[1])[0], slope, rtol=0, atol=1e-15)


def arguments(has_classes: bool) -> mistakes.Arguments:
    random = np.random.default_rng(1)
    weights = [checks._weights(random, checks.NOISE, checks.SIZE), checks._weights(random, checks.SIZE, 1)]
    real, noise = (random.standard_normal((checks.BATCH, size)) for size in (checks.SIZE, checks.NOISE))
    labels = random.integers(1, checks.CLASSES, checks.BATCH) if has_classes else None
    return weights[0], weights[1], real, noise, labels


def tensors(arrays: Any) -> Any:
    return [tensors(each) for each in arrays] if isinstance(arrays, list) else torch.from_numpy(arrays.copy())


@pytest.mark.parametrize("has_classes", [False, True])
@pytest.mark.parametrize("name", TURNS)
def test_the_steps_of_the_reference_are_those_of_autograd(name, has_classes):
    given = arguments(has_classes)
    generator, discriminator, real, noise, labels = given
    found = probes.steps(
        getattr(adversarial, name), tensors(generator), tensors(discriminator), tensors(real)[None],
        tensors(noise)[None], None if labels is None else tensors(labels)[None], 0.1, name == "generator_step",
    )  # fmt: skip
    right = TURNS[name](*given)
    before = generator if name == "generator_step" else discriminator
    for old, new, gradient in zip(before, found["weights"][0], right.gradients, strict=True):
        np.testing.assert_allclose((old - new.numpy()) / 0.1, gradient, rtol=0, atol=1e-13)
    assert found["losses"] == [pytest.approx(right.loss, abs=1e-14)]


@pytest.mark.parametrize("name", TURNS)
def test_a_mistake_in_a_step_is_recognised_in_no_other_mistakes_answer(name):
    turn, given = TURNS[name], arguments(has_classes=True)
    known = mistakes.IN_GENERATOR_STEP if name == "generator_step" else mistakes.IN_DISCRIMINATOR_STEP
    for wrong, explanation in known.items():
        found = joined(*mistakes.turned(turn, given, wrong))
        assert mistakes.of_step(turn, [(given, found)]) == explanation, wrong
    assert mistakes.of_step(turn, [(given, joined(*turn(*given).gradients))]) == ""


def test_a_mistake_in_a_loss_is_recognised_in_no_other_mistakes_answer():
    random = np.random.default_rng(2)
    pairs = [tuple(2 * random.standard_normal(count) for count in counts) for counts in ((7, 4), (3, 5))]
    for explanation, wrong in mistakes.IN_DISCRIMINATOR.items():
        found = [(pair, np.array(wrong(*pair))) for pair in pairs]
        assert mistakes.of_discriminator_loss(found) == explanation
    for explanation, alone in mistakes.IN_GENERATOR.items():
        assert mistakes.of_generator_loss([((pair[0],), np.array(alone(pair[0]))) for pair in pairs]) == explanation


def test_a_mistake_in_with_class_is_recognised_in_no_other_mistakes_answer():
    random = np.random.default_rng(3)
    given = [(random.standard_normal((5, 3)), np.array([1, 7, 2, 4, 4]), 10), (np.ones((2, 6)), np.array([3, 5]), 10)]
    for wrong, explanation in mistakes.IN_WITH_CLASS.items():
        found = [(one, mistakes.joined_with_class(*one, wrong)) for one in given]
        assert mistakes.of_with_class(found) == explanation, wrong


def test_the_points_of_the_ring_are_computed_from_the_weights_as_the_network_does():
    torch.manual_seed(0)
    model, noise = adversarial.RingAdversaries(), np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    parameters = {name: each.detach().numpy() for name, each in model.named_parameters()}
    assert {name: each.shape for name, each in parameters.items() if "gen" in name} == reference.RING_SHAPES
    own = model.sample(torch.from_numpy(noise)).detach().numpy()
    np.testing.assert_allclose(reference.ring_points(parameters, noise), own, rtol=0, atol=1e-6)


def library(seed: int = 0) -> datasets.Library:
    return datasets.Library(seed=seed)


def test_the_ring_is_turned_by_the_seed_and_its_points_hold_all_modes():
    one, other = (ring.drawn_centres(seed) for seed in (0, 1))
    assert not np.allclose(one, other)
    points = library().load(trained.RING).train.x
    shares = ring.near_each_mode(points, one)
    assert ring.held(shares).all()
    assert shares.sum() == pytest.approx(1 - np.exp(-(ring.NEAR**2) / 2), abs=0.005)
    between = (one + np.roll(one, 1, axis=0)) / 2
    assert not ring.held(ring.near_each_mode(points, between)).any()
    assert ring.held(ring.near_each_mode(points[np.linalg.norm(points - one[3], axis=1) < 1], one)).tolist() == [
        mode == 3 for mode in range(ring.MODES)
    ]


@pytest.fixture(scope="module")
def small() -> datasets.Splits:
    return library().load(trained.DIGITS)


@pytest.fixture(scope="module")
def known() -> list[datasets.Split]:
    return digits.shipped(library())


def asked(each: int = 60) -> np.ndarray:
    return np.arange(digits.CLASSES).repeat(each)


def chosen(split: datasets.Split, each: int = 60) -> np.ndarray:
    """So many images of each class, from the end of a split."""
    return np.concatenate([split.x[split.y == digit][-each:] for digit in range(digits.CLASSES)])


def test_small_digits_are_means_of_four_pixels(small):
    large = library().load("digits")
    assert small.train.x.shape == (digits.TRAIN, digits.PIXELS)
    image = large.train.x[5].reshape(28, 28)
    assert small.train.x[5].reshape(14, 14)[3, 4] == pytest.approx(image[6:8, 8:10].mean() / 255, abs=1e-6)
    assert len(small.test) == len(large.test)


def test_real_digits_that_nobody_trained_on_have_all_measures_near_one(small, known):
    *without_test, _ = known
    found = measures.measured(chosen(small.test), asked(), small.train, small.test, without_test)
    assert found.read > 0.95
    for value in (found.variety, found.novelty):
        assert 0.7 < value < 1.3
    assert found.coverage > 0.9


def test_one_good_digit_repeated_has_no_variety_and_covers_little(small, known):
    one = chosen(small.test, 1).repeat(60, axis=0)
    found = measures.measured(one, asked(), small.train, small.test, known)
    assert found.read >= 0.9
    assert found.variety < 0.01
    assert found.coverage < 0.1


def test_training_digits_repeated_have_no_novelty(small, known):
    found = measures.measured(chosen(small.train), asked(), small.train, small.test, known)
    assert found.read > 0.95
    assert found.novelty < 1e-3
    assert (small.train.y[found.nearest] == asked()).all()


def test_copies_of_any_digit_on_disk_have_no_novelty(small, known):
    for split in known:
        copies = np.concatenate([digits.halved(split.x[split.y == digit][-60:]) for digit in range(digits.CLASSES)])
        found = measures.measured(copies, asked(), small.train, small.test, known)
        assert found.read > 0.9
        assert found.novelty < 1e-3


class Drawer:
    """A model that makes images of a table of stored ones, which is a weight of its generator or is not."""

    def __init__(self, images: np.ndarray, is_weight: bool) -> None:
        self.images, self.is_weight = images, is_weight

    def parameters(self) -> dict[str, np.ndarray]:
        return {"generator.table": self.images, "discriminator.weight": np.ones(3)}

    def set_parameters(self, values: dict[str, np.ndarray]) -> None:
        assert list(values) == ["generator.table"]
        self.images = values["generator.table"] if self.is_weight else self.images

    def method(self, name: str, noise: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return self.images


def test_images_that_other_weights_make_too_are_no_work_of_the_generator(small):
    images, labels, random = chosen(small.test), asked(), np.random.default_rng(0)
    trained._require_made_by_weights(Drawer(images, is_weight=True), images, labels, random)
    with pytest.raises(CheckFailed, match="weights of the generator in another order. Still, 9.%"):
        trained._require_made_by_weights(Drawer(images, is_weight=False), images, labels, random)


def test_one_good_digit_with_grain_varies_but_covers_no_real_digits(small, known):
    grain = 0.15 * np.random.default_rng(0).standard_normal((600, digits.PIXELS))
    one = np.clip(chosen(small.test, 1).repeat(60, axis=0) + grain, 0, 1)
    found = measures.measured(one, asked(), small.train, small.test, known)
    assert found.variety > 0.3
    assert found.coverage < 0.2


def datasets_of(kind: str) -> dict[str, Any]:
    arrays = datasets.training_arrays(library().load(trained.RING if kind == "ring" else trained.DIGITS))
    return {name: each[:400] if isinstance(each, np.ndarray) else each for name, each in arrays.items()}


def model_and_dataset(kind: str) -> tuple[Any, Samples]:
    torch.manual_seed(0)
    model = adversarial.RingAdversaries() if kind == "ring" else adversarial.DigitAdversaries()
    return model, Samples(model, datasets_of(kind))


@pytest.fixture(scope="module")
def states() -> dict[str, picture.State]:
    """After ten steps."""
    found = {}
    for kind in ("ring", "digits"):
        model, dataset = model_and_dataset(kind)
        reader = picture.Reader(dataset)
        adversarial.alternate(model, dataset, 10, 1e-3, 1e-3)
        found[kind] = reader.read_last()
    return found


def test_the_pictures_of_both_kinds_draw(states):
    pictures = [drawn(PICTURE, state) for state in states.values()]
    assert all(one.shape == (480, 640, 3) for one in pictures)
    assert states["ring"].updates.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 10]
    assert states["ring"].caption.startswith("0 of 8 modes held")
    assert states["digits"].made.shape[1:] == (50, digits.PIXELS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30])
@pytest.mark.filterwarnings("error")
def test_samples_without_bound_can_be_drawn(states, value):
    real, centres = states["ring"].real, states["ring"].centres
    made = np.full((2, 5, 2), value, np.float32)
    state = picture.ring_state(np.array([0, 3]), made, real, centres, np.full(len(picture.places()), value))
    assert drawn(PICTURE, state).shape == (480, 640, 3)
    pixels = np.full((1, 50, digits.PIXELS), value, np.float32)
    assert drawn(PICTURE, picture.digits_state(np.array([0]), pixels)).shape == (480, 640, 3)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(states):
    for state in states.values():
        back = carried(state)
        assert (back.kind, back.caption) == (state.kind, state.caption)
        np.testing.assert_array_equal(back.made, state.made)


def test_the_exhibits_of_the_report_draw(states, small):
    images = chosen(small.test, 1)
    exhibit = charts.Neighbours.of(images, np.arange(10), small.train.x, np.arange(10), 1.2)
    (panel,) = exhibit.panels()
    figure_of(panel)
    assert "1.20 times" in panel.caption
    (window,) = picture.Ring(states["ring"], 0.5).panels()
    assert "50.0%" in window.caption
    (window,) = picture.Digits(states["digits"], 0.5, 0.25).panels()
    assert "25.0%" in window.caption


@pytest.mark.parametrize("kind", ["ring", "digits"])
def test_watching_changes_no_weight(kind):
    def after_training(live: Live | None, keeps: bool) -> list[torch.Tensor]:
        model, dataset = model_and_dataset(kind)
        labels = None if kind == "ring" else torch.zeros(4, dtype=torch.int64)
        real = [torch.ones(4, 2)] if labels is None else [torch.ones(4, digits.PIXELS), labels]
        kept = Snapshots(model, torch.ones(4, model.noise_size), labels, real) if keeps else None
        with live.watching(PICTURE, dataset) if live else pytest.MonkeyPatch.context():
            adversarial.alternate(model, dataset, 30, 1e-3, 1e-3)
        if kept is not None:
            told = kept.told()
            assert (told["generator_steps"], told["discriminator_steps"], told["is_mixed"]) == (30, 30, False)
            assert told["updates"][-1] == 30
            assert told["losses"].shape == (len(told["updates"]), 2)
        return [each.detach() for each in (*model.parameters(), *model.buffers())]

    opener, ticks = Opener(Keeping), iter(range(10**9))
    alone = after_training(None, False)
    watched = after_training(Live("e10 Test", opener, clock=lambda: next(ticks) / 20), True)
    assert all(torch.equal(one, other) for one, other in zip(alone, watched, strict=True))
    states = opener.windows[0].states
    assert len(states) > 2
    assert states[0].updates.tolist() == [0]
    assert states[-1].updates[-1] == 30


def test_the_losses_of_both_networks_are_told_apart():
    model, _ = model_and_dataset("ring")
    noise, real = torch.randn(50, 2), torch.randn(50, 2)
    (losses,) = Snapshots(model, noise, None, [real]).told()["losses"]
    made = model.discriminator(model.sample(noise))
    wanted = adversarial.generator_loss(made), adversarial.discriminator_loss(model.discriminator(real), made)
    torch.testing.assert_close(losses, torch.stack(wanted))
    (panel,) = charts.Losses("train_ring", np.array([0, 5]), np.array([[0.7, 1.4], [0.9, 1.1]])).panels()
    figure = figure_of(panel)
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["generator", "discriminator"]


def test_an_optimizer_of_both_networks_is_seen():
    model, _ = model_and_dataset("ring")
    kept = Snapshots(model, torch.ones(4, 2), None)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model.sample(torch.ones(4, 2)).sum().backward()
    optimizer.step()
    assert kept.told()["is_mixed"] is True


submission = partial(elective, "adversarial")
SHORT = (("steps=1200", "steps=5"), ("steps=1000", "steps=5"))
GATHER = "return self.layers(images).gather(1, labels[:, None])[:, 0]"


@pytest.mark.parametrize(
    ("old", "new", "check", "message"),
    [
        ("return softplus(-fake_logits).mean()", "return softplus(-fake_logits).mean().item()", "generator_loss", "has no gradient"),
        ("return softplus(-fake_logits).mean()", "return softplus(-fake_logits)", "generator_loss", "got a tensor of shape (7,)"),
        (GATHER, "return self.layers(images)", "networks", "of shape (12,); got (12, 10)"),
        ("return self.layers(with_class(noise, labels))", "return self.layers(with_class(noise, labels)).view(-1, 14, 14)", "networks", "got (12, 14, 14)"),
        ("return self.layers(with_class(noise, labels))", "return self.layers(with_class(noise, labels)).detach()", "networks", "no gradient reaches ConditionalGenerator"),
    ],
)  # fmt: skip
def test_odd_answers_are_named(graded, tmp_path, old, new, check, message):
    run = graded(submission(tmp_path, (old, new)), only("e10", check))
    assert message in run.check("e10", check)["message"]


def discriminators() -> dict[str, torch.nn.Module]:
    """Networks of several right forms, which give a logit to each image."""
    normed = torch.nn.utils.parametrizations
    wide, last = torch.nn.Linear(206, 32), torch.nn.Linear(32, 1)
    bounded = torch.nn.Sequential(normed.spectral_norm(wide), torch.nn.ReLU(), normed.spectral_norm(last))
    free = torch.nn.Sequential(normed.weight_norm(torch.nn.Linear(206, 8)), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    many = torch.nn.Sequential(torch.nn.Linear(206, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    zeros = torch.nn.Linear(206, 1)
    torch.nn.init.zeros_(zeros.weight)
    return {"spectral norm": bounded, "weight norm": free, "batch norm": many, "one layer of zeros": zeros}


@pytest.mark.parametrize("kind", discriminators())
def test_a_sigmoid_is_seen_behind_any_discriminator_and_never_where_there_is_none(kind):
    """Some layers bound their outputs. Only a sigmoid keeps them between 0 and 1 whatever the weights are."""
    generator = torch.Generator().manual_seed(4)
    images, labels = torch.rand(12, 196, generator=generator), torch.arange(12) % 10

    class Judge(torch.nn.Module):
        def __init__(self, end: Any) -> None:
            super().__init__()
            self.layers, self.end = discriminators()[kind], end

        def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            return self.end(self.layers(adversarial.with_class(images, labels)))

    def redrawn(end: Any) -> list[np.ndarray]:
        torch.manual_seed(5)
        with torch.no_grad():
            return [row.numpy() for row in probes._redrawn(Judge(end).eval(), images, labels)]

    checks._require_free_logits(redrawn(torch.nn.Identity()), len(images))
    with pytest.raises(CheckFailed, match="end in a sigmoid or a softmax"):
        checks._require_free_logits(redrawn(torch.sigmoid), len(images))
    lost = [np.full(len(images), np.nan), *redrawn(torch.sigmoid)[1:]]
    checks._require_free_logits(lost, len(images))  # NaN comes of other layers


def test_a_sample_that_knows_the_ring_is_worth_nothing(graded, tmp_path):
    """The grader computes points from the generator's weights: another `sample` forges none."""
    old = "        return self.generator(noise, *labels)\n"
    run = graded(
        submission(tmp_path, (old, "        return self.generator(noise, *labels) + 1\n"), *SHORT), only("e10", "ring")
    )
    assert "Was the class changed?" in run.check("e10", "ring")["message"]
