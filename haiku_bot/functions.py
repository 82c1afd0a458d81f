"""What students wrote for questions 7 and 8, as it is handed to the trainer, the bot and the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Generator, Tensor
from torch.nn import Module

from haiku_bot.vocabulary import Form
from training import student


@dataclass(frozen=True)
class StudentFunctions:
    """What provided code calls; haiku.py and gpt_model.py say what each takes and returns."""

    encode_example: Callable[[list[int], list[int], int, int], tuple[Tensor, Tensor, Tensor]]
    masked_loss: Callable[[Tensor, Tensor, Tensor], Tensor]
    write_haiku: Callable[[Module, Tensor, Form, float, int, Generator], Tensor]
    GPT: Callable[[int, int, int, int], Module]


def load(directory: Path) -> StudentFunctions:
    """Those of a student's folder; a `UserError` tells what is not there."""
    names = ("encode_example", "masked_loss", "write_haiku")
    found = {name: student.find(directory, "haiku", name) for name in names}
    return StudentFunctions(**found, GPT=student.model_class(directory))


@dataclass(frozen=True)
class Parts:
    """What `write_haiku` is made of, for those who look at a single token."""

    sample_next: Callable[[Tensor, float, int, Generator], Tensor]
    allowed_tokens: Callable[[Tensor, Tensor, Form], Tensor]


def load_parts(directory: Path) -> Parts:
    """Those of a student's folder; a `UserError` tells what is not there."""
    return Parts(**{name: student.find(directory, "haiku", name) for name in ("sample_next", "allowed_tokens")})
