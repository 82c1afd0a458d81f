"""Reads student files as text, never running them, and says in a sentence why one cannot be read."""

from __future__ import annotations

import ast
import codecs
import io
import os
import re
import stat
import tokenize
from collections.abc import Iterator
from pathlib import Path

from startup import syntax
from startup.names import PACKAGES, is_reserved

# Byte order marks of encodings in which no Python file may be saved. UTF-32's marks begin as UTF-16's do.
FOREIGN_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
FOR_HOST_NAMES = ("idna", "punycode")  # encodings that need minutes for a long file
CONFLICT_MARKERS = ("<<<<<<< ", "=======", ">>>>>>> ")  # git begins the lines around two versions with these
NOTEBOOK_COMMANDS = ("%", "!")  # as in `%matplotlib inline` and `!pip install torch`: exported notebooks keep them
MAX_DEPTH = 100  # the project's own files have 21; readers of a tree call themselves some six times for each level
PUT_BACK = "Put the file back, or check --code-directory."  # the remedy on a student's own machine


class UnusableFile(Exception):
    """A student file is missing, cannot be read or is not Python. The text names the file, the fault and the fix."""


def parse(directory: Path, name: str) -> ast.Module:
    """The syntax tree of a student file.

    Args:
        directory: the student's folder.
        name: of the file in the folder, such as `models.py`, with forward slashes.
    Raises:
        UnusableFile: there is none.
    """
    content = _read(directory, name)
    text = _decoded(content, name)
    try:
        tree = syntax.parse(content, name)
    except SyntaxError as error:
        if conflict := _line_of_a_conflict(text):
            raise UnusableFile(
                f"{name} is not valid Python: line {conflict} begins a merge conflict of git. The lines `<<<<<<<`, "
                "`=======` and `>>>>>>>` surround two versions of your code. Keep the right version, and remove these "
                "lines."
            ) from None
        lines = text.splitlines()  # Python would look for the line in a file of this name in the current folder
        number = error.lineno or 0
        line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        if line.startswith(NOTEBOOK_COMMANDS):
            raise UnusableFile(
                f"{name} is not valid Python: line {number}, `{line}`, is a command of a notebook. Remove this line."
            ) from None
        place = f" See line {number}: `{line}`." if line else f" See line {number}." if number else ""
        raise UnusableFile(
            f"{name} is not valid Python: {error.msg}.{place} Fix this line first. `python {name}` shows the place."
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnusableFile(f"{name} is not valid Python: {error}. Is it a text file in UTF-8?") from None
    if _is_notebook(tree):
        raise UnusableFile(f"{name} holds a notebook, not Python code. Export the notebook as a Python file.")
    _require_shallow(tree, name)
    return tree


def missing(directory: Path, name: str) -> str:
    """What to say of a student file that is not there: which file may be the one, or that it should be put back."""
    return f"{name} is missing from {directory}. {found_instead(directory, name) or PUT_BACK}"


def found_instead(directory: Path, name: str) -> str:
    """Sentences about a file that may be the missing one under another name or in another folder; "" without one."""
    place = directory / name
    for folder in dict.fromkeys((place.parent, directory)):
        try:
            names = sorted(os.listdir(folder))
        except OSError:  # there is none, or it cannot be read
            continue
        for other in names:
            if is_like(other, place.name):
                verb = "rename" if folder == place.parent else "move"
                return f"There is a file {other}. Is this your file? Then {verb} it to {name}."
            if other == f"{place.stem}.ipynb":
                return f"There is a notebook {other}. Save its code as a Python file {name}."
    return ""


def is_like(found: str, name: str) -> bool:
    """True of `Models.py`, `models (1).py`, `models-2.py`, `models copy.py` and `models.py.txt` for `models.py`."""
    stem = re.escape(name.removesuffix(".py"))
    return re.fullmatch(rf"{stem}([ _-]*(\(\d+\)|\d+|copy))?\.py(\.txt)?", found, re.IGNORECASE) is not None


def require_usable(directory: Path, name: str) -> None:
    """Parse a student file and every student file that the file imports.

    Raises:
        UnusableFile: as `parse`, of the first file with a fault.
    """
    waiting, seen = [name], {name}
    while waiting:
        for imported in _imported(parse(directory, waiting.pop())):
            file = imported.replace(".", "/") + ".py"
            if file not in seen and os.path.lexists(directory / file):
                seen.add(file)
                waiting.append(file)


def _is_notebook(tree: ast.Module) -> bool:
    """Whether a file is the JSON of a notebook: Python reads it as one dictionary."""
    found = tree.body[0].value if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr) else None
    keys = found.keys if isinstance(found, ast.Dict) else []
    return any(isinstance(key, ast.Constant) and key.value == "cells" for key in keys)


