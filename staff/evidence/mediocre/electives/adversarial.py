"""Elective 10 of a mediocre but honest solution: binary cross-entropy, one hidden layer, no schedule, usual betas."""

import torch
from torch import Tensor, nn
from torch.nn import Module
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam, Optimizer
from torch.utils.data import DataLoader, Dataset

CLASSES = 10
PIXELS = 196


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Labels 1 and 0."""
    real = binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake = binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real + fake


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Label 1."""
    return binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))


def discriminator_step(
    discriminator: Module, generator: Module, optimizer: Optimizer, real: Tensor, noise: Tensor, *labels: Tensor
) -> float:
    """D."""
    discriminator.zero_grad()
    with torch.no_grad():
        fake = generator(noise, *labels)
    real_logits = discriminator(real, *labels)
    fake_logits = discriminator(fake, *labels)
    loss = discriminator_loss(real_logits, fake_logits)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def generator_step(
    discriminator: Module, generator: Module, optimizer: Optimizer, noise: Tensor, *labels: Tensor
) -> float:
    """G."""
    generator.zero_grad()
    fake = generator(noise, *labels)
    loss = generator_loss(discriminator(fake, *labels))
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def with_class(x: Tensor, labels: Tensor) -> Tensor:
    """Joined."""
    rows = torch.zeros(len(x), CLASSES, dtype=x.dtype)
    rows[torch.arange(len(x)), labels] = 1
    return torch.cat([x, rows], 1)


class ConditionalGenerator(Module):
    """One hidden layer."""

    def __init__(self, noise_size: int) -> None:
        super().__init__()
        self.a = nn.Linear(noise_size + CLASSES, 256)
        self.norm = nn.BatchNorm1d(256)
        self.b = nn.Linear(256, PIXELS)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Images."""
        h = torch.relu(self.norm(self.a(with_class(noise, labels))))
        return torch.sigmoid(self.b(h))


class ConditionalDiscriminator(Module):
    """Ten outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(PIXELS, 128)
        self.b = nn.Linear(128, 64)
        self.c = nn.Linear(64, CLASSES)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Logits."""
        if self.training:
            images = images + torch.randn_like(images) * 0.3
        h = nn.functional.leaky_relu(self.a(images), 0.2)
        h = nn.functional.leaky_relu(self.b(h), 0.2)
        return self.c(h).gather(1, labels.unsqueeze(1)).squeeze(1)


class Adversaries(Module):
    """Given."""

    def __init__(self, generator: Module, discriminator: Module, noise_size: int) -> None:
        super().__init__()
        self.generator, self.discriminator, self.noise_size = generator, discriminator, noise_size

    def noise(self, count: int) -> Tensor:
        """Given."""
        return torch.randn(count, self.noise_size)

    def sample(self, noise: Tensor, *labels: Tensor) -> Tensor:
        """Given."""
        return self.generator(noise, *labels)


class RingAdversaries(Adversaries):
    """Given."""

    def __init__(self) -> None:
        generator = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
        layers = [nn.Linear(2, 128), nn.LeakyReLU(0.2), nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1)]
        super().__init__(generator, nn.Sequential(*layers), noise_size=2)


class DigitAdversaries(Adversaries):
    """Given."""

    def __init__(self) -> None:
        super().__init__(ConditionalGenerator(32), ConditionalDiscriminator(), noise_size=32)


def alternate(
    model: Adversaries, dataset: Dataset, steps: int, generator_rate: float, discriminator_rate: float
) -> None:
    """Whole epochs, with smaller rates at the end."""
    g = Adam(model.generator.parameters(), lr=generator_rate, betas=(0.5, 0.999))
    d = Adam(model.discriminator.parameters(), lr=discriminator_rate, betas=(0.5, 0.999))
    step = 0
    while step < steps:
        for batch in DataLoader(dataset, batch_size=100, shuffle=True):
            x = batch["x"]
            labels = (batch["y"],) if "y" in batch else ()
            discriminator_step(model.discriminator, model.generator, d, x, model.noise(len(x)), *labels)
            generator_step(model.discriminator, model.generator, g, model.noise(len(x)), *labels)
            step += 1
            if step == steps * 3 // 4:
                for optimizer in (g, d):
                    optimizer.param_groups[0]["lr"] *= 0.2


def train_ring(model: RingAdversaries, dataset: Dataset) -> None:
    """Ring."""
    alternate(model, dataset, 1000, 0.001, 0.001)


def train_digits(model: DigitAdversaries, dataset: Dataset) -> None:
    """Digits."""
    alternate(model, dataset, 1000, 0.002, 0.002)
