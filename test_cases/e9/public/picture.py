"""Autoencoders while they learn: digits squeezed into 16 numbers and made again; noise removed; a walk in a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture
from test_cases.e9.public import data, mosaics, plane

MAX_POINTS = 300  # validation images in the plane
SAMPLES_SIDE = 4  # rows and columns of images drawn from N(0, 1)
COLUMN, LEFT = 0.0775, 0.19  # width of an image among ten, and where they begin, as shares of the figure's width
TOP, GAP = 0.79, 0.022  # of the drawing, as shares of the height
COLOURS = (
    style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.SKY, style.MISTAKE, "#7A5C3E", "#5E6AD2", "#111827",
    "#8C9A2E",
)  # fmt: skip
AMBER = "#9A6400"  # letters in orange would be too faint
SECONDS_TO_READ = 4.0


def _none() -> np.ndarray:
    return np.zeros(0)


@dataclass(frozen=True)
class State:
    """Images before and after, and what lies between.

    Attributes:
        kind: "squeeze", "noise" or "space".
        above: what the model reads, float (10, 784); of a space, the images of a walk (STEPS, 784).
        below: what the model makes of it, float (10, 784); of a space, images drawn from N(0, 1), (16, 784).
        other: the same by PCA, or images without noise, float (10, 784).
        latent: float (10, numbers); of a space, points in a plane, (count, 2).
        labels: of the points, int (count,).
        spots: points of the walk, float (STEPS, 2).
        numbers: two of the caption: squared errors of model and PCA; decibels before and after; nats, those of the
            divergence.
    """

    kind: str
    above: np.ndarray
    below: np.ndarray
    other: np.ndarray = field(default_factory=_none)
    latent: np.ndarray = field(default_factory=_none)
    labels: np.ndarray = field(default_factory=_none)
    spots: np.ndarray = field(default_factory=_none)
    numbers: Sequence[float] = (0.0, 0.0)

    @property
    def caption(self) -> str:
        """For example `16 numbers for 784 pixels  ·  60% of PCA's squared error`."""
        first, second = self.numbers
        if self.kind == "squeeze":
            share = f"{first / second:.0%}" if second > 0 and np.isfinite(first) else "?"
            return f"{self.latent.shape[-1]} numbers for 784 pixels  ·  {share} of PCA's squared error"
        if self.kind == "noise":
            return f"psnr {first:.1f} decibels before, {second:.1f} after"
        return f"{first:.1f} nats an image, {second:.1f} of them from the latent"


@dataclass(frozen=True)
class Squeezed:
    """What the report shows of the autoencoder."""

    state: State

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        error, best = self.state.numbers
        caption = (
            f"Your encoder makes 16 numbers of each test image, and your decoder makes an image of these. "
            f"The squared error is {error:.4f}. PCA with 16 components, the best linear autoencoder, has {best:.4f}."
        )
        return [WindowPicture(self.state, caption, caption, is_wide=True)]


@dataclass(frozen=True)
class Cleaned:
    """What the report shows of the denoiser."""

    state: State

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        before, after = self.state.numbers
        caption = (
            f"Ten test images with noise, and what your denoiser makes of them. psnr rises from {before:.1f} to "
            f"{after:.1f} decibels."
        )
        return [WindowPicture(self.state, caption, caption, is_wide=True)]


@dataclass(frozen=True)
class Space:
    """What the report shows of the VAE."""

    state: State

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        caption = (
            "Your VAE's latents in two of their directions: each dot is an image, its colour is the digit. The line is "
            "a walk from a 3 to an 8, whose images stand below. On the right: what your decoder makes of N(0, 1)."
        )
        return [WindowPicture(self.state, caption, caption, is_wide=True)]


class Reader:
    """Reads what the model makes of validation images while it is trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        import torch

        self._torch, self._dataset = torch, dataset
        self._task = dataset.arrays.get("task", "squeeze")
        random = np.random.default_rng(9)
        labels = np.asarray(dataset.arrays["validation_y"])
        self._images = data.images(np.asarray(dataset.arrays["validation_x"]))[:MAX_POINTS]
        self._labels, self._rows = labels[:MAX_POINTS], data.one_of_each(labels[:MAX_POINTS])
        self._noise = random.standard_normal(self._images.shape, np.float32)
        self._latents = random.standard_normal((SAMPLES_SIDE**2, 64), np.float32)
        self._by_pca = _none()
        if self._task == "squeeze":
            self._by_pca = mosaics.by_pca(dataset.x[:3000].numpy(), self._images)

    def read(self) -> State:
        """The images as they are now."""
        model = self._dataset.model
        if self._task == "space":
            return self._space(model)
        if self._task == "noise":
            noisy = self._images + data.NOISE * self._noise
            made = self._array(model(self._tensor(noisy)))
            decibels = [_decibels(given, self._images) for given in (noisy, made)]
            return State("noise", noisy[self._rows], made[self._rows], self._images[self._rows], numbers=decibels)
        latent = model.encode(self._tensor(self._images))
        made = self._array(model.decode(latent))
        errors = [float(np.mean((found - self._images) ** 2)) for found in (made, self._by_pca)]
        rows = self._rows
        return State(
            "squeeze", self._images[rows], made[rows], self._by_pca[rows], self._array(latent)[rows], numbers=errors
        )

    def _space(self, model: Any) -> State:
        mean, log_variance = (self._array(part) for part in model.encode(self._tensor(self._images)))
        z = mean + np.exp(log_variance / 2) * self._noise[:, : mean.shape[1]]
        logits = self._array(model.decode(self._tensor(z))).astype(np.float64)
        loss = float((np.logaddexp(0, logits) - self._images * logits).sum(axis=1).mean())
        divergence = float((mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=1).mean() / 2)
        points, walk, spots = plane.plane(mean, self._labels)
        above, below = (
            self._array(model.decode(self._tensor(latent)).sigmoid())
            for latent in (walk, self._latents[:, : mean.shape[1]])
        )
        numbers = [loss + divergence, divergence]
        return State("space", above, below, latent=points, labels=self._labels, spots=spots, numbers=numbers)

    def _tensor(self, array: np.ndarray) -> Any:
        from backend import device_of  # needs torch, which a window does without

        return self._torch.from_numpy(array.astype(np.float32)).to(device_of(self._dataset.model))

    def _array(self, tensor: Any) -> np.ndarray:
        return np.asarray(tensor.detach().cpu().float().numpy()).copy()


