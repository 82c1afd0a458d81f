"""What long trainings on short texts end with: `python -m staff.evidence.short_texts FILE [--steps N]`.

Trains a small model on the first 5, 50, 500 and 1,000 kB of a text, ten times as long as chargpt trains by default.
Prints for each text the noise that was chosen, the lowest held-out loss that was seen, the last one before the best
weights were put back, and the loss of the weights that are kept, in nats per character. Exit status 1 if the kept
weights are worse than the best by more than 0.01.
"""

from __future__ import annotations

import argparse
import io
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from gpt import corpus
from gpt.config import Config
from gpt.held_out import HeldOut
from gpt.reports import Reports
from gpt.run import Run
from gpt.trainer import Blocks, make_trainer
from gpt.writer import Writer
from staff.places import SOLUTIONS_DIRECTORY
from startup import ending
from training import device as devices
from training import student
from training.workers import of_this_machine

LENGTHS = (5_000, 50_000, 500_000, 1_000_000)  # characters
SIZES = {"n_embd": 32, "n_layer": 2, "block_size": 32, "batch_size": 8}
TEN_TIMES = 18_000  # steps: ten times those of three minutes with the default model on 2 cores
WORST = 0.01  # goal: nats above the best


def measure(text: corpus.Corpus, config: Config, folder: Path, early_stop: bool) -> bool:
    """Train, print a row, and return whether the goal is met."""
    device, vocabulary = devices.choose("cpu", precision="float32", workers=of_this_machine(1)), len(text.characters)
    torch.manual_seed(config.seed)
    model = student.model_class(SOLUTIONS_DIRECTORY)(*config.architecture, vocabulary)
    blocks = Blocks(text.train, config, device, vocabulary)
    trainer = make_trainer(model, blocks, vocabulary, config, device)
    writer = Writer(model, config.block_size, device, characters=text.characters)
    run = Run(trainer, blocks, config, folder, Reports(text, writer, "", folder), early_stop=early_stop)
    with redirect_stdout(io.StringIO()):  # its reports
        run.train()
    kept = HeldOut(text.validation, config, device).look(model, 0)
    looks = run.history.validation
    best_step, best = min(looks, key=lambda pair: pair[1])
    passes = run.loop.steps_done * config.batch_size * config.block_size / len(text.train)
    told = f"| {len(text.train) + len(text.validation):,} | {run.loop.steps_done:,} ({passes:.0f} passes) |"
    print(
        f"{told} {run.noise.highest:.2f} | {best:.3f} (step {best_step:,}) | {looks[-1][1]:.3f} | {kept:.3f} |",
        flush=True,
    )
    return kept <= best + WORST


def main(argv: list[str] | None = None) -> int:
    """Train on each length and print the table; returns 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.short_texts", description=__doc__)
    parser.add_argument("file", type=Path, help="a text of at least a million characters")
    parser.add_argument("--steps", type=int, default=TEN_TIMES, help=f"(default {TEN_TIMES})")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="of the texts, in characters")
    parser.add_argument("--noise", type=float, help="(default: chosen by the passes)")
    parser.add_argument("--no-early-stop", action="store_true", help="train on where the loss has risen for long")
    options = parser.parse_args(argv)
    content = corpus.content(options.file)
    config = Config(**SIZES, steps=options.steps, noise=options.noise)
    print("| characters | steps | noise | best | last | kept |\n|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        met = [
            measure(
                corpus.from_text(content[:length], f"{length}", config.block_size),
                config,
                Path(folder),
                not options.no_early_stop,
            )
            for length in options.lengths
        ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    ending.run(main)
