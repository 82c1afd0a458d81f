"""Elective 9: the numpy reference is torch's, pictures draw whatever comes, odd answers are named, nothing is forged."""

from __future__ import annotations

import dataclasses
from functools import partial
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

import data as datasets
from grading.checks import variants
from grading.outcomes import CheckFailed
from pictures.windows.live import Live
from staff.solutions.electives import autoencoders
from test_cases.e9 import draws, exhibits, measures, mistakes, reference
from test_cases.e9.divergence import DIVERGENCE
from test_cases.e9.networks import Networks
from test_cases.e9.public import data, mosaics, picture, plane
from test_cases.e9.public.dataset import Images
from test_cases.e9.trained import DATA, random_inputs
from tests.support import PROJECT, elective, only
from tests.windows import Keeping, Opener, carried, drawn, figure_of

PICTURE = "test_cases.e9.public.picture"
TASKS = ("squeeze", "noise", "space")


def random(number: int = 0) -> np.random.Generator:
    return np.random.default_rng(number)


def same(found: Any, right: torch.Tensor, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(found, right.detach().numpy(), rtol=0, atol=tolerance)


def latents() -> tuple[np.ndarray, np.ndarray]:
    return random().uniform(-2, 2, (5, 4)), random(1).uniform(-3, 1.5, (5, 4))


def test_the_divergence_is_torchs_and_the_mean_that_defines_it():
    mean, log_variance = latents()
    normal = Normal(torch.from_numpy(mean), torch.from_numpy(np.exp(log_variance / 2)))
    same(reference.kl_divergence(mean, log_variance), kl_divergence(normal, Normal(0.0, 1.0)).sum(dim=1))
    sampled = reference.sampled_kl(mean, log_variance, random(2), 200_000)
    np.testing.assert_allclose(reference.kl_divergence(mean, log_variance), sampled, rtol=0.02)


def test_loss_and_elbo_are_torchs_for_huge_logits_too():
    images, mean_and_log_variance = random().random((5, 7)), latents()
    for logits in (random(3).standard_normal((5, 7)), np.full((5, 7), 1000.0), np.full((5, 7), -1000.0)):
        both = torch.from_numpy(logits), torch.from_numpy(images)
        loss = functional.binary_cross_entropy_with_logits(*both, reduction="none").sum(dim=1)
        same(reference.reconstruction_loss(logits, images), loss, 1e-9)
        divergence = torch.from_numpy(reference.kl_divergence(*mean_and_log_variance))
        same(reference.elbo(logits, images, *mean_and_log_variance), -loss - divergence, 1e-9)


def test_pca_is_torchs_and_both_ways_to_it_agree():
    images = random().standard_normal((40, 9)) * 1.5 ** -np.arange(9) + 2
    mean, components = reference.pca(images, 3)
    _, _, right = torch.pca_lowrank(torch.from_numpy(images), q=9, niter=20)
    assert mistakes.alike(components, right.T[:3].numpy())
    same_mean, same_components = reference.pca_of_many([images[:2], images[2:]], 3)
    np.testing.assert_allclose(same_mean, mean)
    assert mistakes.alike(same_components, components)
    back = reference.reconstruction_by_pca(images, mean, components)
    np.testing.assert_allclose(mosaics.by_pca(images, images, 3), back, atol=1e-5)
    spread = np.linalg.svd(images - mean)[1]
    assert np.sum((images - back) ** 2) == pytest.approx(np.sum(spread[3:] ** 2))


def test_psnr_of_a_tenth_is_twenty_decibels_and_the_sigmoid_is_torchs():
    assert reference.psnr(np.full((2, 3), 0.6), np.full((2, 3), 0.5)) == pytest.approx(20)
    numbers = np.array([-1000.0, -3.0, 0.0, 0.5, 1000.0])
    same(reference.sigmoid(numbers), torch.from_numpy(numbers).sigmoid())


@pytest.mark.parametrize("model", [autoencoders.Autoencoder(784, 20, 3), autoencoders.VAE(3)])
def test_the_networks_of_weights_are_those_of_the_model(model):
    own, images = networks_of(model), random().random((4, 784)).astype(np.float32)
    same(own.encode(images), model.encoder(torch.from_numpy(images)), 1e-5)
    latent = random().standard_normal((4, 3))
    same(own.decode(latent), model.decoder(torch.from_numpy(latent).float()), 1e-5)
    made, parts = (
        own.drawn(latent),
        measures.nats(own, images, random()) if isinstance(model, autoencoders.VAE) else None,
    )
    assert made.min() >= 0
    assert made.max() <= 1
    if parts is not None:
        mean, log_variance = own.spread(images)
        assert parts.divergence == pytest.approx(reference.kl_divergence(mean, log_variance).mean(), rel=1e-5)
        assert parts.total == parts.reconstruction + parts.divergence


def networks_of(model: Any) -> Networks:
    parts = []
    for network in (model.encoder, model.decoder):
        linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
        parts.append([(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in linear])
    return Networks(*parts)


def distinct(explanations: Any, computation: Any, right: Any, probes: Any) -> None:
    """Each mistake is recognised by what it gives, and taken for no other."""
    for wrong, explanation in explanations.items():
        given = [(each, computation(*each, wrong)) for each in probes]
        assert variants.recognised(right, computation, explanations, given) == explanation, wrong
    rounded = [(each, np.asarray(right(*each), np.float32)) for each in probes]
    assert variants.recognised(right, computation, explanations, rounded) == variants.FLOAT32


def test_a_mistake_is_recognised_in_no_other_mistakes_answer():
    clean = random().random((5, 7))
    noisy = clean + 0.2 * random(1).standard_normal((5, 7))
    mean, log_variance = latents()
    logits = 2 * random(2).standard_normal((5, 7))
    distinct(mistakes.IN_PSNR, mistakes.psnr, reference.psnr, [(noisy, clean)])
    distinct(mistakes.IN_LOSS, mistakes.loss, reference.reconstruction_loss, [(logits, clean)])
    distinct(mistakes.IN_BOUND, mistakes.bound, reference.elbo, [(logits, clean, mean, log_variance)])
    walks = [(mean[0], mean[1], count) for count in (6, 3)]
    distinct(mistakes.IN_WALK, mistakes.walk, reference.interpolation, walks)
    middle, rows = reference.pca(noisy + 1, 3)
    right = reference.reconstruction_by_pca
    distinct(mistakes.IN_RECONSTRUCTION, mistakes.reconstruction, right, [(clean + 2, middle, rows)])
    images = random(3).standard_normal((60, 12)) * 1.7 ** -np.arange(12) + 1
    images = images @ np.linalg.qr(random(4).standard_normal((12, 12)))[0]
    for wrong, explanation in mistakes.IN_COMPONENTS.items():
        assert mistakes.of_components(images, 4, mistakes.components(images, 4, wrong)) == explanation, wrong
    assert mistakes.of_components(images, 4, "no array") == ""


TURNED = "The divergence is the other way round: from N(0, 1) to N(mean, sigma^2)."
SAME_NUMBERS = {  # pairs that give the numbers of another mistake, or of several pairs
    "as it is, of_logarithm 0.0": "",
    "no influence, of_logarithm 0.0": "",
    "missing, of_logarithm 0.0": "The variance has no influence: its terms are missing, or cancel.",
    "missing, of_logarithm 1.0": "",
    "deviation, order the other way": TURNED,
    "no influence, order the other way": TURNED,
    "missing, order the other way": TURNED,
}


def test_one_mistake_in_the_divergence_is_named_alone_and_two_never_as_another_one():
    """Pairs of mistakes that give the numbers of one mistake are told as that one: the numbers are the same."""
    draw = random(6)
    given = [(draw.uniform(-2, 2, shape), draw.uniform(-3, 1.5, shape)) for shape in ((5, 4), (3, 7))]

    def told(wrong: dict[str, Any]) -> str:
        return DIVERGENCE.explanation([(each, DIVERGENCE.function(*each, **wrong)) for each in given], variants.EXACT)

    assert told({}) == ""
    every = [(part.keyword, variant) for part in DIVERGENCE.parts for variant in part.variants]
    for keyword, variant in every:
        assert told({keyword: variant.value}) == variant.fact
    for (one, first), (other, second) in combinations(every, 2):
        if one != other:
            found = told({one: first.value, other: second.value})
            pair = f"{first.value}, {other} {second.value}" if one == "variance_of" else ""
            same = SAME_NUMBERS.get(pair)
            assert found == (f"Two parts are wrong. {first.fact} {second.fact}" if same is None else same)


def test_draws_from_a_normal_distribution_are_told_from_others():
    shape = (draws.ROWS, draws.COLUMNS)
    normal = random().standard_normal(shape)
    draws.require_normal(normal, "the noise", "image")
    for other, message in (
        (0 * normal, "0 everywhere"),
        (np.repeat(normal[:1], draws.ROWS, axis=0), "the same in every image"),
        (np.repeat(normal[:, :1], draws.COLUMNS, axis=1), "one number for each image"),
        (random().uniform(-1.73, 1.73, shape), "Is the distribution uniform"),
        (np.abs(normal), "fourth moment|mean 0"),
        (normal + 0.2, "the mean 0; got 0.2"),
        (1.2 * normal, "the standard deviation 1; got 1.19"),
    ):
        with pytest.raises(CheckFailed, match=message):
            draws.require_normal(other, "the noise", "image")


def test_what_the_noise_was_multiplied_by_is_found_out():
    log_variance = random(1).uniform(-4, 2, (draws.ROWS, draws.COLUMNS))
    epsilon = random().standard_normal(log_variance.shape)
    for spread, explanation in mistakes.SPREADS.values():
        assert mistakes.of_spread(spread(log_variance) * epsilon, log_variance) == explanation
    assert mistakes.of_spread(np.exp(log_variance / 2) * epsilon, log_variance) == ""


def test_parts_of_a_bad_elbo_are_explained():
    for parts, message in (
        (measures.Nats(206, 0.01, 206), "tells nothing about the image"),
        (measures.Nats(300, 20, 90), "Has it seen draws"),
        (measures.Nats(100, 300, 90), "Is it part of the loss"),
    ):
        assert message in parts.explained
    assert measures.Nats(110, 17, 100).explained == ""
    assert "the same for every image" in measures.of_latents(np.ones((5, 3)))
    assert measures.of_latents(random().random((5, 3))) == ""


def splits() -> datasets.Splits:
    return datasets.Library(seed=0).load(DATA)


def test_no_training_sees_a_label_or_a_test_image():
    found = splits()
    assert (len(found.train), len(found.validation), len(found.test)) == (data.TRAIN, data.VALIDATION, data.TEST)
    assert list(found.train.arrays) == ["x"]
    arrays = datasets.training_arrays(found)
    assert sorted(arrays) == ["train_x", "validation_x", "validation_y"]
    batch = next(iter(torch.utils.data.DataLoader(Images(None, arrays), batch_size=3)))
    assert list(batch) == ["x"]
    assert batch["x"].shape == (3, 784)
    np.testing.assert_allclose(batch["x"].numpy(), found.train.x[:3] / 255, atol=1e-6)


def test_the_hand_out_says_what_the_same_answer_for_every_image_costs():
    images = data.images(splits().test.x)
    chance = images.mean(axis=0).clip(1e-6, 1 - 1e-6)  # the best of such answers
    logits = np.broadcast_to(np.log(chance / (1 - chance)), images.shape)
    text = " ".join((PROJECT / "test_cases" / "e9" / "README.md").read_text(encoding="utf-8").split())
    assert f"has at least {reference.reconstruction_loss(logits, images).mean():.0f}." in text


def arrays_for(task: str, count: int = 256) -> dict[str, Any]:
    arrays = datasets.training_arrays(splits()) | {"task": task}
    return arrays | {"train_x": arrays["train_x"][:count]}


def model_for(task: str) -> Any:
    torch.manual_seed(0)
    return autoencoders.VAE(4) if task == "space" else autoencoders.Autoencoder(784, 32, 16)


@pytest.fixture(scope="module")
def states() -> dict[str, picture.State]:
    """Of untrained models."""
    with torch.no_grad():
        return {task: picture.Reader(Images(model_for(task), arrays_for(task))).read() for task in TASKS}


def test_the_pictures_of_all_trainings_draw(states):
    found = [drawn(PICTURE, state) for state in states.values()]
    assert all(one.shape == (480, 640, 3) for one in found)
    assert len({one.tobytes() for one in found}) == 3
    assert [state.kind for state in states.values()] == list(TASKS)
    assert states["squeeze"].caption.startswith("16 numbers for 784 pixels")
    assert states["noise"].caption.startswith("psnr 4.4 decibels before")
    assert "nats an image" in states["space"].caption


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -1e30])
@pytest.mark.filterwarnings("error")
def test_pictures_of_whatever_numbers_draw(states, value):
    for state in states.values():
        changed = {name: np.full_like(getattr(state, name), value) for name in ("above", "below", "latent", "spots")}
        odd = dataclasses.replace(state, **changed, numbers=[value, value])
        assert drawn(PICTURE, odd).shape == (480, 640, 3)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(states):
    for state in states.values():
        back = carried(state)
        assert (back.kind, back.caption) == (state.kind, state.caption)
        np.testing.assert_array_equal(back.below, state.below)


