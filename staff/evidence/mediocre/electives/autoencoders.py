"""Elective 9 of a mediocre but honest solution: one rate for all, no schedule, other formulas, loops over points."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

NOISE = 0.6


def add_noise(images: Tensor, deviation: float) -> Tensor:
    """Filled in place, then added."""
    noise = torch.empty_like(images)
    noise.normal_(0.0, deviation)
    return noise.add(images)


def psnr(images: Tensor, clean: Tensor) -> Tensor:
    """The largest value over the error."""
    squared = ((images - clean) ** 2).flatten()
    return 10.0 * torch.log10(1.0 / (squared.sum() / len(squared)))


def fit_pca(images: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """By singular values, with the other signs."""
    mean = images.sum(dim=0) / len(images)
    _, _, right = torch.linalg.svd(images - mean, full_matrices=False)
    return mean, -right[:size]


def reconstruct_by_pca(images: Tensor, mean: Tensor, components: Tensor) -> Tensor:
    """In two steps."""
    latent = torch.einsum("bp,kp->bk", images - mean, components)
    return torch.einsum("bk,kp->bp", latent, components) + mean


def layers(*sizes: int) -> nn.Sequential:
    """As handed out."""
    parts: list[nn.Module] = []
    for number in range(len(sizes) - 1):
        parts += [nn.Linear(sizes[number], sizes[number + 1]), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


class Autoencoder(nn.Module):
    """The same sizes back."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.encoder = layers(*sizes)
        self.decoder = layers(*sizes[::-1])

    def encode(self, images: Tensor) -> Tensor:
        """The latent."""
        return self.encoder(images)

    def decode(self, latent: Tensor) -> Tensor:
        """Images."""
        return torch.sigmoid(self.decoder(latent))

    def forward(self, images: Tensor) -> Tensor:
        """There and back."""
        return self.decode(self.encode(images))


def _train(model: nn.Module, dataset: Dataset, epochs: int, loss_of: Callable[[Tensor], Tensor]) -> None:
    """Adam with one rate."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1.5e-3)
    for _ in range(epochs):
        for batch in DataLoader(dataset, batch_size=64, shuffle=True):
            loss = loss_of(batch["x"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def train_autoencoder(model: Autoencoder, dataset: Dataset) -> None:
    """Three epochs."""
    _train(model, dataset, 3, lambda x: ((model(x) - x) ** 2).mean())


def train_denoiser(model: Autoencoder, dataset: Dataset) -> None:
    """Two epochs."""
    _train(model, dataset, 2, lambda x: ((model(add_noise(x, NOISE)) - x) ** 2).mean())


def reparameterize(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The same sum in another order."""
    return torch.exp(0.5 * log_variance) * torch.empty_like(mean).normal_() + mean


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """As papers write it."""
    return -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp(), dim=1)


def reconstruction_loss(logits: Tensor, images: Tensor) -> Tensor:
    """By softplus."""
    return (functional.softplus(logits) - images * logits).sum(1)


def elbo(logits: Tensor, images: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Minus both."""
    return -(reconstruction_loss(logits, images) + kl_divergence(mean, log_variance))


class VAE(nn.Module):
    """One hidden layer each way."""

    def __init__(self, latent_size: int = 10) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.encoder = layers(784, 100, 2 * latent_size)
        self.decoder = layers(latent_size, 100, 784)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Two halves."""
        both = self.encoder(images)
        return both[:, : self.latent_size], both[:, self.latent_size :]

    def decode(self, latent: Tensor) -> Tensor:
        """Logits."""
        return self.decoder(latent)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One draw."""
        mean, log_variance = self.encode(images)
        latent = reparameterize(mean, log_variance)
        return self.decode(latent), mean, log_variance


def train_vae(model: VAE, dataset: Dataset) -> None:
    """Seven epochs."""

    def loss(x: Tensor) -> Tensor:
        logits, mean, log_variance = model(x)
        return -elbo(logits, x, mean, log_variance).sum() / len(x)

    _train(model, dataset, 7, loss)


def generate(model: VAE, count: int) -> Tensor:
    """All at once."""
    latent = torch.empty(count, model.latent_size).normal_()
    return torch.sigmoid(model.decode(latent))


def interpolate(start: Tensor, end: Tensor, count: int) -> Tensor:
    """Point by point."""
    points = []
    for step in range(count):
        share = step / (count - 1)
        points.append(start + share * (end - start))
    return torch.stack(points)
