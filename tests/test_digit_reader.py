"""The grader's classifier of digits: what it reads, at both sizes, and that its weights are what one command makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from data import Split
from data.digits import read as read_digits
from grading.checks import digit_reader
from staff.build.digits import reader as training

MIN_TEST_ACCURACY = 0.975
MAX_BYTES = 120_000


@pytest.fixture(scope="module")
def splits():
    return read_digits(training.DIGITS, "built-in digits")


@pytest.fixture(scope="module")
def images(splits) -> np.ndarray:
    """The first 2,000 test digits: float32 (2000, 28, 28)."""
    return (splits.test.x[:2000] / 255).reshape(-1, 28, 28).astype(np.float32)


def halved(images: np.ndarray) -> np.ndarray:
    return images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))


def test_test_digits_are_read_at_both_sizes(splits, images):
    labels = splits.test.y[:2000]
    for shown in (images, images.reshape(-1, 784), halved(images), halved(images).reshape(-1, 196)):
        found = digit_reader.read(shown)
        assert found.shape == (2000, 10)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
        assert np.mean(found.argmax(axis=1) == labels) >= MIN_TEST_ACCURACY


def test_images_without_a_digit_are_rarely_read_with_confidence(images):
    noise = np.random.default_rng(0).random((300, 28, 28))
    blends = (images[:300] + images[300:600] + images[600:900]) / 3
    for shown in (noise, blends, np.zeros((300, 28, 28)), np.ones((300, 28, 28))):
        assert np.mean(digit_reader.read(shown).max(axis=1) >= 0.9) <= 0.1
    assert np.mean(digit_reader.read(images).max(axis=1) >= 0.9) >= 0.85


def test_the_network_in_numpy_is_the_one_in_torch(images):
    torch.manual_seed(0)
    network = training.Network()
    weights = {n.replace(".weight", "").replace(".bias", "_bias"): p for n, p in network.named_parameters()}
    weights = {name: parameter.detach().numpy() for name, parameter in weights.items()}
    with torch.no_grad():
        expected = network(torch.from_numpy(images[:50])).softmax(dim=1).numpy()
    np.testing.assert_allclose(digit_reader.probabilities(images[:50], weights), expected, atol=1e-5)


def test_odd_images_are_refused_and_ink_is_clipped(images):
    for odd in (np.zeros((3, 27, 28)), np.zeros((3, 49, 16)), np.zeros(784), np.full((1, 784), np.nan)):
        with pytest.raises(ValueError, match="images should"):
            digit_reader.read(odd)
    np.testing.assert_array_equal(
        digit_reader.read(3 * images[:9] - 1), digit_reader.read((3 * images[:9] - 1).clip(0, 1))
    )
    assert digit_reader.read(np.zeros((0, 784))).shape == (0, 10)


def test_the_shipped_weights_are_small_and_came_from_the_recipe_and_the_digits_of_today(splits):
    """A whole training takes half a minute (`python -m staff.build.digits.reader --check`)."""
    with np.load(digit_reader.PATH, allow_pickle=False) as archive:
        expected = training.fingerprint(training.Recipe(), splits.train.x, splits.train.y)
        np.testing.assert_array_equal(archive["made_from"], expected)
    assert digit_reader.PATH.stat().st_size <= MAX_BYTES


def test_weights_that_read_otherwise_are_told(splits, tmp_path, monkeypatch, capsys):
    """With trainings of a moment, compared by a thousand test digits."""
    path = tmp_path / "reader.npz"
    few = Split(x=splits.test.x[:1000], y=splits.test.y[:1000])
    monkeypatch.setattr(training, "read", lambda *_: replace(splits, test=few))
    monkeypatch.setattr(training, "MIN_AGREEMENT", 0.8)
    monkeypatch.setattr(training, "Recipe", lambda: quick(seed=0))
    assert training.main(["--output", str(path)]) == 0
    assert training.main(["--output", str(path), "--check"]) == 0
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **{**arrays, "scores": np.roll(arrays["scores"], 1, axis=0)})
    assert training.main(["--output", str(path), "--check"]) == 1
    assert "run python -m staff.build.digits.reader" in capsys.readouterr().out


def quick(seed: int) -> training.Recipe:
    return _RECIPE(images=400, epochs=2, seed=seed)


_RECIPE = training.Recipe
