"""Finds what is still unfilled in a student file, and what is filled but still raises NotImplementedError."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grading.checks import other_editions

GIVEN_ATTRIBUTES = ("convolution_weights",)  # parameters that the starters themselves make
LOOPS = (ast.For, ast.While, ast.AsyncFor)
ENDS_A_BLOCK = (ast.Return, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True)
class Stub:
    """A function that is unfilled, or that is written but not rid of its last line.

    Attributes:
        name: qualified, such as `RegressionModel.forward`.
        line: to fill in, or the one to remove.
        is_written: whether it has code of its own.
        is_reached: whether the line can run; behind a return it cannot.
    """

    name: str
    line: int
    is_written: bool = False
    is_reached: bool = True


def find(tree: ast.Module) -> Iterator[Stub]:
    """Every stub among a file's functions and methods, in their order."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and (stub := _stub(node, node.name)):
            yield stub
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and (stub := _stub(inner, f"{node.name}.{inner.name}")):
                    yield stub


def _stub(function: ast.FunctionDef, name: str) -> Stub | None:
    """What the function lacks, or None if it is as it should be."""
    line = _line_to_fill_in(function.body)
    if line is not None and not _is_written(function):
        return Stub(name, line)
    for block in _blocks(function.body):
        ended = False
        for statement in block:
            if _raises(statement) and ended:
                return Stub(name, statement.lineno, is_written=True, is_reached=False)
            ended = ended or isinstance(statement, ENDS_A_BLOCK)
    last = function.body[-1]
    while isinstance(last, ast.With):
        last = last.body[-1]
    return Stub(name, last.lineno, is_written=True) if _raises(last) else None


def _line_to_fill_in(body: Sequence[ast.stmt]) -> int | None:
    """The line where the code belongs: of the raise, of another edition's mark, or the end of an empty body."""
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.stmt) and _raises(node):
            return node.lineno
    if all(map(_does_nothing, body)):
        return body[-1].lineno
    return other_editions.unfilled_line(body)


def _is_written(function: ast.FunctionDef) -> bool:
    """Whether a function has code of its own. The starters give some lines: those do not count.

    An __init__ makes something, any other function returns something or has a loop.
    """
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    if function.name == "__init__":
        return not all(map(_is_given, function.body))
    empty = other_editions.empty_names(nodes)
    returned = [node.value for node in nodes if isinstance(node, ast.Return) and node.value is not None]
    return any(isinstance(node, LOOPS) for node in nodes) or any(
        not (isinstance(value, ast.Name) and value.id in empty) for value in returned
    )


def _is_given(statement: ast.stmt) -> bool:
    """True of what does nothing, of a raise, of a plain constant, and of what the starters make."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if all(isinstance(target, ast.Attribute) and target.attr in GIVEN_ATTRIBUTES for target in targets):
            return True
        try:
            ast.literal_eval(statement.value or ast.Constant(None))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return False
        return True
    return _does_nothing(statement) or _raises(statement)


def _blocks(body: Sequence[ast.stmt]) -> Iterator[Sequence[ast.stmt]]:
    """A block and the blocks inside it; not those of functions inside it."""
    yield body
    for statement in body:
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            for field in ("body", "orelse", "finalbody"):
                if inner := getattr(statement, field, None):
                    yield from _blocks(inner)


def _raises(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Raise) and "NotImplementedError" in ast.unparse(statement)


def _does_nothing(statement: ast.stmt) -> bool:
    """True of a docstring, `...`, `pass` and `super().__init__()`."""
    if isinstance(statement, ast.Expr):
        call = ast.unparse(statement.value)
        return isinstance(statement.value, ast.Constant) or (call.startswith("super(") and call.endswith(".__init__()"))
    return isinstance(statement, ast.Pass)
