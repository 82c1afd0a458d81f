"""The GPT of a mediocre but honest solution: positions that start at random, one line for each step."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import Embedding, LayerNorm, Linear, Module, ModuleList
from torch.nn.functional import cross_entropy

from models import AttentionBlock


class Transformer_Block(Module):  # noqa: N801
    """Question 7: the six steps."""

    def __init__(self, n_embd: int, block_size: int) -> None:
        super().__init__()
        self.attention = AttentionBlock(n_embd, block_size)
        self.norm_1 = LayerNorm(n_embd)
        self.linear = Linear(n_embd, n_embd)
        self.norm_2 = LayerNorm(n_embd)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, n_embd) to the same."""
        attended = self.attention(x)
        attended = attended + x
        attended = self.norm_1(attended)
        thought = torch.relu(self.linear(attended))
        thought = thought + attended
        return self.norm_2(thought)


class GPT(Module):
    """Question 7."""

    def __init__(self, block_size: int, n_embd: int, n_layer: int, vocab_size: int) -> None:
        super().__init__()
        self.block_size = block_size
        self.token_embedding = Embedding(vocab_size, n_embd)
        self.position_embedding = Embedding(block_size, n_embd)
        self.blocks = ModuleList([Transformer_Block(n_embd, block_size) for _ in range(n_layer)])
        self.norm = LayerNorm(n_embd)
        self.output = Linear(n_embd, vocab_size)

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, time) to logits, (batch, time, vocab_size)."""
        positions = torch.tensor(list(range(ids.shape[1])), device=ids.device)
        x = self.token_embedding(ids) + self.position_embedding(positions)
        for block in self.blocks:
            x = block(x)
        return self.output(self.norm(x))

    def get_loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy."""
        logits = self(ids)
        return cross_entropy(logits.flatten(0, 1), targets.flatten())

    @torch.no_grad()
    def generate(
        self,
        ids: Tensor,
        max_new_tokens: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        generator: Generator | None = None,
    ) -> Tensor:
        """Write on from a beginning."""
        for _ in range(max_new_tokens):
            chances = (self(ids[:, -self.block_size :])[:, -1] / temperature).softmax(dim=-1)
            ids = torch.cat([ids, torch.multinomial(chances, num_samples=1, generator=generator)], dim=1)
        return ids
