"""Train the grader's own classifier of digits: `python -m staff.build.digits.reader [--check | --evaluate]`.

Writes grading/checks/digit_reader.npz, the weights that grading/checks/digit_reader.py reads, in about a minute on one
thread. Three quarters of the images of a batch are training digits of data/digits.npz: as they are, softened, paler,
or at half the side. A quarter show no digit: mixtures of two digits, digits in pieces, noise, even grey. The answer
to those is a tenth for every digit. `--check` trains again and compares what both read of the test digits.
"""

from __future__ import annotations

import argparse
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from data.digits import SIDE, read
from grading.checks import digit_reader
from grading.checks.digit_reader import CLASSES, PATH, SMALL_SIDE, WEIGHTS
from staff.build import archive
from startup import ending
from startup.project import PROJECT_DIRECTORY

DIGITS = PROJECT_DIRECTORY / "data" / "digits.npz"
MIN_AGREEMENT = 0.985  # of the test digits, for `--check`: another processor rounds otherwise, and so trains otherwise


@dataclass(frozen=True)
class Recipe:
    """How the network is trained.

    Args:
        images: training digits that are used, of 60,000.
        epochs: over them.
        batch: images in a batch, those without a digit included.
        without_digit: of a batch, the share of images that show no digit.
        learning_rate: of Adam, the highest; it falls to 0 along a cosine.
        seed: of weights and batches.
        version: to be raised when the code below draws other images.
    """

    images: int = 30_000
    epochs: int = 6
    batch: int = 128
    without_digit: float = 0.25
    learning_rate: float = 2e-3
    seed: int = 0
    version: int = 1


class Network(nn.Module):
    """The network of grading/checks/digit_reader.py in torch: images (n, 28, 28) to scores (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 16, 5, stride=2, padding=2)
        self.second = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.hidden = nn.Linear(32 * 7 * 7, 64)
        self.scores = nn.Linear(64, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores of images: (n, 28, 28) to (n, 10)."""
        features = functional.relu(self.first(images[:, None]))  # (n, 16, 14, 14)
        features = functional.relu(self.second(features))  # (n, 32, 7, 7)
        hidden = functional.relu(self.hidden(features.flatten(1)))  # (n, 64)
        return torch.as_tensor(self.scores(hidden))


