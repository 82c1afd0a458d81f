"""A training step of chargpt's default model with our Muon and with torch's: `python -m staff.evidence.bench_muon`.

Whole steps, each optimizer on a model of its own, by turns, so that a busy machine slows both alike. Prints medians in
milliseconds. ONEDNN_MAX_CPU_ISA=AVX2 in the environment shows a processor without bfloat16 instructions.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any
from unittest import mock

import torch
from torch.optim import Muon as TorchMuon

from data import plays
from gpt import corpus
from gpt.config import Config
from gpt.trainer import Blocks, make_trainer
from staff.places import SOLUTIONS_DIRECTORY
from startup import ending
from training import device as devices
from training import optimizers, student
from training.muon import Muon
from training.trainer import Trainer
from training.workers import of_this_machine

PROGRESS = 0.5  # of the run: full learning rates
WARM_UP_STEPS = 3


def torchs(parameters: list[torch.Tensor], rate: float, weight_decay: float, **ours: object) -> TorchMuon:
    """Torch's Muon, made as ours is. Its iteration is always in bfloat16, in the caller's thread."""
    return TorchMuon(parameters, rate, weight_decay)


def make(text: corpus.Corpus, device: devices.Device, muon: Any) -> Trainer:
    """A trainer of the default model whose matrices are moved by this Muon."""
    config = Config()
    torch.manual_seed(config.seed)
    model = student.model_class(SOLUTIONS_DIRECTORY)(*config.architecture, len(text.characters))
    with mock.patch.object(optimizers, "Muon", muon):
        return make_trainer(model, Blocks(text.train, config, device), len(text.characters), config, device)


def seconds_of_step(trainer: Trainer) -> float:
    """What one step takes."""
    started = time.perf_counter()
    trainer.step(PROGRESS)
    return time.perf_counter() - started


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.bench_muon", description=__doc__)
    parser.add_argument("--steps", type=int, default=60, help="of each optimizer (default 60)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args(argv)
    text = corpus.read(plays.BUILT_IN_FILE, Config().block_size)
    for threads in arguments.threads:
        for precision in ("bfloat16", "float32"):
            trainers = [
                make(text, devices.choose("cpu", precision=precision, workers=of_this_machine(threads)), muon)
                for muon in (Muon, torchs)
            ]
            seconds: list[list[float]] = [[], []]
            for step in range(WARM_UP_STEPS + arguments.steps):
                for number in (0, 1) if step % 2 else (1, 0):
                    seconds[number].append(seconds_of_step(trainers[number]))
            ours, theirs = (1000 * statistics.median(times[WARM_UP_STEPS:]) for times in seconds)
            difference = f"{theirs / ours - 1:+.1%}"
            print(f"threads {threads}, {precision}: ours {ours:.1f}, torch's {theirs:.1f} ({difference})", flush=True)
    return 0


if __name__ == "__main__":
    ending.run(main)
