"""Finds what students wrote. Whoever trains or asks a model is handed it and imports no student file by name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from training.errors import UserError

MODEL_NAMES = ("gpt_model.GPT", "gpt_model.Character_GPT")  # the second in solutions of another edition


def find(directory: Path, *names: str) -> Any:
    """The first that exists of dotted names such as `haiku.write_haiku`.

    Importing a student's module runs its code; whatever that raises passes through.

    Args:
        directory: the student's folder.
        names: all of one module.
    Raises:
        UserError: the file is missing, or has none of them.
    """
    module_name, _, wanted = names[0].partition(".")
    folder = str(directory.resolve())
    if sys.path[0] != folder:
        sys.path.insert(0, folder)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name:
            raise
        raise UserError(f"there is no {module_name}.py in {directory}. Check --code-directory.") from None
    for name in names:
        if hasattr(module, name.partition(".")[2]):
            return getattr(module, name.partition(".")[2])
    raise UserError(f"{module_name}.py has no {wanted}; was it renamed or deleted?")


def model_class(directory: Path) -> Any:
    """The student's `GPT`: called with block_size, n_embd, n_layer, vocab_size, it gives a model.

    Raises:
        UserError: as `find`.
    """
    return find(directory, *MODEL_NAMES)
