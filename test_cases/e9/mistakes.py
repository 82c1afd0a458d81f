"""The classic mistakes of elective 9: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grading.checks import expect
from test_cases.e9 import draws, reference

VECTORS = 1e-7  # eigenvectors of well separated eigenvalues


def psnr(images: np.ndarray, clean: np.ndarray, wrong: str) -> float | np.ndarray:
    """Decibels with a mistake."""
    errors = np.square(images - clean)
    return {
        "sign": 10 * np.log10(errors.mean()),
        "twice": -20 * np.log10(errors.mean()),
        "natural": -10 * np.log(errors.mean()),
        "root": -10 * np.log10(np.sqrt(errors.mean())),
        "bare": -np.log10(errors.mean()),
        "each": float(-10 * np.log10(errors.mean(axis=1)).mean()),
        "rows": -10 * np.log10(errors.mean(axis=1)),
        "sum": -10 * np.log10(errors.sum()),
        "absolute": -10 * np.log10(np.abs(images - clean).mean()),
        "signal": float(10 * np.log10(np.square(clean).mean() / errors.mean())),
    }[wrong]


IN_PSNR = {
    "sign": "The sign is reversed. A smaller error gives more decibels.",
    "twice": "The factor is 20. That belongs to the root of the mean squared error; here the factor is 10.",
    "natural": "The logarithm is the natural one. Decibels take the logarithm to the base 10.",
    "root": "The root of the mean squared error was taken. The formula has no root.",
    "bare": "The factor 10 is missing. Without it, the unit is bel.",
    "each": "Each image has its own psnr here, and these were averaged. The mse is that of all images together.",
    "rows": "Each image has its own psnr here. The mse is that of all images together.",
    "sum": "The squared differences were added. The mse is their mean.",
    "absolute": "The absolute differences were averaged. The mse has their squares.",
    "signal": "The error was compared with the mean square of the clean images. The formula compares it with 1.",
}


def _psnr(images: np.ndarray, clean: np.ndarray, constant: float) -> float:
    return float(-10 * np.log10(np.square(images - clean).mean() + constant))


IN_THE_ERROR = [("the mean squared error", _psnr)]


def components(images: np.ndarray, size: int, wrong: str) -> np.ndarray:
    """Principal components with a mistake."""
    _, rows = reference.pca(images, min(images.shape))
    middle = images.mean(axis=0)
    centred = images - middle
    if wrong == "smallest":
        return np.asarray(np.linalg.eigh(np.cov(images.T))[1][:, :size].T)
    if wrong == "ascending":
        return rows[:size][::-1]
    if wrong == "not centred":
        return np.asarray(np.linalg.svd(images, full_matrices=False)[2][:size])
    if wrong == "standardised":
        return np.asarray(np.linalg.svd(centred / centred.std(axis=0), full_matrices=False)[2][:size])
    if wrong == "left":
        return np.asarray(np.linalg.svd(centred, full_matrices=False)[0][:size, : images.shape[1]])
    if wrong == "eigenvectors as rows":
        return np.asarray(np.linalg.eigh(centred.T @ centred)[1][::-1][:size])
    if wrong == "columns":
        return rows[:size].T
    values = np.linalg.svd(centred, full_matrices=False)[1][:size, None]
    return rows[:size] * {"scaled": values, "deviations": values / np.sqrt(len(images) - 1)}[wrong]


LENGTHS = "The rows have other lengths than 1. The directions alone are asked for, without how far the images spread."
IN_COMPONENTS = {
    "smallest": "These are the components of the smallest eigenvalues. From which end does `eigh` sort?",
    "ascending": "The right components are in the wrong order. Row 0 has the largest eigenvalue.",
    "not centred": "The images were not centred. The components are those of images minus their mean.",
    "standardised": "Each pixel was divided by its standard deviation. PCA takes the covariance as it is.",
    "left": "These are left singular vectors. Which of the two belong to pixels?",
    "eigenvectors as rows": "Rows of the matrix of eigenvectors were taken. Its columns are the eigenvectors.",
    "columns": "The components are the columns. They should be the rows.",
    "scaled": LENGTHS,
    "deviations": LENGTHS,
}


def of_components(images: np.ndarray, size: int, found: Any) -> str:
    """The explanation of the mistake that gives these components, up to the sign of each.

    Args:
        images: more of them than pixels, so that every eigenvalue is above 0.
        size: how many components were asked for.
        found: what came.
    """
    fitting = {text for wrong, text in IN_COMPONENTS.items() if _is_mistake(found, images, size, wrong)}
    return fitting.pop() if len(fitting) == 1 else ""


def _is_mistake(found: Any, images: np.ndarray, size: int, wrong: str) -> bool:
    wanted = components(images, size, wrong)
    if wrong == "eigenvectors as rows" and isinstance(found, np.ndarray):  # each column has a sign of its own
        return alike(np.abs(found), np.abs(wanted))
    return alike(found, wanted, wrong == "columns")


def alike(found: Any, wanted: np.ndarray, by_columns: bool = False) -> bool:
    """Whether rows are equal up to their signs."""
    if not isinstance(found, np.ndarray) or found.shape != wanted.shape or not np.isfinite(found).all():
        return False
    one, other = (found.T, wanted.T) if by_columns else (found, wanted)
    return expect.is_close(signed(one, other), other, VECTORS)


def signed(rows: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Rows, each with the sign that brings it closer to another one."""
    return np.where((rows * like).sum(axis=1, keepdims=True) < 0, -1.0, 1.0) * rows


