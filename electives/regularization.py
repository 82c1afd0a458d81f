"""Elective 3: regularisation, batch normalisation and random search. Fill in every part with NotImplementedError.

torch has dropout and batch normalisation ready-made. They are not allowed here: you write their core. `torch.optim` is
allowed; so is everything else of torch.

Not allowed here: `torch.*Dropout*`, `torch.*dropout*`, `torch.nn.*Norm*`, `torch.*batch_norm*`, `torch.*batchnorm*`,
`torch.*instance_norm*`, `torch.*group_norm*`, `torch.*layer_norm*`. In these names, `*` stands for any text. Everything
else of torch is allowed.

Your functions compute with tensors of any floating dtype and keep the dtype of their input. They change no argument in
place, but for `restore`.
"""

from collections.abc import Callable, Iterable
from math import exp, inf, log
from random import uniform
from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear, Module, Parameter
from torch.nn.functional import cross_entropy, relu
from torch.optim import Adam
from torch.utils.data import DataLoader

PIXELS, UNITS, CLASSES = 784, 64, 10  # of the classifier
Settings = dict[str, float]  # values of hyperparameters by name, such as {"rate": 0.001, "l2": 0.01}


def split(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Divide examples at random into training, validation and test split, 70%, 15% and 15% of them.

    count: how many examples there are, 7 or more.
    Validation and test split have `15 * count // 100` examples each. The training split has the rest. The order of the
    examples is random, and each call draws another one (`torch.randperm`): files are often sorted, and the last 15% are
    then unlike the first 70%. No example is in two splits.
    Returns the example numbers of the three splits, three int64 tensors: training, validation, test.
    """
    raise NotImplementedError("split: your code here")


def standardize(train: Tensor, validation: Tensor, test: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Shift and scale each column to mean 0 and standard deviation 1, with statistics of the training split alone.

        new value = (value - mean of its column) / standard deviation of its column

    Mean and standard deviation are those of the training split, in all three splits. A test split stands for data that
    nobody has seen. A mean over all rows would tell the training something about the test rows.

    train, validation, test: (rows, columns), each with rows of its own.
    The standard deviation is the root of the mean squared distance from the mean: it divides by the number of rows
    (`correction=0` in torch). A column that is constant in the training split has the deviation 0. Such a column is
    divided by 1 instead. No constant is added to a deviation.
    Returns the three splits, standardized: new tensors of the same shapes.
    """
    raise NotImplementedError("standardize: your code here")


def dropout(x: Tensor, probability: float, is_training: bool) -> Tensor:
    """Set entries to 0 at random while a model is trained (Srivastava and others, 2014), in the inverted form.

    In training, each entry is set to 0 with the given probability, independently of all other entries and calls. The
    other entries are divided by 1 - probability. The mean of an entry over many calls is then the entry itself.
    In evaluation, the output is x.
    x: any shape. probability: from 0, which keeps everything, to below 1.
    Returns a tensor of the shape of x. Gradients reach x through the entries that are kept.
    """
    raise NotImplementedError("dropout: your code here")


def l1_penalty(weights: Iterable[Tensor], strength: float) -> Tensor:
    """Return strength * the sum of the absolute values of all entries of all weights (Tibshirani, 1996).

    weights: tensors of any shapes. strength: a number, 0 or more.
    Returns one number, a tensor of shape (). Gradients reach the weights.
    """
    raise NotImplementedError("l1_penalty: your code here")


def l2_penalty(weights: Iterable[Tensor], strength: float) -> Tensor:
    """Return strength * the sum of the squares of all entries of all weights (Hoerl and Kennard, 1970).

    weights: tensors of any shapes. strength: a number, 0 or more.
    Returns one number, a tensor of shape (). Gradients reach the weights.
    """
    raise NotImplementedError("l2_penalty: your code here")


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
    """Normalise each column over the batch (Ioffe and Szegedy, 2015), in torch's convention.

        output = gain * (x - mean) / sqrt(variance + epsilon) + shift

    In training, mean and variance are those of each column of the batch. This variance divides by the number of rows.
    Gradients pass through mean and variance, too. The running statistics move towards those of the batch:

        new running mean     = (1 - momentum) * running mean     + momentum * mean of the batch
        new running variance = (1 - momentum) * running variance + momentum * variance of the batch * rows / (rows - 1)

    The factor rows / (rows - 1) makes the variance divide by the number of rows minus 1. The new running statistics
    carry no gradient: use `detach`.
    In evaluation, mean and variance are the running statistics. They stay as they are. The output for a row then does
    not depend on the other rows of its batch.

    x: (rows, columns), 2 rows or more in training. gain, shift, running_mean, running_variance: (columns,).
    Returns three things: the output, (rows, columns), the new running mean and the new running variance, (columns,).
    """
    raise NotImplementedError("batch_norm: your code here")


class EarlyStopping:
    """Tells when to stop training, and keeps the weights of the best epoch (Prechelt, 1998).

    stopping = EarlyStopping(patience=5)
    for epoch in range(100):
        ...                                                    # train for one epoch
        if stopping.update(validation_loss, model):
            break
    stopping.restore(model)

    Attributes, all set in `__init__`:
        patience: how many epochs in a row may bring no progress, 1 or more.
        best_loss: the smallest loss so far, infinite at first.
        best_weights: of the epoch with that loss, a dictionary of tensors by name; empty at first.
        epochs_without_progress: how many epochs in a row have brought none, up to now.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best_loss = inf
        self.best_weights: dict[str, Tensor] = {}
        self.epochs_without_progress = 0

    def update(self, loss: float, model: Module) -> bool:
        """Take note of an epoch; call this once after each.

        loss: of the validation split after the epoch. An epoch is progress if its loss is below the best loss so far. A
        loss that equals the best one is no progress. Neither is NaN.
        model: as it is after the epoch. `model.state_dict()` has all its tensors by name, running statistics included.
        They are the model's own tensors: training goes on to change them. Keep copies (`clone`).
        Returns whether to stop: True once `patience` epochs in a row have brought no progress.
        """
        raise NotImplementedError("EarlyStopping.update: your code here")

    def restore(self, model: Module) -> None:
        """Give a model the weights of the best epoch, if there is one; `model.load_state_dict` copies them."""
        raise NotImplementedError("EarlyStopping.restore: your code here")


def random_search(
    objective: Callable[[Settings], float], ranges: dict[str, tuple[float, float]], trials: int
) -> tuple[Settings, list[tuple[Settings, float]]]:
    """Try settings at random and return the best ones (Bergstra and Bengio, 2012).

    objective: called once for each trial as `loss = objective(settings)`. It may return NaN, where a training diverged.
    ranges: the lowest and the highest value of each hyperparameter by name, numbers above 0, such as
    {"rate": (0.0001, 0.1), "l2": (0.00001, 1.0)}. The settings of a trial are a dictionary with the same names.
    Each value is drawn from the log-uniform distribution: its logarithm is uniform between the logarithms of lowest and
    highest value. 0.0001 to 0.001 is then as likely as 0.01 to 0.1. The values of one trial do not depend on each other
    or on other trials. `random.uniform` and `torch.rand` draw numbers.
    trials: how many, 1 or more.
    Returns two things: the settings with the smallest loss, and a list with a pair (settings, loss) for each trial, in
    order. NaN is never the smallest.
    """
    raise NotImplementedError("random_search: your code here")


class Classifier(Module):
    """Reads digits with one hidden layer, batch normalisation and dropout. This is complete.

    probability: of dropout, on the pixels and on the hidden units.
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, probability: float = 0.4) -> None:
        super().__init__()
        self.probability = probability
        self.hidden = Linear(PIXELS, UNITS, bias=False)  # the shift of the normalisation is its bias
        self.gain, self.shift = Parameter(torch.ones(UNITS)), Parameter(torch.zeros(UNITS))
        self.output = Linear(UNITS, CLASSES)
        self.register_buffer("running_mean", torch.zeros(UNITS))
        self.register_buffer("running_variance", torch.ones(UNITS))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (batch, 10). x: pixels from 0 to 1, (batch, 784)."""
        hidden = self.hidden(dropout(x, self.probability, self.training))
        running = self.running_mean, self.running_variance
        hidden, mean, variance = batch_norm(hidden, self.gain, self.shift, *running, self.training)
        if self.training:
            self.running_mean, self.running_variance = mean.detach(), variance.detach()
        return self.output(dropout(relu(hidden), self.probability, self.training))


def train(model: Classifier, dataset: Any, rate: float = 0.001, l2: float = 0.01) -> None:
    """Train a classifier on 300 digits, a fifth of them with a wrong label, so that it does not learn those by heart.

    Batches of a `DataLoader` are dictionaries: `batch["x"]`, float32 (batch, 784), pixels in [0, 1], and `batch["y"]`,
    int64 (batch,), labels. `dataset.get_validation_loss()` is the cross-entropy of the model on 150 other
    digits; a fifth of their labels is wrong, too. It evaluates the model without dropout.

    Without regularisation, the net has learned every wrong label after 60 epochs. Its validation loss is at its
    smallest long before. Which of your functions keep it from that?
    rate: the learning rate. l2: the strength of the L2 penalty on the weights of both layers, `model.hidden.weight` and
    `model.output.weight`. The default values are yours to choose; the search calls `train` with other ones.
    End after 60 epochs at the latest, so that the search takes seconds.
    """
    raise NotImplementedError("train: your code here")
