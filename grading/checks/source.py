"""Reads student files as text, never running them: syntax, imports, and stubs that are still empty."""

from __future__ import annotations

import ast
import contextlib
import fnmatch
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grading.checks import modules, other_editions, stubs
from grading.checks.imports import (
    Import,
    absolute,
    defined_names,
    imported_modules,
    imports,
    methods_called,
    names_in_classes,
    names_reached,
    names_taken,
    used_names,
    without_dots,
)
from grading.checks.stubs import Stub
from grading.outcomes import CheckFailed
from startup import student_files
from startup.names import IMPORTABLE, PACKAGES, is_reserved

ALLOWED = "Allowed are torch, numpy, the project's own files and harmless parts of the standard library."
NO_PACKAGE = "A dot before the name means a package. The student files are no package."
# the methods of tensors that do what a function does that some question forbids; other methods are never looked at
TENSOR_METHODS = frozenset({"corrcoef", "lerp", "lerp_", "log_softmax", "logsumexp", "sigmoid", "sigmoid_", "softmax"})
MAX_FILES = 100  # of a folder, looked through for uses of an import


@dataclass(frozen=True)
class SourceFile:
    """A student file that parses.

    Attributes:
        name: relative to the student's folder, such as `electives/optimizers.py`.
        tree: its syntax tree.
    """

    name: str
    tree: ast.Module

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import anywhere in it, statement by statement."""
        return tuple(imports(self.tree, modules.of_file(self.name)))

    @cached_property
    def stubs(self) -> tuple[Stub, ...]:
        """What is unfilled or left over in it. Each request to the student's process asks for that."""
        return tuple(stubs.find(self.tree))

    @cached_property
    def defined_names(self) -> set[str]:
        """What it defines, imports or assigns at its top. Each request asks for that, too."""
        return defined_names(self.tree)


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
            module: such as `models` or `electives.optimizers`.
            allowed: patterns of dotted names that may be imported, such as `torch*`.
            forbidden: patterns of dotted names that may not be used at all, even where an allowed module has them.
        Raises:
            CheckFailed: a file is missing, unreadable or no Python, or imports what it may not; names file and line.
        """
        if (module, allowed, forbidden) in self._permitted:
            return
        reached = list(self._reached_from(module))
        own_names = set().union(*(names_in_classes(file.tree) for _, file in reached))
        for name, file in reached:
            for line, used in _ready_made(file, forbidden, own_names):
                raise CheckFailed(
                    f"{file.name}:{line} uses {used}, which is ready-made. Build it yourself from the basic operations."
                )
            unused = self._unused(name, allowed, forbidden)
            for found in file.imports:
                if found not in unused and (outside := self._outside(found, allowed)):
                    place = f"{file.name}:{found.line} imports {outside}"
                    if written := without_dots(found):
                        raise CheckFailed(f"{place}. {NO_PACKAGE} Write `{written}` there.")
                    if self.is_absent(outside):
                        raise CheckFailed(
                            f"{place}. There is no file {modules.file_name(outside)} beside it, and the project "
                            f"permits no package of this name. {ALLOWED} Put the file there, or remove line "
                            f"{found.line}."
                        )
                    raise CheckFailed(
                        f"{place}, which this project may not use. {ALLOWED} Remove line {found.line}."
                        f"{self._not_used(outside)}"
                    )
        self._permitted.add((module, allowed, forbidden))

    def left_out(
        self, targets: Iterable[str], allowed: tuple[str, ...], forbidden: tuple[str, ...]
    ) -> dict[str, list[Import]]:
        """The imports that the project does not permit and that nothing uses: the student's process leaves them out.

        Args:
            targets: whose files are meant, with the student files that those import.
            allowed, forbidden: as in `require_permitted`.
        Returns:
            those of each file that has any, by the file's name. A file that cannot be read has none.
        """
        found: dict[str, list[Import]] = {}
        for module in sorted({modules.split(target)[0] for target in targets}):
            with contextlib.suppress(CheckFailed):
                for name, file in self._reached_from(module):
                    if unused := self._unused(name, allowed, forbidden):
                        found[file.name] = unused
        return found

    def _reached_from(self, module: str) -> Iterator[tuple[str, SourceFile]]:
        """A student module and every student module that it imports, each once, with its file.

        Raises:
            CheckFailed: as `file` says.
        """
        waiting, seen = [module], {module}
        while waiting:
            name = waiting.pop()
            file = self.file(name)
            yield name, file
            for found in file.imports:
                for own in imported_modules(found):
                    own = modules.split(own)[0]
                    if own not in seen and not self._is_provided(own) and self._is_own(own):
                        seen.add(own)
                        waiting.append(own)

    def _unused(self, module: str, allowed: tuple[str, ...], forbidden: tuple[str, ...]) -> list[Import]:
        """The imports of a module that are not permitted, and whose name neither this file nor another reads."""
        file = self.file(module)
        candidates = [
            found
            for found in file.imports
            if found.bound != "*" and (self._outside(found, allowed) or _matches(found.reached, forbidden))
        ]
        if not candidates:
            return []
        used = used_names(file.tree).union(*(names_taken(other, module) for other in self._other_trees(module)))
        return [found for found in candidates if found.bound not in used]

    def _other_trees(self, module: str) -> Iterator[ast.Module]:
        """The student's other files that can be read."""
        for path in sorted(self.directory.glob("*.py"))[:MAX_FILES]:
            if path.stem != module:
                with contextlib.suppress(CheckFailed):
                    yield self.file(path.stem).tree

    def _outside(self, found: Import, allowed: tuple[str, ...]) -> str:
        """The module of an import that the project does not permit; "" if all are permitted."""
        for imported in imported_modules(found):
            own = modules.split(imported)[0]
            if not (self._is_provided(imported) or self._is_own(own) or _matches(imported, allowed)):
                return imported
        return ""

    def _is_provided(self, imported: str) -> bool:
        return imported.partition(".")[0] in IMPORTABLE or imported in PACKAGES

    def _is_own(self, module: str) -> bool:
        """Whether a module means one of the student's files, whatever is in it."""
        return not is_reserved(module) and os.path.lexists(self.directory / modules.file_name(module))

    def imported_files(self, module: str) -> list[tuple[str, str]]:
        """The student files that a module's file imports, or a file behind it: `("models.py:7", "helper.py")`.

        Raises:
            CheckFailed: as `file` says.
        """
        return [
            (f"{file.name}:{found.line}", modules.file_name(own))
            for _, file in self._reached_from(module)
            for found in file.imports
            for own in {modules.split(imported)[0] for imported in imported_modules(found)}
            if not self._is_provided(own) and self._is_own(own)
        ]

    def is_absent(self, imported: str) -> bool:
        """Whether a module could be a file of the student's, such as `losses`, and there is none."""
        is_file_name = "." not in imported and not is_reserved(imported)
        return is_file_name and not os.path.lexists(self.directory / modules.file_name(imported))

    def _not_used(self, imported: str) -> str:
        """A sentence about a file that has the name of another module; "" if there is none."""
        if not os.path.lexists(self.directory / modules.file_name(imported)):
            return ""
        return f" Your file {modules.file_name(imported)} is not used: another module has that name."

    def file(self, module: str) -> SourceFile:
        """Parse a student module.

        Raises:
            CheckFailed: it is missing, unreadable, or not valid Python; names the file, the line and how to fix it.
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

    def is_written(self, names: Iterable[str]) -> bool:
        """Whether one of several names of a function or class is defined and filled in, or may be in a way not seen."""
        for module, name in map(modules.split, names):
            try:
                file = self.file(module)
            except CheckFailed:
                if self._is_own(module):
                    return True  # a file that cannot be read: running it will tell what is wrong
                continue
            unfinished = {stub.name for stub in file.stubs}
            if name in file.defined_names and name not in unfinished:
                return True
        return False

    def has_form_of_2024(self, name: str) -> bool:
        """Whether models.py has the methods that stood for a function of train.py or losses.py in 2024."""
        with contextlib.suppress(CheckFailed):
            return other_editions.has_method_of_2024(self.file("models").tree, name)
        return False

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
            if self._is_own(own := absolute(node, module))
            for stub in self.stubs(f"{own}.{alias.name}")
        ]

    def _unfinished(self, target: str) -> list[Stub]:
        module, name = modules.split(target)
        try:
            file = self.file(module)
        except CheckFailed:
            return []
        return [stub for stub in file.stubs if _belongs(stub.name, name)]


def _parse(directory: Path, name: str) -> ast.Module:
    try:
        return student_files.parse(directory, name)
    except student_files.UnusableFile as fault:
        raise CheckFailed(str(fault)) from None


def _ready_made(file: SourceFile, forbidden: tuple[str, ...], own_names: set[str]) -> Iterator[tuple[int, str]]:
    """Line and name of each use of what is forbidden, functions of torch before methods of its tensors.

    Args:
        own_names: what the student's own classes define. A method of this name need not be a tensor's.
    """
    for line, used in names_reached(file.tree, file.imports):
        if _matches(used.replace("torch.Tensor.", "torch."), forbidden):
            yield line, used
    for line, method in methods_called(file.tree, file.imports):
        if method in TENSOR_METHODS - own_names and is_forbidden(method, forbidden):
            yield line, f"the method {method}"


def is_forbidden(method: str, forbidden: Sequence[str]) -> bool:
    """Whether a method of a tensor does what a forbidden function does."""
    return _matches(f"torch.{method.rstrip('_')}", forbidden)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _belongs(qualified: str, target_name: str) -> bool:
    return qualified == target_name or qualified.startswith(target_name + ".")
