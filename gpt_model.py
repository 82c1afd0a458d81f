"""Question 7: a character GPT out of question 6's attention. Fill in the two parts marked with NotImplementedError.

The architecture follows figure 1 of Radford et al. (2018), "Improving Language Understanding by Generative
Pre-Training": embed, pass through the same kind of block again and again, score what may come next. `chargpt.py`
trains it.
"""

from __future__ import annotations

from math import log

import torch
from torch import Generator, Tensor, arange, cat, exp, linspace, outer, relu
from torch.nn import Embedding, LayerNorm, Linear, Module, ModuleList
from torch.nn.functional import cross_entropy

from models import AttentionBlock


class Transformer_Block(Module):  # noqa: N801
    """Attention mixes the positions. Then one linear layer, with relu, works on each position alone."""

    def __init__(self, n_embd: int, block_size: int) -> None:
        """Make the layers (done).

        n_embd: width of every position's vector. block_size: most positions ever seen at once.
        """
        super().__init__()
        self.attention = AttentionBlock(n_embd, block_size)
        self.norm_1 = LayerNorm(n_embd)
        self.linear = Linear(n_embd, n_embd)
        self.norm_2 = LayerNorm(n_embd)

    def forward(self, x: Tensor) -> Tensor:
        """Take the six steps. x: (batch, time, n_embd), time no longer than block_size. Returns the same shape.

        1. attention; 2. add what went into it; 3. the first norm;
        4. the linear layer, then relu; 5. add what went into it; 6. the second norm.
        """
        raise NotImplementedError("Transformer_Block.forward: your code here")


def sines_and_cosines(positions: int, width: int) -> Tensor:
    """One row of sines and cosines for each position, of many wavelengths (Vaswani et al., 2017, section 3.5).

    positions: how many. width: of a row; half of it are sines, half cosines. Returns float32 (positions, width).
    """
    frequencies = exp(-log(positions) * linspace(0, 1, (width + 1) // 2))  # (width / 2,), from 1 down to 1 / positions
    angles = outer(arange(positions), frequencies)  # (positions, width / 2)
    return cat([angles.sin(), angles.cos()], dim=1)[:, :width]  # (positions, width)


class GPT(Module):
    """Reads token ids (characters, or words) and scores, at every position, which token comes next."""

    def __init__(self, block_size: int, n_embd: int, n_layer: int, vocab_size: int) -> None:
        """Make the layers (done).

        block_size: most tokens ever seen at once. n_embd: width of every position's vector. n_layer: how many
        transformer blocks. vocab_size: how many different tokens there are.
        """
        super().__init__()
        self.block_size = block_size
        self.token_embedding = Embedding(vocab_size, n_embd)  # one learned vector for each token ...
        # ... and for each position; with sines and cosines to start from, distances between positions are learned fast
        start = sines_and_cosines(block_size, n_embd)  # (block_size, n_embd)
        self.position_embedding = Embedding.from_pretrained(start, freeze=False)
        self.blocks = ModuleList([Transformer_Block(n_embd, block_size) for _ in range(n_layer)])
        self.norm = LayerNorm(n_embd)
        self.output = Linear(n_embd, vocab_size)

    def forward(self, ids: Tensor) -> Tensor:
        """Score the next token at every position.

        ids: int64 (batch, time), from 0 to vocab_size - 1; time no longer than block_size. Returns logits,
        (batch, time, vocab_size): at position i, the scores of token i + 1.

        Add the tokens' embeddings and those of their positions (0, 1, ... time - 1, made on `ids.device`). Pass the
        sum through every block in turn, the norm, and the output layer. No activation follows the output layer.
        """
        raise NotImplementedError("GPT.forward: your code here")

    def get_loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy, in nats per token, a scalar.

        ids and targets: int64 (batch, time); `targets[:, i]` is the token that follows `ids[:, i]`.
        """
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
        """Write on from a beginning, one token at a time. The model reads at most the last `block_size` tokens.

        ids: int64 (batch, time), time at least 1. temperature: the logits are divided by it before the softmax; 0
        always takes the most likely token. top_k: how many of the most likely tokens can be drawn; None for all.
        generator: the source of random numbers. Returns int64 (batch, time + max_new_tokens), the beginning included.
        """
        for _ in range(max_new_tokens):
            logits = self(ids[:, -self.block_size :])[:, -1].float()  # (batch, vocab_size)
            if top_k is not None:
                least = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]  # (batch, 1)
                logits = logits.masked_fill(logits < least, float("-inf"))
            if temperature == 0:
                following = logits.argmax(dim=-1, keepdim=True)
            else:
                chances = (logits / temperature).softmax(dim=-1)
                following = torch.multinomial(chances, num_samples=1, generator=generator)  # (batch, 1)
            ids = cat([ids, following], dim=1)  # one token longer
        return ids