def reconstruction(images: np.ndarray, middle: np.ndarray, rows: np.ndarray, wrong: str) -> np.ndarray:
    """Images after PCA and back, with a mistake."""
    numbers = (images - middle) @ rows.T
    return np.asarray(
        {
            "mean missing": numbers @ rows,
            "not centred": images @ rows.T @ rows,
            "mean of the batch": (images - images.mean(axis=0)) @ rows.T @ rows + images.mean(axis=0),
            "mean added alone": images @ rows.T @ rows + middle,
            "latent": numbers,
        }[wrong]
    )


IN_RECONSTRUCTION = {
    "mean missing": "The mean is missing in the end.",
    "not centred": "The mean has no influence. It is subtracted first and added in the end.",
    "mean of the batch": "The mean is that of these images. The argument `mean` holds that of the training images.",
    "mean added alone": "The mean is added and was not subtracted first.",
    "latent": "This is the latent. The way back is missing.",
}


def _kl(mean: np.ndarray, log_variance: np.ndarray, constant: float) -> np.ndarray:
    variance = np.exp(log_variance)
    return np.asarray((mean**2 + variance - 1 - np.log(variance + constant)).sum(axis=1) / 2)


IN_THE_VARIANCE = [("the variance in the logarithm", _kl)]


def loss(logits: np.ndarray, images: np.ndarray, wrong: str) -> np.ndarray:
    """The reconstruction loss with a mistake."""
    every = np.logaddexp(0, logits) - images * logits
    chances = reference.sigmoid(logits)
    likely = np.clip(chances, 1e-12, 1 - 1e-12)
    found = {
        "mean of pixels": every.mean(axis=1),
        "mean": every.mean(),
        "sum": every.sum(),
        "batch mean": every.sum(axis=1).mean(),
        "pixels": every,
        "sign": -every.sum(axis=1),
        "squares": np.square(chances - images).sum(axis=1),
        "squares of logits": np.square(logits - images).sum(axis=1),
        "sigmoid twice": (np.logaddexp(0, chances) - images * chances).sum(axis=1),
        "ink alone": -(images * np.log(likely)).sum(axis=1),
        "paper alone": -((1 - images) * np.log(1 - likely)).sum(axis=1),
        "bits": every.sum(axis=1) / np.log(2),
        "softmax": (np.log(np.exp(logits).sum(axis=1, keepdims=True)) * images - images * logits).sum(axis=1),
    }
    return np.asarray(found[wrong])


IN_LOSS = {
    "mean of pixels": "The pixels of an image were averaged. The formula adds them up, as the divergence does.",
    "mean": "Everything was averaged. Each image has a loss of its own, the sum over its pixels.",
    "sum": "The whole batch was added up. Each image has a loss of its own.",
    "batch mean": "The batch was averaged. Each image has a loss of its own.",
    "pixels": "The pixels are not added up. Each image has one loss.",
    "sign": "The sign is reversed: this is the log-likelihood, which is below 0.",
    "squares": "These are squared errors. The formula has logarithms of probabilities.",
    "squares of logits": "The logits were taken for pixels, and squared errors were added.",
    "sigmoid twice": "The sigmoid was applied twice. Does the function of torch expect logits?",
    "ink alone": "The term of the paper, (1 - x) log(1 - p), is missing.",
    "paper alone": "The term of the ink, x log p, is missing.",
    "bits": "The unit is bits. Nats take the natural logarithm.",
    "softmax": "A softmax was taken over the pixels. Each pixel has a sigmoid of its own.",
}


