"""For tests of chargpt: the program in an empty folder, its checkpoints, an interruption."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from gpt import command_line, reports
from gpt.run import FILE_NAME, KEYS
from tests.support import SOLUTIONS, fresh_student_modules
from training import checkpoint
from training.trainer import Trainer

TEXT = "".join(f"{number} wheels and {number * number} gears turn. O wheel!\n" for number in range(200))
SMALL = ["--n-embd", "16", "--n-layer", "2", "--block-size", "8", "--batch-size", "4"]


@pytest.fixture(name="run")
def program_in_an_empty_folder(tmp_path, monkeypatch):
    """A function that runs chargpt in this process, in an empty folder, with the reference's model.

    The samples that a run shows are short: a whole one takes longer than a short training.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reports, "SAMPLE_LENGTH", 20)
    monkeypatch.setattr(reports, "LAST_SAMPLE_LENGTH", 40)
    (tmp_path / "text.txt").write_text(TEXT)
    threads_before = torch.get_num_threads()

    def call(*arguments: object, code: Path = SOLUTIONS) -> int:
        threads = [] if arguments[0] == "sample" else ["--threads", "1"]
        flags = ["--code-directory", str(code), "--device", "cpu", *threads]
        with fresh_student_modules():
            return command_line.main([*map(str, arguments), *flags])

    yield call
    torch.set_num_threads(threads_before)


def load(folder: Path) -> dict[str, Any]:
    return checkpoint.load(folder / FILE_NAME, KEYS, "")


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load(folder)["model"]


def interrupt_after(monkeypatch, steps: int) -> None:
    """Press Ctrl-C in the middle of a step."""
    step, done = Trainer.step, []

    def pressed(self, progress):
        done.append(loss := step(self, progress))
        if len(done) == steps:
            signal.raise_signal(signal.SIGINT)
        return loss

    monkeypatch.setattr(Trainer, "step", pressed)
