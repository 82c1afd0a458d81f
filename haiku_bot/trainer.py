"""Trains the haiku model: first on the grammar's haiku, then on those that people wrote.

The order and the choice of prompts come from a seed; the steps are counted, never timed, so that the same seed gives
the same model.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from data import haiku as texts
from data.haiku import Haiku, words_of
from haiku_bot.vocabulary import LONGEST, MAX_KEYWORDS, MAX_THEMES, Vocabulary, build_vocabulary

HELD_OUT = 10  # of so many hand-written haiku, one is kept for validation
COMMON_SHARE = 0.004  # of all words; what is more common than this is no keyword
BATCH = 64
SORTED_TOGETHER = 16 * BATCH  # haiku: few enough to keep the order random
CLIP = 1.0  # largest norm of a step's gradient

Report = Callable[[str, float, float], None]  # stage, share of the steps done, loss
Watch = Callable[[torch.nn.Module, Vocabulary], AbstractContextManager[Report]]  # around the training of a model


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


@dataclass(frozen=True)
class Corpus:
    """The haiku of both stages, and the vocabulary that they share."""

    pretraining: list[Haiku]
    training: list[Haiku]
    validation: list[Haiku]
    vocabulary: Vocabulary

    @property
    def everything(self) -> list[Haiku]:
        """All haiku, of every split."""
        return [*self.pretraining, *self.training, *self.validation]


@contextmanager
def unwatched(model: torch.nn.Module, vocabulary: Vocabulary) -> Iterator[Report]:
    """Nobody looks."""
    yield lambda stage, share, loss: None


def load_corpus() -> Corpus:
    """Reads both collections; every tenth hand-written haiku of a fixed shuffle is for validation."""
    pretraining, handwritten = texts.read(texts.PRETRAINING), texts.read(texts.HANDWRITTEN)
    shuffled = random.Random("haiku/validation").sample(handwritten, len(handwritten))
    validation = shuffled[::HELD_OUT]
    training = [haiku for number, haiku in enumerate(shuffled) if number % HELD_OUT]
    return Corpus(pretraining, training, validation, build_vocabulary([*pretraining, *training]))


def content_words(collection: Sequence[Haiku]) -> frozenset[str]:
    """The words that are about something: all but the most common, such as "the" and "and"."""
    counts = Counter(word for haiku in collection for line in haiku.lines for word in words_of(line))
    limit = COMMON_SHARE * counts.total()
    return frozenset(word for word, number in counts.items() if number < limit and len(word) > 2)


class Batches:
    """Turns haiku into batches: `haiku.encode_example` on prompts drawn anew each time.

    Args:
        vocabulary: gives the ids.
        keywords: words that may stand in a prompt.
        seed: of the draws.
    """

    def __init__(self, vocabulary: Vocabulary, keywords: frozenset[str], seed: int) -> None:
        self._vocabulary = vocabulary
        self._keywords = keywords
        self._random = random.Random(seed)
        self._pad = vocabulary.form.pad

    def order(self, collection: Sequence[Haiku]) -> list[Haiku]:
        """The collection, shuffled, but with verses of like length side by side: short batches leave little unused."""
        shuffled = self._random.sample(list(collection), len(collection))
        chunks = [shuffled[start : start + SORTED_TOGETHER] for start in range(0, len(shuffled), SORTED_TOGETHER)]
        batches = []
        for chunk in chunks:
            by_length = sorted(chunk, key=lambda haiku: len(" ".join(haiku.lines).split()))
            batches += [by_length[start : start + BATCH] for start in range(0, len(chunk), BATCH)]
        return [haiku for batch in self._random.sample(batches, len(batches)) for haiku in batch]

    def prompt(self, haiku: Haiku) -> list[int]:
        """Some of a haiku's themes in any order, and now and then one or two of its words."""
        names = self._random.sample(haiku.themes, min(self._random.randint(1, MAX_THEMES), len(haiku.themes)))
        words = [word for line in haiku.lines for word in words_of(line) if word in self._keywords]
        number = self._random.choice((0, 0, 1, MAX_KEYWORDS))
        return self._vocabulary.prompt(names, self._random.sample(words, min(number, len(words))))

    def batch(self, collection: Sequence[Haiku]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Inputs, targets and mask of some haiku: three tensors (batch, time), time as short as they allow."""
        import haiku  # the student's file

        pairs = [(self.prompt(each), self._vocabulary.verse(each)) for each in collection]
        length = max(len(prompt) + len(verse) for prompt, verse in pairs) - 1
        rows = [haiku.encode_example(prompt, verse, length, self._pad) for prompt, verse in pairs]
        inputs, targets, mask = (torch.stack(column) for column in zip(*rows, strict=True))
        return inputs, targets, mask


def create_model(recipe: Recipe, vocabulary: Vocabulary) -> torch.nn.Module:
    """An untrained model, of the student's `GPT` class."""
    import gpt_model  # the student's file

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return gpt_model.GPT(LONGEST, recipe.n_embd, recipe.n_layer, len(vocabulary))


def train(model: torch.nn.Module, corpus: Corpus, recipe: Recipe, report: Report = lambda *_: None) -> None:
    """Trains a model in place: both stages of a recipe."""
    batches = Batches(corpus.vocabulary, content_words(corpus.everything), recipe.seed)
    stages: list[tuple[str, list[Haiku], list[Haiku], float, float]] = [
        ("pre-training", corpus.pretraining, [], recipe.pretraining_epochs, recipe.learning_rate),
        ("fine-tuning", corpus.training, corpus.pretraining, recipe.fine_tuning_epochs, recipe.fine_tuning_rate),
    ]
    model.train()
    with torch.enable_grad():
        for name, main, replayed, epochs, rate in stages:
            per_epoch = len(main) * (1 + (recipe.replay if replayed else 0))
            steps = math.ceil(epochs * per_epoch / BATCH)
            if steps:
                _stage(model, batches, (name, main, replayed), steps, rate, recipe, report)
    model.eval()


def _stage(
    model: torch.nn.Module,
    batches: Batches,
    stage: tuple[str, list[Haiku], list[Haiku]],
    steps: int,
    rate: float,
    recipe: Recipe,
    report: Report,
) -> None:
    """One stage: AdamW, warm-up over a twentieth of the steps, then a cosine down to a twentieth of the rate."""
    import haiku  # the student's file

    name, main, replayed = stage
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    warm_up = max(1, steps // 20)
    queue: list[Haiku] = []
    for step in range(steps):
        while len(queue) < BATCH:
            again = batches.order(replayed)[: int(recipe.replay * len(main))] if replayed else []
            queue += batches.order([*main, *again])
        inputs, targets, mask = batches.batch(queue[:BATCH])
        queue = queue[BATCH:]
        for group in optimizer.param_groups:
            cosine = 0.525 + 0.475 * math.cos(math.pi * step / steps)
            group["lr"] = rate * min((step + 1) / warm_up, cosine)
        loss = haiku.masked_loss(model(inputs), targets, mask)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        report(name, (step + 1) / steps, loss.item())


@torch.no_grad()
def evaluate(model: torch.nn.Module, corpus: Corpus, collection: Sequence[Haiku]) -> float:
    """The loss per token of verses, in nats, given their first theme alone."""
    import haiku  # the student's file

    vocabulary = corpus.vocabulary
    pairs = [(vocabulary.prompt(each.themes[:1]), vocabulary.verse(each)) for each in collection]
    rows = [haiku.encode_example(prompt, verse, LONGEST, vocabulary.form.pad) for prompt, verse in pairs]
    inputs, targets, mask = (torch.stack(column) for column in zip(*rows, strict=True))
    model.eval()
    return float(haiku.masked_loss(model(inputs), targets, mask))


def as_configuration(recipe: Recipe) -> dict[str, Any]:
    """What a checkpoint notes about the model's shape."""
    return {"n_embd": recipe.n_embd, "n_layer": recipe.n_layer, "block_size": LONGEST}
