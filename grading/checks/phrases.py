"""Phrases about a training run that several sentences share."""

from __future__ import annotations

from grading.checks.answers import Training

MUCH_WEIGHT_DECAY = 0.02  # AdamW has 0.01 unless told otherwise
WHICH_SIGN = "Which sign does the loss have where `backward()` is called?"
WITHOUT_END = "Training should end by itself. Which condition ends your loop?"


def stop_of(stats: Training) -> str:
    """A sentence with a space behind: where the grader ended training; "" if training ended by itself."""
    if not stats.stopped:
        return ""
    passes = f"{passes_of(stats)} over the data and " if stats.epochs else ""
    return f"The grader stopped training after {passes}{updates_of(stats)}. "


def passes_of(stats: Training) -> str:
    """How often training passed over its data: `2.5 passes`."""
    return f"{stats.epochs:.3g} {'pass' if stats.epochs == 1 else 'passes'}"


def optimizer_of(stats: Training, beginning: str) -> str:
    """A sentence with a space behind: the optimizer and its learning rates; "" if that is not known."""
    if not stats.optimizer or len(stats.learning_rates) != 2:
        return ""
    first, latest = stats.learning_rates
    ending = f" at the start and {latest:.2g} at the end" if latest != first else ""
    decay = f", with weight decay {stats.weight_decay:.3g}" if stats.weight_decay >= MUCH_WEIGHT_DECAY else ""
    return f"{beginning} {stats.optimizer} with learning rate {first:.3g}{ending}{decay}. "


def percent(value: float) -> str:
    """A share in percent, with two digits below 100%."""
    return f"{100 * value:.2g}%" if value < 1 else f"{100 * value:.0f}%"


def updates_of(stats: Training) -> str:
    """How many updates training took: `1 update`, `2,000 updates`."""
    return counted(stats.backwards, "update", "updates")


def counted(count: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{count:,} {one if count == 1 else many}"


def times(count: float) -> str:
    """How often: `once`, `2.5 times`, `2,000 times`."""
    return "once" if count == 1 else f"{count:,.3g} times" if count < 1000 else f"{count:,.0f} times"
