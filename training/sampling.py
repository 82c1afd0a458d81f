"""Text from a trained model."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import Module

from gpt import corpus
from gpt.device import Device
from gpt.errors import UserError


@dataclass(frozen=True)
class Writer:
    """Lets a model write.

    Attributes:
        model: maps ids (1, time) to logits (1, time, vocabulary); left in the mode it was in.
        characters: the vocabulary.
        block_size: the most characters that the model can see at once.
        device: where the model lies.
        temperature: below 1 plays safe, above 1 dares more, 0 always takes the likeliest character.
        top_k: draw from the so many likeliest characters only, or None.
    """

    model: Module
    characters: str
    block_size: int
    device: Device
    temperature: float = 1.0
    top_k: int | None = None

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise UserError(f"--temperature should be at least 0; got {self.temperature}")
        if self.top_k is not None and self.top_k < 1:
            raise UserError(f"--top-k should be at least 1; got {self.top_k}")

    def write(self, prompt: str, length: int, seed: int = 0) -> str:
        """The prompt and `length` characters more; same seed, same text. Without a prompt, a new line is begun.

        Raises:
            UserError: the prompt holds a character that the vocabulary lacks.
        """
        beginning = prompt or ("\n" if "\n" in self.characters else self.characters[0])
        ids = corpus.encode(beginning, self.characters)[None]  # (1, time)
        generator = Generator().manual_seed(seed)
        was_training = self.model.training
        self.model.eval()
        with torch.no_grad():
            for _ in range(length):
                seen = ids[:, -self.block_size :].to(self.device.torch_device)
                logits = self.model(seen)[0, -1].float().cpu()  # (vocabulary,)
                ids = torch.cat([ids, self._next(logits, generator)[None]], dim=1)
        self.model.train(was_training)
        return corpus.decode(ids[0] if prompt else ids[0, 1:], self.characters)

    def _next(self, logits: Tensor, generator: Generator) -> Tensor:
        """Draw one id, (1,), from logits (vocabulary,)."""
        if self.top_k is not None:
            least = logits.topk(min(self.top_k, len(logits))).values[-1]
            logits = logits.masked_fill(logits < least, float("-inf"))
        if self.temperature == 0:
            return logits.argmax(dim=0, keepdim=True)
        return torch.multinomial((logits / self.temperature).softmax(dim=0), 1, generator=generator)
