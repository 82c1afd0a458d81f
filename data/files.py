"""Writes a file in one step: a reader finds the old content or the new one, never half of one.

The content goes to a temporary file in the same folder, then to the disk (fsync), then to its name (rename). Pillai et
al. (2014), "All File Systems Are Not Created Equal", section 2, give the reasons. A failure leaves what was there
before.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from pathlib import Path

ANYONE, OWNER = 0o666, 0o600  # permissions of a new file; the system's umask takes some of the first away
TRIAL_BYTES = 4096  # a block of a disk
REASONS = {
    errno.EACCES: "you have no permission to write there",
    errno.EEXIST: "a file is in the place of a folder",
    errno.EISDIR: "a folder is in the place of the file",
    errno.ENOENT: "the folder does not exist",
    errno.ENOSPC: "the disk is full",
    errno.ENOTDIR: "a file is in the place of a folder",
    errno.EPERM: "you have no permission to write there",
    errno.EROFS: "the disk can only be read",
}


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
    if is_stream(path):
        path.write_bytes(content)
    else:
        _replace(Path(os.path.realpath(path)), content, private)


def require_writable(path: Path, size_bytes: int = 0, *, make_parents: bool = False) -> None:
    """Find out before any work whether a file can be written. What is at `path` stays as it is.

    A block of bytes is written beside the file and removed again.

    Args:
        path: where the file will go.
        size_bytes: about how large the file will be.
        make_parents: make the folders that are missing on the way, and leave them.
    Raises:
        OSError: the file cannot be written; see `reason`.
    """
    if make_parents:
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if is_stream(path):  # opening a pipe would wait for a reader
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return
    file = Path(os.path.realpath(path))
    trial = file.with_name(f".{secrets.token_hex(8)}.part")
    try:
        _replace(trial, bytes(TRIAL_BYTES), private=True)
    finally:
        trial.unlink(missing_ok=True)
    if shutil.disk_usage(file.parent).free < size_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def reason(error: OSError) -> str:
    """Why a file cannot be written, in a clause without a full stop."""
    return REASONS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__


def is_stream(path: Path) -> bool:
    """Whether writing goes to a device, a pipe, or this process's own open file (/dev/stdout), and not to a name.

    A stream is written to as it is; what was written before cannot be replaced.
    """
    folder = os.path.realpath(path.parent)
    if folder == "/dev" or folder.startswith("/proc/"):
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
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
