"""What a new question begins as: a placeholder task, small but whole, with its classic mistakes.

The placeholder shifts each row so that it sums to zero. Everything that its author has to replace says TODO.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass

WIDTH = 118  # of the hand-out's lines


@dataclass(frozen=True)
class Names:
    """What the templates are filled with.

    Attributes:
        id: such as q9.
        title: what students read.
        function: what they write.
        module: where, such as models.
        points: what it is worth.
        extra_credit: whether these come on top of what the assignment is out of.
    """

    id: str
    title: str
    function: str
    module: str
    points: float
    extra_credit: bool

    @property
    def number(self) -> str:
        """9 of q9."""
        return self.id.removeprefix("q")


def question_toml(names: Names, imports: str) -> str:
    """Title, checks and limits; `imports` is the section of that name, taken from a neighbour."""
    extra = "extra_credit = true\n" if names.extra_credit else ""
    return f"""\
title = {json.dumps(names.title, ensure_ascii=False)}
{extra}targets = [
    "{names.module}.{names.function}",
]
time_limit_seconds = 600
memory_limit_mebibytes = 2048

[[checks]]
name = "shape"
title = "A batch of rows gives a batch of rows"

[[checks]]
name = "exact"
title = "Every row is shifted so that it sums to zero"  # TODO: what a student reads
points = {names.points:g}
requires = ["shape"]

{imports}"""


def checks_py(names: Names) -> str:
    """Two checks and what common mistakes give."""
    return f'''\
"""Question {names.number}: rows keep their shape and sum to zero."""

# TODO: the checks of the real question. What stands here is a placeholder, small but whole.

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data import Library
from grading.checks import diagnosis, expect
from grading.checks.diagnosis import Mistake
from grading.checks.student import Student

TARGET = "{names.module}.{names.function}"
SIZES = [(1, 4), (5, 3), (2, 6)]  # more rows than columns and fewer, and a single row
TOLERANCE = 1e-4  # float32 sums of a few numbers are exact to about 1e-6


def shape(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for x in _inputs(0):
        _call(student, x)


def exact(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    with diagnosis.explained(lambda text: _wrong(student)):
        for x in _inputs(1):
            what = f"{names.function} of rows of shape {{x.shape}} should give"
            expect.close(_call(student, x), shifted(x), TOLERANCE, what, "Does every row sum to zero?")


def shifted(x: np.ndarray) -> np.ndarray:
    """The definition: each row, float64 (batch, numbers), less its own mean."""
    return x - x.mean(axis=1, keepdims=True)


MISTAKES = [
    Mistake(
        lambda x: x - x.mean(axis=0, keepdims=True),
        "Every column sums to zero, where every row should. Which dimension does the mean run over?",
    ),
    Mistake(
        lambda x: x - x.mean(),
        "One number was taken from everything: the mean of all rows together. Each row has its own.",
    ),
]


def _wrong(student: Student) -> str:
    """What a known mistake would have given, if that is what came."""
    probes: list[diagnosis.Probe] = [((x,), student.call(TARGET, x)) for x in _inputs(2)]
    return diagnosis.recognised(MISTAKES, probes, TOLERANCE)


def _call(student: Student, x: np.ndarray) -> np.ndarray:
    return expect.array(student.call(TARGET, x), x.shape, f"rows of shape {{x.shape}} should give rows")


def _inputs(seed: int) -> list[np.ndarray]:
    random = np.random.default_rng([{names.number}, seed])
    return [random.standard_normal(size).astype(np.float32) for size in SIZES]
'''


def solution(names: Names) -> str:
    """The function with its solution region, to stand at the end of a solution file."""
    return f'''\
def {names.function}(x: Tensor) -> Tensor:
    """Question {names.number}: TODO: what it does. Until then, shift every row so that it sums to zero.

    x: (batch, numbers). Returns the same shape.
    """
    # BEGIN SOLUTION
    means = x.mean(dim=1, keepdim=True)  # (batch, 1)
    return x - means
    # END SOLUTION
'''


def mutants_toml(names: Names) -> str:
    """A wrong submission for each mistake that the checks name."""
    where = f"{names.module}.{names.function}"
    return f"""\
# Question {names.number}: {names.title}. TODO: the classic mistakes of the real question.

[[mutants]]
id = "columns-for-rows"
wrong = "The mean runs over the batch."
check = "exact"
phrase = "Which dimension does the mean run over?"
changes = [{{ where = "{where}", old = "dim=1", new = "dim=0" }}]

[[mutants]]
id = "one-mean-for-all"
wrong = "There is one mean for the whole batch."
check = "exact"
phrase = "the mean of all rows together"
changes = [{{ where = "{where}", old = "x.mean(dim=1, keepdim=True)", new = "x.mean()" }}]

[[mutants]]
id = "dimension-lost"
wrong = "The means lie in a row where they should stand in a column."
check = "shape"
phrase = "must match the size of tensor"
changes = [{{ where = "{where}", old = ", keepdim=True", new = "" }}]
"""


def table_row(names: Names) -> str:
    """The hand-out's row of the table of questions."""
    points = f"{names.points:g} extra" if names.extra_credit else f"{names.points:g}"
    return f"| {names.id} {names.title} | {points} | `{names.function}` | TODO: what is checked |\n"


def section(names: Names) -> str:
    """The hand-out's section."""
    points = f"{names.points:g} {'point' if names.points == 1 else 'points'}"
    credit = f"{points} of extra credit" if names.extra_credit else points
    text = (
        f"TODO: what it is for, the formula, where it comes from. Until then: `{names.function}(x)` in "
        f"`{names.module}.py` takes rows of numbers, (batch, numbers), and shifts each so that it sums to zero."
    )
    return f"### {names.id} {names.title} ({credit})\n\n{textwrap.fill(text, WIDTH)}\n\n"
