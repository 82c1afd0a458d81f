"""What the two training functions get: lines of verse, or digits, in batches, and accuracy on validation examples."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from backend import ArrayDataset
from test_cases.e8.public import digits, verses


class EncoderDataset(ArrayDataset):
    """Batches of `ids`, int64 (batch, 12); or of `x`, float32 (batch, 28, 28), and `y`, int64 (batch,).

    Args:
        model: the model being trained, or None.
        arrays: of `verses.py` or of `digits.py`, whose names begin with `train_` and `validation_`.

    Attributes:
        words: the word of each integer; empty where there are digits.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        super().__init__(model, arrays)
        self.words: list[str] = arrays.get("words", [])
        if "validation_inputs" in arrays:
            inputs, ids = (torch.from_numpy(arrays[f"validation_{name}"]) for name in ("inputs", "ids"))
            self._validation = [(inputs, ids[inputs == verses.MASK])]
        elif "validation_x" in arrays:
            images = torch.from_numpy(digits.images(arrays["validation_x"]))
            self._validation = [(images, torch.from_numpy(arrays["validation_y"]))]

    def _columns(self, indices: list[int]) -> dict[str, Tensor]:
        columns = super()._columns(indices)
        if "x" not in columns:
            return columns
        return columns | {"x": columns["x"].reshape(-1, digits.SIDE, digits.SIDE).float().div_(255)}

    def _predict(self, inputs: Tensor) -> Tensor:
        outputs = self.outputs(inputs)
        return outputs[inputs == verses.MASK].argmax(dim=1) if self.words else outputs.argmax(dim=1)