def test_the_walk_goes_from_left_to_right_and_digits_gather():
    labels = np.arange(200) % 10
    centres = 4 * random().standard_normal((10, 6))
    points, walk, spots = plane.plane(centres[labels] + 0.1 * random(1).standard_normal((200, 6)), labels)
    assert points.shape == (200, 2)
    assert walk.shape == (plane.STEPS, 6)
    assert (np.diff(spots[:, 0]) > 0).all()
    np.testing.assert_allclose(spots[[0, -1]], points[[plane.FROM, plane.TO]])
    assert max(points[labels == digit].std(axis=0).max() for digit in range(10)) < 0.2 * points.std(axis=0).min()


def test_the_exhibits_of_the_report_draw(states):
    own, found = networks_of(model_for("space")), splits()
    parts = measures.Nats(110, 17, 100)
    shown = [
        exhibits.walks(own, found),
        exhibits.drawn(own, random().standard_normal((40, 4)), "VAE"),
        exhibits.drawn(own, random().standard_normal((40, 4)), "autoencoder"),
    ]
    for exhibit in shown:
        (panel,) = exhibit.panels()
        figure_of(panel)
        assert panel.alt.endswith(".")
    for window in (
        picture.Squeezed(states["squeeze"]),
        picture.Cleaned(states["noise"]),
        exhibits.space(own, found, random().standard_normal((16, 4)), parts),
    ):
        (panel,) = window.panels()
        assert drawn(PICTURE, panel.state).shape == (480, 640, 3)


