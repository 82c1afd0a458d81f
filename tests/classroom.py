"""Exports of a class as tests write them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

WANTED = ("losses.py", "models.py", "train.py")
FILES = dict.fromkeys(WANTED, "x = 1\n")
METADATA_OF_ONE = """---
submission_7:
  :submitters:
  - :name: Null
    :sid: 0012345
    :email: No@example.org
  :created_at: 2026-03-02 08:00:00.123 Z
  :score: 4.0
  :results: !ruby/object:ActiveSupport::HashWithIndifferentAccess
    output: ''
"""


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    return directory


def zip_of(path: Path, files: Mapping[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def inside(folder: str, files: dict[str, str] = FILES) -> dict[str, str]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def rows_of(content: bytes) -> list[dict[str, str]]:
    """The rows of a table of scores, by the names of columns."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def scores(tmp_path: Path, column: str = "score") -> dict[str, str]:
    """Scores, or another column, by name, of a class that was graded into the folder `out`."""
    return {row["name"]: row[column] for row in rows_of((tmp_path / "out" / "scores.csv").read_bytes())}
