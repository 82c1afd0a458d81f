"""Trains the haiku model: first on the grammar's haiku, then on those that people wrote.

The order and the choice of prompts come from a seed; the steps are counted, never timed, so that the same seed gives
the same model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import Module

from data.haiku import Haiku
from haiku_bot.batches import BATCH, Batches, encoded
from haiku_bot.corpus import Corpus, content_words
from haiku_bot.functions import StudentFunctions
from haiku_bot.vocabulary import LONGEST, Vocabulary
from training import compiler
from training.device import CPU, Device
from training.optimizers import cosine_decay
from training.trainer import Batch, Trainer

ADAM_BETAS = (0.9, 0.98)
WEIGHT_DECAY = 0.01

Report = Callable[[str, float, Tensor], None]  # stage, share of its steps done, loss


@dataclass(frozen=True)
class Recipe:
    """How the model is made. `pretraining_epochs` and `fine_tuning_epochs` may be fractions."""

    n_embd: int = 128
    n_layer: int = 6
    pretraining_epochs: float = 2.5
    fine_tuning_epochs: float = 4.0
    learning_rate: float = 4e-3
    fine_tuning_rate: float = 4e-4
    replay: float = 2.0  # grammar haiku per hand-written one while fine-tuning
    seed: int = 0


def create_model(recipe: Recipe, vocabulary: Vocabulary, students: StudentFunctions) -> Module:
    """An untrained model, of the student's `GPT` class."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return students.GPT(LONGEST, recipe.n_embd, recipe.n_layer, len(vocabulary))


def train(
    model: Module,
    corpus: Corpus,
    recipe: Recipe,
    students: StudentFunctions,
    report: Report = lambda *_: None,
    device: Device = CPU,
) -> None:
    """Trains a model in place: both stages of a recipe, each with AdamW and a learning rate along a cosine.

    device: a CPU; its workers share each batch.
    """
    batches = Batches(corpus.vocabulary, content_words(corpus.everything), students, recipe.seed)
    stages: list[tuple[str, list[Haiku], list[Haiku], float, float]] = [
        ("pre-training", corpus.pretraining, [], recipe.pretraining_epochs, recipe.learning_rate),
        ("fine-tuning", corpus.training, corpus.pretraining, recipe.fine_tuning_epochs, recipe.fine_tuning_rate),
    ]
    for name, main, replayed, epochs, rate in stages:
        per_epoch = len(main) * (1 + (recipe.replay if replayed else 0))
        if steps := math.ceil(epochs * per_epoch / BATCH):
            stream = batches.without_end(main, replayed, int(recipe.replay * len(main)))
            stage(model, stream, students, rate, steps, device).train(steps, partial(report, name))
    model.eval()


def stage(
    model: Module, stream: Iterator[Batch], students: StudentFunctions, rate: float, steps: int, device: Device = CPU
) -> Trainer:
    """The trainer of one stage, with the highest learning rate and the steps of that stage."""
    compiler.leave_out()
    adam = torch.optim.AdamW(model.parameters(), lr=rate, betas=ADAM_BETAS, weight_decay=WEIGHT_DECAY)
    return Trainer(model, students.masked_loss, stream, [(adam, rate)], cosine_decay(steps), device)


@torch.no_grad()
def evaluate(model: Module, corpus: Corpus, collection: Sequence[Haiku], students: StudentFunctions) -> float:
    """The loss per token of verses, in nats, given their first theme alone. The model is left in the mode it was in."""
    vocabulary = corpus.vocabulary
    pairs = [(vocabulary.prompt(each.themes[:1]), vocabulary.verse(each)) for each in collection]
    inputs, targets, mask = encoded(pairs, students, vocabulary.form.pad, LONGEST)
    was_training = model.training
    model.eval()
    try:
        return float(students.masked_loss(model(inputs), targets, mask))
    finally:
        model.train(was_training)
