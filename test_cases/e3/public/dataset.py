"""What `train` gets: digits with labels of which some are wrong, in batches, and the loss on the validation split."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from backend import ArrayDataset, left_as_it_was


class MislabelledDigits(ArrayDataset):
    """Batches of `x` and `y`; a validation split behind `get_validation_loss` and `get_validation_accuracy`.

    Args:
        model: the model being trained, or None.
        arrays: `train_x`, `train_y`, `validation_x` and `validation_y`; see `data.py`. May hold `without`.

    Attributes:
        without: training and validation loss, epoch by epoch, of the same net without regularisation: float64
            (epochs + 1, 2). It is there for the picture. Empty if the caller gave none.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        rows = {name: array for name, array in arrays.items() if name != "without"}
        super().__init__(model, rows)
        self.without = np.array(arrays.get("without", ()), np.float64).reshape(-1, 2)
        self._validation = [(torch.from_numpy(arrays["validation_x"]), torch.from_numpy(arrays["validation_y"]))]

    def get_validation_loss(self) -> float:
        """The mean cross-entropy of the model on the validation split.

        The model is read in evaluation mode without gradients. Its modes and all random states are as before
        afterwards, so calling this, or not, changes nothing about training.
        """
        return self.loss(*self._validation[0])

    def get_training_loss(self) -> float:
        """The mean cross-entropy of the model on the training split, read likewise."""
        return self.loss(self.x, self.y)

    def loss(self, x: torch.Tensor, y: torch.Tensor) -> float:
        """The mean cross-entropy on any images, (count, 784), and labels, (count,)."""
        if self.model is None:
            raise ValueError("the dataset was made without a model")
        with left_as_it_was(self.model), torch.no_grad():
            return float(cross_entropy(self.outputs(x), y))
