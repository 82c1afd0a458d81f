"""Writes a file in one step: a reader finds the old content or the new one, never half of one.

The content goes to a temporary file in the same folder, then to the disk (fsync), then to its name (rename), as in
Pillai et al. (2014), "All File Systems Are Not Created Equal", section 2. A failure leaves what was there before.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

ANYONE, OWNER = 0o666, 0o600  # permissions of a new file; the system's umask takes some of the first away


def write_text(path: Path, text: str, *, private: bool = False, make_parents: bool = False) -> None:
    """Write text in UTF-8 with Unix line ends; otherwise as `write_bytes`.

    What UTF-8 cannot hold, such as half of a surrogate pair in a student's message, becomes a question mark.
    """
    write_bytes(path, text.encode("utf-8", "replace"), private=private, make_parents=make_parents)


def write_bytes(path: Path, content: bytes, *, private: bool = False, make_parents: bool = False) -> None:
    """Write a whole file.

    A link is followed. A device or a pipe is written to and stays what it is.

    Args:
        path: where to.
        content: all of it.
        private: only the owner may read and write the file, where the system knows owners. Otherwise an existing file
            keeps its permissions, and a new one gets the system's usual ones.
        make_parents: make the folders that are missing on the way.
    Raises:
        OSError: the file cannot be written. An earlier file is still there, whole, and no temporary one.
    """
    if make_parents:
        path.parent.mkdir(parents=True, exist_ok=True)
    if _is_stream(path):
        path.write_bytes(content)
    else:
        _replace(Path(os.path.realpath(path)), content, private)


def _is_stream(path: Path) -> bool:
    """Whether writing goes to a device, a pipe, or this process's own open file (/dev/stdout), and not to a name."""
    folder = os.path.realpath(path.parent)
    if folder == "/dev" or folder.startswith("/proc/"):
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _replace(path: Path, content: bytes, private: bool) -> None:
    """Replace the file at `path`, which is no link, by a new one."""
    kept = None if private or not path.exists() else stat.S_IMODE(path.stat().st_mode)
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # Windows has texts, too
    descriptor = os.open(temporary, flags, OWNER if private else ANYONE if kept is None else kept | stat.S_IWUSR)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if kept is not None:
            os.chmod(temporary, kept)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
