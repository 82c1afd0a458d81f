"""Between the data of the channel and the tensors of the student's code."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grading.isolation.channel import DTYPES, MAX_ARRAY_BYTES, Opaque

MAX_DEPTH = 3  # of lists and dictionaries in one another


def tensor(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """A copy of an array, on a device."""
    return torch.from_numpy(array.copy()).to(device)


def gradient(item: Any) -> np.ndarray | None:
    """The gradient that an argument or a parameter has received; None if none has arrived."""
    received = getattr(item, "grad", None)
    return None if received is None else received.cpu().numpy()


def outgoing(value: Any, depth: int = 0) -> Any:
    """Reduce what the student's code returned to data; whatever has no such form becomes the name of its type."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        if value.dtype == torch.bfloat16:
            value = value.float()
        value = value.resolve_conj().resolve_neg().numpy() if not value.is_sparse else Opaque("sparse Tensor")
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.nbytes > MAX_ARRAY_BYTES:  # two shapes that broadcast, say
        return Opaque(f"tensor of shape {value.shape}, which is too large to be read")
    if isinstance(value, np.ndarray):
        return value if value.dtype.name in DTYPES else Opaque(f"array of {value.dtype}")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth < MAX_DEPTH and isinstance(value, (list, tuple)):
        return [outgoing(item, depth + 1) for item in value]
    if depth < MAX_DEPTH and isinstance(value, dict):
        return {str(name): outgoing(item, depth + 1) for name, item in value.items()}
    return Opaque(type(value).__name__)
