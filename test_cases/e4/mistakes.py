"""The classic mistakes of elective 4: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from grading.checks import diagnosis, variants
from grading.checks.diagnosis import Mistake, Probe
from test_cases.e4 import reference
from test_cases.e4.reference import Layer, relu

SIZES = {
    "The last position is not counted. A kernel as large as the image has one position.": (
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride
    ),
    "The padding is counted once. It is added at both ends of the side.": (
        lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1
    ),
    "The padding has no influence in your formula.": (
        lambda size, kernel, stride, padding: (size - kernel) // stride + 1
    ),
    "The stride has no influence in your formula.": (
        lambda size, kernel, stride, padding: size + 2 * padding - kernel + 1
    ),
    "A position that reaches over the end was counted. Pixels that are left over are not used.": (
        lambda size, kernel, stride, padding: -(-(size + 2 * padding - kernel) // stride) + 1
    ),
    "The division gave a number that is not whole. Pixels that are left over are not used.": (
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1
    ),
}
COUNTS = {
    "The biases are missing from your count. Each output channel has one.": (
        lambda before, after, kernel: before * after * kernel**2
    ),
    "One bias was counted for the whole layer. Each output channel has one.": (
        lambda before, after, kernel: before * after * kernel**2 + 1
    ),
    "A bias was counted for each input channel. Each output channel has one.": (
        lambda before, after, kernel: before * (after * kernel**2 + 1)
    ),
    "The input channels have no influence in your count. A filter has numbers for each of them.": (
        lambda before, after, kernel: after * (kernel**2 + 1)
    ),
    "A kernel has kernel x kernel numbers. Your count has one side of it only.": (
        lambda before, after, kernel: after * (before * kernel + 1)
    ),
    "A kernel has kernel x kernel numbers, and a filter has one bias. Your count has one side, and a bias each.": (
        lambda before, after, kernel: after * before * (kernel + 1)
    ),
    "A bias was counted for each kernel. A filter adds up all of its input channels and then one bias.": (
        lambda before, after, kernel: after * before * (kernel**2 + 1)
    ),
}


def of_numbers(wrong: Mapping[str, Any], probes: Sequence[Probe]) -> str:
    """The explanation of the formula, one of `SIZES` or `COUNTS`, that gives what came."""
    return diagnosis.recognised([Mistake(formula, explanation) for explanation, formula in wrong.items()], probes, 0)


def kernel(name: str, wrong: str) -> np.ndarray:
    """A classic kernel with a mistake."""
    right = reference.KERNELS[name]
    return {"sign": -right, "turned": right.T, "sum": np.ones((3, 3)), "bare": np.sign(right)}[wrong]


IN_KERNELS = {
    "average": {"sum": "The kernel adds up nine pixels. What makes a mean of a sum?"},
    "vertical edges": {
        "turned": "The kernels for vertical and horizontal edges are swapped. A vertical edge separates left "
        "from right.",
        "sign": "The sign is reversed. The kernel takes left minus right.",
        "bare": "The three rows count the same. Sobel's kernel smooths with 1, 2, 1 along the edge.",
    },
    "horizontal edges": {
        "turned": "The kernels for vertical and horizontal edges are swapped. A horizontal edge separates "
        "above from below.",
        "sign": "The sign is reversed. The kernel takes above minus below.",
        "bare": "The three columns count the same. Sobel's kernel smooths with 1, 2, 1 along the edge.",
    },
    "laplacian": {"sign": "The sign is reversed. The neighbours count positive, the pixel itself negative."},
}


def of_kernel(name: str, found: Any) -> str:
    """The explanation of the mistake that gives a kernel."""
    return variants.named(kernel, IN_KERNELS[name], [((name,), found)])


def conv2d(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int, padding: int, wrong: str) -> np.ndarray:
    """A convolution with a mistake."""
    weight = {
        "flipped": weight[:, :, ::-1, ::-1],
        "transposed": weight.swapaxes(2, 3),
        "channels averaged": weight / weight.shape[1],
        "first channel": np.concatenate([weight[:, :1], 0 * weight[:, 1:]], axis=1),
    }.get(wrong, weight)
    bias = {"no bias": 0 * bias, "bias for each channel": weight.shape[1] * bias}.get(wrong, bias)
    if wrong == "edges repeated":
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")
        padding = 0
    padding = {"no padding": 0, "padded twice": 2 * padding}.get(wrong, padding)
    if wrong in ("stride of rows", "stride of columns"):
        every = reference.conv2d(x, weight, bias, 1, padding)
        return every[:, :, ::stride] if wrong == "stride of rows" else every[:, :, :, ::stride]
    if wrong == "first positions":
        rows, columns = (reference.output_size(size, weight.shape[2], stride, padding) for size in x.shape[2:])
        return reference.conv2d(x, weight, bias, 1, padding)[:, :, :rows, :columns]
    out = reference.conv2d(x, weight, bias, 1 if wrong == "no stride" else stride, padding)
    return {"sides exchanged": out.swapaxes(2, 3), "channels last": np.moveaxis(out, 1, 3)}.get(wrong, out)


IN_CONVOLUTION = {
    "flipped": "The kernels were flipped, as the mathematical convolution does. Here, as in torch, the entry "
    "(0, 0) meets the pixel at the top left.",
    "transposed": "Rows and columns of the kernels are swapped.",
    "channels averaged": "The input channels were averaged. Their products add up.",
    "first channel": "Only the first input channel has influence. A filter has a kernel for each of them.",
    "no bias": "The bias is missing. Each output channel adds its own.",
    "bias for each channel": "The bias was added once for each input channel. Each output channel adds it once.",
    "edges repeated": "The padding repeats the pixels of the edge. It holds zeros.",
    "no padding": "The padding has no influence. Where are the zeros added around the image?",
    "padded twice": "Too many zeros were added. `padding` is the number of rows at each side.",
    "no stride": "The stride has no influence. The kernel moves by `stride` pixels from one position to the next.",
    "stride of rows": "The stride works down the image alone. It works along both sides.",
    "stride of columns": "The stride works across the image alone. It works along both sides.",
    "first positions": "The output holds the first positions of stride 1. The kernel moves by `stride` pixels from one "
    "position to the next.",
    "sides exchanged": "Rows and columns of the output are swapped.",
    "channels last": "The output has its channels last. They are dimension 1.",
}


def of_convolution(probes: Sequence[Probe], right: Sequence[np.ndarray]) -> str:
    """The explanation of the mistake that gives what `conv2d` gave."""
    compared = [((wanted,), found) for wanted, (_, found) in zip(right, probes, strict=True)]
    why = variants.nearly_right(lambda wanted: wanted, compared)
    return variants.first(why, lambda: variants.named(conv2d, IN_CONVOLUTION, probes))


def pool(x: np.ndarray, size: int, is_max: bool, wrong: str) -> np.ndarray:
    """Pooling with a mistake."""
    rows, columns = (-(-side // size) * size for side in x.shape[2:])
    over = ((0, 0), (0, 0), (0, rows - x.shape[2]), (0, columns - x.shape[3]))
    made = {
        "stride 1": lambda: np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3)),
        "leftovers": lambda: reference.windows(np.pad(x, over, constant_values=-np.inf if is_max else 0), size),
    }.get(wrong, lambda: reference.windows(x, size))()
    if wrong == "picked":
        return made[..., 0, 0]
    if wrong == "summed":
        return made.sum(axis=(4, 5))
    if wrong == "size of the pixels":
        return np.abs(made).max(axis=(4, 5))
    if (wrong == "exchanged") == is_max:
        return made.mean(axis=(4, 5))
    return made.max(axis=(4, 5))


IN_POOLING = {
    "stride 1": "The windows overlap: they were moved by one pixel. They lie side by side.",
    "leftovers": "Rows or columns that fill no whole window made windows of their own. They are left out.",
    "picked": "The first pixel of each window was taken. All of them count.",
    "summed": "The pixels of a window were added up.",
    "size of the pixels": "The largest absolute value was taken. Numbers below 0 stay below 0.",
    "exchanged": "The largest number and the mean are swapped.",
}


def of_pooling(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives what `max_pool` or `average_pool` gave."""
    return variants.named(pool, IN_POOLING, probes)


