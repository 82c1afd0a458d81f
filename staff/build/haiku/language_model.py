"""Train the language model that elective 12 begins with: `python -m staff.build.haiku.language_model [--evaluate]`.

Question 7's GPT reads the grammar's haiku, those that `test_cases.e12.public.verses.was_read` names, and its weights
become test_cases/e12/public/pretrained.npz: float16, no pickle. tokens.txt beside it gets the vocabulary. It takes 75
processor-seconds. The order of the haiku and the first weights are fixed; another machine's rounding gives other
digits and the same quality. `--evaluate` tells how good the file is, and trains nothing.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from data.files import write_text
from haiku_bot import functions
from staff.build.archive import write_npz
from staff.places import SOLUTIONS_DIRECTORY
from startup import ending
from test_cases.e12 import decoding
from test_cases.e12.public import language_model, verses
from training.optimizers import Schedule
from training.trainer import Batch, Trainer

WIDTH, LAYERS = 64, 3
BATCH, EPOCHS = 64, 12
LEARNING_RATE, ADAM_BETAS, WEIGHT_DECAY = 4e-3, (0.9, 0.98), 0.01
WARM_UP, END_FACTOR = 100, 0.02  # steps; of the learning rate
WRITTEN = 2000  # verses for the share in form


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean cross-entropy of the tokens before PAD, in nats."""
    return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=verses.PAD)


def batches(rows: Tensor, random: torch.Generator) -> Iterator[Batch]:
    """Shuffled verses without end, as what is read and what follows, each batch as long as its longest verse."""
    while True:
        order = torch.randperm(len(rows), generator=random)
        for start in range(0, len(rows) - BATCH + 1, BATCH):
            chosen = rows[order[start : start + BATCH]]
            longest = int((chosen != verses.PAD).sum(dim=1).max())
            yield chosen[:, : longest - 1], chosen[:, 1:longest]


def schedule(steps: int) -> Schedule:
    """Rise over `WARM_UP` steps, then fall along a cosine to `END_FACTOR` (Loshchilov and Hutter, 2017)."""

    def factor(progress: float) -> float:
        wave = 0.5 * (1 + math.cos(math.pi * progress))
        return min(1.0, (round(progress * steps) + 1) / WARM_UP) * (END_FACTOR + (1 - END_FACTOR) * wave)

    return factor


def told(progress: float, loss: Tensor) -> None:
    """Print each twentieth."""
    if round(progress * 1e6) % 50_000 < 400:
        print(f"{progress:.0%} {loss:.3f} nats per token", flush=True)


def train() -> dict[str, np.ndarray]:
    """The weights of a trained GPT by name, float16."""
    torch.manual_seed(0)
    rows = torch.from_numpy(verses.encoded()[verses.was_read()])
    steps = EPOCHS * len(rows) // BATCH
    model = functions.load(SOLUTIONS_DIRECTORY).GPT(verses.MAX_TOKENS, WIDTH, LAYERS, len(verses.tokens()))
    adam = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=ADAM_BETAS, weight_decay=WEIGHT_DECAY)
    stream = batches(rows, torch.Generator().manual_seed(0))
    Trainer(model, loss, stream, [(adam, LEARNING_RATE)], schedule(steps)).train(steps, told)
    return {name: weight.detach().numpy().astype(np.float16) for name, weight in model.named_parameters()}


def evaluate(weights: decoding.Weights) -> str:
    """How well a model predicts haiku that it has not read, and how often what it writes is in form."""
    held_out = verses.encoded()[~verses.was_read()]
    nats = -decoding.log_probabilities(weights, held_out).sum() / (held_out[:, 1:] != verses.PAD).sum()
    written = decoding.written(weights, WRITTEN, np.random.default_rng(0))
    seasons = ", ".join(f"{season} {verses.names_season(written, season).mean():.1%}" for season in verses.SEASON_WORDS)
    return (
        f"{nats:.3f} nats per token of new haiku; of {WRITTEN:,} verses {verses.in_form(written).mean():.1%} are "
        f"5-7-5; {seasons}"
    )


def main(argv: list[str] | None = None) -> int:
    """Train and write, or evaluate the file that is there."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.build.haiku.language_model", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--evaluate", action="store_true", help="train nothing; how good is the file?")
    parser.add_argument("--output", type=Path, default=language_model.PATH)
    arguments = parser.parse_args(argv)
    if not arguments.evaluate:
        write_text(verses.TOKENS, "\n".join(verses.frequent_tokens()) + "\n")
        weights = train()
        write_npz(arguments.output, weights)
    with np.load(arguments.output, allow_pickle=False) as archive:
        print(f"{arguments.output.stat().st_size:,} bytes; {evaluate(dict(archive.items()))}")
    return 0


if __name__ == "__main__":
    ending.run(main)
