"""What students write for questions 7 and 8, as it is handed to the trainer, the bot and the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Generator, Tensor
from torch.nn import Module

from haiku_bot.vocabulary import Form
from training import student

Encode = Callable[[list[int], list[int], int, int], tuple[Tensor, Tensor, Tensor]]
MaskedLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
Write = Callable[[Module, Tensor, Form, float, int, Generator], Tensor]


@dataclass(frozen=True)
class StudentFunctions:
    """The functions of haiku.py that provided code calls, and the model; what each takes and gives is told there.

    Attributes:
        encode_example: (prompt, verse, length, pad) to inputs, targets, mask.
        masked_loss: (logits, targets, mask) to a scalar.
        write_haiku: (model, prompts, form, temperature, top_k, generator) to verses.
        GPT: (block_size, n_embd, n_layer, vocab_size) to a model.
    """

    encode_example: Encode
    masked_loss: MaskedLoss
    write_haiku: Write
    GPT: Callable[[int, int, int, int], Module]


def load(directory: Path) -> StudentFunctions:
    """Those of a student's folder.

    Raises:
        UserError: a file is missing, or lacks one of them.
    """
    return StudentFunctions(
        encode_example=student.find(directory, "haiku.encode_example"),
        masked_loss=student.find(directory, "haiku.masked_loss"),
        write_haiku=student.find(directory, "haiku.write_haiku"),
        GPT=student.model_class(directory),
    )