def draw(axes: Any, state: State) -> None:
    """The images of a state."""
    axes.set_position((0, 0, 1, 1))
    axes.patch.set_alpha(0)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_autoscale_on(False)
    if state.kind == "space":
        _draw_space(axes, state)
        return
    shape = axes.figure.get_figwidth() / axes.figure.get_figheight()
    high = COLUMN * shape
    is_squeeze = state.kind == "squeeze"
    rows: list[tuple[str, np.ndarray, str]] = [
        ("image" if is_squeeze else "with noise", state.above, style.MUTED),
        ("autoencoder" if is_squeeze else "denoised", state.below, style.BLUE),
        ("PCA" if is_squeeze else "without noise", state.other, AMBER if is_squeeze else style.MUTED),
    ]
    top = TOP
    for number, (name, images, colour) in enumerate(rows):
        _name(axes, top - high / 2, name, colour)
        mosaics.strip(axes, LEFT, top, COLUMN, high, images)
        top -= high + GAP
        if number == 0 and is_squeeze:
            top = _draw_latents(axes, top, high, state.latent)
    errors = [
        np.mean((mosaics.finite(images) - mosaics.finite(clean)) ** 2, axis=1) for images, clean in _compared(state)
    ]
    _draw_errors(axes, top, errors, [style.BLUE, style.ORANGE] if is_squeeze else [style.MUTED, style.BLUE])


