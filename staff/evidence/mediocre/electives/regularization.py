"""Elective 3 of a mediocre but honest solution: loops, numpy's random numbers, early stopping with a weak penalty."""

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import CrossEntropyLoss, Linear, Module, Parameter
from torch.nn.functional import relu
from torch.utils.data import DataLoader

Settings = dict[str, float]


def split(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """A shuffled list."""
    numbers = np.arange(count)
    np.random.shuffle(numbers)
    held_out = 15 * count // 100
    first = count - 2 * held_out
    parts = numbers[:first], numbers[first : first + held_out], numbers[first + held_out :]
    train, validation, test = (torch.tensor(part, dtype=torch.int64) for part in parts)
    return train, validation, test


def standardize(train: Tensor, validation: Tensor, test: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """By hand."""
    mean = train.sum(0) / train.shape[0]
    std = torch.sqrt(((train - mean) ** 2).sum(0) / train.shape[0])
    std[std == 0] = 1.0
    return (train - mean) / std, (validation - mean) / std, (test - mean) / std


def dropout(x: Tensor, probability: float, is_training: bool) -> Tensor:
    """Bernoulli mask."""
    if not is_training or probability == 0:
        return x
    mask = torch.bernoulli(torch.full_like(x, 1 - probability))
    return mask * x / (1 - probability)


def l1_penalty(weights: Iterable[Tensor], strength: float) -> Tensor:
    """A loop."""
    total = torch.tensor(0.0)
    for w in weights:
        total = total + torch.abs(w).sum()
    return strength * total


def l2_penalty(weights: Iterable[Tensor], strength: float) -> Tensor:
    """A loop."""
    total = torch.tensor(0.0)
    for w in weights:
        total = total + torch.sum(w * w)
    return strength * total


def batch_norm(
    x: Tensor,
    gain: Tensor,
    shift: Tensor,
    running_mean: Tensor,
    running_variance: Tensor,
    is_training: bool,
    momentum: float = 0.1,
    epsilon: float = 1e-5,
) -> tuple[Tensor, Tensor, Tensor]:
    """Both modes."""
    if not is_training:
        y = (x - running_mean) / torch.sqrt(running_variance + epsilon)
        return y * gain + shift, running_mean, running_variance
    n = x.shape[0]
    mean = x.mean(0)
    centred = x - mean
    variance = (centred * centred).mean(0)
    y = centred * torch.rsqrt(variance + epsilon)
    with torch.no_grad():
        new_mean = running_mean * (1 - momentum) + mean * momentum
        new_variance = running_variance * (1 - momentum) + variance * n / (n - 1) * momentum
    return y * gain + shift, new_mean, new_variance


class EarlyStopping:
    """As given, with a deep copy."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best_loss = float("inf")
        self.best_weights: dict[str, Tensor] = {}
        self.epochs_without_progress = 0

    def update(self, loss: float, model: Module) -> bool:
        """Copy what is better."""
        if loss < self.best_loss:
            self.best_loss = loss
            self.best_weights = copy.deepcopy(model.state_dict())
            self.epochs_without_progress = 0
            return False
        self.epochs_without_progress += 1
        return self.epochs_without_progress == self.patience

    def restore(self, model: Module) -> None:
        """Load what is best."""
        if len(self.best_weights) > 0:
            model.load_state_dict(self.best_weights)


def random_search(
    objective: Callable[[Settings], float], ranges: dict[str, tuple[float, float]], trials: int
) -> tuple[Settings, list[tuple[Settings, float]]]:
    """A loop with the best so far."""
    best: Settings = {}
    best_loss = float("inf")
    history = []
    for _ in range(trials):
        settings = {}
        for name in ranges:
            low, high = ranges[name]
            settings[name] = float(10 ** np.random.uniform(math.log10(low), math.log10(high)))
        loss = objective(settings)
        history.append((settings, loss))
        if loss < best_loss or not best:
            best, best_loss = settings, loss if not math.isnan(loss) else float("inf")
    return best, history


class Classifier(Module):
    """As given."""

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, probability: float = 0.4) -> None:
        super().__init__()
        self.probability = probability
        self.hidden = Linear(784, 64, bias=False)
        self.gain, self.shift = Parameter(torch.ones(64)), Parameter(torch.zeros(64))
        self.output = Linear(64, 10)
        self.register_buffer("running_mean", torch.zeros(64))
        self.register_buffer("running_variance", torch.ones(64))

    def forward(self, x: Tensor) -> Tensor:
        """As given."""
        hidden = self.hidden(dropout(x, self.probability, self.training))
        running = self.running_mean, self.running_variance
        hidden, mean, variance = batch_norm(hidden, self.gain, self.shift, *running, self.training)
        if self.training:
            self.running_mean, self.running_variance = mean.detach(), variance.detach()
        return self.output(dropout(relu(hidden), self.probability, self.training))


def train(model: Classifier, dataset: Any, rate: float = 0.003, l2: float = 0.0001) -> None:
    """Little patience, large rate, small batches."""
    model.probability = 0.1
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    loss_function = CrossEntropyLoss()
    stopping = EarlyStopping(3)
    for _ in range(50):
        for batch in DataLoader(dataset, batch_size=32, shuffle=True):
            loss = loss_function(model(batch["x"]), batch["y"])
            loss = loss + l2_penalty([model.hidden.weight, model.output.weight], l2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if stopping.update(dataset.get_validation_loss(), model):
            break
    stopping.restore(model)
