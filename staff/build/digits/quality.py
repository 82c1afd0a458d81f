"""Measures the digits against the real MNIST: `python -m staff.build.digits.quality [--data-directory DIR]`.

Two questions, three small models each (5 epochs, batch 128, Adam 1e-3):
    difficulty  trained on the file's training images, how well do they read the file's own test images?
    transfer    and how well do they read the 10,000 real MNIST test images, which they have never seen?
The real file, `mnist.npz` in DIR or in the directory that NNPROJECT_DATA names, is only measured against: nothing is
fitted to it. `--real` trains on the real training images instead, for comparison.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from staff.build.digits.build import DEFAULT_OUTPUT
from startup import ending

EPOCHS = 5
BATCH = 128
LEARNING_RATE = 1e-3
MODELS = ("linear", "mlp", "cnn")


def build_model(name: str) -> nn.Module:
    """A linear map, an MLP with 256 hidden units, or a CNN with two layers of 3x3 kernels; inputs are (batch, 784)."""
    if name == "linear":
        return nn.Linear(784, 10)
    if name == "mlp":
        return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),  # (batch, 16, 14, 14)
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),  # (batch, 32, 7, 7)
        nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def as_tensors(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """Images (count, 784) as float32 in [0, 1] and labels (count,) as int64."""
    return torch.from_numpy(images.reshape(-1, 784)).float() / 255, torch.from_numpy(labels).long()


def train(name: str, images: Tensor, labels: Tensor, seed: int = 0, epochs: int = EPOCHS) -> nn.Module:
    """A trained model; the same arguments give the same model on one machine."""
    torch.manual_seed(seed)
    model = build_model(name)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(epochs):
        for rows in torch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad()
            functional.cross_entropy(model(images[rows]), labels[rows]).backward()
            optimizer.step()
    return model.eval()


@torch.no_grad()
def predictions(model: nn.Module, images: Tensor) -> Tensor:
    """The digit the model reads in each image, of shape (count,)."""
    return torch.cat([model(batch).argmax(dim=1) for batch in images.split(1000)])


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The fraction of images that the model reads correctly."""
    return (predictions(model, images) == labels).float().mean().item()


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0, or 2 without the real MNIST."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.build.digits.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--digits", type=Path, default=DEFAULT_OUTPUT, help="default: the built-in file")
    parser.add_argument("--data-directory", type=Path, default=os.environ.get("NNPROJECT_DATA"))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--seeds", type=int, default=1, help="train each model this often and print the mean")
    parser.add_argument("--real", action="store_true", help="train on the real training images instead")
    arguments = parser.parse_args(argv)
    real_path = Path(arguments.data_directory or ".") / "mnist.npz"
    if not real_path.is_file():
        print(f"{real_path} not found: name its directory with --data-directory or NNPROJECT_DATA", file=sys.stderr)
        return 2

    with np.load(real_path if arguments.real else arguments.digits, allow_pickle=False) as file:
        train_set = as_tensors(file["train_images"], file["train_labels"])
        own_test = as_tensors(file["test_images"], file["test_labels"])
    with np.load(real_path, allow_pickle=False) as file:
        real_test = as_tensors(file["test_images"], file["test_labels"])

    torch.set_num_threads(1)  # models this small lose more by sharing than they win
    print("model    own test   real test   (percent correct)", flush=True)
    for name in arguments.models:
        trained = [train(name, *train_set, seed=seed) for seed in range(arguments.seeds)]
        own = np.mean([accuracy(model, *own_test) for model in trained])
        real = np.mean([accuracy(model, *real_test) for model in trained])
        print(f"{name:8}{100 * own:9.2f}{100 * real:12.2f}", flush=True)
    return 0


if __name__ == "__main__":
    ending.run(main)
