"""What the two training functions get: a network of which few labels are told, or molecules in batches."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from backend import ArrayDataset
from test_cases.e11.public import molecules
from test_cases.e11.public.communities import UNKNOWN

AT_ONCE = 50  # molecules of which one graph is made: the matrix grows with the square


def dataset_of(model: torch.nn.Module | None, arrays: dict[str, Any]) -> ArrayDataset:
    """The dataset for these arrays, which are those of `communities` or `molecules`."""
    return (Molecules if "train_sizes" in arrays else Network)(model, arrays)


class Network(ArrayDataset):
    """A graph whose nodes are the examples; a batch is the graph of some nodes, and by rights of all.

    A batch has `x`, float32 (batch, features), `adjacency`, float32 (batch, batch), and `y`, int64 (batch,), UNKNOWN
    where no label is told.

    Args:
        model: the model being trained, or None.
        arrays: `train_x`, `train_adjacency`, `train_y` and `validation_y`; see `communities.py`.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        super().__init__(model, arrays)
        self.adjacency = torch.from_numpy(arrays["train_adjacency"]).float()
        labels = torch.from_numpy(arrays["validation_y"])
        chosen = (labels != UNKNOWN).nonzero()[:, 0]
        self._validation = [(chosen, labels[chosen])]

    def _columns(self, indices: list[int]) -> dict[str, Tensor]:
        chosen = torch.tensor(indices)
        return super()._columns(indices) | {"adjacency": self.adjacency[chosen][:, chosen]}

    def _predict(self, inputs: Tensor) -> Tensor:
        return self.outputs(self.x, self.adjacency)[inputs].argmax(dim=1)


class Molecules(ArrayDataset):
    """Batches of `x`, float32 (batch, 15, 4), `adjacency`, float32 (batch, 15, 15), `sizes` and `y`, int64 (batch,).

    Args:
        model: the model being trained, or None.
        arrays: the training and validation split of `molecules.py`.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        self.kinds: list[str] = list(arrays["kinds"])
        super().__init__(model, {**arrays, "train_x": molecules.features(arrays["train_x"])})
        self._training["adjacency"] = self._training["adjacency"].float()
        self.validation_x = torch.from_numpy(molecules.features(arrays["validation_x"]))
        self.validation_adjacency = torch.from_numpy(arrays["validation_adjacency"]).float()
        self.validation_sizes = torch.from_numpy(arrays["validation_sizes"])
        labels = torch.from_numpy(arrays["validation_y"])
        rows = torch.arange(len(labels)).split(AT_ONCE)
        self._validation = [(chosen, labels[chosen]) for chosen in rows]

    def _predict(self, inputs: Tensor) -> Tensor:
        parts = self.validation_x, self.validation_adjacency, self.validation_sizes
        return self.outputs(*(part[inputs] for part in parts)).argmax(dim=1)
