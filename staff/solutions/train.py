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
        # BEGIN SOLUTION
        weights = model.get_weights()
        mistakes = 1
        while mistakes:
            mistakes = 0
            for batch in DataLoader(dataset, batch_size=1, shuffle=True):
                point, label = batch["x"], batch["label"]
                if model.get_prediction(point) != label.item():
                    weights += label * point
                    mistakes += 1
        # END SOLUTION


def train_regression(model: Module, dataset: CourseDataset) -> None:
    """Question 2: gradient descent on `regression_loss`. x: (batch, 1) and label: (batch, 1)."""
    # BEGIN SOLUTION
    epochs, loader = 250, DataLoader(dataset, batch_size=20, shuffle=True)
    optimizer = optim.Adam(model.parameters(), lr=0.005)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(loader))
    for _ in range(epochs):
        for batch in loader:
            optimizer.zero_grad()
            regression_loss(model(batch["x"]), batch["label"]).backward()
            optimizer.step()
            schedule.step()
    # END SOLUTION


def train_digitclassifier(model: Module, dataset: CourseDataset) -> None:
    """Question 3: gradient descent on `digitclassifier_loss`. x: (batch, 784) and label: one-hot (batch, 10).

    `dataset.get_validation_accuracy()` tells how well the model does on images that it is not trained on.
    """
    # BEGIN SOLUTION
    epochs, loader = 5, DataLoader(dataset, batch_size=128, shuffle=True)
    optimizer = optim.Adam(model.parameters(), lr=0.003)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(loader))
    for _ in range(epochs):
        for batch in loader:
            optimizer.zero_grad()
            digitclassifier_loss(model(batch["x"]), batch["label"]).backward()
            optimizer.step()
            schedule.step()
    # END SOLUTION


def train_languageid(model: Module, dataset: CourseDataset) -> None:
    """Question 4: gradient descent on `languageid_loss`. label: one-hot (batch, 5).

    x is (batch, length, num_chars); the model reads (length, batch, num_chars): `movedim(x, 1, 0)` turns one into
    the other. `dataset.get_validation_accuracy()` works here too.
    """
    # BEGIN SOLUTION
    epochs, loader = 10, DataLoader(dataset, batch_size=64, shuffle=True)
    optimizer = optim.Adam(model.parameters(), lr=0.002)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=epochs * len(loader))
    for _ in range(epochs):
        for batch in loader:
            optimizer.zero_grad()
            languageid_loss(model(movedim(batch["x"], 1, 0)), batch["label"]).backward()
            optimizer.step()
            schedule.step()
    # END SOLUTION


def train_digitconvolution(model: Module, dataset: CourseDataset) -> None:
    """Question 5: gradient descent on `digitconvolution_loss`. x: (batch, 784) and label: one-hot (batch, 10)."""
    # BEGIN SOLUTION
    optimizer = optim.Adam(model.parameters(), lr=0.003)
    for _ in range(10):
        for batch in DataLoader(dataset, batch_size=20, shuffle=True):
            optimizer.zero_grad()
            digitconvolution_loss(model(batch["x"]), batch["label"]).backward()
            optimizer.step()
    # END SOLUTION
