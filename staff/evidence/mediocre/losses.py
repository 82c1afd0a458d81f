"""The losses of a mediocre but honest solution: partly torch's, partly by hand."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def regression_loss(y_pred: Tensor, y: Tensor) -> Tensor:
    """Question 2."""
    return torch.mean((y_pred - y) ** 2)


def digitclassifier_loss(y_pred: Tensor, y: Tensor) -> Tensor:
    """Question 3."""
    return cross_entropy(y_pred, y)


def languageid_loss(y_pred: Tensor, y: Tensor) -> Tensor:
    """Question 4."""
    return -(y * torch.log_softmax(y_pred, dim=1)).sum(dim=1).mean()


def digitconvolution_loss(y_pred: Tensor, y: Tensor) -> Tensor:
    """Question 5."""
    return cross_entropy(y_pred, y)
