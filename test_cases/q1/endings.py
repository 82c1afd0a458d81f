"""Question 1: what ended a training that ended too early, told by trials with made-up points.

In each trial, some points stay wrong for many passes. A perceptron goes on as long as they are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from grading.checks.answers import Training

Trial = Callable[[np.ndarray, np.ndarray, np.ndarray, Sequence[int]], tuple[np.ndarray, Training]]
MAX_TRIED_PASSES = 50  # a fixed number of passes above this is not looked for
COPIES = 100  # of one point: more mistakes in a pass than any limit lets through
MANY_PASSES = 40  # the last point of a shuffled pass is right in one of so many, but for luck of 2^-40
FAR = 1e4  # of the weights: with learning rates up to 1, no point becomes right in a trial


def why(training: Training, run: Trial) -> str:
    """What ended the training, as far as its last pass and the trials tell; a general question if they do not.

    Args:
        training: ended with some points wrong.
        run: trains from weights (1, 3), on points (count, 3) with labels (count, 1), for some passes at most.
    """
    if training.batches != training.fetched:
        return "When does your loop end?"
    if training.epochs < 1 or not training.epochs.is_integer():
        return "Training ended inside a pass. Does a `return` or `break` end the loop over the points?"
    if not training.moves:
        return "When does your loop end?"
    if training.epochs == 1 and (times := _updates_in_a_row(run)) > 1:
        return (
            f"There was one pass only. In a trial, one point moved the weights {times} times in a row in one pass. "
            "Later points move the weights again, so that further passes are needed. Does your loop repeat each point, "
            "in place of the whole pass?"
        )
    points = "1 point" if training.moves == 1 else f"{training.moves} points"
    last = "" if training.last_moved else ", and the last point did not"
    return f"In the last pass, {points} moved the weights{last}. {_told_by_trials(training, run)}"


def _told_by_trials(training: Training, run: Trial) -> str:
    """The one ending that fits all trials, with its question."""
    if training.epochs <= MAX_TRIED_PASSES:
        ended = _passes(run, np.ones((COPIES, 3)), int(training.epochs) + 2)
        if ended == 1 == training.epochs:
            return (
                "In a trial, every point moved the weights, and training ended after 1 pass, too. Does your code ask "
                "for one pass, or does it compare the weights with themselves? `before = weights` makes no copy: both "
                "names then belong to one tensor."
            )
        if ended == training.epochs:
            return (
                f"In a trial, every point moved the weights, and training ended after {ended} passes, too. Does a "
                "fixed number of passes end your loop?"
            )
        if ended:
            return "When does your loop end?"
    if _passes(run, np.ones((1, 3)), MANY_PASSES):
        return (
            "In a trial with one point, training ended although this point had moved the weights. Does your loop end "
            "when a pass has few mistakes?"
        )
    if not training.last_moved and _passes(run, np.array([[-1.0, 0, 0], [0, 1.0, 0]]), MANY_PASSES):
        return (
            "In a trial with two points, training ended although one of them was wrong in each pass. Does the last "
            "point of a pass alone end your loop?"
        )
    return "When does your loop end?"


def _passes(run: Trial, points: np.ndarray, max_passes: int) -> int:
    """After how many passes training ends although points are still wrong; 0 if it does not.

    All labels are 1. The points far on the wrong side of weights (-1, -1, -1) stay wrong, the others stay right.
    """
    start = np.full((1, 3), -FAR)
    weights, training = run(start, points, np.ones((len(points), 1)), (max_passes,))
    is_wrong = (points @ weights.T < 0).any()
    return 0 if training.stopped or not is_wrong or not training.epochs.is_integer() else int(training.epochs)


def _updates_in_a_row(run: Trial) -> int:
    """How often a point that is far on the wrong side moves the weights in one pass, if there is a single pass; else 0.

    A point that is only just wrong tells how many writes one update takes.
    """
    point, label = np.ones((1, 3)), np.ones((1, 1))
    writes = []
    for distance in (0.01, 3.5):
        _, training = run(-distance * point, point, label, (MAX_TRIED_PASSES,))
        if training.epochs != 1 or not training.most_writes:
            return 0
        writes.append(training.most_writes)
    return writes[1] // writes[0]
