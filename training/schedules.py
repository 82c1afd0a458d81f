"""Learning-rate schedules: what the highest learning rate is multiplied by, from the share of a run that is done."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]  # from the share that is done, 0 to 1, to a factor, 0 to 1
WARM_UP = 0.02  # of the whole run: Adam's and Muon's averages are empty at first
COSINE_END = 0.05  # the factor at the end of a run


def linear_decay(progress: float) -> float:
    """Rise over the warm-up, then fall in a straight line to zero.

    Bergsma et al. (2025), "Straight to Zero", find the line better than a cosine at a fixed budget.
    """
    return max(0.0, min(progress / WARM_UP, (1 - progress) / (1 - WARM_UP), 1.0))


def cosine_decay(steps: int) -> Schedule:
    """Rise over a twentieth of the steps, then fall along a cosine to `COSINE_END` (Loshchilov and Hutter, 2017)."""
    warm_up = max(1, steps // 20)
    middle, half = (1 + COSINE_END) / 2, (1 - COSINE_END) / 2

    def factor(progress: float) -> float:
        step = round(progress * steps)
        return min((step + 1) / warm_up, middle + half * math.cos(math.pi * step / steps))

    return factor
