"""What a training run looked like where no mistake is sure: how many updates, how far weights moved, how losses went.

All functions give sentences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from grading.checks.answers import Layers, Training
from grading.checks.endings import ended_inside_a_pass, inside_a_pass
from grading.checks.phrases import (
    MUCH_WEIGHT_DECAY,
    WHICH_SIGN,
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
MOVED_LITTLE_BY_SGD = 0.2  # the same, where the learning rate is small for SGD
SMALL_SGD = 0.01  # of its learning rates; the project's networks learn with 0.05 to 1
LARGE_SGD = 2.0
ADAPTIVE = ("Adam", "AdamW", "NAdam", "RAdam", "RMSprop")  # their steps are as large as the learning rate
LARGE_ADAM = 0.05  # of their learning rates
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
NEAR_GUESSING = 0.4  # a share of the loss of a model that guesses: an untrained one is near it
NEARLY_GUESSING = 0.02  # from the loss of a model that guesses


def negative(stats: Training, loss: str, classes: int = 0) -> str:
    """Whether `backward()` began with the negative of a loss that is never below 0.

    Args:
        stats: of the training.
        loss: its name.
        classes: that a cross-entropy tells apart; 0 for other losses.
    """
    if stats.first_loss is None or not stats.first_loss < 0:
        return ""
    guessing = math.log(classes) if classes > 1 else 0.0
    if abs(stats.first_loss + guessing) > NEAR_GUESSING * guessing > 0:
        return ""  # with scores and labels exchanged, a cross-entropy has either sign
    return f"`backward()` began with a loss of {stats.first_loss:.3g}. A {loss} is never below 0. {WHICH_SIGN}"


def told(stats: Training, classes: int = 0, layers: Layers | None = None, loss: str = "") -> str:
    """What was seen of a training that was not good enough; "" if nothing was.

    One finding is told with its own numbers. Where there is none, all numbers are told without a question.

    Args:
        stats: of the training.
        classes: that the model tells apart with a cross-entropy; 0 for other losses.
        layers: how often a call of the trained model calls them, if that is known.
        loss: the name of another loss that is never below 0, or "".
    """
    if not stats.backwards:
        return ""
    loss = loss or ("cross-entropy" if classes else "")
    findings: tuple[Callable[[Training], str], ...] = (
        lambda stats: negative(stats, loss, classes) if loss else "",
        lambda stats: _below_zero(stats) if classes else "",
        _few_updates,
        lambda stats: _unmoved(stats, layers),
        _weight_decay,
        _lucky_batch,
        _small_steps,
        _slow,
        _rising,
        _jumping,
        _large_steps,
        _falling,
        _without_end,
    )
    if found := next(filter(None, (finding(stats) for finding in findings)), ""):
        return found
    return " ".join(filter(None, (numbers(stats, classes), _movement(stats))))


def numbers(stats: Training, classes: int = 0) -> str:
    """How many updates, with what optimizer, and where the loss began and ended; the arguments are those of `told`."""
    return " ".join(filter(None, (_summary(stats), _losses(stats, classes))))


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
    return f"{_taken(stats)}{optimizer_of(stats, 'The optimizer was')}".strip()


def _taken(stats: Training) -> str:
    """A sentence with a space behind: how many updates, in how many passes."""
    passes = f" in {passes_of(stats)}" if stats.epochs else ""
    return stop_of(stats) or f"Training took {updates_of(stats)}{passes}. "


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
            f"{_taken(stats)}Each batch held all {stats.examples:,} examples, so that each pass had one update. "
            "Smaller batches give more updates. Is the batch size too large?"
        )
    if stats.backwards > FEW_UPDATES or not size:
        return ""
    taken = _taken(stats)
    if size >= min(LARGE_BATCH, stats.examples / 4):
        return f"{taken}These are few updates, because a batch held {size:,.0f} examples. Is the batch size too large?"
    return f"{taken}These are few updates. Does training need more passes?"


def _below_zero(stats: Training) -> str:
    """What a cross-entropy below 0 tells."""
    if stats.lowest_loss is None or not stats.lowest_loss < 0:
        return ""
    return (
        f"The loss fell to {stats.lowest_loss:.3g}. A cross-entropy of labels is never below 0. Which argument holds "
        "the scores, and which the labels?"
    )


def _unmoved(stats: Training, layers: Layers | None) -> str:
    if not stats.unmoved or not stats.own_steps:
        return ""
    counts = layers.counts if layers is not None and layers.is_whole else {}
    idle = list(dict.fromkeys(name.rpartition(".")[0] for name in stats.unmoved))
    if counts and all(counts.get(name) == 0 for name in idle):
        if any(_is_sibling(name, other) for name in idle for other in counts if counts[other]):
            return ""  # a list that is longer than needed does no harm
        shown = ", ".join(f"`{name}`" for name in idle[:SHOWN_NAMES])
        these = "This layer is" if len(idle) == 1 else "These layers are"
        return (
            f"{these} never called: {shown}. Which line of `forward` should use {'it' if len(idle) == 1 else 'them'}?"
        )
    names = [f"`{name}`" for name in stats.unmoved[:SHOWN_NAMES]]
    more = f" and {len(stats.unmoved) - SHOWN_NAMES} more" if len(stats.unmoved) > SHOWN_NAMES else ""
    seen = f"These parameters did not move: {', '.join(names)}{more}."
    if counts and all(counts.get(name) for name in idle):
        assert layers is not None
        if layers.with_weights and layers.with_weights[-1].name in idle:
            return (
                f"{seen} `forward` calls their layers. Other parameters moved, and their gradients came through the "
                "last layer. Which parameters does the optimizer get?"
            )
        return (
            f"{seen} `forward` calls their layers. Does the optimizer not get these parameters, or does `detach()` or "
            "numpy stop the gradient?"
        )
    return f"{seen} Does the optimizer not get them, or does `forward` not use them?"


def _is_sibling(name: str, other: str) -> bool:
    """Whether two names differ in numbers only, such as `hidden.0` and `hidden.1`."""
    return name != other and re.sub(r"\d+", "#", name) == re.sub(r"\d+", "#", other)


def _weight_decay(stats: Training) -> str:
    if stats.weight_decay < MUCH_WEIGHT_DECAY:
        return ""
    return (
        f"{optimizer_of(stats, 'The optimizer was')}Weight decay pulls all weights towards 0 in each step. Is the "
        "weight decay too large?"
    )


def _lucky_batch(stats: Training) -> str:
    if stats.latest_loss is None or stats.lowest_loss is None or len(stats.losses) < MIN_MEANS:
        return ""
    if stats.latest_loss > stats.lowest_loss:
        return ""
    if ended_inside_a_pass(stats):
        return inside_a_pass(stats)
    mean = stats.losses[-2]
    if not mean > LUCKY * stats.latest_loss:
        return ""
    return (
        f"Training ended with the lowest loss of all batches, {stats.latest_loss:.3g}. The batches before had a mean "
        f"loss of {mean:.3g}. One batch may be easier than the others. Does the loss of one batch end your loop?"
    )


def _small_steps(stats: Training) -> str:
    if stats.moved is None:
        return ""
    moved = f"The weights moved by {percent(stats.moved)} of their size only, in {updates_of(stats)}."
    optimizer = optimizer_of(stats, "The optimizer was")
    if stats.optimizer == "SGD" and stats.moved < MOVED_LITTLE_BY_SGD and stats.learning_rates[:1] < (SMALL_SGD,):
        return (
            f"{optimizer}{moved} SGD needs a larger learning rate than Adam, often 0.01 to 1. Is the learning rate too "
            "small?"
        )
    return f"{optimizer}{moved} Is the learning rate too small?" if stats.moved < MOVED_LITTLE else ""


def is_rate_large(stats: Training) -> bool:
    """Whether the learning rate is far above what its optimizer usually gets."""
    usual = LARGE_ADAM if stats.optimizer in ADAPTIVE else LARGE_SGD
    return bool(stats.learning_rates) and stats.learning_rates[0] >= usual


def _large_steps(stats: Training) -> str:
    if not is_rate_large(stats) or stats.optimizer not in ADAPTIVE:
        return ""
    moved = "" if stats.moved is None else f"The weights moved by {percent(stats.moved)} of their size. "
    return (
        f"{optimizer_of(stats, 'The optimizer was')}{moved}{stats.optimizer} usually gets a learning rate from "
        "0.0001 to 0.01. Is the learning rate too large?"
    )


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
    optimizer = optimizer_of(stats, "The optimizer was")
    if first > 0 and highest > SPIKE * first:
        return f"{optimizer}The loss rose from {first:.3g} to {highest:.3g} in between. Is the learning rate too large?"
    if lowest > 0 and last > MUCH_HIGHER * lowest and last > first / 2:
        return f"{optimizer}The loss fell to {lowest:.3g} and rose to {last:.3g} again. Is the learning rate too large?"
    return ""


def _jumping(stats: Training) -> str:
    if not _has_course(stats) or stats.fetched < EXAMPLES_IN_A_MEAN * len(stats.losses):
        return ""
    half = stats.losses[len(stats.losses) // 2 :]
    jumps = sum(later > JUMP * earlier for earlier, later in pairwise(half))
    if jumps < MAX_JUMPS * len(half):
        return ""
    return (
        f"{optimizer_of(stats, 'The optimizer was')}The loss still jumps in the second half of training, between "
        f"{min(half):.3g} and {max(half):.3g}. Is the learning rate too large?"
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
        f"{_summary(stats)} The loss was still falling: {before:.3g} from {start:.0%} to {middle:.0%} of training, "
        f"{last:.3g} from {middle:.0%} to 100%."
        f"{large} Does training need {suspects}?"
    )


def _without_end(stats: Training) -> str:
    return f"{stop_of(stats)}{WITHOUT_END}" if stats.stopped else ""


def _has_course(stats: Training) -> bool:
    return len(stats.losses) >= MIN_MEANS and all(map(math.isfinite, stats.losses))


def _batch_size(stats: Training) -> float:
    return stats.fetched / stats.batches if stats.batches else 0.0


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