def residual_block(
    x: np.ndarray, one: Layer, two: Layer, shortcut: Layer | None, stride: int, wrong: str
) -> np.ndarray:
    """The block with a mistake."""
    inner = reference.conv2d(x, *one, stride, 1)
    learned = reference.conv2d(inner if wrong == "no relu inside" else relu(inner), *two, 1, 1)
    around = x if shortcut is None else reference.conv2d(x, *shortcut, stride)
    return {
        "no input": lambda: relu(learned),
        "relu before the sum": lambda: relu(learned) + around,
        "two relus": lambda: relu(relu(learned) + around),
        "no relu at the end": lambda: learned + around,
        "subtracted": lambda: relu(around - learned),
        "multiplied": lambda: relu(learned * around),
    }.get(wrong, lambda: relu(learned + around))()


IN_RESIDUAL = {
    "no input": "The block is two convolutions and nothing else. Where is its input used again?",
    "relu before the sum": "ReLU came before the sum. It follows the sum.",
    "two relus": "ReLU was used before the sum, too. F(x) may take numbers below 0 away from the input.",
    "no relu at the end": "ReLU is missing after the sum.",
    "no relu inside": "ReLU is missing between the two convolutions. Without it, they are one linear map.",
    "subtracted": "The signs do not fit. The block adds F(x) and s(x).",
    "multiplied": "F(x) and s(x) were multiplied. The block adds them.",
}


