"""The trained language model, as staff made it: `python -m staff.build.haiku.language_model` writes pretrained.npz."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

PATH = Path(__file__).resolve().parent / "pretrained.npz"


@cache
def weights() -> dict[str, np.ndarray]:
    """The parameters of a `GPT` by name, float32; the file has half as many digits."""
    with np.load(PATH, allow_pickle=False) as archive:
        return {name: archive[name].astype(np.float32) for name in archive.files}


def sizes() -> tuple[int, int, int, int]:
    """What `GPT` is made with: block_size, n_embd, n_layer, vocab_size."""
    known = weights()
    layers = {name.split(".")[1] for name in known if name.startswith("blocks.")}
    return (*known["position_embedding.weight"].shape, len(layers), len(known["output.bias"]))
