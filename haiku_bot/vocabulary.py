"""Haiku as token ids, and the form they keep: what `haiku.py` computes with.

A sequence is a prompt, which is given, and a verse, which is to be written:

    #clouds #rain umbrella <write>  a grey sky at noon <dash> we share one old umbrella <break> as far as the bus <end>

The prompt holds up to `MAX_THEMES` themes and up to `MAX_KEYWORDS` words that the verse should use. Every line of
the verse ends in one mark: `<break>`, `<comma>`, `<dash>` (where the verse is cut), and the last in `<end>`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from data.haiku import FORM, Haiku, syllables, themes, words_of

PAD, WRITE, BREAK, COMMA, DASH, END = "<pad>", "<write>", "<break>", "<comma>", "<dash>", "<end>"
MARKS = {"": BREAK, ",": COMMA, " -": DASH}
MAX_THEMES, MAX_KEYWORDS = 3, 2
LONGEST = MAX_THEMES + MAX_KEYWORDS + 1 + sum(FORM) + len(FORM)  # tokens: one-syllable words only


@dataclass(frozen=True)
class Form:
    """What makes a verse a haiku, as tensors over the vocabulary.

    Attributes:
        syllables: int64 (vocab,), of each word; 0 for what is no word.
        may_end_line: bool (vocab,), whether a word may be the last of its line: "of" and "the" may not.
        breaks: bool (vocab,), the marks that may end a line other than the last.
        end: the id of the mark that ends the last line.
        pad: the id that fills up what comes after the end.
        lines: how many syllables each line has.
    """

    syllables: Tensor
    may_end_line: Tensor
    breaks: Tensor
    end: int
    pad: int
    lines: tuple[int, ...] = FORM


class Vocabulary:
    """Tokens and their ids: marks, themes (`#rain`), words.

    Args:
        words: in the order of their ids.
        line_ends: the words that may end a line.
    """

    def __init__(self, words: Sequence[str], line_ends: Iterable[str]) -> None:
        self.tokens = [PAD, WRITE, BREAK, COMMA, DASH, END, *(f"#{name}" for name in themes()), *words]
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        self._line_ends = frozenset(line_ends)

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def form(self) -> Form:
        """The form of a haiku over this vocabulary."""
        counts = syllables()
        return Form(
            syllables=torch.tensor([counts.get(token, 0) for token in self.tokens]),
            may_end_line=torch.tensor([token in self._line_ends for token in self.tokens]),
            breaks=torch.tensor([token in (BREAK, COMMA, DASH) for token in self.tokens]),
            end=self.ids[END],
            pad=self.ids[PAD],
        )

    def prompt(self, theme_names: Sequence[str], keywords: Sequence[str] = ()) -> list[int]:
        """The ids of a prompt; themes and words beyond the most that it holds, and unknown words, are left out."""
        known = [word for word in keywords if word in self.ids][:MAX_KEYWORDS]
        tokens = [*(f"#{name}" for name in theme_names[:MAX_THEMES]), *known, WRITE]
        return [self.ids[token] for token in tokens]

    def verse(self, haiku: Haiku) -> list[int]:
        """The ids of a haiku's lines."""
        found: list[int] = []
        for number, line in enumerate(haiku.lines):
            words = words_of(line)
            found += [self.ids[word] for word in words]
            mark = line.removeprefix(" ".join(words))
            found.append(self.ids[END if number == len(haiku.lines) - 1 else MARKS[mark]])
        return found

    def lines(self, verse: Sequence[int]) -> list[str]:
        """The lines of a verse's ids, with their marks; ids after the end are passed over."""
        written = {BREAK: "", COMMA: ",", DASH: " -", END: ""}
        found: list[str] = []
        line: list[str] = []
        for token in (self.tokens[number] for number in verse):
            if token in written:
                found.append(" ".join(line) + written[token])
                line = []
                if token == END:
                    break
            else:
                line.append(token)
        return found


def build_vocabulary(collection: Iterable[Haiku]) -> Vocabulary:
    """The vocabulary of the project: every word of data/syllables.txt, and the line ends seen in `collection`."""
    ends = Counter(words_of(line)[-1] for haiku in collection for line in haiku.lines)
    return Vocabulary(sorted(syllables()), ends)
