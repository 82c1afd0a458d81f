"""Finds the student's modules in their folder, whatever else carries the same names."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

INSTALLED = ("torch", "numpy", "matplotlib", "tqdm")  # packages that the project uses


class StudentFinder:
    """Resolves imports from the student's folder before any other location is asked.

    Names of the standard library, of installed packages that the project uses, and of the project's provided modules
    are left alone, so a stray `random.py` or `torch.py` beside the student's files changes nothing.

    Args:
        directory: the student's folder.
        provided: the project's own top-level modules.
        packages: folders in it whose files are student modules, such as `electives`.
    """

    def __init__(self, directory: Path, provided: Collection[str], packages: Collection[str]) -> None:
        self.directory = directory
        self._packages = set(packages)
        self._reserved = {*sys.stdlib_module_names, *provided, *INSTALLED}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The import system's hook; see `importlib.abc.MetaPathFinder.find_spec`."""
        package, _, module = name.rpartition(".")
        if not package and name in self._packages and (self.directory / name).is_dir():
            spec = importlib.machinery.ModuleSpec(name, None, is_package=True)  # needs no __init__.py
            spec.submodule_search_locations = [str(self.directory / name)]
            return spec
        if (package and package not in self._packages) or (not package and name in self._reserved):
            return None
        file = self.directory / package / f"{module}.py"
        return importlib.util.spec_from_file_location(name, file) if file.is_file() else None

    def has(self, file: str | None) -> bool:
        """Whether a file is one of the student's modules."""
        if not file:
            return False
        path = Path(file)
        if path.parent == self.directory:
            return path.stem not in self._reserved
        return path.parent.parent == self.directory and path.parent.name in self._packages


def install(directory: Path, provided: Collection[str] = (), packages: Collection[str] = ()) -> StudentFinder:
    """Make the student's folder the source of the student's modules, forgetting those of an earlier folder."""
    uninstall()
    finder = StudentFinder(directory, provided, packages)
    sys.meta_path.insert(0, finder)
    sys.dont_write_bytecode = True
    return finder


def uninstall() -> None:
    """Undo `install`: remove the finder and the modules that it brought."""
    for finder in [finder for finder in sys.meta_path if isinstance(finder, StudentFinder)]:
        sys.meta_path.remove(finder)
        for name, module in list(sys.modules.items()):
            if finder.has(getattr(module, "__file__", None)) or name in finder._packages:
                del sys.modules[name]


def find(names: Sequence[Sequence[str]]) -> Any:
    """The first that exists of several names, pairs such as `("models", "PerceptronModel")`; or None.

    Importing the module runs the student's code; whatever that raises passes through.
    """
    for module_name, attribute in names:
        module = importlib.import_module(module_name)
        if hasattr(module, attribute):
            return getattr(module, attribute)
    return None
