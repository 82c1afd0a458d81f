"""Elective 4 of a mediocre but honest solution: a loop over kernels, one step of the rate, no dropout."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

FEATURES = 256
NEW_CLASSES = 5
Layer = tuple[Tensor, Tensor]


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Rounded down."""
    return math.floor((size - kernel + 2 * padding) / stride) + 1


def parameter_count(in_channels: int, out_channels: int, kernel: int) -> int:
    """Weights and biases."""
    weights = in_channels * out_channels * kernel**2
    return weights + out_channels


def image_kernel(name: str) -> Tensor:
    """Written out."""
    if name == "average":
        return torch.ones(3, 3).double() / 9
    if name == "vertical edges":
        return torch.tensor([[1, 0, -1], [2, 0, -2], [1, 0, -1]]).double()
    if name == "horizontal edges":
        return torch.tensor([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]).double()
    return torch.tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]]).double()


def conv2d(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    """What each entry of the kernels meets, then einsum."""
    k = weight.shape[-1]
    rows = output_size(x.shape[2], k, stride, padding)
    columns = output_size(x.shape[3], k, stride, padding)
    x = functional.pad(x, (padding, padding, padding, padding))
    met = []
    for u in range(k):
        for v in range(k):
            met.append(x[:, :, u::stride, v::stride][:, :, :rows, :columns])
    return torch.einsum("nierp,oie->norp", torch.stack(met, 2), weight.flatten(2)) + bias.view(1, -1, 1, 1)


def max_pool(x: Tensor, size: int) -> Tensor:
    """Reshape."""
    n, c, h, w = x.shape
    h, w = h // size, w // size
    x = x[:, :, : h * size, : w * size].reshape(n, c, h, size, w, size)
    return x.amax(dim=(3, 5))


def average_pool(x: Tensor, size: int) -> Tensor:
    """Reshape."""
    n, c, h, w = x.shape
    h, w = h // size, w // size
    return x[:, :, : h * size, : w * size].reshape(n, c, h, size, w, size).mean(dim=(3, 5))


def residual_block(x: Tensor, first: Layer, second: Layer, shortcut: Layer | None = None, stride: int = 1) -> Tensor:
    """Two convolutions."""
    out = torch.relu(conv2d(x, first[0], first[1], stride, 1))
    out = conv2d(out, second[0], second[1], 1, 1)
    if shortcut is not None:
        x = conv2d(x, shortcut[0], shortcut[1], stride, 0)
    return torch.relu(out + x)


def move(images: Tensor, down: Tensor, right: Tensor, degrees: Tensor) -> Tensor:
    """A grid of positions in pixels."""
    side = images.shape[-1]
    m = (side - 1) / 2
    pixels = torch.arange(side, dtype=images.dtype)
    a = torch.deg2rad(degrees).view(-1, 1, 1)
    y = pixels.view(1, -1, 1) - m - down.view(-1, 1, 1)
    x = pixels.view(1, 1, -1) - m - right.view(-1, 1, 1)
    row = m + torch.cos(a) * y + torch.sin(a) * x
    column = m + torch.cos(a) * x - torch.sin(a) * y
    grid = torch.stack([(2 * column + 1) / side - 1, (2 * row + 1) / side - 1], dim=3)
    return functional.grid_sample(images, grid.to(images.dtype), align_corners=False)


def augment(images: Tensor, max_shift: int, max_degrees: float) -> Tensor:
    """Random shifts and angles."""
    n = images.shape[0]
    down = torch.randint(-max_shift, max_shift + 1, (n,)).to(images.dtype)
    right = torch.randint(-max_shift, max_shift + 1, (n,)).to(images.dtype)
    degrees = torch.empty(n, dtype=images.dtype).uniform_(-max_degrees, max_degrees)
    return move(images, down, right, degrees)


def saliency(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Gradients of the picked scores."""
    x = images.clone().requires_grad_(True)
    scores = model(x)
    picked = scores[torch.arange(len(labels)), labels].sum()
    gradient = torch.autograd.grad(picked, x)[0]
    return gradient.abs().max(dim=1).values


class Convolution(nn.Module):
    """As given."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        spread = (2 / (in_channels * kernel * kernel)) ** 0.5
        self.weight = nn.Parameter(spread * torch.randn(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """As given."""
        return conv2d(x, self.weight, self.bias)


class LeNet(nn.Module):
    """As given, ReLU before pooling."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1, self.conv2 = Convolution(1, 6, 5), Convolution(6, 16, 5)
        layers = [nn.Linear(FEATURES, 120), nn.Linear(120, 84), nn.Linear(84, classes)]
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        self.head: nn.Module = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])

    def encode(self, x: Tensor) -> Tensor:
        """Two blocks."""
        x = max_pool(torch.relu(self.conv1(x)), 2)
        x = max_pool(torch.relu(self.conv2(x)), 2)
        return x.reshape(x.shape[0], -1)

    def forward(self, x: Tensor) -> Tensor:
        """As given."""
        return self.head(self.encode(x))


def _run(
    model: nn.Module, dataset: Dataset, parameters: list[nn.Parameter], epochs: int, rate: float, moves: bool = False
) -> None:
    """Adam, with a quarter of the rate for the last quarter of the updates."""
    optimizer = torch.optim.Adam(parameters, lr=rate)
    loader = DataLoader(dataset, batch_size=32, shuffle=True)
    updates = 0
    for _ in range(epochs):
        for batch in loader:
            if updates == epochs * len(loader) * 3 // 4:
                optimizer.param_groups[0]["lr"] = rate / 4
            images = augment(batch["x"], 2, 10) if moves else batch["x"]
            loss = functional.cross_entropy(model(images), batch["y"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            updates += 1


def train_lenet(model: LeNet, dataset: Dataset) -> None:
    """One epoch."""
    _run(model, dataset, list(model.parameters()), 1, 2e-3)


def pretrain(model: LeNet, dataset: Dataset) -> None:
    """One epoch of moved images."""
    _run(model, dataset, list(model.parameters()), 1, 2e-3, moves=True)


def train_head(model: LeNet, dataset: Dataset) -> None:
    """A new head on a frozen encoder."""
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.head = nn.Linear(FEATURES, NEW_CLASSES)
    _run(model, dataset, list(model.head.parameters()), 60, 1e-2)


def fine_tune(model: LeNet, dataset: Dataset) -> None:
    """All of it, slowly, on moved images."""
    for parameter in model.parameters():
        parameter.requires_grad = True
    _run(model, dataset, list(model.parameters()), 20, 1e-3, moves=True)
