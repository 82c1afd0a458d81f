"""Question 5: which side of a kernel is taken for which, and how a model loses the result of Convolve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grading.checks.model import Model
from grading.outcomes import StudentCrashed

IMAGE, KERNELS = (6, 8), ((1, 3), (3, 1))  # of kernels with one entry in a row or column, no mistake hides another
SIDES: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "The height and the width of the kernel are exchanged. Dimension 0 of the kernel is its height.": lambda h, w: (
        w,
        h,
    ),
    "The height of the kernel is used for its width, too.": lambda h, w: (h, h),
    "The width of the kernel is used for its height, too.": lambda h, w: (w, w),
}
KERNEL_NAME = "convolution_weights"


def sides(convolve: Callable[[np.ndarray, np.ndarray], Any]) -> str:
    """Which sides Convolve takes a kernel to have, told from a flat and a tall kernel; "" if none or several fit.

    The sides that Convolve works with decide the shape of its result. An index beyond the kernel ends it.
    """
    found = [(kernel, _shape(convolve, kernel)) for kernel in KERNELS]
    fitting = [
        told
        for told, taken in SIDES.items()
        if all(shape == _expected(kernel, taken(*kernel)) for kernel, shape in found)
        or all(shape == _without_indices(taken(*kernel)) for kernel, shape in found)
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _shape(convolve: Callable[[np.ndarray, np.ndarray], Any], kernel: tuple[int, int]) -> tuple[int, ...] | None:
    """Of the result; None if an index lay outside of the kernel, () for anything else."""
    random = np.random.default_rng(21)
    image, weight = (random.standard_normal(size).astype(np.float32) for size in (IMAGE, kernel))
    try:
        return getattr(convolve(image, weight), "shape", ())
    except StudentCrashed as crash:
        return None if "IndexError" in str(crash) else ()


def _expected(kernel: tuple[int, int], taken: tuple[int, int]) -> tuple[int, int] | None:
    """What code that indexes the kernel's entries gives, if it takes the kernel to have these sides."""
    return None if taken[0] > kernel[0] or taken[1] > kernel[1] else _without_indices(taken)


def _without_indices(taken: tuple[int, int]) -> tuple[int, int]:
    """What code that multiplies whole patches gives: a side of 1 fits any patch."""
    return IMAGE[0] - taken[0] + 1, IMAGE[1] - taken[1] + 1


def cut_kernel(model: Model, images: np.ndarray) -> str:
    """Why no gradient reaches the kernel although Convolve passes gradients; "" if nothing is sure.

    Args:
        model: of the student's.
        images: (batch, 784).
    """
    kernel = model.parameters().get(KERNEL_NAME)
    if kernel is None:
        return ""
    before = model(images)
    model.set_parameters({KERNEL_NAME: (kernel[::-1] + 1).astype(np.float32)})
    after = model(images)
    if not np.array_equal(before, after):
        return (
            f"Other numbers in `{KERNEL_NAME}` change the scores. So the graph is cut between the kernel and the "
            "scores. Does `forward` use `detach()`, `data`, `item()`, `no_grad` or numpy?"
        )
    seen = f"Other numbers in `{KERNEL_NAME}` do not change the scores."
    first = model.layers(images).first
    if first is None or first.inputs is None:
        return seen
    if first.inputs.shape[:1] == images.shape[:1] and first.inputs.size == images.size:
        received = first.inputs.reshape(images.shape)
        if np.allclose(received, images, atol=1e-5):
            return (
                f"{seen} The first layer, `{first.name}`, receives the pixels of `x`. It should receive the result of "
                "`Convolve`."
            )
    return f"{seen} The first layer, `{first.name}`, receives shape {first.shape}."
