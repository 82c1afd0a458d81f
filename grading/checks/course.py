"""What a training run looked like from outside: its updates, its steps, its losses. All functions give sentences.

`training` and `coverage` name a mistake, or give "". `told` states what was seen where no mistake is sure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from grading.checks.answers import Training

MAX_STALE_SHARE = 0.5  # a share: code that resets gradients at all resets them before nearly every step
ONCE_A_PASS = 1.1  # steps in each pass over the data, where `step()` stands behind the loop over the batches
MIN_BATCHES_A_STEP = 5  # fewer may be added up on purpose
FEW_EPOCHS = 2.0  # so little is worth a question, whatever else is wrong
MIN_REPEATS = 3  # of what is made again for each update; fewer may be made on purpose
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
MUCH_WEIGHT_DECAY = 0.02  # AdamW has 0.01 unless told otherwise
SHOWN_NAMES = 4  # of parameters
NEARLY_GUESSING = 0.02  # from the loss of a model that guesses


def training(stats: Training) -> str:
    """The mistake that the watchers saw while training ran; "" if nothing is sure."""
    if stats.finite is False:
        return (
            f"{_stop(stats)}After training, some weights of the model are NaN or infinite: training diverged. "
            f"{_with_optimizer(stats, 'The optimizer was')}Is the learning rate too large?"
        )
    if stats.made >= stats.backwards >= MIN_REPEATS:
        return (
            f"{stats.made:,} new parameters were made while training ran, in {stats.backwards:,} updates. Layers that "
            "`forward` makes are new at each call and learn nothing. Are all layers made in `__init__`?"
        )
    if stats.changed is False:
        return _standing_still(stats)
    if stats.resumed > 2 and stats.stale > MAX_STALE_SHARE * stats.resumed:
        return (
            f"In {stats.stale:,} of {stats.resumed:,} backward passes, the gradients of earlier batches were still "
            "there. The new gradients were added to them. Each update should use the gradients of its own batch. Where "
            "does your code reset the gradients?"
        )
    if stats.foreign:
        return (
            f"The loss depends on {_counted(stats.foreign, 'tensor', 'tensors')} that training cannot change: the "
            "model does not have them as parameters. Are layers kept in a plain list, or outside of the model?"
        )
    if stats.reordered:
        return (
            "The model gets the numbers of a batch in another order, so that examples are mixed. `reshape` and `view` "
            "cannot exchange dimensions. How does your training function exchange them?"
        )
    if found := _few_steps(stats):
        return found
    if is_optimizer_made_again(stats) and stats.optimizer != "SGD":
        return f"{_MADE_AGAIN.format(stats.optimizers, stats.steps)} Is the optimizer made inside the loop?"
    return ""


def advice(stats: Training) -> str:
    """What costs no points and should be done in another way all the same; "" if there is nothing."""
    if stats.stopped:
        return _stop(stats) + WITHOUT_END
    if not is_optimizer_made_again(stats):
        return ""
    return f"{_MADE_AGAIN.format(stats.optimizers, stats.steps)} Make one optimizer before the loop."


WITHOUT_END = "Training should end by itself. Which condition ends your loop?"

_MADE_AGAIN = (
    "{:,} optimizers were made for {:,} steps. A new optimizer knows nothing of earlier steps, such as Adam's averages."
)


def is_optimizer_made_again(stats: Training) -> bool:
    """Whether about every step was taken by an optimizer of its own."""
    return stats.optimizers >= max(MIN_REPEATS, stats.steps / 2)


def coverage(stats: Training) -> str:
    """Whether training saw too little of its data to be judged on anything else."""
    if 0 < stats.distinct < stats.examples / 2:
        seen = f"{stats.distinct:,} different examples of {stats.examples:,}"
        if max(stats.fetched / stats.distinct, stats.backwards / max(1, stats.batches)) >= 2:
            return (
                f"Training used only {seen}, for {_updates(stats)}. Is one batch used over and over, or does each pass "
                "end after the first batch?"
            )
        return (
            f"Training used only {seen}, in {_counted(stats.batches, 'batch', 'batches')}. Does a `return` or "
            "`break` end the loop over the batches early?"
        )
    if 0.5 < stats.epochs <= FEW_EPOCHS and stats.backwards:
        return (
            f"Training passed over the data {_times(stats.epochs)}, in {_updates(stats)}. Are these as many passes as "
            "your code asks for?"
        )
    return ""


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


def _standing_still(stats: Training) -> str:
    explanation = f"{_stop(stats)}Training changed no weight of the model. "
    if not stats.backwards and not stats.arrivals:
        return explanation + "Gradients were never computed. Is `backward()` called on the loss?"
    if not stats.arrivals and stats.steps and not stats.own_steps:
        return explanation + (
            f"{_counted(stats.steps, 'optimizer step', 'optimizer steps')} and the gradients belong to another model. "
            "Is a new model or a copy made inside the training function?"
        )
    if not stats.arrivals:
        return explanation + (
            f"`backward()` ran {_times(stats.backwards)}, but no gradient arrived at the model. Is the graph cut by "
            "`detach()`, `item()` or numpy, or is the loss copied into a new tensor?"
        )
    if not stats.steps:
        return explanation + (
            f"Gradients arrived {_times(stats.arrivals)}, but no optimizer took a step. Is `step()` called after "
            "each `backward()`?"
        )
    if not stats.own_steps:
        return explanation + (
            f"The optimizer took {_counted(stats.steps, 'step', 'steps')}, but holds no parameter of this model. "
            "Whose parameters does the optimizer get?"
        )
    if stats.learning_rates and not any(stats.learning_rates):
        return explanation + "The learning rate was 0."
    return explanation + (
        f"Gradients arrived {_times(stats.arrivals)}, and the optimizer took "
        f"{_counted(stats.own_steps, 'step', 'steps')}. The steps found no gradient. What happens to the gradients "
        "between `backward()` and `step()`?"
    )


def _few_steps(stats: Training) -> str:
    """Whether the optimizer took about one step in each pass, or fewer, and gradients arrived for every batch."""
    if not 0 < stats.steps <= ONCE_A_PASS * max(1.0, stats.epochs):
        return ""
    if min(stats.arrivals, stats.batches) < MIN_BATCHES_A_STEP * stats.steps:
        return ""
    often = ", about one in each pass" if stats.steps > stats.epochs / 2 and stats.steps > 1 else ""
    return (
        f"Gradients arrived {_times(stats.arrivals)}, but the optimizer took only "
        f"{_counted(stats.steps, 'step', 'steps')}{often}. Each batch should have a step of its own. Is `step()` "
        "inside of the loop over the batches?"
    )


def _summary(stats: Training) -> str:
    """One sentence: how many updates, in how many passes, with what."""
    passes = f" in {_passes(stats)}" if stats.epochs else ""
    taken = _stop(stats) or f"Training took {_updates(stats)}{passes}. "
    return f"{taken}{_with_optimizer(stats, 'The optimizer was')}".strip()


def _stop(stats: Training) -> str:
    """A sentence with a space behind: where the grader ended training; "" if training ended by itself."""
    if not stats.stopped:
        return ""
    passes = f"{_passes(stats)} over the data and " if stats.epochs else ""
    return f"The grader stopped training after {passes}{_updates(stats)}. "


def _passes(stats: Training) -> str:
    return f"{stats.epochs:.3g} {'pass' if stats.epochs == 1 else 'passes'}"


def _with_optimizer(stats: Training, beginning: str) -> str:
    """A sentence with a space behind: the optimizer and its learning rates; "" if that is not known."""
    if not stats.optimizer or len(stats.learning_rates) != 2:
        return ""
    first, latest = stats.learning_rates
    ending = f" at the start and {latest:.2g} at the end" if latest != first else ""
    decay = f", with weight decay {stats.weight_decay:.3g}" if stats.weight_decay >= MUCH_WEIGHT_DECAY else ""
    return f"{beginning} {stats.optimizer} with learning rate {first:.3g}{ending}{decay}. "


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
    return f"The weights moved by {_share(stats.moved)} of their size."


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
    return f"The weights moved by {_share(stats.moved)} of their size only. Is the learning rate too small?"


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


def _share(value: float) -> str:
    return f"{100 * value:.2g}%" if value < 1 else f"{100 * value:.0f}%"


def _updates(stats: Training) -> str:
    return _counted(stats.backwards, "update", "updates")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _times(count: float) -> str:
    return "once" if count == 1 else f"{count:,.3g} times" if count < 1000 else f"{count:,.0f} times"
