"""What the functions of elective 4 should give, in numpy. Tests compare it with torch's own convolution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Layer = tuple[np.ndarray, np.ndarray]  # weight and bias

# the parameters of a LeNet, but for its last layer
LENET = {
    "conv1.weight": (6, 1, 5, 5),
    "conv1.bias": (6,),
    "conv2.weight": (16, 6, 5, 5),
    "conv2.bias": (16,),
    "head.0.weight": (120, 256),
    "head.0.bias": (120,),
    "head.2.weight": (84, 120),
    "head.2.bias": (84,),
}
ENCODER = ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias")
FEATURES = 256
ROWS_AT_ONCE = 50  # images: the patches of more do not fit the processor's cache

KERNELS = {
    "average": np.ones((3, 3)) / 9,
    "vertical edges": np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float64),
    "horizontal edges": np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]], np.float64),
    "laplacian": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float64),
}


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """How many positions a kernel takes, found by counting them."""
    return len(range(0, size + 2 * padding - kernel + 1, stride))


def parameter_count(in_channels: int, out_channels: int, kernel: int) -> int:
    """Weights and biases of a layer."""
    return int(np.prod((out_channels, in_channels, kernel, kernel))) + out_channels


def conv2d(images: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int = 1, padding: int = 0) -> np.ndarray:
    """The definition: images (batch, in, height, width), weight (out, in, kernel, kernel), bias (out,)."""
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    views = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    count, _, rows, columns = views.shape[:4]
    seen = views.transpose(0, 1, 4, 5, 2, 3).reshape(count, -1, rows * columns)  # (batch, in * kernel², positions)
    return (weight.reshape(len(weight), -1) @ seen + bias[:, None]).reshape(count, -1, rows, columns)


def windows(images: np.ndarray, size: int) -> np.ndarray:
    """Windows side by side, (batch, channels, rows, columns, size, size)."""
    return sliding_window_view(images, (size, size), axis=(2, 3))[:, :, ::size, ::size]


def max_pool(images: np.ndarray, size: int) -> np.ndarray:
    """The largest number of each window."""
    parts = windows(images, size)
    return np.maximum.reduce([parts[..., row, column] for row in range(size) for column in range(size)])


def average_pool(images: np.ndarray, size: int) -> np.ndarray:
    """The mean of each window."""
    return windows(images, size).mean(axis=(4, 5))


def relu(numbers: np.ndarray) -> np.ndarray:
    """Numbers below 0 become 0."""
    return np.maximum(numbers, 0)


def residual_block(images: np.ndarray, one: Layer, two: Layer, shortcut: Layer | None, stride: int) -> np.ndarray:
    """A block of two convolutions, and a way around them."""
    learned = conv2d(relu(conv2d(images, *one, stride, 1)), *two, 1, 1)
    return relu(learned + (images if shortcut is None else conv2d(images, *shortcut, stride)))


def move(images: np.ndarray, down: np.ndarray, right: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Each image (channels, side, side) turned about its centre, counter-clockwise, then shifted."""
    side = images.shape[3]
    middle = (side - 1) / 2
    lines, posts = np.mgrid[:side, :side] - middle
    found = np.empty(images.shape, np.float64)
    for number, (image, lower, further, turn) in enumerate(zip(images, down, right, degrees, strict=True)):
        cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        y, x = lines - lower, posts - further
        found[number] = bilinear(image, middle + cosine * y + sine * x, middle + cosine * x - sine * y)
    return found


def bilinear(image: np.ndarray, lines: np.ndarray, posts: np.ndarray) -> np.ndarray:
    """An image (channels, side, side) at positions between its pixels; 0 outside."""
    side = image.shape[1]
    top, left = np.floor(lines).astype(int), np.floor(posts).astype(int)
    total = np.zeros((len(image), *lines.shape))
    for row, tall in ((top, 1 - (lines - top)), (top + 1, lines - top)):
        for column, wide in ((left, 1 - (posts - left)), (left + 1, posts - left)):
            inside = (row >= 0) & (row < side) & (column >= 0) & (column < side)
            total += np.where(inside, tall * wide, 0) * image[:, row.clip(0, side - 1), column.clip(0, side - 1)]
    return total


def encode(parameters: Mapping[str, np.ndarray], images: np.ndarray) -> np.ndarray:
    """LeNet's features, (batch, 256), in the dtype of the images."""
    maps = images
    for layer in ("conv1", "conv2"):
        weight, bias = (parameters[f"{layer}.{part}"].astype(images.dtype) for part in ("weight", "bias"))
        maps = relu(max_pool(conv2d(maps, weight, bias), 2))
    return maps.reshape(len(images), -1)


def logits(parameters: Mapping[str, np.ndarray], pixels: np.ndarray) -> np.ndarray:
    """LeNet's scores of images (batch, 1, 28, 28), with its own head or with a single linear layer."""
    layers = ("head",) if "head.weight" in parameters else ("head.0", "head.2", "head.4")
    found = []
    for start in range(0, len(pixels), ROWS_AT_ONCE):
        numbers = encode(parameters, pixels[start : start + ROWS_AT_ONCE])
        for number, layer in enumerate(layers):
            numbers = relu(numbers) if number else numbers
            numbers = numbers @ parameters[f"{layer}.weight"].T + parameters[f"{layer}.bias"]
        found.append(numbers)
    return np.concatenate(found).astype(np.float64)


def saliency(weights: Mapping[str, np.ndarray], images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Of `probes.Curved`, whose scores are V tanh(U pixels): signed gradients, (batch, channels, side, side)."""
    flat = images.reshape(len(images), -1)
    slopes = 1 - np.tanh(flat @ weights["inner"].T) ** 2  # (batch, hidden)
    return ((weights["outer"][labels] * slopes) @ weights["inner"]).reshape(images.shape)
