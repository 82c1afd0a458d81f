"""Renders a page of digits to look at: `python -m staff.build.digits.contact_sheet sheet.png [--seed N]`."""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from staff.build.digits.generate import generate
from startup import ending

COLUMNS = 30
ROWS_PER_DIGIT = 2


def contact_sheet(images: NDArray[np.uint8], labels: NDArray[np.uint8], scale: int = 2) -> NDArray[np.uint8]:
    """A grey picture, two rows of 30 images per digit, each pixel drawn `scale` times in both directions.

    Raises ValueError when a digit has fewer than 60 images.
    """
    needed = COLUMNS * ROWS_PER_DIGIT
    rows = []
    for digit in range(10):
        chosen = np.flatnonzero(labels == digit)[:needed]
        if len(chosen) < needed:
            raise ValueError(f"a contact sheet needs {needed} images of digit {digit}; got {len(chosen)}")
        grid = images[chosen].reshape(ROWS_PER_DIGIT, COLUMNS, 28, 28)
        rows.append(grid.transpose(0, 2, 1, 3).reshape(ROWS_PER_DIGIT * 28, COLUMNS * 28))
    return np.concatenate(rows).repeat(scale, axis=0).repeat(scale, axis=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0."""
    parser = argparse.ArgumentParser(prog="python -m staff.build.digits.contact_sheet", description=__doc__)
    parser.add_argument("output", help="the PNG file to write")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    import matplotlib.image

    images, labels = generate(2000, arguments.seed)
    matplotlib.image.imsave(arguments.output, contact_sheet(images, labels), cmap="gray", vmin=0, vmax=255)
    return 0


if __name__ == "__main__":
    ending.run(main)
