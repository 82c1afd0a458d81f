"""The sizes of a run where no flag gives them: they follow the device and the length of the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpt.config import Config

SHORT, MIDDLE = 20_000, 200_000  # characters
SMALL_SIZES = {"n_embd": 64, "n_layer": 3}  # for a text shorter than the one
MIDDLE_SIZES = {"n_embd": 96, "n_layer": 5}  # and the other; a larger model learns such a text by heart sooner
CUDA_SIZES = {"n_embd": 384, "n_layer": 6, "block_size": 256, "batch_size": 64}  # for a longer one, on a GPU
MIN_MINUTES_COMPILED, MIN_STEPS_COMPILED = 1.0, 1000  # a shorter run is over before compiling pays


def config_for(given: Mapping[str, Any], kind: str, characters: int) -> Config:
    """The configuration of a run.

    given: fields of it that flags give. kind: of device, such as cuda. characters: of the text.
    """
    if characters < SHORT:
        sizes = SMALL_SIZES
    elif characters < MIDDLE:
        sizes = MIDDLE_SIZES
    else:
        sizes = CUDA_SIZES if kind == "cuda" else {}
    return Config(**{**sizes, **given})


def is_long(config: Config) -> bool:
    """Whether a run lasts long enough to compile its model."""
    if config.steps is not None:
        return config.steps >= MIN_STEPS_COMPILED
    return config.minutes >= MIN_MINUTES_COMPILED


def remark(config: Config, characters: int) -> str | None:
    """A sentence for the reader where a text is short, or None."""
    if characters >= MIDDLE:
        return None
    blocks = "1 block" if config.n_layer == 1 else f"{config.n_layer} blocks"
    return (
        f"The text is short: {characters:,} characters. The model has width {config.n_embd} and {blocks}, and will "
        "partly learn the text by heart. The weights that do best on the held-out tenth are kept."
    )
