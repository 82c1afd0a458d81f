"""TEMPLATE_TITLE. TODO: what this file is about. Fill in every part marked with NotImplementedError."""

from torch import Tensor, zeros
from torch.nn import Module, Parameter
from torch.utils.data import DataLoader, Dataset


def step(weights: Tensor, gradient: Tensor, rate: float) -> Tensor:
    """Return the weights after one step of gradient descent; weights and gradient have one shape."""
    # BEGIN SOLUTION
    return weights - rate * gradient
    # END SOLUTION


class Line(Module):
    """A straight line, y = a x + b."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = Parameter(zeros(2))  # a and b

    def forward(self, x: Tensor) -> Tensor:
        """Return a x + b. x: (batch, 1). Returns the same shape."""
        # BEGIN SOLUTION
        return self.weights[0] * x + self.weights[1]
        # END SOLUTION


def train_line(model: Line, dataset: Dataset) -> None:
    """Fit the line: mean squared error, and `step` for every batch.

    Batches of a `DataLoader` are dictionaries: `batch["x"]` and `batch["y"]`, (batch, 1) each.
    """
    # BEGIN SOLUTION
    for _ in range(20):
        for batch in DataLoader(dataset, batch_size=20, shuffle=True):
            model.zero_grad()
            ((model(batch["x"]) - batch["y"]) ** 2).mean().backward()
            model.weights.data = step(model.weights.data, model.weights.grad, 0.1)
    # END SOLUTION