def of_residual(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives what `residual_block` gave."""
    return variants.named(residual_block, IN_RESIDUAL, probes)


def move(images: np.ndarray, down: np.ndarray, right: np.ndarray, degrees: np.ndarray, wrong: str) -> np.ndarray:
    """Turned and shifted images with a mistake."""
    side = images.shape[3]
    turn = np.radians(degrees)
    if wrong == "shifted first":  # the shift is turned along
        down, right = np.cos(turn) * down - np.sin(turn) * right, np.cos(turn) * right + np.sin(turn) * down
    if wrong == "corners":  # the unit of positions is (side - 1) / 2
        down, right = down * (side - 1) / side, right * (side - 1) / side
    if wrong == "twice as far":
        down, right = 2 * down, 2 * right
    changed = {
        "clockwise": (down, right, -degrees),
        "radians": (down, right, np.degrees(degrees)),
        "exchanged": (right, down, degrees),
        "the other way": (-down, -right, degrees),
        "up": (-down, right, degrees),
        "left": (down, -right, degrees),
        "not turned": (down, right, 0 * degrees),
        "not shifted": (0 * down, 0 * right, degrees),
        "one for all": (0 * down + down[0], 0 * right + right[0], 0 * degrees + degrees[0]),
    }
    if wrong in ("nearest", "border"):
        return _moved_otherwise(images, down, right, degrees, wrong)
    return reference.move(images, *changed.get(wrong, (down, right, degrees)))


def _moved_otherwise(
    images: np.ndarray, down: np.ndarray, right: np.ndarray, degrees: np.ndarray, wrong: str
) -> np.ndarray:
    """Turned and shifted images with pixels of the border outside, or without means of four pixels."""
    last = images.shape[3] - 1
    lines, posts = np.mgrid[: last + 1, : last + 1] - last / 2
    found = np.empty(images.shape)
    for number, (image, lower, further, turn) in enumerate(zip(images, down, right, np.radians(degrees), strict=True)):
        y, x = lines - lower, posts - further
        rows, columns = last / 2 + np.cos(turn) * y + np.sin(turn) * x, last / 2 + np.cos(turn) * x - np.sin(turn) * y
        if wrong == "border":
            found[number] = reference.bilinear(image, rows.clip(0, last), columns.clip(0, last))
        else:
            found[number] = reference.bilinear(image, np.rint(rows), np.rint(columns))
    return found


IN_MOVING = {
    "clockwise": "The images turned clockwise. They turn counter-clockwise.",
    "radians": "The angles were taken for radians. They are in degrees.",
    "exchanged": "The shifts down and right are swapped. `grid_sample` wants the column first.",
    "the other way": "The images were shifted the other way. A pixel takes what lies at another position: where is it?",
    "up": "The images were shifted up instead of down.",
    "left": "The images were shifted left instead of right.",
    "not turned": "The images were not turned.",
    "not shifted": "The images were not shifted.",
    "one for all": "All images moved like the first one. Each has numbers of its own.",
    "shifted first": "The images were shifted first and turned then, so their shift was turned, too.",
    "corners": "The unit of `grid_sample` is side / 2, and not (side - 1) / 2. The default align_corners=False fits.",
    "nearest": "Each pixel took the nearest old pixel. The formula takes the weighted mean of four.",
    "border": "Outside of the image, pixels of its border were taken. All pixels are 0 there.",
    "twice as far": "The images were shifted twice as far. The unit of `grid_sample` is half a side.",
}


def of_moving(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives what `move` gave."""
    return variants.named(move, IN_MOVING, probes)


def saliency(weights: Mapping[str, np.ndarray], images: np.ndarray, labels: np.ndarray, wrong: str) -> np.ndarray:
    """Saliency with a mistake."""
    signed = partial(reference.saliency, weights, images)
    flat = np.tanh(images.reshape(len(images), -1) @ weights["inner"].T) @ weights["outer"].T
    classes = range(flat.shape[1])
    everything = np.stack([signed(np.full(len(images), label)) for label in classes])  # (classes, batch, ...)
    chances = np.exp(flat) / np.exp(flat).sum(axis=1, keepdims=True)
    own = signed(labels)
    mean = np.tensordot(chances, everything, axes=((1,), (0,)))[range(len(images)), range(len(images))]
    share = chances[range(len(images)), labels][:, None, None, None]
    found = {
        "signed": lambda: own.max(axis=1),
        "sum over channels": lambda: np.abs(own).sum(axis=1),
        "mean over channels": lambda: np.abs(own).mean(axis=1),
        "squares": lambda: (own**2).max(axis=1),
        "loss": lambda: np.abs(own - mean).max(axis=1),
        "mean loss": lambda: np.abs(own - mean).max(axis=1) / len(images),
        "probability": lambda: np.abs(share * (own - mean)).max(axis=1),
        "all classes": lambda: np.abs(everything.sum(axis=0)).max(axis=1),
        "answer": lambda: np.abs(signed(flat.argmax(axis=1))).max(axis=1),
        "mean of the scores": lambda: np.abs(own).max(axis=1) / len(images),
        "times the image": lambda: np.abs(own * images).max(axis=1),
        "channels kept": lambda: np.abs(own),
        "scaled": lambda: np.abs(own).max(axis=1) / np.abs(own).max(axis=1).max(axis=(1, 2), keepdims=True),
    }
    return found[wrong]()


IN_SALIENCY = {
    "signed": "The largest gradient was taken, not the largest absolute value.",
    "sum over channels": "The channels were added up. The largest of them counts.",
    "mean over channels": "The channels were averaged. The largest of them counts.",
    "squares": "The gradients were squared. Their absolute values are asked for.",
    "loss": "The gradient is that of the cross-entropy. The score itself is asked for.",
    "mean loss": "The gradient is that of the cross-entropy. The score itself is asked for.",
    "probability": "The gradient is that of the probability after a softmax. The score itself is asked for.",
    "all classes": "The scores of all classes were added up. Each image has one class in `labels`.",
    "answer": "The gradient is that of the largest score. The class is given in `labels`.",
    "mean of the scores": "The scores were averaged over the batch. Then each gradient depends on the batch's size.",
    "times the image": "The gradients were multiplied by the image. The gradient alone is asked for.",
    "channels kept": "The channels are still there. The largest of them counts.",
    "scaled": "Each map was divided by its maximum. The gradients are asked for as they are.",
}


def of_saliency(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives what `saliency` gave."""
    return variants.named(saliency, IN_SALIENCY, probes)


def features(parameters: Mapping[str, np.ndarray], images: np.ndarray, wrong: str) -> np.ndarray:
    """LeNet's features with a mistake."""
    maps = images
    for layer in ("conv1", "conv2"):
        maps = reference.conv2d(maps, parameters[f"{layer}.weight"], parameters[f"{layer}.bias"])
        maps = reference.average_pool(relu(maps), 2) if wrong == "average pooling" else reference.max_pool(maps, 2)
        if wrong != "no relu" and not (wrong == "no last relu" and layer == "conv2"):
            maps = np.tanh(maps) if wrong == "tanh" else relu(maps)
    order = {"channels last": (0, 2, 3, 1), "sides exchanged": (0, 1, 3, 2)}.get(wrong, (0, 1, 2, 3))
    return maps.transpose(order).reshape(len(images), -1)


ANOTHER_ORDER = "The features stand in another order. `flatten(1)` takes channels, rows and columns as they are."
IN_FEATURES = {
    "average pooling": "The features come of average pooling. This LeNet has max pooling.",
    "no relu": "The features are those without ReLU. It stands after both convolutions.",
    "no last relu": "ReLU is missing after conv2.",
    "tanh": "The activation is tanh. This LeNet has ReLU.",
    **dict.fromkeys(("channels last", "sides exchanged"), ANOTHER_ORDER),
}


def of_features(probes: Sequence[Probe], tolerance: float) -> str:
    """The explanation of the mistake that gives what `encode` gave."""
    return variants.named(features, IN_FEATURES, probes, tolerance)
