"""What question 8's checks need in the student's process: things for the functions to work on, and a trained bot.

The grader believes nothing of them but the text and the numbers that come back, and judges those with its own tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from haiku_bot.bot import Conversation, HaikuBot
from haiku_bot.corpus import load_corpus
from haiku_bot.functions import StudentFunctions
from haiku_bot.trainer import Recipe, create_model, train
from haiku_bot.vocabulary import Form
from training.watching import Watch, unwatched

GRADING = {"pretraining_epochs": 0.8, "fine_tuning_epochs": 1.0}  # shorter than `python chat.py` trains
MAX_TOKENS = 48  # a prompt of the grader's and a verse have at most half as many


def generator(seed: int) -> torch.Generator:
    """A source of chance."""
    return torch.Generator().manual_seed(seed)


def after_encoding(
    encode: Callable[..., Any], prompt: list[int], verse: list[int], length: int, pad: int
) -> list[list[int]]:
    """What the prompt and the verse are after a call of `encode_example`: the lists that the grader gave, if all is
    well.
    """
    encode(prompt, verse, length, pad)
    return [prompt, verse]


def form(syllables: Tensor, may_end_line: Tensor, breaks: Tensor, end: int, pad: int, lines: Sequence[int]) -> Form:
    """A form over a vocabulary of the grader's own."""
    return Form(syllables, may_end_line.bool(), breaks.bool(), end, pad, tuple(lines))


class TableModel(torch.nn.Module):
    """A model whose scores depend on the last token and the number of tokens so far, as a table says.

    Args:
        table: (time, vocab, vocab): scores of the next token at each time after each token.
    """

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self._table = table

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (batch, time) to scores (batch, time, vocab).

        Raises:
            RuntimeError: they are too many for a prompt and a verse: the caller would not end.
        """
        if ids.shape[1] > MAX_TOKENS:
            raise RuntimeError(f"no verse is as long as {ids.shape[1]} tokens: {ids[0].tolist()}")
        times = torch.arange(ids.shape[1]) % len(self._table)
        return self._table[times, ids]


class Bot:
    """A bot, trained as it is made.

    Args:
        seed: of the training.
        watch: is told of every step.
        functions: the student's, named as in `StudentFunctions`.
    """

    def __init__(self, seed: int, watch: Watch = unwatched, **functions: Any) -> None:
        students, corpus = StudentFunctions(**functions), load_corpus()
        recipe = Recipe(**GRADING, seed=seed)  # type: ignore[arg-type]
        model = create_model(recipe, corpus.vocabulary, students)
        with watch(model, corpus.vocabulary, students) as report:
            train(model, corpus, recipe, students, report)
        self._bot = HaikuBot(model, corpus, students)

    def answers(self, messages: list[str], seed: int) -> list[str]:
        """The text of the answer to each message, all in one conversation."""
        conversation = Conversation(self._bot, seed)
        return [conversation.answer(message).text for message in messages]
