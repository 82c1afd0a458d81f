"""Finds the student's modules in their folder, whatever else carries the same names."""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePath
from types import FrameType, ModuleType
from typing import Any

from startup import names, syntax

FOR_WORKERS = "NN_STUDENT_MODULES"  # the environment variable that tells loaders' workers what `install` was given
LIBRARIES = ("site-packages", "dist-packages")  # folders of installed packages
# Modules of the standard library that import what somebody else named.
ON_BEHALF = ("importlib", "multiprocessing", "pickle", "runpy")

LeftOut = Mapping[str, Sequence[Sequence[Any]]]


class StudentFinder:
    """Resolves imports from the student's folder before any other location is asked.

    Reserved names are left alone (`startup.names`), so a stray `random.py` or `torch.py` beside the student's files
    changes nothing. Installed packages and the standard library do not see the folder at all: torch asks for packages
    by names such as `sympy`, `cuda` and `tree`, which a student's file may have.

    Args:
        directory: the student's folder.
        left_out: imports that are not carried out: pairs of a line and the name that it binds, by file name.
    """

    def __init__(self, directory: Path, left_out: LeftOut | None = None) -> None:
        self.directory = directory
        self._left_out = {file: {(line, name) for line, name in rows} for file, rows in (left_out or {}).items()}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The import system's hook; see `importlib.abc.MetaPathFinder.find_spec`."""
        package, _, module = name.rpartition(".")
        if not package and name in names.PACKAGES and (self.directory / name).is_dir():
            spec = importlib.machinery.ModuleSpec(name, None, is_package=True)  # needs no __init__.py
            spec.submodule_search_locations = [str(self.directory / name)]
            return spec
        if (package and package not in names.PACKAGES) or (not package and names.is_reserved(name)):
            return None
        file = self.directory / package / f"{module}.py"
        if not file.is_file() or _is_of_a_library(sys._getframe(1)):
            return None
        left_out = self._left_out.get(file.relative_to(self.directory).as_posix())
        loader = _LeavingOut(name, str(file), left_out) if left_out else None
        return importlib.util.spec_from_file_location(name, file, loader=loader)

    def has(self, file: str | None) -> bool:
        """Whether a file is one of the student's modules."""
        if not file:
            return False
        path = Path(file)
        if path.parent == self.directory:
            return not names.is_reserved(path.stem)
        return path.parent.parent == self.directory and path.parent.name in names.PACKAGES


class _LeavingOut(importlib.machinery.SourceFileLoader):
    """Loads a student file without some of its imports; every other line keeps its number.

    Args:
        fullname, path: of the module.
        left_out: line and bound name of each import.
    """

    def __init__(self, fullname: str, path: str, left_out: Collection[tuple[int, str]]) -> None:
        super().__init__(fullname, path)
        self._left_out_names = left_out

    def get_code(self, fullname: str) -> Any:
        """The code of the file as it stands; compiled code from an earlier run would hold the imports."""
        path = self.get_filename(fullname)
        tree = syntax.parse(self.get_data(path), path)
        return compile(_Remover(self._left_out_names).visit(tree), path, "exec")


class _Remover(ast.NodeTransformer):
    """Takes names out of import statements; a statement that is left with none becomes `pass`."""

    def __init__(self, left_out: Collection[tuple[int, str]]) -> None:
        self._left_out = left_out

    def visit_Import(self, node: ast.Import) -> ast.stmt:
        return self._without(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        return self._without(node)

    def _without(self, node: ast.Import | ast.ImportFrom) -> ast.stmt:
        def bound(alias: ast.alias) -> str:
            return alias.asname or (alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name)

        node.names = [alias for alias in node.names if (node.lineno, bound(alias)) not in self._left_out]
        return node if node.names else ast.copy_location(ast.Pass(), node)


def install(directory: Path, left_out: LeftOut | None = None) -> StudentFinder:
    """Make the student's folder the source of the student's modules, forgetting those of an earlier folder.

    Worker processes of data loaders do the same when they begin (`install_in_worker`).
    """
    uninstall()
    finder = StudentFinder(directory, left_out)
    sys.meta_path.insert(0, finder)
    sys.dont_write_bytecode = True
    os.environ[FOR_WORKERS] = json.dumps([str(directory), left_out or {}])
    return finder


def install_in_worker() -> None:
    """Do what the process has done that started this one."""
    if told := os.environ.get(FOR_WORKERS):
        directory, left_out = json.loads(told)
        install(Path(directory), left_out)


def installed() -> StudentFinder | None:
    """The finder that `install` has made the current one."""
    return next((finder for finder in sys.meta_path if isinstance(finder, StudentFinder)), None)


def uninstall() -> None:
    """Undo `install`: remove the finder and the modules that it brought."""
    while (finder := installed()) is not None:
        sys.meta_path.remove(finder)
        os.environ.pop(FOR_WORKERS, None)
        for name, module in list(sys.modules.items()):
            if finder.has(getattr(module, "__file__", None)) or name in names.PACKAGES:
                del sys.modules[name]


def find(candidates: Sequence[Sequence[str]]) -> Any:
    """The first that exists of several names, pairs such as `("models", "PerceptronModel")`; or None.

    Importing the module runs the student's code; whatever that raises passes through.
    """
    for module_name, attribute in candidates:
        module = importlib.import_module(module_name)
        if hasattr(module, attribute):
            return getattr(module, attribute)
    return None


def _is_of_a_library(frame: FrameType | None) -> bool:
    """Whether the import that this frame serves stands in the standard library or an installed package."""
    while frame is not None:
        importer = frame.f_globals
        top = str(importer.get("__name__", "")).partition(".")[0]
        if top not in ON_BEHALF:
            file = str(importer.get("__file__") or "")
            return top in sys.stdlib_module_names or not {*LIBRARIES}.isdisjoint(PurePath(file).parts)
        frame = frame.f_back
    return False
