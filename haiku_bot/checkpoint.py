"""Keeps the trained model in a file, and tells when that file belongs to another model or other haiku."""

from __future__ import annotations

import zlib
from pathlib import Path

from torch.nn import Module

from haiku_bot.corpus import Corpus
from haiku_bot.functions import StudentFunctions
from haiku_bot.trainer import Recipe, create_model
from haiku_bot.vocabulary import LONGEST
from startup.project import PROJECT_DIRECTORY
from training import checkpoint
from training.errors import UserError

PATH = PROJECT_DIRECTORY / "out" / "haiku.pt"


def save(model: Module, corpus: Corpus, recipe: Recipe, path: Path = PATH) -> None:
    """Writes the model to `path`, whole or not at all; a `UserError` tells why not."""
    checkpoint.save(path, {"parameters": model.state_dict(), **_about(corpus, recipe)})


def load(corpus: Corpus, recipe: Recipe, students: StudentFunctions, path: Path = PATH) -> Module:
    """Reads the model back.

    Raises:
        UserError: the file is missing, damaged, or of another model or vocabulary.
    """
    again = f"`python chat.py --retrain` makes a new one in place of {path}."
    expected = _about(corpus, recipe)
    contents = checkpoint.load(path, ["parameters", *expected], again)
    if different := [key for key in expected if contents[key] != expected[key]]:
        raise UserError(f"the checkpoint was made with another {', '.join(different)}. {again}")
    model = create_model(recipe, corpus.vocabulary, students)
    checkpoint.restore_weights(model, contents["parameters"], path, again)
    return model.eval()


def _about(corpus: Corpus, recipe: Recipe) -> dict[str, int]:
    """The model's shape, and a checksum of the vocabulary: ids mean the same words only if it agrees."""
    words = zlib.crc32("\n".join(corpus.vocabulary.tokens).encode())
    return {"n_embd": recipe.n_embd, "n_layer": recipe.n_layer, "block_size": LONGEST, "words": words}
