"""What counts how much when a bot chooses among verses: all weights of the choice, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """The weights of `Score.total` and of its parts; see `Judge` for what is counted.

    Attributes:
        likelihood: a nat per token.
        relevance: the first theme of a request.
        not_new: what a verse costs that a person or the grammar wrote: more than all else together.
        weakest: the share that the least likely words have in a verse's likelihood. All its words have the rest.
        keyword: a word of the message, in relevance.
        triple: three neighbouring words that no haiku has, where two cost 1.
        apart: two images, or a line and an image, that no haiku holds together though many hold each; and a word
            that comes twice.
        strange: a line that no haiku has.
        used_first, used: the logarithm of how many haiku have a line: for the first line, for each other one.
        said_first, said: a line that the conversation has had already: the first line, each other one.
    """

    likelihood: float = 1.5
    relevance: float = 5.0
    not_new: float = 100.0
    weakest: float = 0.5
    keyword: float = 0.5
    triple: float = 0.6
    apart: float = 2.0
    strange: float = 2.5
    used_first: float = 0.35
    used: float = 0.08
    said_first: float = 4.5
    said: float = 1.5


WEIGHTS = Weights()  # of every bot
