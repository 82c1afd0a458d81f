"""Reads the unseen mistakes of a question from its file, such as q2.toml.

    [[mistakes]]
    id = "inputs-scaled-in-training-only"
    wrong = "Training divides x by 2 pi, and the model's forward does not."
    changes = [{ where = "train.train_regression", old = "...", new = "..." }]

The changes are those of the mutants. No mistake names a check or a message: this folder is made to judge them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grading.questions import natural_order
from staff.evidence.mutants.format import Change, MutantError

SETS = {name: Path(__file__).resolve().parent / name for name in ("first", "second", "third", "fourth", "fifth")}
NEWEST = "fifth"
KEYS = {"id", "wrong", "changes"}


@dataclass(frozen=True)
class Mistake:
    """A wrong submission; the fields are those of the file.

    Attributes:
        question: whose file it stands in, such as q2; the only question that is graded.
        id: unique in its question.
        wrong: one sentence, as a teaching assistant would write it in the margin.
        changes: what makes the submission of the reference solutions.
    """

    question: str
    id: str
    wrong: str
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        """Unique among all mistakes: q2/inputs-scaled-in-training-only."""
        return f"{self.question}/{self.id}"


def read_all(directory: Path) -> list[Mistake]:
    """Every mistake, question by question.

    Raises:
        MutantError: a description lacks something, has something too much, or repeats an id.
    """
    paths = sorted(directory.glob("*.toml"), key=lambda path: natural_order(path.stem))
    mistakes = [
        _mistake(path, row)
        for path in paths
        for row in tomllib.loads(path.read_text(encoding="utf-8")).get("mistakes", ())
    ]
    names = [mistake.name for mistake in mistakes]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise MutantError(f"mistakes of the same name: {', '.join(sorted(repeated))}")
    return mistakes


def _mistake(path: Path, row: dict[str, Any]) -> Mistake:
    if set(row) != KEYS:
        raise MutantError(f"{path.name}: {row.get('id')}: lacks {KEYS - set(row)}, has too much {set(row) - KEYS}")
    return Mistake(path.stem, row["id"], row["wrong"], tuple(Change(**change) for change in row["changes"]))
