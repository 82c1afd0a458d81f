"""Reads student files as text, never running them: syntax, imports, and stubs that are still empty."""

from __future__ import annotations

import ast
import fnmatch
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grading.checks import modules, stubs
from grading.checks.stubs import Stub
from grading.outcomes import CheckFailed

# Python 3.11 keeps one count of depth for the syntax trees of all threads: two at once can end in a SystemError.
_PARSING = threading.Lock()


@dataclass(frozen=True)
class SourceFile:
    """A student file that parses.

    Attributes:
        name: relative to the student's folder, such as `electives/recurrent.py`.
        tree: its syntax tree.
    """

    name: str
    tree: ast.Module


class StudentSource:
    """The student's folder as text.

    Args:
        directory: where models.py and the others lie.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._files: dict[str, SourceFile] = {}
        self._permitted: set[tuple[str, tuple[str, ...], tuple[str, ...]]] = set()

    def require_permitted(self, module: str, allowed: tuple[str, ...], forbidden: tuple[str, ...]) -> None:
        """Check a student module, and every student module that it imports, before it runs.

        Args:
            module: such as `models` or `electives.recurrent`.
            allowed: patterns of dotted names that may be imported, such as `torch*`.
            forbidden: patterns of dotted names that may not be used at all, even where an allowed module has them.
        Raises:
            CheckFailed: a file is missing, unreadable or no Python, or imports what it may not; names file and line.
        """
        if (module, allowed, forbidden) in self._permitted:
            return
        waiting, seen = [module], set()
        while waiting:
            name = waiting.pop()
            seen.add(name)
            file = self.file(name)
            for line, used in _names_used(file.tree):
                if any(fnmatch.fnmatchcase(used, pattern) for pattern in forbidden):
                    raise CheckFailed(
                        f"{file.name}:{line} uses {used}, a ready-made layer. "
                        "Build it yourself from the basic operations."
                    )
            for line, imported in _imports(file.tree, name):
                if imported.partition(".")[0] in modules.IMPORTABLE or imported in modules.PACKAGES:
                    continue
                own = modules.split(imported)[0]
                if (self.directory / modules.file_name(own)).is_file():
                    waiting += [own] if own not in seen else []
                elif not any(fnmatch.fnmatchcase(imported, pattern) for pattern in allowed):
                    raise CheckFailed(
                        f"{file.name}:{line} imports {imported}, which is outside what this project may use "
                        "(torch, numpy, the project's own files, harmless parts of the standard library). "
                        f"Remove line {line}."
                    )
        self._permitted.add((module, allowed, forbidden))

    def file(self, module: str) -> SourceFile:
        """Parse a student module.

        Raises:
            CheckFailed: it is missing, unreadable, or not valid Python; names the file, the line and the mend.
        """
        if module not in self._files:
            name = modules.file_name(module)
            self._files[module] = SourceFile(name, _parse(self.directory, name))
        return self._files[module]

    def stubs(self, target: str) -> list[str]:
        """What is still unfilled of a target such as `models.PerceptronModel`: `name (file:line)` for each.

        A file that cannot be read has no stubs to tell of; running it will tell what is wrong.
        """
        return [self.described(target, stub) for stub in self._unfinished(target) if not stub.is_written]

    def left_over(self, target: str) -> list[Stub]:
        """The functions of a target that are written, and still hold a line that raises NotImplementedError."""
        return [stub for stub in self._unfinished(target) if stub.is_written]

    def described(self, target: str, stub: Stub) -> str:
        """A stub of a target as students read it: `RegressionModel.forward (models.py:50)`."""
        return f"{stub.name} ({modules.file_name(modules.split(target)[0])}:{stub.line})"

    def imported_stubs(self, module: str) -> list[str]:
        """What is still unfilled of the functions and classes that a student module imports from another."""
        try:
            tree = self.file(module).tree
        except CheckFailed:
            return []
        return [
            stub
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if (self.directory / modules.file_name(own := _absolute(node, module))).is_file()
            for stub in self.stubs(f"{own}.{alias.name}")
        ]

    def _unfinished(self, target: str) -> list[Stub]:
        module, name = modules.split(target)
        try:
            file = self.file(module)
        except CheckFailed:
            return []
        return [stub for stub in stubs.find(file.tree) if _belongs(stub.name, name)]


def _parse(directory: Path, name: str) -> ast.Module:
    try:
        source = (directory / name).read_bytes()
        with _PARSING:
            return ast.parse(source, filename=name)
    except FileNotFoundError:
        raise CheckFailed(
            f"{name} is missing from {directory}. Put the file back, or check --code-directory."
        ) from None
    except OSError as error:
        raise CheckFailed(f"{name} cannot be read ({error.strerror}). Check the file's permissions.") from None
    except SyntaxError as error:
        text = (error.text or "").strip()
        raise CheckFailed(
            f"{name} is not valid Python: {error.msg} (line {error.lineno}{': ' + text if text else ''}). "
            f"Try `python {name}` and mend that line first."
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise CheckFailed(f"{name} is not valid Python: {error}. Is it a text file in UTF-8?") from None


def _imports(tree: ast.Module, module: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each module that is imported anywhere in the file of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported = _absolute(node, module)
            yield node.lineno, imported
            if imported in modules.PACKAGES:  # `from electives import recurrent` names modules
                yield from ((node.lineno, f"{imported}.{alias.name}") for alias in node.names)


def _absolute(node: ast.ImportFrom, module: str) -> str:
    """The module that `from ... import` reads, in a file of another module; with its dots if there is no such one."""
    package = module.rpartition(".")[0]
    if node.level == 1 and package:
        return f"{package}.{node.module}" if node.module else package
    return "." * node.level + (node.module or "")


def _names_used(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of whatever is reached through an import: `nn.Conv2d` as `torch.nn.Conv2d`."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                known[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield node.lineno, f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts, inner = [node.attr], node.value
            while isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name) and inner.id in known:
                yield node.lineno, ".".join([known[inner.id], *reversed(parts)])


def _belongs(qualified: str, target_name: str) -> bool:
    return qualified == target_name or qualified.startswith(target_name + ".")
