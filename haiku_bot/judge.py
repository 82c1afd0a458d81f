"""Ranks verses by what can be measured of them without a model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise, product

from data.haiku import plain, themes, words_of
from haiku_bot.corpus import Corpus, content_words
from haiku_bot.messages import Request
from haiku_bot.weights import WEIGHTS


class Judge:
    """Ranks verses: how likely the model finds them, what they are about, whether they are new and well put.

    Args:
        corpus: all haiku that the model has seen or could have.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.content = content_words(corpus.everything)
        self._known = {tuple(map(plain, haiku.lines)) for haiku in corpus.everything}
        self._line_counts = Counter(plain(line) for haiku in corpus.everything for line in haiku.lines)
        self._endings = [{words_of(haiku.lines[n])[-1] for haiku in corpus.everything} for n in range(3)]
        self._by_line: dict[str, set[int]] = {}
        for number, haiku in enumerate([*corpus.training, *corpus.validation]):
            for line in haiku.lines:
                self._by_line.setdefault(plain(line), set()).add(number)
        self._word_counts: Counter[str] = Counter()  # haiku that a content word is in
        self._size = len(corpus.everything)
        self._with_line: set[tuple[str, str]] = set()  # a line, and a content word of its haiku
        self._pairs: set[tuple[str, ...]] = set()
        self._triples: set[tuple[str, ...]] = set()
        self._together: set[tuple[str, ...]] = set()  # content words that one haiku holds, in alphabetical order
        for haiku in corpus.everything:
            words = _with_breaks(haiku.lines)
            self._pairs.update(pairwise(words))
            self._triples.update(zip(words, words[1:], words[2:], strict=False))
            content = sorted(self.content & set(words))
            self._word_counts.update(content)
            self._together.update(combinations(content, 2))
            self._with_line.update(product(map(plain, haiku.lines), content))

    def is_new(self, lines: Sequence[str]) -> bool:
        """Whether a verse is no known haiku, and shares at most one line with any that a person wrote."""
        bare = [plain(line) for line in lines]
        shared = Counter(number for line in set(bare) for number in self._by_line.get(line, ()))
        return tuple(bare) not in self._known and max(shared.values(), default=0) < 2

    def staleness(self, lines: Sequence[str]) -> float:
        """How far a verse goes by lines that the haiku have used up; most of all its first line."""
        used = [math.log1p(self._line_counts[plain(line)]) for line in lines]
        return WEIGHTS.used_first * used[0] + WEIGHTS.used * sum(used[1:])

    def faults(self, lines: Sequence[str]) -> float:
        """How much in a verse no haiku has: neighbouring words, lines and images in one scene; and repeated words."""
        words = _with_breaks(lines)
        content = [word for word in words if word in self.content]
        pairs = sum(pair not in self._pairs for pair in pairwise(words))
        triples = sum(
            triple not in self._triples
            for triple in zip(words, words[1:], words[2:], strict=False)
            if "/" not in triple[1:2]
        )
        apart = sum(
            self._surprise(self._word_counts[one], self._word_counts[other])
            for one, other in combinations(sorted(set(content)), 2)
            if (one, other) not in self._together
        )
        foreign = sum(
            self._surprise(self._line_counts[line], self._word_counts[word])
            for line, word in product(map(plain, lines), content)
            if (line, word) not in self._with_line
        )
        ends = sum(words_of(line)[-1] not in known for line, known in zip(lines, self._endings, strict=False))
        strange = sum(self._line_counts[plain(line)] == 0 for line in lines)
        repeated = len(content) - len(set(content))
        belonging = WEIGHTS.apart * (apart + foreign + repeated)
        return pairs + WEIGHTS.triple * triples + belonging + ends + WEIGHTS.strange * strange

    def _surprise(self, one: int, other: int) -> float:
        """How sure it is that two things belong apart that never met, though so many haiku hold each: 0 to 1.

        If they came independently, they would have met `one * other / size` times, and never with a chance of
        exp(-that).
        """
        return 1 - math.exp(-one * other / self._size)

    def relevance(self, lines: Sequence[str], request: Request) -> float:
        """How far a verse is about what was asked: 1 for the first theme, less for the second, more for own words."""
        words = {word for line in lines for word in words_of(line)}
        fields = [bool(words & themes()[name].field) for name in request.themes]
        worth = sum(found / (1 + rank) for rank, found in enumerate(fields))
        return worth + WEIGHTS.keyword * min(1, len(words & set(request.keywords)))


def _with_breaks(lines: Sequence[str]) -> list[str]:
    """The words of a verse, with a mark between its lines."""
    words: list[str] = []
    for line in lines:
        words += [*words_of(line), "/"]
    return words[:-1]
