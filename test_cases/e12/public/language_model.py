"""The trained language model, as staff made it: `python -m staff.build.haiku.language_model` writes pretrained.npz."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from data import read_archive

PATH = Path(__file__).resolve().parent / "pretrained.npz"


@cache
def weights() -> dict[str, np.ndarray]:
    """The parameters of a `GPT` by name, float32; the file has half as many digits."""
    return {name: array.astype(np.float32) for name, array in read_archive(PATH).items()}


def sizes() -> tuple[int, int, int, int]:
    """What `GPT` is made with: block_size, n_embd, n_layer, vocab_size."""
    known = weights()
    layers = {name.split(".")[1] for name in known if name.startswith("blocks.")}
    return (*known["position_embedding.weight"].shape, len(layers), len(known["output.bias"]))
