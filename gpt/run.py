"""One training run from start to end, through interruptions: steps, reports, checkpoints."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from gpt.config import Config
from gpt.held_out import HeldOut
from gpt.noise import NoiseSetter
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
        early_stop: whether the run ends once the held-out loss has risen for long.

    Attributes:
        noise: sets that of the next step.
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
        early_stop: bool = True,
    ) -> None:
        self._trainer, self._blocks, self._config = trainer, blocks, config
        self._parallel, self._folder = trainer.parallel, folder
        self._reports, self._watch = reports, watch
        self.loop = Loop(Length(config.steps, 60 * config.minutes), trainer.parallel, trainer.device)
        self.history = History()
        self.fault = ""
        self.held_out = HeldOut(reports.corpus.validation, config, trainer.device)
        self._early_stop, self._has_told, self._stops_early = early_stop, False, False
        self.noise = NoiseSetter(blocks, config, len(reports.corpus.train))
        self._waiting: list[torch.Tensor] = []  # losses not yet read from the device

    def restore(self, contents: dict[str, Any]) -> None:
        """Go on where a checkpoint was written; the model has its weights, the best so far, already."""
        state, kept = contents["trainer"], contents["history"]
        if "held_out" in state:  # not in checkpoints of earlier versions
            self.held_out.restore(state["held_out"], contents["model"])
            self.noise.restore(state["noise"])
        if "last_weights" in state:
            self._trainer.model.load_state_dict(state["last_weights"])
        self._trainer.restore(state)
        self._blocks.generator.set_state(state["data_position"])
        self.loop.resume(state["steps_done"], kept["seconds"])
        self.history = History(list(kept["training"]), [(int(step), float(loss)) for step, loss in kept["validation"]])

    def train(self) -> bool:
        """Train to the end, or until Ctrl-C; returns whether the end was reached. Saves in both cases.

        At the end the model has the weights that did best on the held-out text. What was learned is not lost where the
        last checkpoint cannot be written: `fault` says so then.
        """
        loop = self.loop
        saved_at, reported = time.monotonic(), int(loop.progress * REPORTS_IN_A_RUN)
        with (
            interruption() as stopped,
            Bar(loop.progress, wanted=self._parallel.leads) as bar,
            self._watch(self._trainer.model) as note,
        ):
            for progress in loop.steps(lambda: self._stops_early or stopped()):
                self.noise.see(loop.steps_done, progress)
                if loop.steps_done and loop.steps_done % self.held_out.steps_between == 0:
                    self._look(bar)
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
            is_done = loop.is_done or not stopped()  # only the leading process knows that it stops early
            if is_done:
                self._report(bar)
            if self._parallel.leads:
                try:
                    self.save()
                except UserError as error:
                    self.fault = str(error)
            if is_done and self.held_out.give_best(self._trainer.model):
                bar.write(f"kept: the weights of step {self.held_out.best.step}, the best on the held-out text")
        return is_done

    def save(self) -> None:
        """Write the checkpoint: the best weights, and all that the next step depends on."""
        text, last_weights, best = self._reports.corpus, self._trainer.model.state_dict(), self.held_out.best
        position = {
            "data_position": self._blocks.generator.get_state(),
            "steps_done": self.loop.steps_done,
            "held_out": self.held_out.state(),
            "noise": self.noise.state(),
        }
        if best.weights is not None and best.step != self.loop.steps_done:
            position["last_weights"] = last_weights
        contents = {
            "config": asdict(self._config),
            "characters": text.characters,
            "text_digest": text.digest,
            "text_name": text.name,
            "device": str(self._trainer.device),
            "model": last_weights if best.weights is None else best.weights,
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
            self._look(bar)
            self._reports.on_the_way(*self.history.validation[-1], bar.write)

    def _look(self, bar: Bar) -> None:
        """Measure the held-out loss, once after each step; say so where it has risen for long."""
        step, best = self.loop.steps_done, self.held_out.best
        if not self._parallel.leads or (self.history.validation and self.history.validation[-1][0] == step):
            return
        loss = self.held_out.look(self._trainer.model, step)
        self.history.validation.append((step, loss))
        if self.held_out.has_risen and not self._has_told:
            self._has_told = True
            self._stops_early = self._early_stop and not self.loop.is_done
            end = "Training stops early; --no-early-stop goes on." if self._stops_early else "Training goes on."
            bar.write(
                f"step {step}: the held-out loss was {best.loss:.3f} at step {best.step} and is {loss:.3f} now. "
                f"The model learns its text by heart. {end}"
            )

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
