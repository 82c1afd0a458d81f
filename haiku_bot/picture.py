"""What the picture of question 8 shows, read from a model in training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module

from data.haiku import themes
from haiku_bot.functions import StudentFunctions
from haiku_bot.vocabulary import Vocabulary
from pictures.loss_curve import LossCurve
from pictures.verse import State

STEPS_BETWEEN_VERSES = 15  # a reader wants a moment for each
EARLIER_VERSES = 2
TEMPERATURE, TOP_K = 0.8, 30
MAX_LINE_CHARACTERS = 48  # letters; whatever is longer is no line of a haiku
PICTURE = "pictures.verse"


class Reader:
    """Lets the model write a haiku from time to time; is told of every step.

    Args:
        model: maps ids (1, time) to logits (1, time, vocabulary).
        vocabulary: its tokens.
        students: their functions.
    """

    def __init__(self, model: Module, vocabulary: Vocabulary, students: StudentFunctions) -> None:
        self._model, self._vocabulary, self._students = model, vocabulary, students
        self._form = vocabulary.form
        self._themes = list(themes())
        self._curve = LossCurve()
        self._progress = 0.0
        self._stages: list[str] = []
        self._starts: list[int] = []
        self._written, self._next_verse = 0, 0
        self._theme = ""
        self._verses: list[list[str]] = []

    def note(self, stage: str, progress: float, loss: Tensor) -> None:
        """A step has been taken; progress is the share of the stage that is done."""
        if not self._stages or self._stages[-1] != stage:
            self._stages.append(stage)
            self._starts.append(self._curve.steps)
        self._curve.add(loss)
        self._progress = progress

    def read(self) -> State:
        """The curve as it is now, and a new haiku if it is time for one."""
        return self.read_last() if self._curve.steps >= self._next_verse else self._state()

    def read_last(self) -> State:
        """The curve, and a new haiku whenever the last one was."""
        steps = self._curve.steps
        self._verses = [self._write(), *self._verses][: EARLIER_VERSES + 1] if steps else [self._write()]
        self._next_verse = steps + STEPS_BETWEEN_VERSES if steps else 0
        return self._state()

    def _state(self) -> State:
        return State(
            self._theme, self._verses[0], self._verses[1:], *self._curve.read(), self._progress, list(self._stages),
            np.array(self._starts, np.int64),
        )  # fmt: skip

    def _write(self) -> list[str]:
        """One haiku about the next theme."""
        # a step through the themes that meets them all, and neighbours of the list far apart
        self._theme = self._themes[(self._written * 7) % len(self._themes)]
        generator = torch.Generator().manual_seed(self._written)
        self._written += 1
        prompts = torch.tensor([self._vocabulary.prompt([self._theme])])
        ids = self._students.write_haiku(self._model, prompts, self._form, TEMPERATURE, TOP_K, generator)
        return [str(line)[:MAX_LINE_CHARACTERS] for line in self._vocabulary.lines(ids[0].tolist())]
