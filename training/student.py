"""Finds what students wrote. Trainers get a model as an argument and import no student file by name."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from startup import student_files, student_modules
from training.errors import UserError


def find(directory: Path, module: str, *names: str) -> Any:
    """The first of the names that a module in the student's folder has.

    Importing the module runs the student's code; whatever that raises passes through.

    Raises:
        UserError: the file is missing, cannot be read, is not Python, or has none of the names.
    """
    try:
        student_files.require_usable(directory, f"{module}.py")
    except student_files.UnusableFile as fault:
        raise UserError(str(fault)) from None
    finder, folder = student_modules.installed(), directory.resolve()
    if finder is None or finder.directory != folder:
        student_modules.install(folder)
    found = importlib.import_module(module)
    for name in names:
        if hasattr(found, name):
            return getattr(found, name)
    raise UserError(f"{module}.py has no {names[0]}; was it renamed or deleted?")


def model_class(directory: Path) -> Any:
    """Question 7's class, also under its name in another edition; takes block_size, n_embd, n_layer, vocab_size."""
    return find(directory, "gpt_model", "GPT", "Character_GPT")
