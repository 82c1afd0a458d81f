"""What looking at a model may cost, what is kept of a short training, and what is drawn of a long one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pictures import loss_curve
from pictures.windows.budget import MAX_SHARE, Budget
from pictures.windows.recording import MAX_MOMENTS, Recording


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("cost_seconds", [0.0001, 0.01, 0.08, 1.0])
def test_redraws_keep_to_ten_a_second_and_to_their_share_of_training_time(cost_seconds):
    clock = FakeClock()
    budget = Budget(clock)
    with budget.redraw():
        clock.now += cost_seconds  # the picture before training tells what the next will cost
    budget.begin()
    trained = 0.0
    for _ in range(20_000):
        clock.now += 0.002
        trained += 0.002
        if budget.allows_redraw():
            with budget.redraw():
                clock.now += cost_seconds
    assert budget.spent_seconds <= 0.15 * trained
    assert budget.redraws <= 10 * (trained + budget.spent_seconds) + 1
    assert budget.redraws >= int(0.9 * min(MAX_SHARE * trained / cost_seconds, 9 * trained))


def test_one_dear_redraw_is_paid_for_before_the_next():
    clock = FakeClock()
    budget = Budget(clock)
    clock.now += 1.0
    with budget.redraw():
        clock.now += 3.0
    clock.now += 39.0
    assert not budget.allows_redraw()  # 3 s spent and 3 s more are 10% of 60 s
    clock.now += 21.0
    assert budget.allows_redraw()


@pytest.mark.parametrize("seconds", [0.01, 0.2, 1.9, 30.0])
def test_a_recording_stays_small_and_spreads_over_a_short_training(seconds):
    recording = Recording()
    for moment in np.arange(0, seconds, 0.0005):
        if recording.wants(moment):
            recording.add(moment, moment)
    assert min(MAX_MOMENTS, 5) <= len(recording.moments) <= MAX_MOMENTS
    gaps = np.diff(recording.moments)
    assert recording.moments[0] == 0
    assert recording.moments[-1] >= 0.85 * min(seconds, 1.9) - 0.01
    assert gaps.max() <= 2.5 * gaps.min()


def test_a_long_training_is_drawn_by_few_points_whose_last_is_the_latest():
    curve = loss_curve.LossCurve()
    for step in range(5000):
        curve.add(torch.tensor(float(step)))
    steps, losses, smooth = curve.read()
    assert len(steps) <= loss_curve.MAX_POINTS
    assert (steps[-1], losses[-1]) == (5000, 4999)
    assert np.array_equal(losses, steps - 1)
    assert np.all(smooth <= losses)
