"""What the functions of elective 9 should give, in numpy. Tests compare it with torch's distributions and losses."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

BLOCK = 1000  # images at once
Layers = list[tuple[np.ndarray, np.ndarray]]  # weight (outputs, inputs) and bias (outputs,) of each linear layer


def psnr(images: np.ndarray, clean: np.ndarray) -> float:
    """Decibels of images against clean ones, where 1 is the largest pixel value."""
    return float(10 * np.log10(1 / np.mean((images - clean) ** 2)))


def pca(images: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (pixels,) and principal components (size, pixels), by a singular value decomposition."""
    middle = images.mean(axis=0)
    _, _, rows = np.linalg.svd(images - middle, full_matrices=False)
    return middle, rows[:size]


def reconstruction_by_pca(images: np.ndarray, middle: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Images (batch, pixels) after PCA and back."""
    numbers = (images - middle) @ rows.T  # (batch, size)
    return np.asarray(numbers @ rows + middle)


def blocks(rows: np.ndarray) -> list[np.ndarray]:
    """Views of so many rows that what is computed of them takes little memory."""
    return np.split(rows, range(BLOCK, len(rows), BLOCK))


def pca_of_many(parts: Iterable[np.ndarray], size: int) -> tuple[np.ndarray, np.ndarray]:
    """As `pca`, of many images of few pixels, part by part: by the covariance matrix, in less time and memory."""
    count, total, products = 0, np.zeros(1), np.zeros((1, 1))
    for images in parts:
        count += len(images)
        total = total + images.sum(axis=0, dtype=np.float64)  # (pixels,)
        products = products + images.T @ images  # (pixels, pixels)
    middle: np.ndarray = total / count
    return middle, np.linalg.eigh(products / count - np.outer(middle, middle))[1][:, ::-1][:, :size].T


def kl_divergence(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """Nats from N(mean, exp(log_variance)) to N(0, 1): (batch,)."""
    with np.errstate(over="ignore"):
        terms = np.square(mean) + np.exp(log_variance) - log_variance - 1
    return np.asarray(0.5 * terms.sum(axis=1))


def sampled_kl(mean: np.ndarray, log_variance: np.ndarray, random: np.random.Generator, draws: int) -> np.ndarray:
    """The same by its definition: the mean of log q(z) - log p(z) over draws z from q; (batch,)."""
    noise = random.standard_normal((draws, *mean.shape))
    z = mean + np.exp(0.5 * log_variance) * noise
    return np.asarray((0.5 * (z**2 - noise**2 - log_variance)).sum(axis=2).mean(axis=0))


def reconstruction_loss(logits: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Nats of each image given logits of its pixels: (batch,)."""
    return np.asarray((np.logaddexp(0, logits) - images * logits).sum(axis=1))


def elbo(logits: np.ndarray, images: np.ndarray, mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """Minus the loss and the divergence: (batch,)."""
    return -(reconstruction_loss(logits, images) + kl_divergence(mean, log_variance))


def interpolation(start: np.ndarray, end: np.ndarray, count: int) -> np.ndarray:
    """Points from start to end: (count, size)."""
    return np.linspace(start, end, count)


def sigmoid(numbers: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * numbers)))


def run(network: Layers, rows: np.ndarray) -> np.ndarray:
    """What linear layers with ReLU between them make of rows (batch, inputs)."""
    with np.errstate(over="ignore", invalid="ignore"):  # weights may be huge
        for number, (weight, bias) in enumerate(network):
            rows = (np.maximum(rows, 0) if number else rows) @ weight.T + bias
    return rows
