"""Answers a message: themes, a pool of verses from the model, and the choice of the best.

Every verse of the pool is in form already, however unlikely. The choice goes by what `Judge` can measure.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from data.haiku import plain, themes, words_of
from haiku_bot.corpus import Corpus
from haiku_bot.functions import StudentFunctions
from haiku_bot.judge import Judge
from haiku_bot.messages import Request, understand
from haiku_bot.vocabulary import Vocabulary
from training.shards import map_with_copies
from training.workers import ONE, Workers

POOL = 120  # verses per answer, in equal parts for each of `STEERING`
STEERING = (0.0, 1.5, 3.0)  # nats that the score of a word that was asked for is raised by
TEMPERATURE, TOP_K = 0.7, 20
WEAKEST = 3  # words: a slip is a few unlikely ones in a verse that reads well otherwise
REPEATED_LINE, REPEATED_FIRST_LINE = 1.5, 4.5  # what a line already said in the conversation costs
LIKELIHOOD, RELEVANCE = 1.5, 5.0  # what a nat of the one and a theme's word are worth in the choice
COMMON_KEYWORD = 8  # a word has to occur so often in the haiku to be asked for


@dataclass(frozen=True)
class Answer:
    """A verse and how it came to be: what was asked, how good it was found."""

    lines: tuple[str, ...]
    request: Request
    score: float

    @property
    def text(self) -> str:
        """The lines as a reader sees them."""
        return "\n".join(self.lines)


class Steered(torch.nn.Module):
    """A model with other scores for some tokens.

    Args:
        model: ids (batch, time) to logits (batch, time, vocab).
        bonus: (vocab,), added to the logits of every position.
    """

    def __init__(self, model: torch.nn.Module, bonus: Tensor) -> None:
        super().__init__()
        self._model, self._bonus = model, bonus

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (batch, time) to logits (batch, time, vocab)."""
        return self._model(ids) + self._bonus


