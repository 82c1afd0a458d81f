"""A probabilistic grammar: drawing from it, and what is known about it exactly.

Every symbol has weighted alternatives, every alternative is a sequence of literal text and symbols, and no symbol leads
back to itself. So entropy and expected length follow by adding up (Grenander 1976, "Pattern Synthesis", section 2.10,
does it for grammars that do lead back), and so does the probability of any text, summed over all its derivations.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

FOLDER = Path(__file__).resolve().parent
HEADING = re.compile(r"\[([A-Za-z0-9.]+)\]")
WEIGHT = re.compile(r"(\d+)\* ")
SLOT = re.compile(r"(\{[^{}]*\})")


class GrammarError(Exception):
    """The grammar's files are not what they should be; the text says where."""


@dataclass(frozen=True)
class Alternative:
    """One way to write a symbol: its probability, and its parts, literal text and slots such as `{a N1}` in order."""

    probability: float
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """A text drawn from the grammar, with the probability of the choices that were made for it."""

    text: str
    log_probability: float  # in nats


class Grammar:
    """A set of symbols.

    Args:
        rules: each symbol's alternatives. Probabilities of a symbol sum to one.
    Raises:
        GrammarError: a slot names no symbol, or a symbol leads back to itself.
    """

    def __init__(self, rules: Mapping[str, Sequence[Alternative]]) -> None:
        self.rules = dict(rules)
        self._entropy: dict[str, float] = {}
        self._length: dict[str, float] = {}
        for symbol in list(rules):
            self._derive(symbol, ())

    def draw(self, symbol: str, random: Random) -> Drawn:
        """Write a symbol, choosing by `random.random()` alone, whose stream is the same in every Python."""
        point, chosen = random.random(), self.rules[symbol][-1]
        for alternative in self.rules[symbol]:
            point -= alternative.probability
            if point < 0:
                chosen = alternative
                break
        pieces, log_probability = [], math.log(chosen.probability)
        for part in chosen.parts:
            if part.startswith("{"):
                inner = self.draw(part, random)
                pieces.append(inner.text)
                log_probability += inner.log_probability
            else:
                pieces.append(part)
        return Drawn("".join(pieces), log_probability)

    def entropy(self, symbol: str) -> float:
        """The entropy of the choices that write a symbol, in nats; of the text where no two derivations agree."""
        return self._entropy[symbol]

    def length(self, symbol: str) -> float:
        """The expected number of characters."""
        return self._length[symbol]

    def log_probability(self, symbol: str, text: str) -> float:
        """The probability that a symbol is written as exactly this text, over all derivations; log, in nats."""
        ends = self._ends(symbol, text, 0, {})
        return math.log(ends[len(text)]) if len(text) in ends else -math.inf

    def _ends(
        self, symbol: str, text: str, start: int, memory: dict[tuple[str, int], dict[int, float]]
    ) -> dict[int, float]:
        """Where a symbol that begins at `start` can end, and with what probability it is written so."""
        if (symbol, start) in memory:
            return memory[symbol, start]
        found: dict[int, float] = {}
        for alternative in self.rules[symbol]:
            first = alternative.parts[0] if alternative.parts else ""
            if not first.startswith("{") and not text.startswith(first, start):
                continue  # most alternatives fail here
            reached = {start: alternative.probability}
            for part in alternative.parts:
                following: dict[int, float] = {}
                for place, probability in reached.items():
                    if part.startswith("{"):
                        for end, inner in self._ends(part, text, place, memory).items():
                            following[end] = following.get(end, 0.0) + probability * inner
                    elif text.startswith(part, place):
                        end = place + len(part)
                        following[end] = following.get(end, 0.0) + probability
                reached = following
                if not reached:
                    break
            for end, probability in reached.items():
                found[end] = found.get(end, 0.0) + probability
        memory[symbol, start] = found
        return found

    def _derive(self, symbol: str, above: tuple[str, ...]) -> None:
        """Fill in what is known about a symbol, and about all symbols under it."""
        if symbol in self._entropy:
            return
        if symbol in above:
            raise GrammarError(f"{symbol} leads back to itself: {' > '.join(above)}")
        if symbol not in self.rules:
            self.rules[symbol] = self._spelled(symbol, above)
        entropy = length = 0.0
        for alternative in self.rules[symbol]:
            slots = [part for part in alternative.parts if part.startswith("{")]
            for slot in slots:
                self._derive(slot, (*above, symbol))
            entropy += alternative.probability * (
                -math.log(alternative.probability) + sum(self._entropy[slot] for slot in slots)
            )
            length += alternative.probability * sum(
                self._length[part] if part in slots else len(part) for part in alternative.parts
            )
        self._entropy[symbol], self._length[symbol] = entropy, length

    def _spelled(self, slot: str, above: tuple[str, ...]) -> list[Alternative]:
        """The alternatives of a slot: its symbol's, with an article, a capital, or in capitals where it says so."""
        name = slot[1:-1]
        spelling, symbol = name[:1] if name[:1] in "^!" else "", name.lstrip("^!")
        if symbol.startswith("a "):
            spelling, symbol = "a", symbol[2:]
        if symbol not in self.rules:
            raise GrammarError(f"{above[-1] if above else 'the start'} uses {slot}, which is not there")
        if not spelling:
            return list(self.rules[symbol])
        if any(len(alternative.parts) != 1 or "{" in alternative.parts[0] for alternative in self.rules[symbol]):
            raise GrammarError(f"{slot}: only symbols of plain words can be spelled differently")
        return [
            Alternative(alternative.probability, (_spell(alternative.parts[0], spelling),))
            for alternative in self.rules[symbol]
        ]


def _spell(word: str, spelling: str) -> str:
    if spelling == "^":
        return word[:1].upper() + word[1:]
    if spelling == "!":
        return word.upper()
    return f"{'an' if word[0] in 'aeiouAEIOU' else 'a'} {word}"


def load(folder: Path = FOLDER) -> Grammar:
    """Read grammar.txt and lexicon.txt.

    Raises:
        GrammarError: a file is malformed, or a symbol is there twice.
    """
    rules: dict[str, list[Alternative]] = {}
    for name, lines_are_words in (("lexicon.txt", True), ("grammar.txt", False)):
        for symbol, lines in _sections(folder / name).items():
            if symbol in rules:
                raise GrammarError(f"{name}: [{symbol}] is there twice")
            written = " ".join(lines).split() if lines_are_words else lines
            if len(set(written)) != len(written):
                twice = sorted({line for line in written if written.count(line) > 1})
                raise GrammarError(f"{name}: [{symbol}] holds {twice} twice")
            rules[symbol] = _alternatives(written)
    return Grammar(rules)


def _sections(path: Path) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    symbol = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if heading := HEADING.fullmatch(line):
            symbol = heading.group(1)
            if symbol in sections:
                raise GrammarError(f"{path.name}:{number}: [{symbol}] is there twice")
            sections[symbol] = []
        elif symbol is None:
            raise GrammarError(f"{path.name}:{number}: no [symbol] above")
        else:
            sections[symbol].append(line)
    return sections


def _alternatives(lines: Sequence[str]) -> list[Alternative]:
    weighted = []
    for line in lines:
        weight = WEIGHT.match(line)
        text = line[weight.end() :] if weight else line
        parts = () if text == "_" else tuple(part for part in SLOT.split(text.replace("/", "\n")) if part)
        weighted.append((int(weight.group(1)) if weight else 1, parts))
    total = sum(weight for weight, _ in weighted)
    return [Alternative(weight / total, parts) for weight, parts in weighted]
