"""The training functions: each trains its model in place on a dataset from backend.py.

Every batch of a `DataLoader` is a dictionary: `batch["x"]` holds features, `batch["label"]` what should come out.
"""

from torch import movedim, no_grad, optim
from torch.nn import Module
from torch.utils.data import DataLoader

from backend import CourseDataset
from losses import digitclassifier_loss, digitconvolution_loss, languageid_loss, regression_loss


def train_perceptron(model: Module, dataset: CourseDataset) -> None:
    """Question 1: go over the points one at a time until a whole pass makes no mistake.

    x: (1, dimensions) and label: (1, 1), 1 or -1. On a mistake, and only then, move the weights by label * x.
    """
    with no_grad():
        raise NotImplementedError("train_perceptron: your code here")


def train_regression(model: Module, dataset: CourseDataset) -> None:
    """Question 2: gradient descent on `regression_loss`. x: (batch, 1) and label: (batch, 1)."""
    raise NotImplementedError("train_regression: your code here")


def train_digitclassifier(model: Module, dataset: CourseDataset) -> None:
    """Question 3: gradient descent on `digitclassifier_loss`. x: (batch, 784) and label: one-hot (batch, 10).

    `dataset.get_validation_accuracy()` tells how well the model does on images that it is not trained on.
    """
    raise NotImplementedError("train_digitclassifier: your code here")


def train_languageid(model: Module, dataset: CourseDataset) -> None:
    """Question 4: gradient descent on `languageid_loss`. label: one-hot (batch, 5).

    x is (batch, length, num_chars); the model reads (length, batch, num_chars): `movedim(x, 1, 0)` turns one into
    the other. `dataset.get_validation_accuracy()` works here too.
    """
    raise NotImplementedError("train_languageid: your code here")


def train_digitconvolution(model: Module, dataset: CourseDataset) -> None:
    """Question 5: gradient descent on `digitconvolution_loss`. x: (batch, 784) and label: one-hot (batch, 10)."""
    raise NotImplementedError("train_digitconvolution: your code here")