def varied(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Digits as models draw them: some softened, some at half the side, all a little paler or darker.

    Args:
        images: float32 (n, 28, 28) in [0, 1].
    """
    kinds = torch.rand(len(images), generator=generator)[:, None, None]
    soft = functional.avg_pool2d(images[:, None], 3, stride=1, padding=1)[:, 0]
    small = functional.avg_pool2d(images[:, None], SIDE // SMALL_SIDE)
    small = functional.interpolate(small, scale_factor=SIDE // SMALL_SIDE)[:, 0]  # nearest: 2 x 2 equal pixels
    found = torch.where(kinds < 0.4, images, torch.where(kinds < 0.65, soft, small))
    power = torch.empty(len(images), 1, 1).uniform_(0.7, 1.4, generator=generator)
    return found.clamp(min=1e-6) ** power


def without_digit(digits: torch.Tensor, others: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Images that show no digit, a sixth of each kind.

    Args:
        digits: float32 (n, 28, 28) in [0, 1].
        others: of the same shape; in each row a digit of another class.
    """
    count = len(digits)
    share = torch.empty(count, 1, 1).uniform_(0.35, 0.65, generator=generator)
    mixed = share * digits + (1 - share) * others
    halves = torch.cat([digits[:, :14], others[:, 14:]], dim=1)
    blocks = digits.reshape(count, 4, 7, 4, 7).permute(0, 1, 3, 2, 4).reshape(count, 16, 7, 7)
    blocks = blocks[:, torch.randperm(16, generator=generator)]
    pieces = blocks.reshape(count, 4, 4, 7, 7).permute(0, 1, 3, 2, 4).reshape(count, SIDE, SIDE)
    scattered = digits.flatten(1)[:, torch.randperm(SIDE * SIDE, generator=generator)].reshape(count, SIDE, SIDE)
    grey = torch.rand(count, 1, 1, generator=generator).expand_as(digits)
    ghosts = 0.5 * mixed + 0.5 * mixed.roll(1, dims=0)
    kinds = torch.stack([mixed, halves, pieces, scattered, grey, ghosts])  # (6, n, 28, 28)
    return kinds[torch.randint(len(kinds), (count,), generator=generator), torch.arange(count)]


def train(recipe: Recipe, images: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of the file: weights by name as int8 in units, and these units, float32.

    Args:
        images: uint8 (n, 784).
        labels: int64 (n,).
    """
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    pixels = torch.from_numpy(images[: recipe.images].astype(np.float32) / 255).reshape(-1, SIDE, SIDE)
    targets = functional.one_hot(torch.from_numpy(labels[: recipe.images]), CLASSES).float()
    numbers = torch.from_numpy(labels[: recipe.images])
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
    empty = round(recipe.without_digit * recipe.batch)
    full = recipe.batch - empty
    updates = recipe.epochs * (len(pixels) // full)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    for _ in range(recipe.epochs):
        order = torch.randperm(len(pixels), generator=generator)
        for start in range(0, len(order) - full + 1, full):
            chosen = order[start : start + full]
            left, right = (torch.randint(len(pixels), (2 * empty,), generator=generator) for _ in range(2))
            differ = torch.nonzero(numbers[left] != numbers[right]).flatten()[:empty]
            nothing = without_digit(pixels[left[differ]], pixels[right[differ]], generator)
            batch = varied(torch.cat([pixels[chosen], nothing]), generator)
            answers = torch.cat([targets[chosen], torch.full((len(differ), CLASSES), 1 / CLASSES)])
            optimizer.zero_grad()
            functional.cross_entropy(network(batch), answers).backward()
            optimizer.step()
            schedule.step()
    parameters = {name.replace(".weight", "").replace(".bias", "_bias"): p for name, p in network.named_parameters()}
    return stored({name: parameters[name].detach().numpy() for name in WEIGHTS})


def stored(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the file holds of weights: `digit_reader.restored` is the way back."""
    units = np.array([np.abs(weights[name]).max() / 127 for name in WEIGHTS], np.float32)
    rounded = {name: np.round(weights[name] / unit).astype(np.int8) for name, unit in zip(WEIGHTS, units, strict=True)}
    return {**rounded, "units": units}


def fingerprint(recipe: Recipe, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What the weights came from, uint32 (2,): checksums of the recipe, and of the digits that it reads."""
    described = zlib.crc32(repr(sorted(asdict(recipe).items())).encode())
    read_from = zlib.crc32(labels[: recipe.images].tobytes(), zlib.crc32(images[: recipe.images].tobytes()))
    return np.array([described, read_from], np.uint32)


def readings(arrays: dict[str, np.ndarray], images: np.ndarray) -> np.ndarray:
    """What weights read of images uint8 (n, 784), as the grader computes it: float32 (n, 10)."""
    weights = digit_reader.restored(arrays)
    pixels = digit_reader.prepared(images.astype(np.float32) / 255)
    return np.concatenate([digit_reader.probabilities(part, weights) for part in np.array_split(pixels, 10)])


def main(argv: list[str] | None = None) -> int:
    """Train and write, compare, or evaluate; 1 if the shipped file reads otherwise than a new training."""
    parser = argparse.ArgumentParser(prog="python -m staff.build.digits.reader", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file reads otherwise")
    parser.add_argument("--evaluate", action="store_true", help="how many test digits are read right?")
    parser.add_argument("--output", type=Path, default=PATH)
    arguments = parser.parse_args(argv)
    splits = read(DIGITS, "built-in digits")
    assert splits.test is not None and splits.validation is not None  # digits have both
    test = np.concatenate([splits.validation.x, splits.test.x])
    answers = np.concatenate([splits.validation.y, splits.test.y])
    if arguments.evaluate:
        _evaluate(test, answers)
        return 0
    recipe = Recipe()
    arrays = train(recipe, splits.train.x, splits.train.y)
    if arguments.check:
        with np.load(arguments.output, allow_pickle=False) as shipped:
            old = dict(shipped)
        same = np.mean(readings(old, test).argmax(axis=1) == readings(arrays, test).argmax(axis=1))
        told = "as trained" if same >= MIN_AGREEMENT else "differs; run python -m staff.build.digits.reader"
        print(f"{arguments.output}: {told} ({same:.2%} of the test digits read alike)")
        return 0 if same >= MIN_AGREEMENT else 1
    archive.write_npz(arguments.output, {**arrays, "made_from": fingerprint(recipe, splits.train.x, splits.train.y)})
    right = np.mean(readings(arrays, test).argmax(axis=1) == answers)
    print(f"{right:.2%} of {len(test)} test digits right, {arguments.output.stat().st_size:,} bytes")
    return 0


def _evaluate(test: np.ndarray, answers: np.ndarray) -> None:
    """Print how many digits are read right at both sizes, and how sure the reader is where there is no digit."""
    images = test.reshape(-1, SIDE, SIDE).astype(np.float32) / 255
    small = images.reshape(-1, SMALL_SIDE, 2, SMALL_SIDE, 2).mean(axis=(2, 4))
    for name, shown in (("28 x 28", images), ("14 x 14", small)):
        found = digit_reader.read(shown)
        right = np.mean(found.argmax(axis=1) == answers)
        print(f"{name}: {right:.2%} right; at least 0.9 sure of {np.mean(found.max(axis=1) >= 0.9):.1%}")
    generator = torch.Generator().manual_seed(1)
    pixels = torch.from_numpy(images)
    differ = torch.from_numpy(np.flatnonzero(answers != np.roll(answers, 1)))
    nothing = without_digit(pixels[differ], pixels.roll(1, dims=0)[differ], generator)
    print(f"no digit: at least 0.9 sure of {np.mean(digit_reader.read(nothing.numpy()).max(axis=1) >= 0.9):.1%}")


if __name__ == "__main__":
    ending.run(main)
