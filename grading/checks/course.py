"""What a training run looked like where no mistake is sure: how many updates, how far weights moved, how losses went.

All functions give sentences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from grading.checks.answers import Training
from grading.checks.phrases import (
    MUCH_WEIGHT_DECAY,
    WITHOUT_END,
    optimizer_of,
    passes_of,
    percent,
    stop_of,
    updates_of,
)

FEW_UPDATES = 50  # half of what the smallest data set of the project needs
LARGE_BATCH = 256  # examples; a pass then has few updates
WHOLE = 0.99  # a share of the data that counts as all of it
MOVED_LITTLE = 0.01  # a share of the weights' size; sound training moves them by a third or more
MIN_MEANS = 8  # of losses that make a course
MUCH_HIGHER = 1.5  # times the lowest mean loss
SPIKE = 3.0  # times the first loss
STILL_FALLING = 0.95  # times the mean loss of the tenth before
FLAT = 0.05  # a share of the first loss
JUMP = 1.3  # times the mean loss before
MAX_JUMPS = 0.25  # of the second half: a share of its means
EXAMPLES_IN_A_MEAN = 1000  # so many make a mean loss steady
EARLY = 0.5  # a share of the steps
LUCKY = 1.5  # times the loss of the last batch
SHOWN_NAMES = 4  # of parameters
NEARLY_GUESSING = 0.02  # from the loss of a model that guesses


def told(stats: Training, classes: int = 0) -> str:
    """What was seen of a training that was not good enough; "" if nothing was.

    Args:
        stats: of the training.
        classes: that the model tells apart with a cross-entropy; 0 for other losses.
    """
    if not stats.backwards:
        return ""
    findings = (
        _few_updates,
        _unmoved,
        _weight_decay,
        _lucky_batch,
        _small_steps,
        _slow,
        _rising,
        _jumping,
        _falling,
        _without_end,
    )
    found = _below_zero(stats) if classes else ""
    if found := found or next(filter(None, (finding(stats) for finding in findings)), ""):
        return f"{_summary(stats)} {found}"
    return " ".join(filter(None, (_summary(stats), _losses(stats, classes), _movement(stats))))


def reported(losses: np.ndarray, measured: float) -> str:
    """What losses that were reported in training tell beside the loss that is measured after it.

    Args:
        losses: updates and mean losses, (count, 2).
        measured: the loss of the trained model in evaluation mode, on the data of the training or on data like it.
    """
    if not len(losses):
        return ""
    first, last = losses[0, 1], losses[-1, 1]
    if last < measured / MUCH_HIGHER:
        return (
            f"In training, the loss was {last:.3g} at the end; in evaluation mode, the loss is {measured:.3g}. Does "
            "`forward` do something else in evaluation mode?"
        )
    if abs(first - last) <= FLAT * abs(first):
        return f"In training, the loss stayed near {last:.3g}."
    return f"In training, the loss went from {first:.3g} to {last:.3g}."


def overfitting(on_training: float, on_validation: float, wanted: float, what: str) -> str:
    """Whether a model is good enough on its training data and not on other data; accuracies are fractions.

    Args:
        on_training, on_validation: accuracies.
        wanted: accuracy.
        what: is read, such as "images".
    """
    if not on_training >= wanted > on_validation:
        return ""
    return (
        f"The model gets {on_training:.1%} of its training {what} right, and {on_validation:.1%} of the validation "
        f"{what}. The model fits its training data only. Is training too long, or is the model too large?"
    )


def _summary(stats: Training) -> str:
    """One sentence: how many updates, in how many passes, with what."""
    passes = f" in {passes_of(stats)}" if stats.epochs else ""
    taken = stop_of(stats) or f"Training took {updates_of(stats)}{passes}. "
    return f"{taken}{optimizer_of(stats, 'The optimizer was')}".strip()


def _losses(stats: Training, classes: int) -> str:
    """Where the loss began and ended."""
    if stats.first_loss is None or not stats.losses:
        return ""
    first, last = stats.first_loss, stats.losses[-1]
    if abs(first - last) > FLAT * abs(first):
        return f"The loss went from {first:.3g} to {last:.3g}."
    guessing = math.log(classes) if classes else 0.0
    is_guessing = classes and abs(last - guessing) < NEARLY_GUESSING * guessing
    meaning = f" That is the loss of equal probabilities for {classes} classes." if is_guessing else ""
    return f"The loss stayed near {last:.4g} from the first update to the last.{meaning}"


def _movement(stats: Training) -> str:
    if stats.moved is None:
        return ""
    return f"The weights moved by {percent(stats.moved)} of their size."


def _few_updates(stats: Training) -> str:
    size = _batch_size(stats)
    if size >= WHOLE * stats.examples > 0:
        return (
            f"Each batch held all {stats.examples:,} examples, so that each pass had one update. Smaller batches give "
            "more updates. Is the batch size too large?"
        )
    if stats.backwards > FEW_UPDATES or not size:
        return ""
    if size >= min(LARGE_BATCH, stats.examples / 4):
        return f"These are few updates, because a batch held {size:,.0f} examples. Is the batch size too large?"
    return "These are few updates. Does training need more passes?"


def _below_zero(stats: Training) -> str:
    """What a cross-entropy below 0 tells."""
    if stats.lowest_loss is None or not stats.lowest_loss < 0:
        return ""
    return (
        f"The loss fell to {stats.lowest_loss:.3g}. A cross-entropy of labels is never below 0. Which argument holds "
        "the scores, and which the labels?"
    )


def _unmoved(stats: Training) -> str:
    if not stats.unmoved or not stats.own_steps:
        return ""
    shown = [f"`{name}`" for name in stats.unmoved[:SHOWN_NAMES]]
    more = f" and {len(stats.unmoved) - SHOWN_NAMES} more" if len(stats.unmoved) > SHOWN_NAMES else ""
    return (
        f"These parameters did not move: {', '.join(shown)}{more}. Does the optimizer not get them, or does "
        "`forward` not use them?"
    )


def _weight_decay(stats: Training) -> str:
    if stats.weight_decay < MUCH_WEIGHT_DECAY:
        return ""
    return "Weight decay pulls all weights towards 0 in each step. Is the weight decay too large?"


def _lucky_batch(stats: Training) -> str:
    if stats.latest_loss is None or stats.lowest_loss is None or len(stats.losses) < MIN_MEANS:
        return ""
    mean = stats.losses[-2]
    if stats.latest_loss > stats.lowest_loss or not mean > LUCKY * stats.latest_loss:
        return ""
    return (
        f"Training ended with the lowest loss of all batches, {stats.latest_loss:.3g}. The batches before had a mean "
        f"loss of {mean:.3g}. One batch may be easier than the others. Does the loss of one batch end your loop?"
    )


def _small_steps(stats: Training) -> str:
    if stats.moved is None or stats.moved >= MOVED_LITTLE:
        return ""
    return f"The weights moved by {percent(stats.moved)} of their size only. Is the learning rate too small?"


def _slow(stats: Training) -> str:
    if not 0 < stats.slow_from < EARLY * stats.steps:
        return ""
    return (
        f"The learning rate was below 1% of its first value after {stats.slow_from:,} of {stats.steps:,} steps. Later "
        "steps changed little. How often does the schedule lower the learning rate?"
    )


def _rising(stats: Training) -> str:
    if not _has_course(stats):
        return ""
    last, lowest, highest = stats.losses[-1], min(stats.losses), max(stats.losses)
    first = stats.losses[0] if stats.first_loss is None else stats.first_loss
    if first > 0 and highest > SPIKE * first:
        return f"The loss rose from {first:.3g} to {highest:.3g} in between. Is the learning rate too large?"
    if lowest > 0 and last > MUCH_HIGHER * lowest and last > first / 2:
        return f"The loss fell to {lowest:.3g} and rose to {last:.3g} again. Is the learning rate too large?"
    return ""


def _jumping(stats: Training) -> str:
    if not _has_course(stats) or stats.fetched < EXAMPLES_IN_A_MEAN * len(stats.losses):
        return ""
    half = stats.losses[len(stats.losses) // 2 :]
    jumps = sum(later > JUMP * earlier for earlier, later in pairwise(half))
    if jumps < MAX_JUMPS * len(half):
        return ""
    return (
        f"The loss still jumps in the second half of training, between {min(half):.3g} and {max(half):.3g}. Is the "
        "learning rate too large?"
    )


def _falling(stats: Training) -> str:
    if not _has_course(stats):
        return ""
    tenth = max(1, len(stats.losses) // 10)
    means = [
        _mean(stats.losses[start : start + tenth])
        for start in range(len(stats.losses) % tenth, len(stats.losses), tenth)
    ]
    before, last = means[-2:]
    if last > STILL_FALLING * before or last > min(means):
        return ""
    size = _batch_size(stats)
    large = f" A batch held {size:,.0f} examples, so that a pass had few updates." if size >= LARGE_BATCH else ""
    suspects = "smaller batches or more passes" if large else "more passes or a larger learning rate"
    start, middle = (1 - count * tenth / len(stats.losses) for count in (2, 1))
    return (
        f"The loss was still falling: {before:.3g} from {start:.0%} to {middle:.0%} of training, {last:.3g} from "
        f"{middle:.0%} to 100%."
        f"{large} Does training need {suspects}?"
    )


def _without_end(stats: Training) -> str:
    return WITHOUT_END if stats.stopped else ""


def _has_course(stats: Training) -> bool:
    return len(stats.losses) >= MIN_MEANS and all(map(math.isfinite, stats.losses))


def _batch_size(stats: Training) -> float:
    return stats.fetched / stats.batches if stats.batches else 0.0


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
