"""What a student file imports, and what it uses of that. Files are read as text, never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from startup.names import PACKAGES


@dataclass(frozen=True)
class Import:
    """One name that an import statement brings.

    Attributes:
        line: of the statement.
        module: that is imported, such as `torch.nn`; with its dots if it is relative to no package.
        reached: the full dotted name, such as `torch.nn.Linear`.
        bound: the name in the file, such as `Linear`; `*` for all there are.
    """

    line: int
    module: str
    reached: str
    bound: str


def imports(tree: ast.Module, module: str) -> Iterator[Import]:
    """Every import anywhere in the file of a module, statement by statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, alias.name, alias.asname or alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            source = absolute(node, module)
            for alias in node.names:
                yield Import(node.lineno, source, f"{source}.{alias.name}", alias.asname or alias.name)


def absolute(node: ast.ImportFrom, module: str) -> str:
    """The module that `from ... import` reads, in a file of another module; with its dots if there is no such one."""
    package = module.rpartition(".")[0]
    if node.level == 1 and package:
        return f"{package}.{node.module}" if node.module else package
    return "." * node.level + (node.module or "")


def without_dots(found: Import) -> str:
    """How a relative import of a student's file begins when it is written as the project needs it; "" for others."""
    if not found.module.startswith("."):
        return ""
    module = found.module.lstrip(".")
    return f"from {module} import" if module else f"import {found.reached.lstrip('.')}"


def imported_modules(found: Import) -> list[str]:
    """The modules that an import runs: `from electives import recurrent` names modules."""
    return [found.module, found.reached] if found.module in PACKAGES else [found.module]


def used_names(tree: ast.Module) -> set[str]:
    """The names that a file reads or deletes, or lists in `__all__`."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            names |= {str(node.value) for node in ast.walk(statement) if isinstance(node, ast.Constant)}
    return names


def names_taken(tree: ast.Module, module: str) -> set[str]:
    """What another file takes from a module: `from models import np`, `models.np`, or any name after a `*`."""
    taken: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            names = {alias.name for alias in node.names}
            taken |= used_names(tree) if "*" in names else names
        elif isinstance(node, ast.Attribute) and _dotted(node.value) == module:
            taken.add(node.attr)
    return taken


def _dotted(node: ast.expr) -> str:
    """The dotted name that an expression is, such as `torch.nn`; "" if it is none."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def names_reached(tree: ast.Module, brought: Sequence[Import]) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of whatever is reached through an import: `nn.Conv2d` as `torch.nn.Conv2d`.

    Args:
        brought: the imports of the file.
    """
    known, used = _known(brought), used_names(tree)
    for found in brought:
        if found.reached != found.module and found.bound in used:
            yield found.line, found.reached
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, others = _dotted(node).partition(".")
            if first in known:
                yield node.lineno, f"{known[first]}.{others}"


def methods_called(tree: ast.Module, brought: Sequence[Import]) -> Iterator[tuple[int, str]]:
    """Line and name of each method that is called on a value: neither on an import nor on `self` or `super()`.

    Args:
        brought: the imports of the file.
    """
    known = _known(brought)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if _dotted(owner).partition(".")[0] not in known and ast.unparse(owner) not in ("self", "cls", "super()"):
                yield node.lineno, node.func.attr


def names_in_classes(tree: ast.Module) -> set[str]:
    """What the classes of a file define, and the attributes that a file sets: `self.gate = ...` sets `gate`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names |= defined_names(ast.Module(node.body, []))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return names


def _known(brought: Sequence[Import]) -> dict[str, str]:
    """The full dotted name of each name that an import brings."""
    known = {}
    for found in brought:
        is_plain = found.reached == found.module and found.bound == found.module.partition(".")[0]
        known[found.bound] = found.bound if is_plain else found.reached
    return known


def defined_names(tree: ast.Module) -> set[str]:
    """The names that a file defines, imports or assigns at its top."""
    names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    names |= {found.bound for statement in tree.body for found in imports(ast.Module([statement], []), "")}
    for statement in tree.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names
