"""One training run from start to end, through interruptions: steps, reports, checkpoints."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from gpt.config import Config
from gpt.reports import History, Reports
from gpt.trainer import Blocks
from training import checkpoint
from training.errors import UserError
from training.loop import Length, Loop, interruption
from training.progress import Bar
from training.trainer import Trainer
from training.watching import Watch, unwatched

FILE_NAME = "checkpoint.pt"
KEYS = ("config", "characters", "text_digest", "text_name", "model", "trainer", "history")  # of a checkpoint
REPORTS_IN_A_RUN = 10
SECONDS_BETWEEN_CHECKPOINTS = 60.0
STEPS_BETWEEN_GLANCES = 10  # reading a loss waits for the device, so the bar is not renewed at every step


class Run:
    """A training run. `loop` counts its steps and seconds; `history` holds its losses.

    Args:
        trainer: takes the steps.
        blocks: its batches.
        config: how long, and everything that a checkpoint must remember.
        folder: where the checkpoint goes.
        reports: tells how it goes.
        watch: is told of every step.

    Attributes:
        fault: why the last checkpoint could not be written and what to do; empty if there is one.
    """

    def __init__(
        self,
        trainer: Trainer,
        blocks: Blocks,
        config: Config,
        folder: Path,
        reports: Reports,
        watch: Watch = unwatched,
    ) -> None:
        self._trainer, self._blocks, self._config = trainer, blocks, config
        self._parallel, self._folder = trainer.parallel, folder
        self._reports, self._watch = reports, watch
        self.loop = Loop(Length(config.steps, 60 * config.minutes), trainer.parallel, trainer.device)
        self.history = History()
        self.fault = ""
        self._waiting: list[torch.Tensor] = []  # losses not yet read from the device

    def restore(self, contents: dict[str, Any]) -> None:
        """Go on where a checkpoint was written; the model has its weights already."""
        state, kept = contents["trainer"], contents["history"]
        self._trainer.restore(state)
        self._blocks.generator.set_state(state["data_position"])
        self.loop.resume(state["steps_done"], kept["seconds"])
        self.history = History(list(kept["training"]), [(int(step), float(loss)) for step, loss in kept["validation"]])

    def train(self) -> bool:
        """Train to the end, or until Ctrl-C; returns whether the end was reached. Saves in both cases.

        What was learned is not lost where the last checkpoint cannot be written: `fault` says so then.
        """
        loop = self.loop
        saved_at, reported = time.monotonic(), int(loop.progress * REPORTS_IN_A_RUN)
        with (
            interruption() as stopped,
            Bar(loop.progress, wanted=self._parallel.leads) as bar,
            self._watch(self._trainer.model) as note,
        ):
            for progress in loop.steps(stopped):
                if int(progress * REPORTS_IN_A_RUN) > reported:
                    reported = int(progress * REPORTS_IN_A_RUN)
                    self._report(bar)
                if self._waiting and loop.steps_done % STEPS_BETWEEN_GLANCES == 0:
                    self._show(bar)
                    if time.monotonic() - saved_at > SECONDS_BETWEEN_CHECKPOINTS:
                        saved_at = time.monotonic()
                        self._save_if_possible(bar)
                self._waiting.append(self._trainer.step(progress))
                note(progress, self._waiting[-1])
            self._show(bar)
            if loop.is_done:
                self._report(bar)
            if self._parallel.leads:
                try:
                    self.save()
                except UserError as error:
                    self.fault = str(error)
        return loop.is_done

    def save(self) -> None:
        """Write the checkpoint."""
        text = self._reports.corpus
        position = {"data_position": self._blocks.generator.get_state(), "steps_done": self.loop.steps_done}
        contents = {
            "config": asdict(self._config),
            "characters": text.characters,
            "text_digest": text.digest,
            "text_name": text.name,
            "model": self._trainer.model.state_dict(),
            "trainer": self._trainer.state() | position,
            "history": {
                "training": self.history.training,
                "validation": [list(pair) for pair in self.history.validation],
                "seconds": self.loop.seconds,
            },
        }
        checkpoint.save(self._folder / FILE_NAME, contents)

    def _report(self, bar: Bar) -> None:
        self._read_losses()
        if self._parallel.leads:
            self._reports.on_the_way(self.loop.steps_done, self.history, bar.write)

    def _read_losses(self) -> None:
        if self._waiting:
            self.history.training += self._parallel.mean(torch.stack(self._waiting)).tolist()
            self._waiting.clear()

    def _show(self, bar: Bar) -> None:
        self._read_losses()
        recent = self.history.training[-100:] or [math.nan]
        characters = self.loop.steps_done * self._config.batch_size * self._config.block_size
        rate = characters / max(self.loop.seconds, 1e-9)
        bar.show(self.loop.progress, f"loss {sum(recent) / len(recent):.3f}, {rate:,.0f} tokens/s")

    def _save_if_possible(self, bar: Bar) -> None:
        if self._parallel.leads:
            try:
                self.save()
            except UserError as error:
                bar.write(f"warning: {error} Training goes on.")
