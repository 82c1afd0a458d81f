"""The map of files, docs/file_map.md: every Python file with the first sentence of its docstring."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import PurePosixPath

PATH = "docs/file_map.md"
MARK = "files"
# Folders whose files are of one kind: the map says which, and does not list them.
OF_ONE_KIND = {
    "staff/build/digits/glyphs": "One file for each digit: the control points of its styles.",
    "staff/evidence/hostile/attacks": "One file for each attack: code that is added to a reference solution.",
    "tests": "One file for each part of the project.",
    "tests/other_edition": "A solution that was written for another edition of this assignment.",
}
TOP = "The top folder"


class FileMapError(Exception):
    """A file has no docstring; the text says which."""


def file_map(files: Mapping[str, bytes]) -> str:
    """One table for each folder.

    Args:
        files: content by path in the repository; only Python files are looked at.
    Raises:
        FileMapError: a file has no docstring, or is not valid Python.
    """
    folders: dict[str, list[str]] = defaultdict(list)
    for path in sorted(files):
        if path.endswith(".py") and files[path].strip():
            folders[PurePosixPath(path).parent.as_posix()].append(path)
    return "\n\n".join(_section(folder, paths, files) for folder, paths in sorted(folders.items(), key=_order))


def _order(item: tuple[str, list[str]]) -> tuple[bool, str]:
    return item[0] != ".", item[0]


def _section(folder: str, paths: list[str], files: Mapping[str, bytes]) -> str:
    heading = f"## {TOP}" if folder == "." else f"## {folder}/"
    if folder in OF_ONE_KIND:
        return f"{heading}\n\n{OF_ONE_KIND[folder]}"
    rows = [f"| `{PurePosixPath(path).name}` | {_sentence(path, files[path])} |" for path in paths]
    return "\n".join([heading, "", "| file | content |", "|---|---|", *rows])


def _sentence(path: str, content: bytes) -> str:
    """The first sentence of a module's docstring, fit for a cell of a table."""
    try:
        text = ast.get_docstring(ast.parse(content.decode()))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise FileMapError(f"{path}: {error}") from error
    if not text:
        raise FileMapError(f"{path} has no docstring, which docs/file_map.md would show")
    paragraph = " ".join(text.split("\n\n")[0].split())
    sentence = re.split(r"(?<=[.?!])\s", paragraph, maxsplit=1)[0]
    return sentence.rstrip(".:").replace("|", "\\|")
