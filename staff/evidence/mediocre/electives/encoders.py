"""Elective 8 of a mediocre but honest solution: loops over heads and patches, a constant rate."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import CrossEntropyLoss, Embedding, LayerNorm, Linear, Module, ModuleList, Parameter
from torch.nn.init import kaiming_normal_, normal_
from torch.utils.data import DataLoader, Dataset

PADDING, MASK, FIRST_WORD = 0, 1, 2
WIDTH, HEADS = 48, 4
PATCH, CLASSES = 7, 10
EMBEDDING_SCALE = 2.0


def dot_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """Dot."""
    return torch.matmul(queries, keys.transpose(-2, -1)) / math.sqrt(queries.size(-1))


def cosine_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """Cosine."""
    top = torch.matmul(queries, keys.transpose(-2, -1))
    a = torch.sqrt((queries**2).sum(-1)).unsqueeze(-1)
    b = torch.sqrt((keys**2).sum(-1)).unsqueeze(-2)
    return torch.where(a * b > 0, top / (a * b), torch.zeros_like(top))


def bilinear_scores(queries: Tensor, keys: Tensor, weight: Tensor) -> Tensor:
    """Bilinear."""
    return torch.matmul(torch.matmul(queries, weight), keys.transpose(-2, -1))


def additive_scores(queries: Tensor, keys: Tensor, weight: Tensor, vector: Tensor) -> Tensor:
    """Additive, one query at a time."""
    rows = []
    for i in range(queries.size(-2)):
        q = queries[..., i : i + 1, :].expand(*keys.shape[:-1], queries.size(-1))
        rows.append(torch.matmul(torch.tanh(torch.matmul(torch.cat([q, keys], -1), weight.t())), vector))
    return torch.stack(rows, -2)


def positional_encoding(length: int, width: int) -> Tensor:
    """Positions, with a loop."""
    table = torch.zeros(length, width, dtype=torch.float64)
    p = torch.arange(length, dtype=torch.float64)
    for i in range(width // 2):
        table[:, 2 * i] = torch.sin(p / 10000 ** (2 * i / width))
        table[:, 2 * i + 1] = torch.cos(p / 10000 ** (2 * i / width))
    return table


def multi_head_attention(
    x: Tensor,
    in_weight: Tensor,
    in_bias: Tensor,
    out_weight: Tensor,
    out_bias: Tensor,
    heads: int,
    is_padding: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """A loop over the heads."""
    batch, time, width = x.shape
    each = width // heads
    together = torch.matmul(x, in_weight.t()) + in_bias
    outputs, weights = [], []
    for h in range(heads):
        q = together[:, :, h * each : (h + 1) * each]
        k = together[:, :, width + h * each : width + (h + 1) * each]
        v = together[:, :, 2 * width + h * each : 2 * width + (h + 1) * each]
        scores = dot_scores(q, k)
        if is_padding is not None:
            scores = scores.masked_fill(is_padding.unsqueeze(1), float("-inf"))
        a = torch.softmax(scores, -1)
        outputs.append(torch.matmul(a, v))
        weights.append(a)
    return torch.matmul(torch.cat(outputs, -1), out_weight.t()) + out_bias, torch.stack(weights, 1)


class EncoderBlock(Module):
    """Block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_in = Linear(width, 3 * width)
        self.attention_out = Linear(width, width)
        self.norm1, self.norm2 = LayerNorm(width), LayerNorm(width)
        self.expand, self.contract = Linear(width, 2 * width), Linear(2 * width, width)

    def forward(self, x: Tensor, is_padding: Tensor | None = None) -> Tensor:
        """Forward."""
        a = multi_head_attention(
            x,
            self.attention_in.weight,
            self.attention_in.bias,
            self.attention_out.weight,
            self.attention_out.bias,
            self.heads,
            is_padding,
        )[0]
        y = self.norm1(x + a)
        z = self.contract(nn.functional.relu(self.expand(y)))
        return self.norm2(y + z)


class Encoder(Module):
    """Blocks."""

    def __init__(self, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.blocks = ModuleList([EncoderBlock(width, heads) for _ in range(depth)])

    def forward(self, x: Tensor, is_padding: Tensor | None = None) -> Tensor:
        """Forward."""
        for block in self.blocks:
            x = block(x, is_padding)
        return x


def mask_tokens(ids: Tensor, words: int) -> tuple[Tensor, Tensor]:
    """Mask, by index."""
    chosen = torch.rand(ids.shape) < 0.15
    chosen[ids == PADDING] = False
    inputs = ids.clone()
    lot = torch.rand(ids.shape)
    inputs[chosen & (lot < 0.8)] = MASK
    swapped = chosen & (lot > 0.9)
    inputs[swapped] = torch.randint(FIRST_WORD, words, (int(swapped.sum()),))
    return inputs, chosen


def masked_loss(states: Tensor, ids: Tensor, is_chosen: Tensor, predict: Callable[[Tensor], Tensor]) -> Tensor:
    """Loss."""
    return CrossEntropyLoss()(predict(states[is_chosen]), ids[is_chosen])


class MaskedLanguageModel(Module):
    """Words."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words = words
        self.embedding = Embedding(words, WIDTH)
        normal_(self.embedding.weight, std=WIDTH**-0.5)
        self.encoder = Encoder(WIDTH, HEADS, depth=1)
        self.bias = Parameter(torch.zeros(words))

    def encode(self, ids: Tensor) -> Tensor:
        """States."""
        places = positional_encoding(ids.size(1), WIDTH).float()
        return self.encoder(EMBEDDING_SCALE * self.embedding(ids) + places, ids == PADDING)

    def predict(self, states: Tensor) -> Tensor:
        """Logits."""
        return states @ self.embedding.weight.T + self.bias

    def forward(self, ids: Tensor) -> Tensor:
        """All logits."""
        return self.predict(self.encode(ids))


def patches(images: Tensor, size: int) -> Tensor:
    """Two loops."""
    found = []
    for r in range(0, images.size(1), size):
        for c in range(0, images.size(2), size):
            found.append(images[:, r : r + size, c : c + size].reshape(images.size(0), -1))
    return torch.stack(found, 1)


class VisionTransformer(Module):
    """Digits."""

    def __init__(self) -> None:
        super().__init__()
        self.project = Linear(PATCH * PATCH, WIDTH)
        kaiming_normal_(self.project.weight, nonlinearity="relu")
        self.class_token = Parameter(torch.randn(WIDTH))
        self.encoder = Encoder(WIDTH, HEADS, depth=2)
        self.head = Linear(WIDTH, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        tokens = self.project(patches(images, PATCH))
        first = self.class_token.view(1, 1, -1).repeat(tokens.size(0), 1, 1)
        x = torch.cat((first, tokens), 1)
        return self.head(self.encoder(x + positional_encoding(17, WIDTH).float())[:, 0, :])


def train_masked(model: MaskedLanguageModel, dataset: Dataset) -> None:
    """Adam with a constant rate, two epochs."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.006)
    for _ in range(2):
        for batch in DataLoader(dataset, batch_size=64, shuffle=True):
            inputs, chosen = mask_tokens(batch["ids"], model.words)
            loss = masked_loss(model.encode(inputs), batch["ids"], chosen, model.predict)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def train_vit(model: VisionTransformer, dataset: Dataset) -> None:
    """Adam with a constant rate, two epochs."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(2):
        for batch in DataLoader(dataset, batch_size=48, shuffle=True):
            loss = CrossEntropyLoss()(model(batch["x"]), batch["y"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
