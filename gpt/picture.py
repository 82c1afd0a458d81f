"""What the picture of question 7 shows, read from a model in training."""

from __future__ import annotations

from torch import Tensor
from torch.nn import Module

from gpt.writer import Writer
from pictures.loss_curve import LossCurve
from pictures.writing import State
from training.device import Device

CHARACTERS = 170  # of a sample
TEMPERATURE = 0.8  # below 1, so that a young model shows what it is sure of
STEPS_BETWEEN_SAMPLES = (10, 100)  # in between, as many as a part of the steps so far: early on, much changes quickly
PART = 0.3
PICTURE = "pictures.writing"


class Reader:
    """Lets the model write from time to time; is told of every step.

    Args:
        model: maps ids (1, time) to logits (1, time, vocabulary).
        characters: the vocabulary.
        block_size: the most characters that the model can see at once.
        limit: the entropy of the text in nats per character, where it is known.
    """

    def __init__(self, model: Module, characters: str, block_size: int, limit: float | None = None) -> None:
        device = Device(next(model.parameters()).device, bfloat16=False, compiled=False)
        self._writer = Writer(model, block_size, device, TEMPERATURE, characters=characters)
        self._curve = LossCurve()
        self._progress, self._limit = 0.0, limit
        self._sample, self._sample_step, self._next_sample = "", 0, 0

    def note(self, progress: float, loss: Tensor) -> None:
        """A step has been taken; progress is the share that is done, loss that step's."""
        self._progress = progress
        self._curve.add(loss)

    def read(self) -> State:
        """The curve as it is now, and a new sample if it is time for one."""
        if self._curve.steps >= self._next_sample:
            return self.read_last()
        return State(*self._curve.read(), self._progress, self._sample, self._sample_step, self._limit)

    def read_last(self) -> State:
        """The curve, and a new sample whenever the last one was."""
        steps = self._curve.steps
        if steps == 0 or steps > self._sample_step:
            self._sample, self._sample_step = self._writer.write("", CHARACTERS), steps
            least, most = STEPS_BETWEEN_SAMPLES
            self._next_sample = steps + min(max(least, int(PART * steps)), most) if steps else 0
        return State(*self._curve.read(), self._progress, self._sample, self._sample_step, self._limit)
