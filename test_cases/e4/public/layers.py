"""What each layer of a LeNet makes of one image, with torch's own operations: for live pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from backend import device_of


def read(model: Any, image: Tensor, label: int) -> dict[str, np.ndarray]:
    """Filters, maps, features, probabilities and saliency, by the names of `picture.State`.

    Args:
        model: a `LeNet`.
        image: (1, 1, 28, 28).
        label: the class whose score is looked at.
    """
    with torch.enable_grad():
        pixels = image.to(device_of(model)).clone().requires_grad_()
        maps = _block(pixels, model.conv1)
        features = _block(maps, model.conv2)
        scores = model.head(features.flatten(1))
        (slope,) = torch.autograd.grad(scores[0, label], pixels)
    return {
        "image": _array(image[0, 0]),
        "saliency": _array(slope[0, 0].abs()),
        "filters": _array(model.conv1.weight[:, 0]),
        "maps": _array(maps[0]),
        "features": _array(features[0]),
        "chances": _array(scores[0].softmax(dim=0)),
    }


def _block(x: Tensor, layer: Any) -> Tensor:
    return functional.max_pool2d(functional.conv2d(x, layer.weight, layer.bias), 2).relu()


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().float().numpy().copy()  # parameters go on changing
