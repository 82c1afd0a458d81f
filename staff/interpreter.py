"""A Python for student processes with a user of their own, who must be able to enter the folders it runs from."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from grading.isolation.sandbox import is_root


class NoInterpreter(Exception):
    """There is no Python here that student processes could use; the text says why."""


def interpreter() -> tuple[str, str]:
    """A Python that an unprivileged user can run, and what PYTHONPATH must hold for it to find torch.

    Raises:
        NoInterpreter: ours lies where only root may look, as in /root, and no other fits.
    """
    packages = sysconfig.get_paths()["purelib"]
    if not is_root() or all(map(_is_open_to_all, (os.path.dirname(os.__file__), packages))):
        return sys.executable, ""
    other = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if os.access(other, os.X_OK) and _is_open_to_all(packages):
        return other, packages
    raise NoInterpreter(f"Python or its packages ({packages}) lie in a folder that only root can enter")


def _is_open_to_all(path: str) -> bool:
    place = Path(path).resolve()
    return all(folder.stat().st_mode & 0o001 for folder in (place, *place.parents))
