"""Where the project's modules come from: out of the project's folder by name, and nothing else out of that folder."""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from startup import PROJECT_PATH
from startup.names import PROVIDED


class ProjectFinder:
    """Finds the project's own top-level modules in the project's folder."""

    def __init__(self) -> None:
        source = importlib.machinery.SourceFileLoader, importlib.machinery.SOURCE_SUFFIXES
        self._finder = importlib.machinery.FileFinder(PROJECT_PATH, source)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The import system's hook; see `importlib.abc.MetaPathFinder.find_spec`."""
        return self._finder.find_spec(name) if path is None and name in PROVIDED else None


def install() -> None:
    """Ask a `ProjectFinder` before any other finder, for the rest of this process."""
    if not any(isinstance(finder, ProjectFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, ProjectFinder())


def command(statement: str, *arguments: str) -> list[str]:
    """The command line of a Python process that runs statements with the project's modules, and with no stray ones.

    The statements find the arguments in `sys.argv[1:]`.
    """
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); from startup.launch import protect; protect()\n"
    return [sys.executable, "-P", "-c", start + statement, PROJECT_PATH, *arguments]
