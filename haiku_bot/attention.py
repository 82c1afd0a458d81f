"""The attention of a model's last layer, seen while the model computes.

Students write attention in many ways: with `softmax` of torch or of a tensor, or by hand, with or without a dimension
for heads. What they have in common are the weights themselves. So every result of torch's functions is looked at. The
last result that has the form of causal attention weights is that of the last layer. Nothing is computed again, and the
model is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.overrides import TorchFunctionMode

TOLERANCE = 1e-3  # of sums of float32 and bfloat16 weights


class _Watch(TorchFunctionMode):
    """Keeps the last attention weights over so many positions that any function of torch returns in this thread."""

    def __init__(self, time: int) -> None:
        super().__init__()
        self._time = time
        self.weights: Tensor | None = None

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Iterable[type],
        args: Any = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and self._is_attention(result):
            self.weights = result
        return result

    def _is_attention(self, result: Tensor) -> bool:
        """Whether a result has rows that sum to 1, each over its own position and earlier ones, for one sequence."""
        square = (self._time, self._time)
        if self._time < 2 or result.shape[-2:] != square or result.ndim > 4 or not result.is_floating_point():
            return False
        sums = result.sum(dim=-1)
        return bool((result >= 0).all() and ((sums - 1).abs() < TOLERANCE).all() and (result.triu(1) < TOLERANCE).all())


@torch.no_grad()
def last_attention(model: Module, ids: Tensor) -> tuple[Tensor, Tensor | None]:
    """What a model computes for one sequence, and where its last layer looks.

    model: maps ids (1, time) to logits (1, time, vocab). ids: int64 (1, time).
    Returns the logits (time, vocab) and the weights (time, time), row i those with which position i looks at each
    position. Weights of several heads are averaged. None takes the place of weights that were not seen.
    """
    with _Watch(ids.shape[1]) as watch:
        logits = model(ids)[0]
    if watch.weights is None:
        return logits, None
    return logits, watch.weights.detach().float().reshape(-1, ids.shape[1], ids.shape[1]).mean(dim=0)
