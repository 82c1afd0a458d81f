"""Checkpoints: what a program needs to go on, written whole or not at all; nothing in them is run when read."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from data.files import write_bytes
from training.errors import UserError

FORMAT = 1


def write(path: Path, content: bytes, remedy: str) -> None:
    """Write a file of results, and make its folder: the old file or the new one is there at every moment.

    Raises:
        UserError: the disk is full, say. What was at `path` is still there.
    """
    try:
        write_bytes(path, content, make_parents=True)
    except OSError as error:
        kept = " The earlier one is untouched." if path.is_file() else ""
        raise UserError(f"{path} could not be written: {error.strerror or error}.{kept} {remedy}") from None


def save(path: Path, contents: Mapping[str, Any], remedy: str) -> None:
    """Write a checkpoint, as `write` does.

    Args:
        path: where to.
        contents: tensors, numbers, text, and lists and dictionaries of them.
        remedy: what to do where that fails.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **contents}, buffer)
    write(path, buffer.getvalue(), remedy)


def load(path: Path, keys: Collection[str], remedy: str) -> dict[str, Any]:
    """Read a checkpoint.

    Args:
        path: of the file.
        keys: what has to be in it.
        remedy: what to do where it cannot be used.
    Raises:
        UserError: it is missing, damaged, or another program's.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of foreign pickles before it refuses them
            contents = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such checkpoint. {remedy}") from None
    except (
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        LookupError,
        TypeError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as error:
        reason = str(error).split("\n")[0]
        raise UserError(f"{path} is not a readable checkpoint ({reason}). {remedy}") from None
    if not isinstance(contents, dict) or contents.get("format", FORMAT) != FORMAT or not contents.keys() >= set(keys):
        raise UserError(f"{path} is no checkpoint of this program's format {FORMAT}. {remedy}")
    return contents


def restore_weights(model: Module, weights: Mapping[str, Tensor], path: Path, remedy: str) -> None:
    """Put a checkpoint's weights into a model.

    Raises:
        UserError: the model has other layers than the one that was saved; the model is left as it was.
    """
    saved = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    present = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if saved != present:
        name = min(name for name in saved.keys() | present.keys() if saved.get(name) != present.get(name))
        raise UserError(
            f"{path} was saved from another architecture: its {name} is {_shape(saved, name)}, that of your "
            f"{type(model).__name__} is {_shape(present, name)}. {remedy}"
        )
    model.load_state_dict(weights)


def _shape(shapes: dict[str, tuple[int, ...]], name: str) -> str:
    return f"of shape {shapes[name]}" if name in shapes else "not there"
