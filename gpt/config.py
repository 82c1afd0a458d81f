"""The numbers that decide what is trained and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


def _flag(default: Any, told: str) -> Any:
    return field(default=default, metadata={"help": told})


@dataclass(frozen=True)
class Config:
    """One training run. Every field is a flag of `python chargpt.py`, and explained by its help."""

    block_size: int = _flag(64, "characters seen at once")
    n_embd: int = _flag(160, "width of every position's vector")
    n_layer: int = _flag(8, "transformer blocks")
    batch_size: int = _flag(32, "blocks in a step, over all processes together")
    learning_rate: float = _flag(4e-3, "highest, of AdamW, which moves everything but the blocks' matrices")
    matrix_learning_rate: float = _flag(0.02, "highest, of Muon, which moves the blocks' matrices")
    weight_decay: float = _flag(0.1, "how much of a matrix, times its learning rate, is forgotten in a step")
    steps: int | None = _flag(None, "how long to train; such a run repeats to the last bit with the same --threads")
    minutes: float = _flag(3.0, "how long to train where no steps are given; the learning rate follows the clock")
    noise: float | None = _flag(
        None, "share of the input characters replaced by random ones, until it fades (default: by the passes)"
    )
    seed: int = _flag(0, "of the first weights and of the order of batches")

    @classmethod
    def of(cls, checkpoint: Mapping[str, Any]) -> Config:
        """The configuration that a checkpoint was trained with."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in checkpoint["config"].items() if name in known})

    @property
    def architecture(self) -> tuple[int, int, int]:
        """block_size, n_embd, n_layer: what the model's constructor takes, before the vocabulary's size."""
        return self.block_size, self.n_embd, self.n_layer
