"""What training functions get: images in batches, without labels."""

from __future__ import annotations

from typing import Any

import torch

from backend import ArrayDataset, in_unit_interval


class Images(ArrayDataset):
    """Batches of `x`, float32 (batch, 784) in [0, 1].

    Args:
        model: the model being trained, or None.
        arrays: `train_x`, uint8 (count, 784), and for pictures `validation_x`, `validation_y` and the plain text
            `task`; see `data.py`.

    Attributes:
        arrays: what pictures need of these.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        super().__init__(model, arrays)
        self.arrays = {name: value for name, value in arrays.items() if name != "train_x"}

    def _columns(self, indices: list[int]) -> dict[str, torch.Tensor]:
        return {"x": self._as_read(super()._columns(indices)["x"])}

    def _as_read(self, features: torch.Tensor) -> torch.Tensor:
        return in_unit_interval(features)
