"""Whether training ended inside a pass over its data, and what may have ended it."""

from __future__ import annotations

from grading.checks.answers import Training
from grading.checks.phrases import passes_of, updates_of


def ended_inside_a_pass(stats: Training) -> bool:
    """Whether the last pass over the data was not finished. A loader may leave out a last, smaller batch."""
    if stats.stopped or not 0 < stats.largest_batch <= stats.examples:
        return False
    without_rest = stats.examples // stats.largest_batch * stats.largest_batch
    return bool(stats.fetched % stats.examples and stats.fetched % without_rest)


def inside_a_pass(stats: Training) -> str:
    """That training ended so, and a question about what ended it."""
    seen = f"Training ended inside a pass over the data, after {passes_of(stats)} and {updates_of(stats)}."
    return f"{seen} {_what_ended(stats)}"


def _what_ended(stats: Training) -> str:
    """The loss of the last batch, if this may have ended training; and a question."""
    if stats.latest_loss is None or stats.lowest_loss is None or stats.latest_loss > stats.lowest_loss:
        return (
            "Training should end after a whole pass. The loss of one batch is no reason to stop. Does a `return` or "
            "`break` end the loop over the batches early?"
        )
    return (
        f"Its last batch had the lowest loss of all, {stats.latest_loss:.3g}. One batch may be easier than the others. "
        "Does the loss of one batch end your loop?"
    )
