"""One training run from start to end, through interruptions: steps, reports, checkpoints."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from tqdm import tqdm

from gpt import checkpoint
from gpt.config import Config
from gpt.corpus import Corpus
from gpt.device import Device
from gpt.errors import UserError
from gpt.parallel import Parallel
from gpt.reports import History, Reports
from gpt.trainer import Trainer
from gpt.watching import Watch, unwatched

REPORTS_IN_A_RUN = 10
SECONDS_BETWEEN_CHECKPOINTS = 60.0
STEPS_BETWEEN_GLANCES = 10  # reading a loss waits for the device, so the bar is not renewed at every step


class Run:
    """A training run.

    Args:
        trainer: takes the steps.
        corpus: the text.
        config: how long, and everything that a checkpoint must remember.
        device: where the model lies.
        parallel: this process among its fellows.
        folder: where checkpoint.pt goes.
        reports: tells how it goes.
        watch: is told of every step.
    """

    def __init__(
        self,
        trainer: Trainer,
        corpus: Corpus,
        config: Config,
        device: Device,
        parallel: Parallel,
        folder: Path,
        reports: Reports,
        watch: Watch = unwatched,
    ) -> None:
        self.trainer, self.corpus, self.config = trainer, corpus, config
        self._device, self._parallel, self._folder = device, parallel, folder
        self._reports, self._watch = reports, watch
        self.history = History()
        self._waiting: list[torch.Tensor] = []  # losses not yet read from the device

    def restore(self, contents: dict[str, Any]) -> None:
        """Go on where a checkpoint was written; the model has its weights already."""
        self.trainer.restore(contents["trainer"])
        kept = contents["history"]
        validation = [(int(step), float(loss)) for step, loss in kept["validation"]]
        self.history = History(list(kept["training"]), validation, kept["seconds"])

    def train(self) -> bool:
        """Train to the end, or until Ctrl-C; returns whether the end was reached. Saves in both cases.

        Raises:
            UserError: the last checkpoint could not be written.
        """
        started, before = time.monotonic(), self.history.seconds
        saved_at, reported = started, int(self._progress() * REPORTS_IN_A_RUN)
        with _interruption() as interrupted, self._bar() as bar, self._watch(self.trainer.model) as note:
            while True:
                self.history.seconds = before + time.monotonic() - started
                progress, stop = self._parallel.agree([self._progress(), interrupted()], self._device.torch_device)
                if int(progress * REPORTS_IN_A_RUN) > reported or progress >= 1:
                    reported = int(progress * REPORTS_IN_A_RUN)
                    self._report(bar)
                if progress >= 1 or stop:
                    break
                self._waiting.append(self.trainer.step(progress))
                note(progress, self._waiting[-1])
                if self.trainer.steps_done % STEPS_BETWEEN_GLANCES == 0:
                    self._read_losses()
                    self._show(bar, progress)
                    if time.monotonic() - saved_at > SECONDS_BETWEEN_CHECKPOINTS:
                        saved_at = time.monotonic()
                        self._save_if_possible(bar)
            self._read_losses()
            if self._parallel.leads:
                self.save()
        return progress >= 1

    def save(self) -> None:
        """Write the checkpoint."""
        history = self.history
        checkpoint.save(
            self._folder_file,
            {
                "config": self.config.to_dict(),
                "characters": self.corpus.characters,
                "text_digest": self.corpus.digest,
                "text_name": self.corpus.name,
                "model": self.trainer.model.state_dict(),
                "trainer": {name: part for name, part in self.trainer.state().items() if name != "model"},
                "history": {
                    "training": history.training,
                    "validation": [list(pair) for pair in history.validation],
                    "seconds": history.seconds,
                },
            },
        )

    @property
    def _folder_file(self) -> Path:
        return self._folder / "checkpoint.pt"

    def _progress(self) -> float:
        """The share of the run that is done."""
        if self.config.steps is not None:
            return self.trainer.steps_done / self.config.steps
        return self.history.seconds / (60 * self.config.minutes)

    def _report(self, bar: Any) -> None:
        self._read_losses()
        if self._parallel.leads:
            self._reports.on_the_way(self.trainer.steps_done, self.history, bar.write)

    def _read_losses(self) -> None:
        if self._waiting:
            read = self._parallel.mean(torch.stack(self._waiting))
            self.history.training += read.tolist()
            self._waiting.clear()

    def _show(self, bar: Any, progress: float) -> None:
        bar.n = self.trainer.steps_done if self.config.steps is not None else min(self.history.seconds, bar.total)
        characters = self.trainer.steps_done * self.config.batch_size * self.config.block_size
        rate = characters / max(self.history.seconds, 1e-9)
        left = self.history.seconds / max(progress, 1e-9) * (1 - progress)
        recent = self.history.training[-100:]
        bar.set_description_str(
            f"loss {sum(recent) / len(recent):.3f}, {rate:,.0f} tokens/s, {int(left) // 60}:{int(left) % 60:02d} left"
        )

    def _bar(self) -> Any:
        total = self.config.steps if self.config.steps is not None else 60 * self.config.minutes
        return tqdm(
            total=total,
            bar_format="{percentage:3.0f}%|{bar:24}| {desc}",
            disable=not (self._parallel.leads and sys.stderr.isatty()),
            mininterval=0.5,
        )

    def _save_if_possible(self, bar: Any) -> None:
        if self._parallel.leads:
            try:
                self.save()
            except UserError as error:
                bar.write(f"warning: {error} Training goes on.")


@contextmanager
def _interruption() -> Iterator[Callable[[], bool]]:
    """While the block runs, the first Ctrl-C only sets a flag; the second one interrupts as always."""
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        earlier = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread: nobody can press Ctrl-C here
        yield lambda: False
        return
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, earlier)
