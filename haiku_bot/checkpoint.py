"""Keeps the trained model in a file, and tells when that file belongs to another model or other haiku."""

from __future__ import annotations

import os
import tempfile
import zlib
from pathlib import Path
from typing import Any

import torch

from haiku_bot.trainer import Corpus, Recipe, as_configuration, create_model

PATH = Path(__file__).resolve().parent.parent / "out" / "haiku.pt"


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message says what to do."""


def save(model: torch.nn.Module, corpus: Corpus, recipe: Recipe, path: Path = PATH) -> None:
    """Writes the model to `path`, atomically: a crash, or a full disk, leaves what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"parameters": model.state_dict(), **as_configuration(recipe), "words": _fingerprint(corpus)}
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(content, file)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(corpus: Corpus, recipe: Recipe, path: Path = PATH) -> torch.nn.Module:
    """Reads the model back.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is damaged, or of another model or vocabulary.
    """
    again = f"`python haiku.py --retrain` makes a new one in place of {path}."
    try:
        content: dict[str, Any] = torch.load(path, weights_only=True)
        expected = {**as_configuration(recipe), "words": _fingerprint(corpus)}
        found = {key: content[key] for key in expected}
    except FileNotFoundError:
        raise
    except Exception as error:  # torch.load raises many kinds for a damaged file
        raise CheckpointError(f"the checkpoint cannot be read ({type(error).__name__}). {again}") from error
    if found != expected:
        different = ", ".join(key for key in expected if found[key] != expected[key])
        raise CheckpointError(f"the checkpoint was made with another {different}. {again}")
    model = create_model(recipe, corpus.vocabulary)
    try:
        model.load_state_dict(content["parameters"])
    except RuntimeError as error:
        raise CheckpointError(f"the checkpoint does not fit gpt_model.py as it is now. {again}") from error
    return model.eval()


def _fingerprint(corpus: Corpus) -> int:
    """A checksum of the vocabulary: ids mean the same words only if it agrees."""
    return zlib.crc32("\n".join(corpus.vocabulary.tokens).encode())
