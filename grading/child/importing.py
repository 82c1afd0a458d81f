"""Finds the student's modules in their folder, whatever else carries the same names."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

# A file of one of these names in the student's folder is passed over: the project's own is used.
PROVIDED = ("backend", "data", "grading", "pictures", "test_cases", "autograder", "chargpt", "gpt", "haiku_bot")


class StudentFinder:
    """Resolves top-level imports from the student's folder before any other place is asked.

    Names of the standard library, of installed packages that the project uses, and of the project's provided
    modules are left alone, so a stray `random.py` or `torch.py` beside the student's files changes nothing.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._reserved = {*sys.stdlib_module_names, *PROVIDED, "torch", "numpy", "matplotlib", "tqdm"}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The import system's hook; see `importlib.abc.MetaPathFinder.find_spec`."""
        file = self.directory / f"{name}.py"
        if path is not None or name in self._reserved or not file.is_file():
            return None
        return importlib.util.spec_from_file_location(name, file)


def install(directory: Path) -> None:
    """Make the student's folder the source of the student's modules, forgetting those of an earlier folder."""
    uninstall()
    sys.meta_path.insert(0, StudentFinder(directory))
    sys.dont_write_bytecode = True


def uninstall() -> None:
    """Undo `install`: remove the finder and the modules that it brought."""
    for finder in [finder for finder in sys.meta_path if isinstance(finder, StudentFinder)]:
        sys.meta_path.remove(finder)
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and Path(file).parent == finder.directory and name not in finder._reserved:
                del sys.modules[name]


def find(names: list[str]) -> object | None:
    """The first that exists of several dotted names such as `models.PerceptronModel`, or None.

    Importing the module runs the student's code; whatever that raises passes through.
    """
    for name in names:
        module_name, _, attribute = name.rpartition(".")
        module = importlib.import_module(module_name)
        if hasattr(module, attribute):
            return getattr(module, attribute)
    return None
