"""What training functions get: images in batches, and accuracy on the validation images, if there are any."""

from __future__ import annotations

from typing import Any

import torch

from backend import ArrayDataset, in_unit_interval
from test_cases.e4.public import data


class DigitImages(ArrayDataset):
    """Batches of `x`, float32 (batch, 1, 28, 28), and `y`, int64 (batch,).

    Args:
        model: the model being trained, or None.
        arrays: `train_x` and `train_y`, maybe `validation_x` and `validation_y`; see `data.py`.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        super().__init__(model, arrays)
        if "validation_x" in arrays:
            images = torch.from_numpy(data.images(arrays["validation_x"]))
            self._validation = [(images, torch.from_numpy(arrays["validation_y"]))]

    def _columns(self, indices: list[int]) -> dict[str, torch.Tensor]:
        columns = super()._columns(indices)
        return columns | {"x": self._as_read(columns["x"])}

    def _as_read(self, features: torch.Tensor) -> torch.Tensor:
        return in_unit_interval(features.reshape(-1, 1, data.SIDE, data.SIDE))
