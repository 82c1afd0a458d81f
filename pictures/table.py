"""Which picture is called what, and which dataset has which: the one place to add another."""

from __future__ import annotations

from types import ModuleType

from pictures import attention, curve, digit_field, separating_line, turning_segment, verse, word_bars, writing

# Each module has a State and a draw(axes, state). Where training is watched it has a Reader with a read(): of a
# dataset, or, where a provided trainer tells of its steps, of a model, with a note() for each step besides.
PICTURES: dict[str, ModuleType] = {
    "points": separating_line,
    "sine": curve,
    "digits": digit_field,
    "easy_digits": digit_field,
    "words": word_bars,
    "attention": attention,  # shown once
    "text": writing,
    "verse": verse,
    "segment": turning_segment,  # proves that windows work
}
