"""Checkpoints: what a program needs to go on, written whole or not at all; nothing in them is run when read."""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import torch
from torch import Tensor
from torch.nn import Module

from data import files
from training.errors import UserError

FORMAT = 1
HOW_TO_FIX = "Make room, or name another folder."
WEIGHTS_IN_A_CHECKPOINT = 4  # the best, the last, and for each weight two numbers of Adam's
DAMAGES = (OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, UnpicklingError, BadZipFile)


def write(path: Path, content: bytes) -> None:
    """Write a file of results, and make its folder.

    Raises:
        UserError: the disk is full, say. What was at `path` is still there.
    """
    try:
        files.write_bytes(path, content, make_parents=True)
    except OSError as error:
        kept = " The earlier one is untouched." if path.is_file() else ""
        raise UserError(f"{path} could not be written: {files.reason(error)}.{kept} {HOW_TO_FIX}") from None


def require_writable(path: Path, model: Module) -> None:
    """Find out before training whether a checkpoint of a model and its optimizer can be written; makes its folder.

    Raises:
        UserError: it cannot, or the name is that of a Python file. What is at `path` is still there.
    """
    if path.suffix == ".py":
        raise UserError(f"{path} is the name of a Python file, which a checkpoint would replace. Name another file.")
    weight_bytes = sum(weight.numel() * weight.element_size() for weight in model.state_dict().values())
    try:
        files.require_writable(path, WEIGHTS_IN_A_CHECKPOINT * weight_bytes, make_parents=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {files.reason(error)}. {HOW_TO_FIX}") from None


def save(path: Path, contents: Mapping[str, Any]) -> None:
    """Write a checkpoint, as `write` does: tensors, numbers, text, and lists and dictionaries of them."""
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **contents}, buffer)
    write(path, buffer.getvalue())


def load(path: Path, keys: Collection[str], remedy: str) -> dict[str, Any]:
    """Read a checkpoint that has these keys.

    Raises:
        UserError: it is missing, damaged, or another program's; ends with the remedy.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of foreign pickles before it refuses them
            contents = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such checkpoint. {remedy}") from None
    except DAMAGES as error:
        raise UserError(f"{path} is not a readable checkpoint ({_damage(error)}). {remedy}") from None
    if not isinstance(contents, dict) or contents.get("format", FORMAT) != FORMAT or not contents.keys() >= set(keys):
        raise UserError(f"{path} is no checkpoint of this program's format {FORMAT}. {remedy}")
    return contents


def _damage(error: Exception) -> str:
    """What is wrong with a checkpoint, in a few words."""
    if isinstance(error, UnpicklingError):  # torch's own text is a page on flags of `torch.load`
        return "torch did not save this file"
    if isinstance(error, EOFError):
        return "the file ends too early"
    return files.reason(error) if isinstance(error, OSError) else str(error).split("\n")[0].split(". ")[0]


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
