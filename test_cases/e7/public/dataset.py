"""What `train_translator` gets: sentence pairs in batches, and the share of right words in the validation split."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from backend import ArrayDataset, left_as_it_was
from test_cases.e7.public.data import PADDING


class SentencePairs(ArrayDataset):
    """Batches of `source` and `target`, each as wide as its longest sentence.

    Args:
        model: the model being trained, or None.
        arrays: `train_source`, `train_target`, and the same of the validation split with `validation_alignment`.

    Attributes:
        validation_alignment: the right alignment of the validation split, int64 (count, longest).
    """

    def __init__(self, model: torch.nn.Module | None, arrays: dict[str, Any]) -> None:
        super().__init__(model, arrays)
        source, target = (torch.from_numpy(arrays[f"validation_{name}"]) for name in ("source", "target"))
        self.validation_alignment = torch.from_numpy(arrays["validation_alignment"])
        self._validation = [(source, target)]

    def get_validation_accuracy(self) -> float:
        """The share of validation words that the model predicts right, in [0, 1]. It reads the right words before."""
        if self.model is None:
            raise ValueError("the dataset was made without a model to validate")
        ((source, target),) = self._validation
        with left_as_it_was(self.model), torch.no_grad():
            words = self.outputs(source, target).argmax(dim=2)  # (count, longest)
        is_word = target != PADDING
        return float((words == target)[is_word].float().mean())

    def _columns(self, indices: list[int]) -> dict[str, Tensor]:
        return {name: trimmed(column) for name, column in super()._columns(indices).items()}


def trimmed(sentences: Tensor) -> Tensor:
    """Sentences (count, longest) without the columns at the end that hold padding alone."""
    return sentences[:, : int((sentences != PADDING).sum(dim=1).max())]