class HaikuBot:
    """A trained model that answers messages.

    Args:
        model: the student's, trained.
        corpus: what it was trained on.
        students: their functions.
        workers: write verses at once; the answers are the same for any number of them.
    """

    def __init__(
        self, model: torch.nn.Module, corpus: Corpus, students: StudentFunctions, workers: Workers = ONE
    ) -> None:
        self.model, self._workers = model.eval(), workers
        self._students = students
        self.vocabulary: Vocabulary = corpus.vocabulary
        self.judge = Judge(corpus)
        counts = Counter(word for haiku in corpus.everything for line in haiku.lines for word in words_of(line))
        self._keywords = {word for word in self.judge.content if counts[word] >= COMMON_KEYWORD}

    def answer(self, message: str, seed: int = 0, previous: Sequence[str] = (), said: Collection[str] = ()) -> Answer:
        """Answers any message with a haiku.

        Args:
            message: any text, also none.
            seed: another seed, another answer.
            previous: in renku, the lines of the verse before: the answer takes up one of its images and repeats none of
                its words.
            said: lines of this conversation, without marks: an answer that repeats one has to be very good.
        """
        request = understand(message, self._keywords)
        if previous:
            linked = understand(" ".join(plain(line) for line in previous)).themes
            request = Request(tuple(dict.fromkeys([*request.themes[:1], *linked]))[:2], request.keywords)
        pool = self.propose(request, f"{seed}/{message}")
        used = {word for line in previous for word in words_of(line)} & self.judge.content
        scored = [self._score(lines, likelihood, request, used) - _repeated(lines, said) for lines, likelihood in pool]
        best = max(range(len(pool)), key=scored.__getitem__)
        return Answer(tuple(pool[best][0]), request, scored[best])

    def propose(self, request: Request, seed: str) -> list[tuple[list[str], float]]:
        """A pool of verses: their lines, and how likely the model finds them (`_likelihoods`). seed: of the draws.

        The model hears of themes and of the message's own words in its prompt, but a small one is often deaf to it. So
        parts of the pool are written with higher scores for the words that were asked for (weighted decoding, as in
        Ghazvininejad et al., 2017, "Hafez: an Interactive Poetry Generation System").
        """
        prompt = self.vocabulary.prompt(request.themes, request.keywords)
        asked = self._asked_words(request)

        def write(model: torch.nn.Module, strength: float) -> list[tuple[list[str], float]]:
            generator = torch.Generator().manual_seed(zlib.crc32(f"{strength}/{seed}".encode("utf-8", "replace")))
            return self._write(prompt, model, strength * asked, generator)

        parts = map_with_copies(self.model, self._workers, write, STEERING)
        return [verse for part in parts for verse in part]

    def _asked_words(self, request: Request) -> Tensor:
        """How much each token is asked for: float (vocab,), 1 for words of the first theme or the message."""
        asked = torch.zeros(len(self.vocabulary))
        for rank, name in reversed(list(enumerate(request.themes))):
            words = [self.vocabulary.ids[word] for word in themes()[name].field & self._keywords]
            asked[words] = 1 / (1 + rank)
        asked[[self.vocabulary.ids[word] for word in request.keywords]] = 1
        return asked

    @torch.no_grad()
    def _write(
        self, prompt: list[int], model: torch.nn.Module, bonus: Tensor, generator: torch.Generator
    ) -> list[tuple[list[str], float]]:
        """A part of the pool."""
        form = self.vocabulary.form
        prompts = torch.tensor(prompt).expand(POOL // len(STEERING), len(prompt))
        verses = self._students.write_haiku(Steered(model, bonus), prompts, form, TEMPERATURE, TOP_K, generator)
        likelihoods = self._likelihoods(model, prompts, verses)
        return [
            (self.vocabulary.lines(verse), likelihood)
            for verse, likelihood in zip(verses.tolist(), likelihoods.tolist(), strict=True)
        ]

    def _likelihoods(self, model: torch.nn.Module, prompts: Tensor, verses: Tensor) -> Tensor:
        """How likely the model finds each verse, free of the form's constraints: (batch,), in nats per token.

        Half of it is the mean over all tokens, half that over the `WEAKEST`.
        """
        ids = torch.cat([prompts, verses], dim=1)
        scores = model(ids[:, :-1])[:, prompts.shape[1] - 1 :].log_softmax(dim=-1)  # (batch, verse time, vocab)
        chosen = scores.gather(2, verses[:, :, None])[:, :, 0]
        counted = verses != self.vocabulary.form.pad
        chosen = chosen * counted  # what does not count is 0, the highest of log-likelihoods
        weakest = chosen.topk(WEAKEST, dim=1, largest=False).values.mean(dim=1)
        return 0.5 * chosen.sum(dim=1) / counted.sum(dim=1) + 0.5 * weakest

    def _score(self, lines: list[str], likelihood: float, request: Request, used: set[str]) -> float:
        """What the choice goes by; higher is better."""
        repeated = sum(word in used for line in lines for word in words_of(line))
        score = LIKELIHOOD * likelihood + RELEVANCE * self.judge.relevance(lines, request)
        score -= self.judge.faults(lines) + self.judge.staleness(lines) + repeated
        return score if self.judge.is_new(lines) else score - 100


class Conversation:
    """A talk with a bot, which avoids lines that it has said before.

    Args:
        bot: who answers.
        seed: of the first answer; each further answer has the next one.
        renku: whether each verse takes up an image of the one before.
    """

    def __init__(self, bot: HaikuBot, seed: int = 0, renku: bool = False) -> None:
        self._bot = bot
        self._seed = seed
        self._renku = renku
        self._previous: tuple[str, ...] = ()
        self._said: set[str] = set()

    def answer(self, message: str) -> Answer:
        """Answers the next message."""
        found = self._bot.answer(message, self._seed, self._previous if self._renku else (), self._said)
        self._seed += 1
        self._previous = found.lines
        self._said.update(map(plain, found.lines))
        return found


def _repeated(lines: Sequence[str], said: Collection[str]) -> float:
    """What the lines of a verse cost that were said before; most of all the first, by which a verse is known."""
    first, *others = (plain(line) in said for line in lines)
    return REPEATED_FIRST_LINE * first + REPEATED_LINE * sum(others)
