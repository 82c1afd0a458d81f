"""How much noise the input of a run gets: the more often its text is read, the more; and none at its end."""

from __future__ import annotations

from math import log2

from gpt.config import Config
from gpt.trainer import Blocks

FEW_PASSES, NOISE_PER_DOUBLING, MAX_NOISE = 8.0, 0.07, 0.35
FADES_FROM = 0.5  # of a run
FIRST_STEPS = 10  # of a run: slower than the others


def chosen(passes: float) -> float:
    """The share of the input characters to replace by random ones at first, where a text is read so many times."""
    if passes <= FEW_PASSES:
        return 0.0
    return min(MAX_NOISE, NOISE_PER_DOUBLING * log2(passes / FEW_PASSES))


def fading(progress: float) -> float:
    """The factor of a run's noise when this share of the run is done: 1 at first, then down a straight line to 0.

    A model that is used to noise takes its own letters for noise, too: it spells badly when it writes.
    """
    return min(1.0, max(0.0, (1 - progress) / (1 - FADES_FROM)))


class NoiseSetter:
    """Sets the noise of a run's batches: the configuration's, or one that is chosen by the passes over the text.

    The steps of a run by the clock are not known before. Their number is estimated from the speed of the steps, the
    first time at step 20, then at step 40, 80 and so on: compiling, and everything else at the start, takes time that
    later steps do not take. Noise fades: see `fading`.

    Args:
        blocks: the batches.
        config: noise, and the length of the run.
        characters: of the text.

    Attributes:
        highest: the noise before it fades.
    """

    def __init__(self, blocks: Blocks, config: Config, characters: int) -> None:
        self._blocks = blocks
        self._passes_per_step = config.batch_size * config.block_size / characters
        self._is_known = config.noise is not None or config.steps is not None
        self.highest, self._seen = 0.0, (FIRST_STEPS, 0.0)  # steps and progress from which the speed is measured
        if config.noise is not None:
            self.highest = config.noise
        elif config.steps is not None:
            self.highest = chosen(config.steps * self._passes_per_step)

    def see(self, steps_done: int, progress: float) -> None:
        """So many steps are done, and this share of the run: sets the noise of the next step."""
        if not self._is_known and progress < FADES_FROM:
            self._estimate(steps_done, progress)
        self._blocks.noise = self.highest * fading(progress)

    def _estimate(self, steps_done: int, progress: float) -> None:
        steps_before, progress_before = self._seen
        if steps_done == FIRST_STEPS:
            self._seen = steps_done, progress
        elif steps_done >= 2 * steps_before:
            steps_in_all = (steps_done - steps_before) / max(progress - progress_before, 1e-9)  # at this speed
            self.highest = chosen((steps_done + (1 - progress) * steps_in_all) * self._passes_per_step)
            self._seen = steps_done, progress

    def state(self) -> dict[str, float]:
        """What the noise of the next steps depends on."""
        return {"noise": self.highest, "steps": self._seen[0], "progress": self._seen[1]}

    def restore(self, state: dict[str, float]) -> None:
        """Continue a run by the clock with the noise that it had."""
        if not self._is_known:
            self.highest = float(state["noise"])
            self._seen = int(state.get("steps", FIRST_STEPS)), float(state["progress"])  # no steps in older checkpoints
