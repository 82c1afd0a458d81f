"""The losses that training makes small. Each returns a single number (a tensor without dimensions)."""

from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss


def regression_loss(y_pred: Tensor, y: Tensor) -> Tensor:
    """Question 2: the mean squared error. y_pred: (batch, 1), predictions. y: (batch, 1), the right values."""
    raise NotImplementedError("regression_loss: your code here")


def digitclassifier_loss(y_pred: Tensor, y: Tensor) -> Tensor:
    """Question 3: the cross-entropy. y_pred: logits, (batch, 10). y: the right digits, one-hot, (batch, 10)."""
    raise NotImplementedError("digitclassifier_loss: your code here")


def languageid_loss(y_pred: Tensor, y: Tensor) -> Tensor:
    """Question 4: the cross-entropy. y_pred: logits, (batch, 5). y: the right languages, one-hot, (batch, 5)."""
    raise NotImplementedError("languageid_loss: your code here")


def digitconvolution_loss(y_pred: Tensor, y: Tensor) -> Tensor:
    """Question 5: the cross-entropy. y_pred: logits, (batch, 10). y: the right digits, one-hot, (batch, 10)."""
    raise NotImplementedError("digitconvolution_loss: your code here")
