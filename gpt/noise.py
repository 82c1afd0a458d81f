"""How much noise the input of a run gets: the more often its text is read, the more."""

from __future__ import annotations

from math import log2

from gpt.config import Config
from gpt.trainer import Blocks

FEW_PASSES, NOISE_PER_DOUBLING, MAX_NOISE = 8.0, 0.05, 0.3
STEPS_TIMED = (10, 20)  # between these steps the speed of a run is measured; the first steps are slow


def chosen(passes: float) -> float:
    """The share of the input characters to replace by random ones, where a text is read so many times."""
    if passes <= FEW_PASSES:
        return 0.0
    return min(MAX_NOISE, NOISE_PER_DOUBLING * log2(passes / FEW_PASSES))


class NoiseSetter:
    """Sets the noise of a run's batches: the configuration's, or one that is chosen by the passes over the text.

    The steps of a run by the clock are not known before. Their number is estimated once, from the first steps.

    Args:
        blocks: the batches.
        config: noise, and the length of the run.
        characters: of the text.
    """

    def __init__(self, blocks: Blocks, config: Config, characters: int) -> None:
        self._blocks = blocks
        self._passes_per_step = config.batch_size * config.block_size / characters
        self._is_set, self._progress = True, 0.0
        if config.noise is not None:
            blocks.noise = config.noise
        elif config.steps is not None:
            blocks.noise = chosen(config.steps * self._passes_per_step)
        else:
            self._is_set = False

    def see(self, steps_done: int, progress: float) -> None:
        """So many steps are done, and this share of the run."""
        first, last = STEPS_TIMED
        if self._is_set or steps_done < first:
            return
        if steps_done == first:
            self._progress = progress
        elif steps_done >= last:
            steps_left = (1 - progress) * (last - first) / max(progress - self._progress, 1e-9)
            self._blocks.noise = chosen((steps_done + steps_left) * self._passes_per_step)
            self._is_set = True

    def state(self) -> dict[str, float | bool]:
        """What the noise of the next steps depends on."""
        return {"noise": self._blocks.noise, "is_set": self._is_set, "progress": self._progress}

    def restore(self, state: dict[str, float | bool]) -> None:
        """Continue a run by the clock with the noise that it had."""
        if not self._is_set:
            self._blocks.noise, self._is_set = float(state["noise"]), bool(state["is_set"])
            self._progress = float(state["progress"])
