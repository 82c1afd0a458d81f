"""Finds what students wrote. Trainers get a model as an argument and import no student file by name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from training.errors import UserError


def find(directory: Path, module: str, *names: str) -> Any:
    """The first of the names that a module in the student's folder has.

    Importing the module runs the student's code; whatever that raises passes through.

    Raises:
        UserError: the folder lacks the module, or the module has none of the names.
    """
    if sys.path[0] != (folder := str(directory.resolve())):
        sys.path.insert(0, folder)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise UserError(f"there is no {module}.py in {directory}. Check --code-directory.") from None
    for name in names:
        if hasattr(found, name):
            return getattr(found, name)
    raise UserError(f"{module}.py has no {names[0]}; was it renamed or deleted?")


def model_class(directory: Path) -> Any:
    """Question 7's class, also under its name in another edition; takes block_size, n_embd, n_layer, vocab_size."""
    return find(directory, "gpt_model", "GPT", "Character_GPT")