def _compared(state: State) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images and what they should be, for the bars."""
    if state.kind == "squeeze":
        return [(state.below, state.above), (state.other, state.above)]
    return [(state.above, state.other), (state.below, state.other)]


def _draw_latents(axes: Any, top: float, high: float, latent: np.ndarray) -> float:
    """The numbers of each image as a square of colours, orange below 0 and blue above; returns the next row's top."""
    values = mosaics.finite(latent)
    side = int(np.ceil(np.sqrt(values.shape[1])))
    padded = np.zeros((len(values), side * side))
    padded[:, : values.shape[1]] = values
    reach = float(np.abs(values).max()) or 1.0
    size = 0.62 * COLUMN
    low = 0.62 * high
    _name(axes, top - low / 2, f"{latent.shape[1]} numbers", style.MUTED)
    for column, square in enumerate(padded.reshape(-1, side, side)):
        left = LEFT + column * COLUMN + (COLUMN - size) / 2
        extent = (left, left + size, top - low, top)
        axes.imshow(square, extent=extent, aspect="auto", cmap=mosaics.shades("signed"), vmin=-reach, vmax=reach)
    return top - low - GAP


def _draw_errors(axes: Any, top: float, errors: Sequence[np.ndarray], colours: Sequence[str]) -> None:
    """Two bars below each column: the squared errors of its images."""
    bottom, reach = 0.055, max(float(max(each.max() for each in errors)), 1e-6)
    high = max(top - 0.02 - bottom, 0.02)
    _name(axes, bottom + high / 2, "squared\nerror", style.MUTED)
    axes.plot([LEFT, LEFT + COLUMN * len(errors[0])], [bottom, bottom], color=style.FAINT, linewidth=1)
    for number, (each, colour) in enumerate(zip(errors, colours, strict=True)):
        places = LEFT + COLUMN * (np.arange(len(each)) + 0.33 + 0.34 * number)
        axes.bar(places, high * each / reach, bottom=bottom, width=0.28 * COLUMN, color=colour)


def _draw_space(axes: Any, state: State) -> None:
    """The plane of latents on the left, draws from N(0, 1) on the right, the walk below."""
    _heading(axes, 0.045, 0.795, "latents of images, coloured by digit")
    panel = axes.figure.add_axes((0.045, 0.245, 0.475, 0.535))
    points, spots = mosaics.finite(state.latent), mosaics.finite(state.spots)
    for digit, colour in enumerate(COLOURS):
        own = points[state.labels == digit]
        panel.plot(*own.T, "o", color=colour, markersize=3.2, alpha=0.55, markeredgewidth=0)
        if len(own):
            mosaics.with_halo(panel.text(*np.median(own, axis=0), str(digit), color=colour, fontsize=style.LARGE - 2))
    panel.plot(*spots.T, "-", color=style.INK, linewidth=1.6)
    panel.plot(*spots.T, "o", color=style.INK, markersize=4, markerfacecolor=style.PAPER)
    panel.set(xlim=_limits(points[:, 0]), ylim=_limits(points[:, 1]))
    panel.set_xticks([])
    panel.set_yticks([])
    for side in panel.spines.values():
        side.set_color(style.FAINT)
    _heading(axes, 0.555, 0.795, "decoder's images of draws from N(0, 1)")
    shape = axes.figure.get_figwidth() / axes.figure.get_figheight()
    size = 0.4 / SAMPLES_SIDE
    for row in range(SAMPLES_SIDE):
        images = state.below[row * SAMPLES_SIDE : (row + 1) * SAMPLES_SIDE]
        mosaics.strip(axes, 0.555, 0.78 - row * size * shape, size, size * shape, images)
    _heading(axes, 0.045, 0.195, f"a walk from a {plane.FROM} to an {plane.TO}")
    wide = 0.91 / max(len(state.above), 1)
    mosaics.strip(axes, 0.045, 0.18, wide, wide * shape, state.above)


def _limits(values: np.ndarray) -> tuple[float, float]:
    reach = 1.08 * max(float(np.abs(values).max()), 1e-6)
    return -reach, reach


def _name(axes: Any, height: float, text: str, colour: str) -> None:
    axes.text(LEFT - 0.015, height, text, ha="right", va="center", fontsize=style.SMALL, color=colour)


def _heading(axes: Any, left: float, height: float, text: str) -> None:
    axes.text(left, height, text, fontsize=style.SMALL, color=style.MUTED, va="bottom")


def _decibels(images: np.ndarray, clean: np.ndarray) -> float:
    return float(-10 * np.log10(max(float(np.mean((images - clean) ** 2)), 1e-12)))
