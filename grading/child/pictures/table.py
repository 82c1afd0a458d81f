"""Which dataset has which picture: the one place to add another."""

from __future__ import annotations

from types import ModuleType

from grading.child.pictures import attention, curve, digit_field, separating_line, word_bars

# each module has a State; a draw(axes, state); and, where training is watched, a Reader(dataset) with a read()
PICTURES: dict[str, ModuleType] = {
    "points": separating_line,
    "sine": curve,
    "digits": digit_field,
    "easy_digits": digit_field,
    "words": word_bars,
    "attention": attention,  # not a dataset: shown once
}
