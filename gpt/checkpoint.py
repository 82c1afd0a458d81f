"""The checkpoint of a training run: what it holds, and where."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from gpt.config import Config
from training import checkpoint

FILE_NAME = "checkpoint.pt"
KEYS = ("config", "characters", "text_digest", "text_name", "model", "trainer", "history")
FULL = "Make room, or choose another --out."
RETRAIN = "Train a new one: python chargpt.py"


def load(path: Path) -> dict[str, Any]:
    """Read what `Run.save` wrote.

    Raises:
        UserError: it is missing, damaged, or another program's.
    """
    return checkpoint.load(path, KEYS, RETRAIN)


def config_of(contents: dict[str, Any]) -> Config:
    """The configuration that a checkpoint was trained with."""
    known = {field.name for field in fields(Config)}
    return Config(**{name: value for name, value in contents["config"].items() if name in known})
