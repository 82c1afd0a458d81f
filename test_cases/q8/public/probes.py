"""What the grader asks of question 8 besides the student's functions: things for them to work on, and a trained bot.

These functions run in the student's process. The grader believes nothing of them but the text and the numbers that come
back, and it judges those with its own tables.
"""

from __future__ import annotations

import torch
from torch import Tensor

from haiku_bot.bot import Conversation, HaikuBot
from haiku_bot.trainer import Recipe, Watch, create_model, load_corpus, train, unwatched
from haiku_bot.vocabulary import Form

GRADING = Recipe(pretraining_epochs=0.8, fine_tuning_epochs=1.0)


def generator(seed: int) -> torch.Generator:
    """A source of chance."""
    return torch.Generator().manual_seed(seed)


def form(syllables: Tensor, may_end_line: Tensor, breaks: Tensor, end: int, pad: int, lines: list[int]) -> Form:
    """A form over a vocabulary of the grader's own."""
    return Form(syllables, may_end_line.bool(), breaks.bool(), end, pad, tuple(lines))


MAX_TOKENS = 48  # a prompt of the grader's and a verse have at most half as many


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
            RuntimeError: they are too many for a prompt and a verse: whoever asks would go on for ever.
        """
        if ids.shape[1] > MAX_TOKENS:
            raise RuntimeError(f"no verse is as long as {ids.shape[1]} tokens")
        times = torch.arange(ids.shape[1]) % len(self._table)
        return self._table[times, ids]


class Bot:
    """A bot trained by the student's functions for grading: shorter than `python haiku.py` does.

    Args:
        seed: of the training.
        watch: is told of every step.
    """

    def __init__(self, seed: int, watch: Watch = unwatched) -> None:
        corpus = load_corpus()
        recipe = Recipe(**{**vars(GRADING), "seed": seed})
        model = create_model(recipe, corpus.vocabulary)
        with watch(model, corpus.vocabulary) as report:
            train(model, corpus, recipe, report)
        self._bot = HaikuBot(model, corpus)

    def answers(self, messages: list[str], seed: int) -> list[str]:
        """The text of the answer to each message, all in one conversation."""
        conversation = Conversation(self._bot, seed)
        return [conversation.answer(message).text for message in messages]
