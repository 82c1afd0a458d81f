"""Checkpoints: everything that training needs to go on as if never stopped, written all at once or not at all."""

from __future__ import annotations

import io
import os
import pickle
import warnings
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch.nn import Module

from gpt.config import Config
from gpt.errors import UserError

FORMAT = 1


def save(path: Path, contents: dict[str, Any]) -> None:
    """Write a checkpoint so that the file of this name is at every moment the old one or the new one, whole.

    Raises:
        UserError: the disk is full or the folder cannot be written to; an older checkpoint is untouched.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **contents}, buffer)
    write_atomically(path, buffer.getvalue())


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place, make sure that it is on the disk, then move it there.

    Raises:
        UserError: it could not be written; what was at `path` before is still there.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        kept = " The earlier one is untouched." if path.is_file() else ""
        raise UserError(
            f"{path} could not be written: {error.strerror or error}.{kept} Make room, or choose another --out."
        ) from None


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; nothing in it is run.

    Raises:
        UserError: it is missing, damaged, or of another format.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of foreign pickles before it refuses them
            contents = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such checkpoint. Train one first: python chargpt.py") from None
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
        raise UserError(f"{path} is not a readable checkpoint ({reason}). Train a new one: python chargpt.py") from None
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        raise UserError(
            f"{path} is no checkpoint of this program's format {FORMAT}. Train a new one: python chargpt.py"
        )
    return contents


def config_of(contents: dict[str, Any]) -> Config:
    """The configuration that a checkpoint was trained with."""
    known = {field.name for field in fields(Config)}
    return Config(**{name: value for name, value in contents["config"].items() if name in known})


def restore_weights(model: Module, contents: dict[str, Any], path: Path) -> None:
    """Put a checkpoint's weights into a model.

    Raises:
        UserError: the model has other layers than the one that was saved; the model is left as it was.
    """
    saved = {name: tuple(tensor.shape) for name, tensor in contents["model"].items()}
    present = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if saved != present:
        name = min(name for name in saved.keys() | present.keys() if saved.get(name) != present.get(name))
        raise UserError(
            f"{path} was saved from another architecture: its {name} is {_shape(saved, name)}, that of your "
            f"{type(model).__name__} is {_shape(present, name)}. Use the model it was trained with, or train anew."
        )
    model.load_state_dict(contents["model"])


def _shape(shapes: dict[str, tuple[int, ...]], name: str) -> str:
    return f"of shape {shapes[name]}" if name in shapes else "not there"
