"""Elective 12 of a mediocre but honest solution: cross-entropies turned around, loops over groups, one rate for all."""

import copy
from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear, Module
from torch.nn.functional import cross_entropy, softplus
from torch.optim import AdamW, Optimizer
from torch.utils.data import DataLoader, Dataset


def verse_log_probabilities(model: Module, verses: Tensor) -> Tensor:
    """By torch's cross-entropy, which leaves out an index."""
    logits = model(verses)[:, :-1]
    losses = cross_entropy(logits.transpose(1, 2), verses[:, 1:], ignore_index=0, reduction="none")
    return -losses.sum(1)


def pool(hidden: Tensor, verses: Tensor) -> Tensor:
    """One verse at a time."""
    means = []
    for states, verse in zip(hidden, verses, strict=True):
        means.append(states[: int((verse != 0).sum())].mean(0))
    return torch.stack(means)


class VerseReader(Module):
    """As it came."""

    def __init__(self, language_model: Any, outputs: int) -> None:
        super().__init__()
        self.language_model = language_model
        self.head = Linear(language_model.norm.normalized_shape[0], outputs)

    def forward(self, verses: Tensor) -> Tensor:
        """Verses to outputs."""
        return self.head(pool(hidden_states(self.language_model, verses), verses))


def hidden_states(language_model: Any, verses: Tensor) -> Tensor:
    """As it came."""
    x = language_model.token_embedding(verses)
    x = x + language_model.position_embedding(torch.arange(verses.shape[1]))
    for block in language_model.blocks:
        x = block(x)
    return language_model.norm(x)


def preference_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """-log sigmoid(x) is softplus(-x)."""
    return softplus(rejected - chosen).mean()


def dpo_loss(
    policy_chosen: Tensor, policy_rejected: Tensor, reference_chosen: Tensor, reference_rejected: Tensor, beta: float
) -> Tensor:
    """Rewards first."""
    reward_chosen = beta * (policy_chosen - reference_chosen)
    reward_rejected = beta * (policy_rejected - reference_rejected)
    return preference_loss(reward_chosen, reward_rejected)


def dpo_step(
    policy: Module, reference: Module, optimizer: Optimizer, chosen: Tensor, rejected: Tensor, beta: float
) -> float:
    """Each log-probability by itself."""
    optimizer.zero_grad()
    a = verse_log_probabilities(policy, chosen)
    b = verse_log_probabilities(policy, rejected)
    with torch.no_grad():
        c = verse_log_probabilities(reference, chosen)
        d = verse_log_probabilities(reference, rejected)
    loss = dpo_loss(a, b, c, d, beta)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def best_of_n(verses: Tensor, rewards: Tensor, n: int) -> Tensor:
    """A loop over groups."""
    best = []
    for start in range(0, len(verses), n):
        best.append(verses[start + int(rewards[start : start + n].argmax())])
    return torch.stack(best)


def fine_tune(model: Module, dataset: Dataset) -> None:
    """One rate for everything."""
    optimizer = AdamW(model.parameters(), lr=2e-3)
    steps = 0
    while steps < 100:
        for batch in DataLoader(dataset, batch_size=25, shuffle=True):
            optimizer.zero_grad()
            cross_entropy(model(batch["x"]), batch["y"]).backward()
            optimizer.step()
            steps += 1
            if steps == 100:
                break


def train_reward(model: Module, dataset: Dataset) -> None:
    """Two epochs."""
    optimizer = AdamW(model.parameters(), lr=1e-3)
    for _ in range(2):
        for batch in DataLoader(dataset, batch_size=40, shuffle=True):
            optimizer.zero_grad()
            preference_loss(model(batch["chosen"]).squeeze(1), model(batch["rejected"]).squeeze(1)).backward()
            optimizer.step()


def train_dpo(policy: Module, dataset: Dataset) -> None:
    """Three epochs at a small rate."""
    reference = copy.deepcopy(policy)
    reference.eval()
    optimizer = AdamW(policy.parameters(), lr=2e-4)
    for _ in range(3):
        for batch in DataLoader(dataset, batch_size=40, shuffle=True):
            dpo_step(policy, reference, optimizer, batch["chosen"], batch["rejected"], 0.4)
