"""What `train_memory` gets: training sequences in batches, and accuracy on the validation sequences."""

from __future__ import annotations

from typing import Any

import torch

from backend import ArrayDataset


class MemoryDataset(ArrayDataset):
    """Batches of `x` and `y`; a validation split behind `get_validation_accuracy`.

    Args:
        model: the model being trained, or None.
        arrays: `train_x`, `train_y`, `validation_x` and `validation_y`; see `data.py`.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        super().__init__(model, arrays)
        self._validation = [(torch.from_numpy(arrays["validation_x"]), torch.from_numpy(arrays["validation_y"]))]
