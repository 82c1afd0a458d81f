"""Mistakes that the numbers of a training run name for sure: its updates, its steps, its gradients, its data.

Each function gives sentences, or "" where nothing is sure. `grading.checks.course` says then what was seen.
"""

from __future__ import annotations

from grading.checks.answers import Training
from grading.checks.endings import ended_inside_a_pass, inside_a_pass
from grading.checks.expect import Doubt
from grading.checks.phrases import WHICH_SIGN, WITHOUT_END, counted, optimizer_of, stop_of, times, updates_of

MAX_STALE_SHARE = 0.5  # a share: code that resets gradients at all resets them before nearly every step
ONCE_A_PASS = 1.1  # steps in each pass over the data, where `step()` stands behind the loop over the batches
MIN_BATCHES_A_STEP = 5  # fewer may be added up on purpose
MIN_USES = 2  # of a batch or an example
FEW_EPOCHS = 2.0  # so little is worth a question, whatever else is wrong
MIN_REPEATS = 3  # of what is made again for each update; fewer may be made on purpose

_MADE_AGAIN = (
    "{:,} optimizers were made for {:,} steps. A new optimizer knows nothing of earlier steps, such as Adam's averages."
)


def training(stats: Training) -> str:
    """The mistake that the watchers saw while training ran; "" if nothing is sure."""
    if stats.finite is False and stats.first_loss is not None and stats.first_loss < 0:
        return (
            f"{stop_of(stats)}After training, some weights of the model are NaN or infinite. `backward()` began with a "
            f"loss of {stats.first_loss:.3g}. Training made this number smaller without end. {WHICH_SIGN}"
        )
    if stats.finite is False:
        return (
            f"{stop_of(stats)}After training, some weights of the model are NaN or infinite: training diverged. "
            f"{optimizer_of(stats, 'The optimizer was')}Is the learning rate too large?"
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
            f"The loss depends on {counted(stats.foreign, 'tensor', 'tensors')} that training cannot change: the "
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


def coverage(stats: Training) -> str:
    """Whether training saw too little of its data to be judged on anything else; a `Doubt` where it saw all of it."""
    if 0 < stats.distinct < stats.examples / 2:
        seen = f"{stats.distinct:,} different examples of {stats.examples:,}"
        if stats.backwards / max(1, stats.batches) >= MIN_USES:
            return f"Training used only {seen}, for {updates_of(stats)}. Is one batch used over and over?"
        if stats.fetched / stats.distinct >= MIN_USES:
            cause = "after the first batch" if stats.distinct <= stats.largest_batch else "early"
            return (
                f"Training used only {seen}, for {updates_of(stats)}. Does each pass end {cause}, or does the loader "
                "get a part of the data?"
            )
        return (
            f"Training used only {seen}, in {counted(stats.batches, 'batch', 'batches')}. Does a `return` or "
            "`break` end the loop over the batches early?"
        )
    if 0.5 < stats.epochs <= FEW_EPOCHS and stats.backwards and ended_inside_a_pass(stats):
        return inside_a_pass(stats)
    if 0.5 < stats.epochs <= FEW_EPOCHS and stats.backwards:
        return Doubt(
            f"Training passed over the data {times(stats.epochs)}, in {updates_of(stats)}. Are these as many passes as "
            "your code asks for?"
        )
    return ""


def advice(stats: Training) -> str:
    """What costs no points and should be done in another way all the same; "" if there is nothing."""
    if stats.stopped:
        return stop_of(stats) + WITHOUT_END
    if not is_optimizer_made_again(stats):
        return ""
    return f"{_MADE_AGAIN.format(stats.optimizers, stats.steps)} Make one optimizer before the loop."


def is_optimizer_made_again(stats: Training) -> bool:
    """Whether about every step was taken by an optimizer of its own."""
    return stats.optimizers >= max(MIN_REPEATS, stats.steps / 2)


def _standing_still(stats: Training) -> str:
    explanation = f"{stop_of(stats)}Training changed no weight of the model. "
    if not stats.backwards and not stats.arrivals:
        return explanation + "Gradients were never computed. Is `backward()` called on the loss?"
    if not stats.arrivals and stats.steps and not stats.own_steps:
        return explanation + (
            f"{counted(stats.steps, 'optimizer step', 'optimizer steps')} and the gradients belong to another model. "
            "Is a new model or a copy made inside the training function?"
        )
    if not stats.arrivals:
        return explanation + (
            f"`backward()` ran {times(stats.backwards)}, but no gradient arrived at the model. Is the graph cut by "
            "`detach()`, `item()` or numpy, or is the loss copied into a new tensor?"
        )
    if not stats.steps:
        return explanation + (
            f"Gradients arrived {times(stats.arrivals)}, but no optimizer took a step. Is `step()` called after "
            "each `backward()`?"
        )
    if not stats.own_steps:
        return explanation + (
            f"The optimizer took {counted(stats.steps, 'step', 'steps')}, but holds no parameter of this model. "
            "Whose parameters does the optimizer get?"
        )
    if stats.learning_rates and not any(stats.learning_rates):
        return explanation + "The learning rate was 0."
    return explanation + (
        f"Gradients arrived {times(stats.arrivals)}, and the optimizer took "
        f"{counted(stats.own_steps, 'step', 'steps')}. The steps found no gradient. What happens to the gradients "
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
        f"Gradients arrived {times(stats.arrivals)}, but the optimizer took only "
        f"{counted(stats.steps, 'step', 'steps')}{often}. Each batch should have a step of its own. Is `step()` "
        "inside of the loop over the batches?"
    )
