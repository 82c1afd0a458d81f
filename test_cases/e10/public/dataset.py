"""What `train_ring` and `train_digits` get: real samples in batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from backend import ArrayDataset


class Samples(ArrayDataset):
    """Batches of `x`, and of `y` where samples have classes.

    Args:
        model: the model being trained, or None.
        arrays: `train_x` and perhaps `train_y`. `centres`, a plain list, tells the picture of the ring's modes.

    Attributes:
        centres: of the modes, float64 (8, 2); empty where there are none.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        super().__init__(model, arrays)
        self.centres = np.array(arrays.get("centres", ()), np.float64).reshape(-1, 2)
