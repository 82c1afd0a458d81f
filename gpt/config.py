"""The numbers that decide what is trained and how."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from training.errors import UserError


@dataclass(frozen=True)
class Config:
    """One training run.

    Attributes:
        block_size: characters seen at once.
        n_embd: width of every position's vector.
        n_layer: transformer blocks.
        batch_size: blocks in a step, over all processes together.
        learning_rate: highest, for AdamW, which moves everything but the blocks' matrices.
        matrix_learning_rate: highest, for Muon, which moves the blocks' matrices.
        weight_decay: how much of a matrix, times its learning rate, is forgotten in a step.
        steps: how long to train, or None to train for so many `minutes`.
        minutes: how long to train where `steps` is None; the learning rate follows the clock.
        seed: of the first weights and of the order of batches.
    """

    block_size: int = 64
    n_embd: int = 160
    n_layer: int = 8
    batch_size: int = 32
    learning_rate: float = 4e-3
    matrix_learning_rate: float = 0.02
    weight_decay: float = 0.1
    steps: int | None = None
    minutes: float = 3.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("block_size", "n_embd", "n_layer", "batch_size", "steps", "minutes"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UserError(f"{name} should be more than 0; got {value}")

    @property
    def architecture(self) -> tuple[int, int, int]:
        """block_size, n_embd, n_layer: what the model's constructor takes, before the vocabulary's size."""
        return self.block_size, self.n_embd, self.n_layer

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)
