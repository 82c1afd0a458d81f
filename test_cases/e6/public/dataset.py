"""What `train_skip_gram` and `train_glove` get: pairs of words in batches, the words as text, and their counts."""

from __future__ import annotations

from typing import Any

import torch

from backend import ArrayDataset


class WordPairs(ArrayDataset):
    """Batches of `x` and `y`, and of `count` where pairs are counted.

    Args:
        model: the model being trained, or None.
        arrays: `train_x`, `train_y`, perhaps `train_count`, and the plain list `words`.

    Attributes:
        words: as text; a word's number is its position.
        counts: how often each word occurs in `x`, float32 (words,).
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        super().__init__(model, arrays)
        self.words: list[str] = list(arrays["words"])
        self.counts = torch.bincount(self.x, minlength=len(self.words)).float()
