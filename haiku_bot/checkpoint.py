"""Keeps the trained model in a file, and tells when that file belongs to another model or other haiku."""

from __future__ import annotations

import zlib
from pathlib import Path

import torch

from haiku_bot.corpus import Corpus
from haiku_bot.functions import StudentFunctions
from haiku_bot.trainer import Recipe, create_model
from training import checkpoint
from training.errors import UserError

PATH = Path(__file__).resolve().parent.parent / "out" / "haiku.pt"
FULL = "Make room, or choose another --checkpoint."


def save(model: torch.nn.Module, corpus: Corpus, recipe: Recipe, path: Path = PATH) -> None:
    """Writes the model to `path`, whole or not at all.

    Raises:
        UserError: it cannot be written. What was there before still is.
    """
    contents = {"parameters": model.state_dict(), **recipe.architecture, "words": _fingerprint(corpus)}
    checkpoint.save(path, contents, FULL)


def load(corpus: Corpus, recipe: Recipe, functions: StudentFunctions, path: Path = PATH) -> torch.nn.Module:
    """Reads the model back.

    Raises:
        UserError: the file is missing, damaged, or of another model or vocabulary.
    """
    again = f"`python chat.py --retrain` makes a new one in place of {path}."
    expected = {**recipe.architecture, "words": _fingerprint(corpus)}
    contents = checkpoint.load(path, ["parameters", *expected], again)
    if different := [key for key in expected if contents[key] != expected[key]]:
        raise UserError(f"the checkpoint was made with another {', '.join(different)}. {again}")
    model = create_model(recipe, corpus.vocabulary, functions)
    checkpoint.restore_weights(model, contents["parameters"], path, again)
    return model.eval()


def _fingerprint(corpus: Corpus) -> int:
    """A checksum of the vocabulary: ids mean the same words only if it agrees."""
    return zlib.crc32("\n".join(corpus.vocabulary.tokens).encode())
