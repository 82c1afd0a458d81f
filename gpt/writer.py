"""Text from a trained model."""

from __future__ import annotations

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
        beginning = prompt or ("\n" if "\n" in self.characters else self.characters[0])
        ids = self.extend(corpus.encode(beginning, self.characters), length, seed)
        return corpus.decode(ids if prompt else ids[1:], self.characters)