def _loss(logits: np.ndarray, images: np.ndarray, constant: float) -> np.ndarray:
    p = reference.sigmoid(logits)
    return np.asarray(-(images * np.log(p + constant) + (1 - images) * np.log(1 - p + constant)).sum(axis=1))


IN_THE_LOGARITHMS = [("the probabilities in the logarithms", _loss)]


def bound(
    logits: np.ndarray, images: np.ndarray, mean: np.ndarray, log_variance: np.ndarray, wrong: str
) -> np.ndarray | float:
    """The ELBO with a mistake."""
    lost = reference.reconstruction_loss(logits, images)
    far = reference.kl_divergence(mean, log_variance)
    found = {
        "sign": lost + far,
        "plus": far - lost,
        "minus": lost - far,
        "no divergence": -lost,
        "no reconstruction": -far,
        "mean": -(lost + far).mean(),
        "sum": -(lost + far).sum(),
        "divergence of a pixel": -lost - far / logits.shape[1],
        "average divergence": -lost - far.mean(),
        "half": -lost - 0.5 * far,
    }
    return np.asarray(found[wrong])


IN_BOUND = {
    "sign": "The sign is reversed: this is the loss, which training makes small. The ELBO is minus that.",
    "plus": "The divergence has the wrong sign. Training would make it large.",
    "minus": "Both parts have the wrong sign, or one of them twice. The ELBO subtracts both.",
    "no divergence": "The divergence has no influence.",
    "no reconstruction": "The reconstruction has no influence.",
    "mean": "The batch was averaged. Each image has an ELBO of its own.",
    "sum": "The batch was added up. Each image has an ELBO of its own.",
    "divergence of a pixel": "The divergence was divided by the number of pixels. Both parts are in nats for an image.",
    "average divergence": "The divergence was averaged over the batch. Each image has its own.",
    "half": "The divergence was halved twice.",
}


def walk(start: np.ndarray, end: np.ndarray, count: int, wrong: str) -> np.ndarray:
    """Points between two latents, with a mistake."""
    way = end - start
    shares = {
        "end missing": np.arange(count) / count,
        "start missing": (np.arange(count) + 1) / count,
        "both missing": (np.arange(count) + 1) / (count + 1),
        "more points": np.linspace(0, 1, count + 2),
        "one point more": np.linspace(0, 1, count + 1),
        "reversed": np.linspace(1, 0, count),
        "smooth": (1 - np.cos(np.pi * np.linspace(0, 1, count))) / 2,
    }
    if wrong == "columns":
        return np.linspace(start, end, count).T
    if wrong == "end added":
        return np.asarray(start + np.linspace(0, 1, count)[:, None] * end)
    return np.asarray(start + shares[wrong][:, None] * way)


IN_WALK = {
    "end missing": "The last point is not the end. How many steps lie between `count` points?",
    "start missing": "The first point is not the start. How many steps lie between `count` points?",
    "both missing": "Start and end are missing. They are the first and the last of the points.",
    "more points": "There are two points too many. Start and end are among the points that `count` counts.",
    "one point more": "There is one point too many. `count` is the number of points, not that of steps.",
    "reversed": "The walk goes from the end to the start.",
    "smooth": "The points are not evenly spaced.",
    "columns": "The points are the columns. They should be the rows.",
    "end added": "The end was added to the start. The walk adds a share of the way from start to end.",
}


SPREADS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "variance": (np.exp, "The noise was multiplied by the variance. sigma is its root: what is half of a logarithm?"),
    "logarithm": (np.abs, "The noise was multiplied by log_variance as it is. sigma is exp(log_variance / 2)."),
    "half": (lambda log: np.abs(log / 2), "The noise was multiplied by log_variance / 2. Where is the exponential?"),
    "root of the logarithm": (lambda log: np.sqrt(np.abs(log)), "The root of log_variance was taken."),
    "inverse": (lambda log: np.exp(-log / 2), "The noise was divided by sigma. It is multiplied."),
    "none": (np.ones_like, "The noise has the deviation 1 everywhere. log_variance has no influence."),
    "twice": (lambda log: np.exp(2 * log), "log_variance was doubled. sigma is exp(log_variance / 2)."),
}


def of_spread(distance: np.ndarray, log_variance: np.ndarray) -> str:
    """What the noise was multiplied by, where it is not sigma.

    Args:
        distance: draws minus their means.
        log_variance: of the same shape.
    """
    fitting = [
        text
        for spread, text in SPREADS.values()
        if draws.is_unit(distance / np.maximum(spread(log_variance), 1e-12), log_variance)
    ]
    return fitting[0] if len(fitting) == 1 else ""