def trained(task: str, live: Live | None) -> list[torch.Tensor]:
    """Parameters after a short training, with a window or without."""
    model = model_for(task)
    dataset = Images(model, arrays_for(task))
    train = {"squeeze": "train_autoencoder", "noise": "train_denoiser", "space": "train_vae"}[task]
    with live.watching(PICTURE, dataset) if live else pytest.MonkeyPatch.context():
        getattr(autoencoders, train)(model, dataset)
    return [parameter.detach() for parameter in model.parameters()]


@pytest.mark.parametrize("task", TASKS)
def test_the_live_window_follows_training_and_changes_no_weight(task):
    opener = Opener(Keeping)
    ticks = iter(range(10**9))
    watched = trained(task, Live("e9 Autoencoders", opener, clock=lambda: next(ticks) / 20))
    assert all(torch.equal(one, other) for one, other in zip(watched, trained(task, None), strict=True))
    seen = opener.windows[0].states
    assert len(seen) > 2
    assert seen[0].kind == task
    assert not np.array_equal(seen[-1].below, seen[0].below)


submission = partial(elective, "autoencoders")
PCA = "return mean, vectors.T.flip(0)[:size]"
ENCODE = "        return self.encoder(images)"
FORWARD = "return self.decode(reparameterize(mean, log_variance)), mean, log_variance"


