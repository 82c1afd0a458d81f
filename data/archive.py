"""Reading `.npz` files with errors a student can act on."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np


class DataError(Exception):
    """A dataset is missing, unreadable or not what it should be; the text names the file and how to fix it."""


def read_archive(path: Path, keys: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
    """Read the named members of a `.npz` file, or all of them, never unpickling anything.

    Raises:
        DataError: the file is missing, is not a `.npz` archive, is damaged, or lacks a member.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            keys = tuple(archive.files) if keys is None else keys
            missing = [key for key in keys if key not in archive.files]
            if missing:
                raise DataError(
                    f"{path}: lacks {', '.join(missing)} (it holds {', '.join(archive.files)}). {HOW_TO_FIX}"
                )
            return {key: archive[key] for key in keys}
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: no such file. {HOW_TO_FIX}") from None
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: not a readable .npz file ({error}). {HOW_TO_FIX}") from error


HOW_TO_FIX_BUILT_IN = "Put the original file back: download the project again, or `git checkout data`."
HOW_TO_FIX = (
    "Put the original file back (for the built-in data: download the project again, or `git checkout data`; "
    "for the real digits: `python -m data.download mnist`)."
)


def read_text(path: Path) -> str:
    """Read a text of the built-in data, in UTF-8.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not readable as text ({error}). {HOW_TO_FIX_BUILT_IN}") from None


def require(path: Path, condition: bool, fault: str) -> None:
    """Raise a `DataError` that names the file unless the condition holds."""
    if not condition:
        raise DataError(f"{path}: {fault}. {HOW_TO_FIX}")
