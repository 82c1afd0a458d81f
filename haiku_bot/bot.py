"""Answers a message: themes, a pool of verses from the model, and the choice of the best.

Every verse of the pool is in form already, however unlikely. The choice goes by what `Judge` can measure.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from data.haiku import plain, themes, words_of
from haiku_bot.candidates import SAMPLING, Candidate, Pool, Sampling, Score
from haiku_bot.corpus import Corpus
from haiku_bot.functions import StudentFunctions
from haiku_bot.judge import Judge
from haiku_bot.messages import Reading, Request, read, understand
from haiku_bot.vocabulary import Vocabulary
from haiku_bot.weights import WEIGHTS
from training.shards import map_with_copies
from training.workers import ONE, Workers

POOL = 120  # verses per answer, in equal parts for each of `STEERING`
STEERING = (0.0, 1.5, 3.0)  # nats that the score of a word that was asked for is raised by
WEAKEST = 3  # words: a slip is a few unlikely ones in a verse that reads well otherwise
COMMON_KEYWORD = 8  # a word has to occur so often in the haiku to be asked for

Listen = Callable[[float, Tensor], None]  # a part's steering; what the model reads next: prompts and verses so far


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
        listen: is told of ids before each computation.
    """

    def __init__(
        self, model: torch.nn.Module, bonus: Tensor, listen: Callable[[Tensor], None] = lambda _: None
    ) -> None:
        super().__init__()
        self._model, self._bonus, self._listen = model, bonus, listen

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (batch, time) to logits (batch, time, vocab)."""
        self._listen(ids)
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
        request = self.read(message, previous).request
        pool = self.consider(request, f"{seed}/{message}", previous, said)
        return Answer(pool.candidates[pool.best].lines, request, pool.scores[pool.best].total)

    def read(self, message: str, previous: Sequence[str] = ()) -> Reading:
        """How a message is read; in renku, what it asks for takes up a theme of the verse before."""
        reading = read(message, self._keywords)
        if not previous:
            return reading
        request, linked = reading.request, understand(" ".join(plain(line) for line in previous)).themes
        names = tuple(dict.fromkeys([*request.themes[:1], *linked]))[:2]
        return replace(reading, request=Request(names, request.keywords))

    def consider(
        self,
        request: Request,
        seed: str,
        previous: Sequence[str] = (),
        said: Collection[str] = (),
        sampling: Sampling = SAMPLING,
        listen: Listen = lambda *_: None,
    ) -> Pool:
        """Every verse that could answer a request, with its score; `previous` and `said` are those of `answer`.

        seed: of the draws. listen: is told of each step of the writing, by the workers' threads; what it raises ends
        the writing and passes through.
        """
        candidates = self.propose(request, seed, sampling, listen)
        used = {word for line in previous for word in words_of(line)} & self.judge.content
        return Pool(tuple(candidates), tuple(self._score(each, request, used, said) for each in candidates))

    def propose(
        self, request: Request, seed: str, sampling: Sampling = SAMPLING, listen: Listen = lambda *_: None
    ) -> list[Candidate]:
        """A pool of verses. seed: of the draws.

        The model hears of themes and of the message's own words in its prompt, but a small one is often deaf to it. So
        parts of the pool are written with higher scores for the words that were asked for (weighted decoding, as in
        Ghazvininejad et al., 2017, "Hafez: an Interactive Poetry Generation System").
        """
        prompt = self.prompt(request)
        asked = self.asked_words(request)

        def write(model: torch.nn.Module, steering: float) -> list[Candidate]:
            generator = torch.Generator().manual_seed(zlib.crc32(f"{steering}/{seed}".encode("utf-8", "replace")))
            steered = Steered(model, steering * asked, lambda ids: listen(steering, ids))
            return self._write(prompt, model, steered, steering, sampling, generator)

        parts = map_with_copies(self.model, self._workers, write, STEERING)
        return [verse for part in parts for verse in part]

    def prompt(self, request: Request) -> list[int]:
        """The ids of the prompt that asks the model for it."""
        return self.vocabulary.prompt(request.themes, request.keywords)

    def asked_words(self, request: Request) -> Tensor:
        """How much each token is asked for: float (vocab,), 1 for words of the first theme or the message."""
        asked = torch.zeros(len(self.vocabulary))
        for rank, name in reversed(list(enumerate(request.themes))):
            words = [self.vocabulary.ids[word] for word in themes()[name].field & self._keywords]
            asked[words] = 1 / (1 + rank)
        asked[[self.vocabulary.ids[word] for word in request.keywords]] = 1
        return asked

    @torch.no_grad()
    def _write(
        self,
        prompt: list[int],
        model: torch.nn.Module,
        steered: torch.nn.Module,
        steering: float,
        sampling: Sampling,
        generator: torch.Generator,
    ) -> list[Candidate]:
        """A part of the pool, written with the steered model and judged with the model itself."""
        form = self.vocabulary.form
        prompts = torch.tensor(prompt).expand(POOL // len(STEERING), len(prompt))
        verses = self._students.write_haiku(
            steered, prompts, form, sampling.temperature, sampling.top_k, generator
        )  # (batch, time)
        likelihoods = self._likelihoods(model, prompts, verses)
        return [
            Candidate(
                tuple(token for token in verse if token != form.pad),
                tuple(self.vocabulary.lines(verse)),
                steering,
                likelihood,
            )
            for verse, likelihood in zip(verses.tolist(), likelihoods.tolist(), strict=True)
        ]

    def _likelihoods(self, model: torch.nn.Module, prompts: Tensor, verses: Tensor) -> Tensor:
        """How likely the model finds each verse, free of the form's constraints: (batch,), in nats per token.

        `WEIGHTS.weakest` of it is the mean over the `WEAKEST` tokens, the rest the mean over all.
        """
        ids = torch.cat([prompts, verses], dim=1)
        scores = model(ids[:, :-1])[:, prompts.shape[1] - 1 :].log_softmax(dim=-1)  # (batch, verse time, vocab)
        chosen = scores.gather(2, verses[:, :, None])[:, :, 0]
        counted = verses != self.vocabulary.form.pad
        chosen = chosen * counted  # what does not count is 0, the highest of log-likelihoods
        weakest = chosen.topk(WEAKEST, dim=1, largest=False).values.mean(dim=1)
        return (1 - WEIGHTS.weakest) * chosen.sum(dim=1) / counted.sum(dim=1) + WEIGHTS.weakest * weakest

    def _score(self, candidate: Candidate, request: Request, used: set[str], said: Collection[str]) -> Score:
        """What the choice goes by."""
        lines = candidate.lines
        return Score(
            candidate.likelihood,
            self.judge.relevance(lines, request),
            self.judge.faults(lines),
            self.judge.staleness(lines),
            sum(word in used for line in lines for word in words_of(line)),
            self.judge.is_new(lines),
            _repeated(lines, said),
        )


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
    return WEIGHTS.said_first * first + WEIGHTS.said * sum(others)
