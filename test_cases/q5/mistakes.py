"""Question 5's computation, described once, and what can go wrong with each of its parts.

`convolution` is right without keywords. `CONVOLUTION` lists the wrong values of the keywords;
`grading.checks.combinations` tries them, alone and in pairs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grading.checks.combinations import Computation, Part, Variant

STAY_ZERO = {  # how far the last row and the last column that are written lie from the last ones
    "last row and column 0": (-1, -1),
    "last row 0": (-1, 0),
    "last column 0": (0, -1),
}
MATRIX_PRODUCTS = ("matrix product", "transposed matrix product")


def convolution(
    image: np.ndarray,
    kernel: np.ndarray,
    *,
    weights: str = "as they are",
    edge: str = "inside",
    positions: str = "all",
    total: str = "sum",
    output: str = "as it is",
) -> np.ndarray:
    """Entry (i, j) is the sum of the kernel times the patch of its size that starts at (i, j); float64.

    Args:
        image: (height, width).
        kernel: (kernel height, kernel width), no larger than the image.
        weights: what is done with the kernel.
        edge: whether zeros are put around the image.
        positions: at which the kernel lies.
        total: what is made of the products.
        output: what is done with the result.
    Returns:
        (height - kernel height + 1, width - kernel width + 1); mistakes may have another shape.
    """
    image, kernel = image.astype(np.float64), kernel.astype(np.float64)
    used = {
        "as they are": kernel,
        "rotated": kernel[::-1, ::-1],
        "upside down": kernel[::-1],
        "mirrored": kernel[:, ::-1],
        "ones": np.ones_like(kernel),
        "first": np.full_like(kernel, kernel[0, 0]),
        "transposed": kernel.T,
    }[weights]
    padding = [(0, 0) if edge == "inside" else _around(side, edge) for side in kernel.shape]
    patches = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), used.shape)
    rows, columns = np.indices(patches.shape[:2])
    chosen = {
        "all": patches,
        "last row and column missing": patches[:-1, :-1],
        "last row missing": patches[:-1],
        "last column missing": patches[:, :-1],
        "first row and column missing": patches[1:, 1:],
        "every second": patches[::2, ::2],
        "side by side": patches[:: kernel.shape[0], :: kernel.shape[1]],
        **dict.fromkeys(STAY_ZERO, patches),
        "row for column": patches[rows, np.minimum(rows, patches.shape[1] - 1)],
        "column for row": patches[np.minimum(columns, patches.shape[0] - 1), columns],
    }[positions]
    if total in MATRIX_PRODUCTS:
        products = chosen @ (used.T if total == "transposed matrix product" else used)  # ValueError unless they fit
    else:
        products = chosen * used  # (rows, columns, kernel height, kernel width)
    totals: dict[str, Callable[[], np.ndarray]] = {
        **dict.fromkeys(("sum", *MATRIX_PRODUCTS), lambda: products.sum(axis=(2, 3))),
        "mean": lambda: products.mean(axis=(2, 3)),
        "max": lambda: products.max(axis=(2, 3)),
        "sum over the positions": lambda: products.sum(axis=(0, 1)),
        "sum of each row": lambda: products.sum(axis=3),
        "sum of each column": lambda: products.sum(axis=2),
        "last product": lambda: products[..., -1, -1],
        "first product": lambda: products[..., 0, 0],
        "first row of the kernel": lambda: products[..., 0, :].sum(axis=2),
        "first column of the kernel": lambda: products[..., 0].sum(axis=2),
        "patch and kernel added": lambda: (chosen + used).sum(axis=(2, 3)),
        "product of sums": lambda: chosen.sum(axis=(2, 3)) * used.sum(),
        "running sum": lambda: products.sum(axis=(2, 3)).ravel().cumsum().reshape(products.shape[:2]),
        "running sum of each row": lambda: products.sum(axis=(2, 3)).cumsum(axis=1),
    }
    result = totals[total]()
    if positions in STAY_ZERO:
        from_last_row, from_last_column = STAY_ZERO[positions]
        is_written = (rows <= rows.max() + from_last_row) & (columns <= columns.max() + from_last_column)
        result = np.where(is_written, result, 0)  # ValueError where the total has another shape
    ways: dict[str, Callable[[], np.ndarray]] = {
        "as it is": lambda: result,
        "transposed": lambda: result.T,
        "flat": result.ravel,
        "relu": lambda: np.maximum(result, 0),
        "absolute": lambda: np.abs(result),
        "sigmoid": lambda: 1 / (1 + np.exp(-result)),
        "negative": lambda: -result,
    }
    return ways[output]()


def _around(side: int, edge: str) -> tuple[int, int]:
    """Zeros before and behind the image: as many as keep its size, or as let the kernel overlap by one entry."""
    if edge == "full":
        return side - 1, side - 1
    before = (side - 1) // 2 if edge == "same" else side // 2
    return before, side - 1 - before


_KERNEL = "In `Convolve`, each entry of the kernel multiplies the entry of the patch at the same position."
_PADDED = "The kernel should stay inside the image, so that the result is smaller than the image."
_POSITIONS = "How many positions does a kernel of width 2 have in a row of 3?"
_FREE = "The result should be the sums as they are."
CONVOLUTION = Computation(
    convolution,
    (
        Part(
            "weights",
            (
                Variant(
                    "rotated",
                    f"Your result is the one of a kernel that is rotated by 180 degrees. {_KERNEL}",
                    "Is the kernel flipped, or is the patch read backwards?",
                ),
                Variant(
                    "upside down",
                    f"Your result belongs to a kernel with its rows in reverse order. {_KERNEL}",
                    "Do the rows of kernel and patch run in the same direction?",
                ),
                Variant(
                    "mirrored",
                    f"Your result belongs to a kernel with its columns in reverse order. {_KERNEL}",
                    "Do the columns of kernel and patch run in the same direction?",
                ),
                Variant(
                    "ones", "Your result is the sum of each patch. The kernel is not used.", "Where is `weight` used?"
                ),
                Variant(
                    "transposed",
                    f"Your result belongs to a kernel whose rows and columns are exchanged. {_KERNEL}",
                    "Which index of `weight` is the row?",
                ),
                Variant("first", "Every entry of the patch is multiplied by `weight[0, 0]`. " + _KERNEL),
            ),
        ),
        Part(
            "edge",
            (
                Variant("same", f"Zeros are put around the image, and the result is as large as the image. {_PADDED}"),
                Variant("same, one before", f"Zeros are put around the image. The result is too large. {_PADDED}"),
                Variant("full", f"Zeros are put around the image. The result is larger than the image. {_PADDED}"),
            ),
        ),
        Part(
            "positions",
            (
                Variant(
                    "last row and column missing",
                    "The last row and the last column of the result are missing. All other entries are right.",
                    _POSITIONS,
                ),
                Variant(
                    "last row missing",
                    "The last row of the result is missing. All other entries are right.",
                    _POSITIONS,
                ),
                Variant(
                    "last column missing",
                    "The last column of the result is missing. All other entries are right.",
                    _POSITIONS,
                ),
                Variant(
                    "first row and column missing",
                    "The first row and the first column of the result are missing. All other entries are right.",
                    "At which row and column does the first patch start?",
                ),
                *(
                    Variant(
                        f"{name} 0",
                        f"The {words} of the result {verb} 0. All other entries are right.",
                        _POSITIONS,
                    )
                    for name, words, verb in (
                        ("last row and column", "last row and the last column", "stay"),
                        ("last row", "last row", "stays"),
                        ("last column", "last column", "stays"),
                    )
                ),
                *(
                    Variant(
                        f"{one} for {other}",
                        f"The {one} of the patch is used for its {other}, too. Entry (i, j) belongs to the patch that "
                        "starts at row i and column j.",
                        "Which index stands in which slice?",
                    )
                    for one, other in (("row", "column"), ("column", "row"))
                ),
                Variant("every second", "The kernel moves by 2 entries. The kernel should move by 1 entry."),
                Variant("side by side", "The patches do not overlap. The kernel should move by 1 entry."),
            ),
        ),
        Part(
            "total",
            (
                Variant(
                    "sum over the positions",
                    "Your sum runs over the positions of the kernel on the image. The sum should run over the rows "
                    "and columns of the kernel. Each position then has one number. Which `dim` does the sum have?",
                ),
                *(
                    Variant(
                        name,
                        f"Patch and kernel are multiplied as matrices. {_KERNEL}",
                        "Which operator multiplies patch and kernel?",
                    )
                    for name in MATRIX_PRODUCTS
                ),
                Variant("mean", "Your result is the mean of kernel times patch. The sum is needed."),
                Variant(
                    "patch and kernel added",
                    f"Patch and kernel are added. {_KERNEL}",
                    "Which operator stands between patch and kernel?",
                ),
                Variant("product of sums", f"The sum of the patch is multiplied by the sum of the kernel. {_KERNEL}"),
                *(
                    Variant(
                        name,
                        f"Each entry also holds the sums of the entries before it{where}. Each entry should hold the "
                        "sum of its own patch.",
                        "Where does the sum start again at 0?",
                    )
                    for name, where in (("running sum", ""), ("running sum of each row", " in its row"))
                ),
                Variant("max", "Your result is the largest product of kernel and patch. Their sum is needed."),
                Variant("sum of each row", "The sum runs over the kernel's columns only. The rows are not added."),
                Variant("sum of each column", "The sum runs over the kernel's rows only. The columns are not added."),
                Variant(
                    "last product",
                    "Your result holds only the last product of each patch.",
                    "Is the sum overwritten inside the loop?",
                ),
                *(
                    Variant(
                        name,
                        f"Your result holds only the {products}. The sum should run over all rows and columns of the "
                        "kernel.",
                        "Does a `return` stand inside of a loop?",
                    )
                    for name, products in (
                        ("first product", "first product of each patch"),
                        ("first row of the kernel", "products of the kernel's first row"),
                        ("first column of the kernel", "products of the kernel's first column"),
                    )
                ),
            ),
        ),
        Part(
            "output",
            (
                Variant(
                    "transposed",
                    "Rows and columns of the result are exchanged. Entry (i, j) belongs to the patch that starts at "
                    "row i and column j.",
                    "At which row and column does your patch for entry (i, j) start?",
                ),
                Variant("flat", "The result has one dimension. The result should have rows and columns."),
                *(Variant(name, f"The result passes through a {name}. {_FREE}") for name in ("relu", "sigmoid")),
                Variant("absolute", f"The result holds absolute values. {_FREE}"),
                Variant("negative", "The sign of the result is reversed."),
            ),
        ),
    ),
)
