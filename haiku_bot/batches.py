"""Batches of haiku: which ones stand together, and what each prompt asks for."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import torch

from data.haiku import Haiku, words_of
from haiku_bot.functions import StudentFunctions
from haiku_bot.vocabulary import MAX_KEYWORDS, MAX_THEMES, Vocabulary
from training.trainer import Batch

BATCH = 64
SORTED_TOGETHER = 16 * BATCH  # haiku: few enough to keep the order random

Pair = tuple[list[int], list[int]]  # ids of a prompt and of a verse


class Batches:
    """Turns haiku into batches, with prompts drawn again each time.

    Args:
        vocabulary: gives the ids.
        keywords: words that may stand in a prompt.
        students: their functions.
        seed: of the draws.
    """

    def __init__(self, vocabulary: Vocabulary, keywords: frozenset[str], students: StudentFunctions, seed: int) -> None:
        self._vocabulary, self._keywords, self._students = vocabulary, keywords, students
        self._random = random.Random(seed)
        self._pad = vocabulary.form.pad

    def without_end(self, main: Sequence[Haiku], replayed: Sequence[Haiku], replays: int) -> Iterator[Batch]:
        """Batches of `main` in ever new order, and among them each time `replays` other ones of `replayed`."""
        queue: list[Haiku] = []
        while True:
            while len(queue) < BATCH:
                again = self.order(replayed)[:replays] if replayed else []
                queue += self.order([*main, *again])
            yield self.batch(queue[:BATCH])
            queue = queue[BATCH:]

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
        """Some of a haiku's themes in any order, and sometimes one or two of its words."""
        names = self._random.sample(haiku.themes, min(self._random.randint(1, MAX_THEMES), len(haiku.themes)))
        words = [word for line in haiku.lines for word in words_of(line) if word in self._keywords]
        number = self._random.choice((0, 0, 1, MAX_KEYWORDS))
        return self._vocabulary.prompt(names, self._random.sample(words, min(number, len(words))))

    def batch(self, collection: Sequence[Haiku]) -> Batch:
        """Inputs, targets and mask of some haiku: three tensors (batch, time), time as short as they allow."""
        pairs = [(self.prompt(each), self._vocabulary.verse(each)) for each in collection]
        return encoded(pairs, self._students, self._pad)


def encoded(pairs: Sequence[Pair], students: StudentFunctions, pad: int, length: int = 0) -> Batch:
    """Inputs, targets and mask of prompts and verses: three tensors (batch, time), time at least `length`."""
    longest = max(len(prompt) + len(verse) - 1 for prompt, verse in pairs)
    rows = [students.encode_example(prompt, verse, max(longest, length), pad) for prompt, verse in pairs]
    return tuple(torch.stack(column) for column in zip(*rows, strict=True))
