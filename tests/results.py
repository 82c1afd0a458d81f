"""For tests of Gradescope: a valid results document, a submission on disk."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from tests.support import PROJECT

SCHEMA = json.loads((PROJECT / "tests" / "results_schema.json").read_text(encoding="utf-8"))
WANTED = ("losses.py", "models.py", "train.py")


def validated(document: object) -> dict:
    """A results document that is valid, after the way through strict JSON."""
    again = json.loads(json.dumps(document, allow_nan=False))
    jsonschema.validate(again, SCHEMA)
    return again


def write(directory: Path, files: dict[str, str]) -> Path:
    """Files with their folders in a directory; gives the directory."""
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    return directory
