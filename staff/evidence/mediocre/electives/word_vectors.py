"""Elective 6 of a mediocre but honest solution: nested loops, no schedule, few noise words, a plain rate."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import Embedding, Module
from torch.nn.functional import softplus
from torch.utils.data import DataLoader, Dataset


def skip_gram_pairs(sentence: list[int], window: int) -> list[tuple[int, int]]:
    """Loops."""
    result = []
    for i in range(len(sentence)):
        for j in range(len(sentence)):
            if i != j and abs(i - j) <= window:
                result.append((sentence[i], sentence[j]))
    return result


def cbow_pairs(sentence: list[int], window: int) -> list[tuple[list[int], int]]:
    """Loops."""
    result = []
    for i, word in enumerate(sentence):
        context = [other for j, other in enumerate(sentence) if i != j and abs(i - j) <= window]
        if len(context) > 0:
            result.append((context, word))
    return result


def noise_distribution(counts: Tensor, power: float = 0.75) -> Tensor:
    """Shares first, then the power."""
    p = (counts / counts.sum()).pow(power)
    return p / torch.sum(p)


def negative_sampling_loss(centre: Tensor, neighbour: Tensor, noise: Tensor) -> Tensor:
    """With softplus: -log sigmoid(x) = softplus(-x)."""
    good = torch.einsum("bd,bd->b", centre, neighbour)
    bad = torch.einsum("bkd,bd->bk", noise, centre)
    return softplus(-good).mean() + softplus(bad).sum(1).mean()


def co_occurrences(sentences: list[list[int]], words: int, window: int) -> Tensor:
    """Both directions of each position."""
    x = torch.zeros((words, words), dtype=torch.double)
    for s in sentences:
        for i, a in enumerate(s):
            for j, b in enumerate(s):
                d = abs(i - j)
                if 1 <= d <= window:
                    x[a, b] += 1.0 / d
    return x


def glove_weight(counts: Tensor, maximum: float = 100.0, power: float = 0.75) -> Tensor:
    """With where."""
    return torch.where(counts < maximum, (counts / maximum) ** power, torch.ones_like(counts))


def glove_loss(
    word: Tensor, context: Tensor, word_bias: Tensor, context_bias: Tensor, counts: Tensor, maximum: float = 100.0
) -> Tensor:
    """As in the paper."""
    difference = torch.einsum("bd,bd->b", word, context) + word_bias + context_bias - torch.log(counts)
    return torch.mean(glove_weight(counts, maximum) * difference.pow(2))


def cosine_similarity(one: Tensor, other: Tensor) -> Tensor:
    """Unit vectors, with a smallest length."""
    a = one / one.norm(dim=1, keepdim=True).clamp(min=1e-12)
    b = other / other.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return torch.matmul(a, b.t())


def nearest(vectors: Tensor, word: int, count: int) -> list[int]:
    """Sorts all words."""
    order = cosine_similarity(vectors[word : word + 1], vectors).flatten().argsort(descending=True).tolist()
    order.remove(word)
    return order[:count]


def analogy(vectors: Tensor, first: int, second: int, third: int) -> int:
    """Sorts all words."""
    v = vectors / vectors.norm(dim=1).unsqueeze(1)
    target = (v[second] - v[first] + v[third]).unsqueeze(0)
    for candidate in cosine_similarity(target, v).flatten().argsort(descending=True).tolist():
        if candidate not in (first, second, third):
            return candidate
    return -1


class WordVectors(Module):
    """As given."""

    def __init__(self, words: int, size: int) -> None:
        super().__init__()
        self.word, self.context = Embedding(words, size), Embedding(words, size)
        for table in (self.word, self.context):
            torch.nn.init.uniform_(table.weight, -0.5 * size**-0.5, 0.5 * size**-0.5)


class GloveVectors(WordVectors):
    """As given."""

    def __init__(self, words: int, size: int) -> None:
        super().__init__(words, size)
        self.word_bias, self.context_bias = Embedding(words, 1), Embedding(words, 1)
        for table in (self.word_bias, self.context_bias):
            torch.nn.init.zeros_(table.weight)


def train_skip_gram(model: WordVectors, dataset: Any) -> None:
    """One epoch, a constant rate, four noise words."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    p = noise_distribution(dataset.counts)
    for batch in DataLoader(dataset, batch_size=1000, shuffle=True):
        n = len(batch["x"])
        noise = torch.multinomial(p, n * 4, replacement=True).reshape(n, 4)
        loss = negative_sampling_loss(model.word(batch["x"]), model.context(batch["y"]), model.context(noise))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def train_glove(model: GloveVectors, dataset: Dataset) -> None:
    """Constant rate, the default maximum."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(50):
        for batch in DataLoader(dataset, batch_size=200, shuffle=True):
            x, y = batch["x"], batch["y"]
            loss = glove_loss(
                model.word(x), model.context(y), model.word_bias(x)[:, 0], model.context_bias(y)[:, 0], batch["count"]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
