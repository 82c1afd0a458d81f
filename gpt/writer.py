"""Text from a trained model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gpt import corpus
from training.sampling import Sampler


@dataclass(frozen=True)
class Writer(Sampler):
    """Lets a model write; `characters` is its vocabulary."""

    characters: str = field(kw_only=True)

    def write(self, prompt: str, length: int, seed: int = 0) -> str:
        """The prompt and `length` characters more; same seed, same text. Without a prompt, a new line is begun.

        Raises:
            UserError: the prompt holds a character that the vocabulary lacks.
        """
        return "".join(self.pieces(prompt, length, seed))

    def pieces(self, prompt: str, length: int, seed: int = 0) -> Iterator[str]:
        """The same text: the prompt, then each character as soon as it is drawn."""
        beginning = prompt or ("\n" if "\n" in self.characters else self.characters[0])
        drawn = self.stream(corpus.encode(beginning, self.characters), length, seed)
        yield prompt
        for ids in drawn:
            yield corpus.decode(ids, self.characters)