@pytest.mark.parametrize(
    ("changes", "check", "message"),
    [
        ([(PCA, "return vectors.T.flip(0)[:size]")], "pca", "two tensors, mean and components; got a tensor"),
        ([(PCA, "return mean, 'components'")], "pca", "got a str"),
        ([(ENCODE, "        return self.encoder(images).double().numpy().tolist()")], "autoencoder", "got a list"),
        ([(ENCODE, "        return 2 * self.encoder(images)")], "autoencoder", "should be what its weights give"),
        ([("return (mean**2 + log_variance", "return None\n    return (mean**2 + log_variance")], "kl_divergence", "is a return missing?"),
        ([(FORWARD, "return self.decode(reparameterize(mean, log_variance))")], "vae", "should return logits, mean and log_variance; got a tensor"),
        ([(FORWARD, "return self.decode(reparameterize(mean, log_variance)), mean")], "vae", "got a list of 2"),
        ([("return mean, log_variance\n", "return mean + log_variance\n")], "vae", "encode should return mean and log_variance; got a tensor"),
        ([("return (1 - shares)", "return 7, (1 - shares)")], "latent_space", "got a list"),
        ([("return model.decode(latent).sigmoid()", "return torch.zeros(count, 784)")], "latent_space", "should call `model.decode` with a latent for each image"),
    ],
)  # fmt: skip
def test_odd_answers_are_named(graded, tmp_path, changes, check, message):
    run = graded(submission(tmp_path, *changes), only("e9", check))
    assert message in run.check("e9", check)["message"]
    assert run.check("e9", check)["status"] == "failed"


def test_inputs_differ_from_seed_to_seed():
    first, second = (random_inputs(SimpleNamespace(seed=seed), 1).random() for seed in (0, 1))
    assert first != second
