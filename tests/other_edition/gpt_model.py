"""A GPT in another edition's habits: other names, no position embedding, logits through a layer without bias."""

import torch
import torch.nn as nn
from torch.nn import functional as F

from models import Attention


class Transformer_Block(nn.Module):
    def __init__(self, n_embd, block_size):
        super().__init__()
        self.attn_block = Attention(n_embd, block_size)
        self.norm_1 = nn.LayerNorm(n_embd)
        self.linear_1 = nn.Linear(n_embd, n_embd)
        self.norm_2 = nn.LayerNorm(n_embd)

    def forward(self, x):
        attended = self.norm_1(self.attn_block(x) + x)
        return self.norm_2(F.relu(self.linear_1(attended)) + attended)


class Character_GPT(nn.Module):
    def __init__(self, block_size, n_embd, n_layer, vocab_size):
        super().__init__()
        self.block_size = block_size
        self.embed = nn.Embedding(vocab_size, n_embd)
        self.transformer_blocks = nn.ModuleList([Transformer_Block(n_embd, block_size) for _ in range(n_layer)])
        self.norm = nn.LayerNorm(n_embd)
        self.output_layer = nn.Linear(n_embd, vocab_size, bias=False)

    def get_loss(self, input, target):
        output = self(input)
        return F.cross_entropy(output.view(-1, output.size(-1)), target.view(-1))

    def forward(self, input):
        x = self.embed(input)
        for transformer_block in self.transformer_blocks:
            x = transformer_block(x)
        return self.output_layer(self.norm(x))

    @torch.no_grad()
    def generate(self, idx, max_new_tokens):
        for _ in range(max_new_tokens):
            visible = idx[:, -self.block_size :]
            chances = F.softmax(self(visible)[:, -1, :], dim=-1)
            idx = torch.cat((idx, torch.multinomial(chances, num_samples=1)), dim=1)
        return idx
