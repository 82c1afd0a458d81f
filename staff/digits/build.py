"""Writes the built-in digits: `python -m staff.digits.build [--seed N] [--output FILE] [--train N] [--test N] [--check]`.

Without arguments it writes data/digits.npz, byte for byte the committed file. The hidden staff split is the same
command with another seed and output. `--check` writes nothing: it makes a sample of blocks again and compares.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from staff.archive import write_npz
from staff.digits.generate import BLOCK, generate, generate_block

PUBLIC_SEED = 1
TRAIN_COUNT, TEST_COUNT = 60_000, 10_000
DEFAULT_OUTPUT = Path(__file__).resolve().parents[2] / "data" / "digits.npz"
SAMPLED_BLOCKS = {"train": (0, 17, 29), "test": (0, 4)}


def digit_arrays(seed: int, train: int = TRAIN_COUNT, test: int = TEST_COUNT) -> dict[str, NDArray[np.uint8]]:
    """The members of the file: images (count, 784) and labels (count,), uint8, for train and test."""
    arrays = {}
    for split, count in (("train", train), ("test", test)):
        arrays[f"{split}_images"], arrays[f"{split}_labels"] = generate(count, seed, split)
    return arrays


def sample_differences(path: str | os.PathLike[str], seed: int = PUBLIC_SEED) -> dict[str, int]:
    """How many values of each sampled block differ between the file at `path` and the generator: all 0 if it is current.

    Blocks that the file is too short for are left out.
    """
    differences = {}
    with np.load(path, allow_pickle=False) as stored:
        for split, blocks in SAMPLED_BLOCKS.items():
            images, labels = stored[f"{split}_images"], stored[f"{split}_labels"]
            for index in blocks:
                part = slice(index * BLOCK, (index + 1) * BLOCK)
                if part.stop > len(labels):
                    continue
                expected_images, expected_labels = generate_block(index, seed, split)
                differences[f"{split} rows {part.start} to {part.stop - 1}"] = int(
                    np.count_nonzero(images[part] != expected_images)
                    + np.count_nonzero(labels[part] != expected_labels)
                )
    return differences


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=PUBLIC_SEED, help=f"default {PUBLIC_SEED}, the built-in file's")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--train", type=int, default=TRAIN_COUNT, help="training images")
    parser.add_argument("--test", type=int, default=TEST_COUNT, help="test images")
    parser.add_argument("--check", action="store_true", help="compare a sample with the file instead of writing it")
    arguments = parser.parse_args(argv)

    if arguments.check:
        differences = sample_differences(arguments.output, arguments.seed)
        for rows, count in differences.items():
            print(f"{rows}: {count} values differ")
        if any(differences.values()):
            print(f"{arguments.output} is not what seed {arguments.seed} gives; run this without --check", file=sys.stderr)
            return 1
        return 0

    write_npz(arguments.output, digit_arrays(arguments.seed, arguments.train, arguments.test))
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
