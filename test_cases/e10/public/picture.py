"""Generators while they are trained: points gather on the modes of a ring, noise becomes digits. Collapse shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pictures import style
from pictures.panels import Panel, WindowPicture
from test_cases.e10.public import digits, ring

POINTS, ROWS, MOMENTS = 400, 5, 4  # points of a ring; noises of each digit; earlier moments that are shown
REACH, CELLS = 3.0, 48  # half the side of the plane that is shown; places along a side where the discriminator is asked
FAR = 1e6  # of points that are drawn; those further away are moved here
BIG, TOP = 0.69, 0.085  # height of the large panel, and its lower edge, as shares of the figure
HELD, LOST = style.GREEN, style.MISTAKE
SECONDS_TO_READ = 4.0


@dataclass(frozen=True)
class State:
    """What a generator makes of the same noise, at several moments. The last moment is now.

    Attributes:
        kind: "ring" or "digits".
        updates: steps of the generator before each moment, int64 (moments,).
        made: points, float32 (moments, count, 2); or pixels, uint8 (moments, 50, 196), 0 paper to 255 ink. The
            digits 0 to 9 of one noise stand together.
        real: real points, float32 (count, 2); empty for digits.
        centres: of the modes, float64 (8, 2); empty for digits.
        belief: how probable the discriminator finds real points at `places()`, float32 (places,); empty for digits.
    """

    kind: str
    updates: np.ndarray
    made: np.ndarray
    real: np.ndarray
    centres: np.ndarray
    belief: np.ndarray

    @property
    def caption(self) -> str:
        """For example `8 of 8 modes held  ·  74.3% near one  ·  1,200 updates`."""
        updates = f"{int(self.updates[-1]):,} updates"
        if self.kind == "digits":
            return f"each column is asked for one digit  ·  {updates}"
        shares = ring.near_each_mode(self.made[-1], self.centres)
        held = int(ring.held(shares).sum())
        return f"{held} of {ring.MODES} modes held  ·  {style.share(shares.sum())} near one  ·  {updates}"


@dataclass(frozen=True)
class Ring:
    """What the report shows of a generator for the ring; `share` of many points lie near a centre."""

    state: State
    share: float

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        held = int(ring.held(ring.near_each_mode(self.state.made[-1], self.state.centres)).sum())
        caption = (
            "Your generator's points. A circle is green where the mode is held, and orange where it is lost. Shaded: "
            "what your discriminator takes for real. Right: earlier moments, and the modes held over time. Of many "
            f"points, {style.share(self.share)} lie near a centre."
        )
        return [WindowPicture(self.state, caption, f"{held} of {ring.MODES} modes are held at the end.", is_wide=True)]


@dataclass(frozen=True)
class Digits:
    """What the report shows of a generator for digits; `read` and `coverage` are those of many digits."""

    state: State
    read: float
    coverage: float

    def panels(self) -> list[Panel]:
        """The last picture of the live window."""
        caption = (
            "Above: the same noise while your generator learned. Below: other noises at the end. Rows that look alike "
            f"mean collapse. Of many digits, {style.share(self.read)} are read as asked. Of real ones, "
            f"{style.share(self.coverage)} have a generated one close by."
        )
        alt = f"{ROWS} rows of generated digits, columns 0 to 9; {style.share(self.read)} are read as asked."
        return [WindowPicture(self.state, caption, alt, is_wide=True)]


class Reader:
    """Reads samples of the model's generator while both networks are trained.

    Args:
        dataset: whose model is being trained.
    """

    def __init__(self, dataset: Any) -> None:
        import torch  # which a window does without

        from test_cases.e10.public.snapshots import Snapshots

        self._dataset, self._is_ring = dataset, len(dataset.centres) > 0
        random = torch.Generator().manual_seed(0)
        count = POINTS if self._is_ring else ROWS
        noise = torch.randn(count, dataset.model.noise_size, generator=random)
        if self._is_ring:
            self._snapshots = Snapshots(dataset.model, noise, None)
        else:
            labels = torch.arange(digits.CLASSES).repeat(ROWS)
            self._snapshots = Snapshots(dataset.model, noise.repeat_interleave(digits.CLASSES, dim=0), labels)

    def read(self) -> State:
        """The samples as they are now."""
        updates, made = (each.numpy() for each in self._snapshots.now())
        if not self._is_ring:
            return digits_state(updates, made)
        import torch

        from test_cases.e10.public.snapshots import belief

        believed = belief(self._dataset.model, torch.from_numpy(places())).numpy()
        real = self._dataset.x[:POINTS].numpy()
        return ring_state(updates, made, real, self._dataset.centres, believed)

    def read_last(self) -> State:
        """The samples at the end; no more are kept then."""
        self._snapshots.end()
        return self.read()


def ring_state(
    updates: np.ndarray, made: np.ndarray, real: np.ndarray, centres: np.ndarray, belief: np.ndarray
) -> State:
    """The state of a generator of points; see `State`."""
    made = np.clip(np.nan_to_num(made), -FAR, FAR).astype(np.float32)
    belief = np.clip(np.nan_to_num(belief), 0, 1).astype(np.float32)
    return State("ring", updates, made, real.astype(np.float32), centres, belief)


def digits_state(updates: np.ndarray, made: np.ndarray) -> State:
    """The state of a generator of images in [0, 1], float (moments, 50, 196)."""
    pixels = (255 * np.clip(np.nan_to_num(made), 0, 1)).round().astype(np.uint8)
    empty = np.zeros((0, 2))
    return State("digits", updates, pixels, empty, empty, np.zeros(0, np.float32))


def places() -> np.ndarray:
    """Where the discriminator is asked, row by row from the bottom, float32 (CELLS * CELLS, 2)."""
    along = ((np.arange(CELLS) + 0.5) / CELLS * 2 - 1) * REACH
    across, up = np.meshgrid(along, along)
    return np.column_stack([across.ravel(), up.ravel()]).astype(np.float32)


def earlier(count: int, moments: int) -> list[int]:
    """Evenly spaced numbers of moments out of so many, the first and not the last; fewer if there are fewer."""
    return sorted({round(number * (count - 1) / moments) for number in range(moments)} - {count - 1})


def draw(axes: Any, state: State) -> None:
    """The samples of a state."""
    if state.kind == "ring":
        _draw_ring(axes, state)
    else:
        _draw_digits(axes, state)


def _draw_ring(axes: Any, state: State) -> None:
    figure = axes.figure
    width = BIG * style.HEIGHT_INCHES / style.WIDTH_INCHES
    axes.set_position((style.MARGIN, TOP, width, BIG))
    _plane(axes, state, state.made[-1], is_large=True)
    left, gap, side = style.MARGIN + width + 0.05, 0.03, 0.16
    height = side * style.WIDTH_INCHES / style.HEIGHT_INCHES
    for number, moment in enumerate(earlier(len(state.updates), MOMENTS)):
        down, right = divmod(number, 2)
        bottom = TOP + BIG - height - down * (height + 0.045)
        panel = figure.add_axes((left + right * (side + gap), bottom, side, height))
        _plane(panel, state, state.made[moment], is_large=False)
        panel.set_title(_after(state.updates[moment]), fontsize=style.SMALL, color=style.MUTED, pad=2)
    panel = figure.add_axes((left, TOP + 0.02, 2 * side + gap, 0.125))
    _modes_over_time(panel, state)


def _plane(axes: Any, state: State, points: np.ndarray, is_large: bool) -> None:
    """Points, and the modes that they hold or miss."""
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(style.FAINT)
    if is_large and len(state.belief):
        from matplotlib.colors import LinearSegmentedColormap

        shades = LinearSegmentedColormap.from_list("belief", [style.PAPER, "#F3E3B3"])
        field = state.belief.reshape(CELLS, CELLS)
        extent = (-REACH, REACH, -REACH, REACH)
        axes.imshow(field, origin="lower", extent=extent, cmap=shades, vmin=0, vmax=1, interpolation="bilinear",
                    rasterized=True, zorder=0)  # fmt: skip
    if is_large:
        axes.plot(*state.real.T, ".", color=style.MUTED, markersize=3, alpha=0.35, markeredgewidth=0, zorder=1)
    axes.plot(*points.T, ".", color=style.BLUE, markersize=5 if is_large else 2.2, alpha=0.75, markeredgewidth=0,
              zorder=2, rasterized=True)  # fmt: skip
    from matplotlib.patches import Circle

    held = ring.held(ring.near_each_mode(points, state.centres))
    for centre, is_held in zip(state.centres, held, strict=True):
        radius, width = ring.NEAR * ring.DEVIATION, 1.8 if is_large else 1.2
        look: Any = {"edgecolor": HELD} if is_held else {"edgecolor": LOST, "linestyle": (0, (3, 2))}
        axes.add_patch(Circle(tuple(centre), radius, fill=False, linewidth=width, zorder=3, **look))
        if is_large and not is_held:
            axes.text(*(1.3 * centre), "lost", color=LOST, fontsize=style.SMALL, fontweight="bold", ha="center",
                      va="center", zorder=4)  # fmt: skip


def _modes_over_time(axes: Any, state: State) -> None:
    held = [int(ring.held(ring.near_each_mode(points, state.centres)).sum()) for points in state.made]
    steps = np.maximum(state.updates, 1)
    axes.set_xscale("log")
    axes.plot(steps, held, color=HELD, linewidth=2.0, drawstyle="steps-post", solid_capstyle="round")
    axes.plot(steps[-1:], held[-1:], "o", color=HELD, markersize=5, clip_on=False)
    axes.set(ylim=(-0.4, ring.MODES + 0.4), xlim=(1, max(10, int(steps[-1]))), yticks=[0, 4, 8])
    axes.minorticks_off()
    style.grid(axes)
    axes.set_title("modes held, over updates", fontsize=style.SMALL, color=style.MUTED, loc="left", pad=3)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_digits(axes: Any, state: State) -> None:
    axes.set_position((0, 0, 1, 0.82))
    axes.set(xlim=(0, style.WIDTH_INCHES), ylim=(0, 0.82 * style.HEIGHT_INCHES))
    side, left, top = 0.432, 1.45, 0.82 * style.HEIGHT_INCHES - 0.2  # inches
    for digit in range(digits.CLASSES):
        axes.text(left + (digit + 0.5) * side, top + 0.02, str(digit), color=style.BLUE, fontsize=style.NORMAL,
                  fontweight="bold", ha="center", va="bottom")  # fmt: skip
    shown = earlier(len(state.updates), MOMENTS)
    rows = [(_after(state.updates[moment]), state.made[moment], 0, 0.0) for moment in shown]
    rows.append((_after(state.updates[-1]), state.made[-1], 0, 0.0))
    rows += [("other noise" if row == 1 else "", state.made[-1], row, 0.14) for row in range(1, ROWS - 1)]
    for number, (label, made, row, down) in enumerate(rows):
        bottom = top - (number + 1) * side - down
        pixels = made.reshape(ROWS, digits.CLASSES, digits.SIDE, digits.SIDE)[row]  # (classes, side, side)
        strip = pixels.transpose(1, 0, 2).reshape(digits.SIDE, -1)
        extent = (left, left + digits.CLASSES * side, bottom + 0.015, bottom + side - 0.015)
        axes.imshow(strip, cmap="gray_r", vmin=0, vmax=255, extent=extent, aspect="auto", interpolation="nearest")
        axes.text(left - 0.12, bottom + side / 2, label, color=style.MUTED, fontsize=style.SMALL, ha="right",
                  va="center")  # fmt: skip
    axes.set(xlim=(0, style.WIDTH_INCHES), ylim=(0, 0.82 * style.HEIGHT_INCHES))


def _after(updates: Any) -> str:
    return "untrained" if updates == 0 else "1 update" if updates == 1 else f"{int(updates):,} updates"