def _require_shallow(tree: ast.Module, name: str) -> None:
    """Refuse a syntax tree that is too deep for its readers: Python limits how often a function calls itself."""
    level: list[ast.AST] = [tree]
    line = 0
    for _ in range(MAX_DEPTH):
        line = next((node.lineno for node in level if isinstance(node, (ast.stmt, ast.expr))), line)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise UnusableFile(
        f"{name}:{line} nests more than {MAX_DEPTH} statements and expressions in one another. Split this line into "
        "several."
    )


def _read(directory: Path, name: str) -> bytes:
    path = directory / name
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
            kind = "a folder" if path.is_dir() else "no ordinary file"
            raise UnusableFile(f"{name} is {kind}. Move it away and put your file {name} in its place.")
        return path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            raise UnusableFile(
                f"{name} is a link to a file that does not exist. Put the file itself in its place."
            ) from None
        raise UnusableFile(missing(directory, name)) from None
    except OSError as error:
        raise UnusableFile(f"{name} cannot be read ({error.strerror}). Check the file's permissions.") from None


def _decoded(content: bytes, name: str) -> str:
    """The text of a Python file, whose encoding is UTF-8, or the one that a comment at the top declares."""
    for mark, encoding in FOREIGN_MARKS:
        if content.startswith(mark):
            raise UnusableFile(f"{name} is saved in {encoding}. Save the file in UTF-8.")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except SyntaxError as error:  # of a comment that declares an encoding; or the first lines are not UTF-8
        if "unknown encoding" in str(error) or "encoding problem" in str(error):
            raise UnusableFile(
                f"{name}: {error.msg}. Remove the comment with the encoding, and save the file in UTF-8."
            ) from None
        encoding = "utf-8"
    try:
        if codecs.lookup(encoding).name in FOR_HOST_NAMES:
            raise LookupError
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        raise UnusableFile(
            f"{name} is not saved in {encoding.upper().removesuffix('-SIG')}: line {line} holds the byte 0x{byte:02x}. "
            "Save the file in UTF-8."
        ) from None
    except (LookupError, UnicodeError):  # Python knows the encoding, such as rot13, and no text is written in it
        raise UnusableFile(
            f"{name} declares the encoding {encoding}. Remove the comment with the encoding, and save the file in "
            "UTF-8."
        ) from None
    if b"\0" in content:
        raise UnusableFile(f"{name} holds zero bytes, so the file is not text. Save it in UTF-8, or copy it again.")
    return text


def _line_of_a_conflict(text: str) -> int:
    """The number of the line where the first conflict that git could not merge begins; 0 if there is none."""
    starts = [
        [number for number, line in enumerate(text.splitlines(), 1) if line.startswith(marker)]
        for marker in CONFLICT_MARKERS
    ]
    return starts[0][0] if all(starts) else 0


def _imported(tree: ast.Module) -> Iterator[str]:
    """The dotted names of modules that a file imports and that may be student files."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names if node.module in PACKAGES)]
        for name in names:
            top, _, rest = name.partition(".")
            if not is_reserved(top):
                yield f"{top}.{rest.partition('.')[0]}" if top in PACKAGES and rest else top
