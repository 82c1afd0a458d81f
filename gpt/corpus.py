"""A text as one tensor of character ids, split into what is trained on and what is held out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gpt.inputs import read_text
from training.errors import UserError

VALIDATION_FRACTION = 0.1


@dataclass(frozen=True)
class Corpus:
    """A text.

    Attributes:
        name: for the reader: the file it came from.
        characters: the vocabulary, in order of code point; a character's id is its position here.
        train: int64 (count,), the first nine tenths of the text.
        validation: int64 (count,), the rest.
        digest: of the whole text, to tell it from others.
    """

    name: str
    characters: str
    train: Tensor
    validation: Tensor
    digest: str


def read(path: Path, block_size: int) -> Corpus:
    """Read a text file in UTF-8, or in whatever its byte order mark says.

    Raises:
        UserError: it is missing, no text, or too short to cut blocks of `block_size` from both splits.
    """
    return from_text(content(path), str(path), block_size)


def content(path: Path) -> str:
    """The characters of a text file, as `read` finds them.

    Raises:
        UserError: it is missing, or no text.
    """
    return read_text(path, "--text takes a text file; without it the built-in plays are used.")


def from_text(text: str, name: str, block_size: int) -> Corpus:
    """Number the characters of a text and split it.

    Raises:
        UserError: it is too short.
    """
    boundary = int(len(text) * (1 - VALIDATION_FRACTION))
    if min(boundary, len(text) - boundary) < block_size + 1:
        needed = int((block_size + 1) / VALIDATION_FRACTION) + 1
        raise UserError(
            f"{name} holds {len(text)} {'character' if len(text) == 1 else 'characters'}; blocks of {block_size} need "
            f"at least {needed}, of which a tenth is held out. Give a longer text, or a smaller --block-size."
        )
    characters = "".join(sorted(set(text)))
    ids = encode(text, characters)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Corpus(name, characters, ids[:boundary], ids[boundary:], digest)


def encode(text: str, characters: str) -> Tensor:
    """Ids of a text's characters, int64 (length,).

    Raises:
        UserError: it holds a character that the vocabulary lacks.
    """
    numbers = {character: number for number, character in enumerate(characters)}
    if unknown := sorted(set(text) - numbers.keys()):
        listed = ", ".join(map(repr, unknown[:5])) + (" and others" if len(unknown) > 5 else "")
        raise UserError(f"the model has never seen {listed}. It knows: {characters.strip()!r}, and white space.")
    return torch.tensor([numbers[character] for character in text], dtype=torch.int64)


def decode(ids: Tensor, characters: str) -> str:
    """The text of ids (length,)."""
    return "".join(characters[number] for number in ids.tolist())
