"""What the training functions of elective 12 get: verses with themes, or pairs of verses; and tokens as text."""

from __future__ import annotations

from typing import Any

import torch

from backend import ArrayDataset


class Verses(ArrayDataset):
    """Batches of `x` and `y`, or of `chosen` and `rejected`.

    Args:
        model: the model being trained, or None.
        arrays: those of a training split, and plain data.

    Attributes:
        tokens: as text; a token's id is its position.
        themes: their names, where verses have themes.
        season: what verses are preferred for, where there are pairs.
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        super().__init__(model, arrays)
        self.tokens: list[str] = list(arrays["tokens"])
        self.themes: list[str] = list(arrays.get("themes", ()))
        self.season: str = arrays.get("season", "")

    def column(self, name: str) -> torch.Tensor:
        """All rows of one array, in order."""
        return self._training[name]
