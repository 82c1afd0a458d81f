"""Describes the tensors that took part in the expression that failed: their shapes, and the lines that made them.

The student's frames are gone when the grader reads a traceback, so this runs in the student's process. Operands that
have no name, such as `self.layer(x)`, are computed again. Each of them was computed a moment ago, before the failure.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import linecache
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from grading.child.values import Unknown, Values
from startup import syntax

# errors over shapes, sizes, dtypes and devices; others have nothing to do with the operands
ABOUT_OPERANDS = re.compile(
    r"\b(sizes?|shapes?|dim\w*|ind(ex|ices)|dtype|scalar type|device|elements?|batch\w*|view|ambiguous)\b"
)
MATRICES = re.compile(r"\(\d+x(\d+) and (\d+)x\d+\)")  # the two numbers inside should be equal
NUMBER = re.compile(r"(?<!dimension )(?<![\w.-])(\d+)(?![\w.])")
DIMENSIONS = re.compile(r"(?P<names>\w+(?:(?:,| and) \w+)*): [^.:(]*\((?P<dimensions>\w+(?:, \w+)*),?\)")
ABOUT_DTYPES = re.compile(r"dtype|scalar type|Float|Double|Long|Int|Byte|Bool|long, int, byte or bool")
RANKS = re.compile(r"number of dimensions|\dD or \dD")  # the numbers of such a headline are no sizes
MAX_OPERANDS, MAX_SIZES, MAX_VALUES, MAX_LINE = 5, 3, 6, 120


def described(headline: str, steps: Sequence[TracebackType]) -> list[str]:
    """Sentences on the operands of the expression that failed; none if the error is not about their shapes.

    Args:
        headline: of the traceback.
        steps: of the traceback, in functions of the student's, the innermost last.
    """
    kind = headline.partition(":")[0]
    if kind not in ("RuntimeError", "IndexError", "ValueError") or not ABOUT_OPERANDS.search(headline):
        return []
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            outer = [(step.tb_frame, step.tb_lineno) for step in reversed(steps[:-1])]
            return _Failure(steps[-1], outer).sentences(headline)
    except Exception:  # a sentence less: what a student's own class does here is not known
        return []


class _Failure:
    """An expression that failed, in its function."""

    def __init__(self, step: TracebackType, outer: Sequence[tuple[FrameType, int]]) -> None:
        self._frame: FrameType = step.tb_frame
        self._outer, self._values = outer, Values(step.tb_frame)
        positions = next(itertools.islice(self._frame.f_code.co_positions(), step.tb_lasti // 2, None))
        self._function = _function(self._frame, step.tb_lineno)
        self._node = next(node for node in ast.walk(self._function) if _position(node) == positions)
        statements = (node for node in ast.walk(self._function) if isinstance(node, ast.stmt))
        inside = [node for node in statements if _holds(node, step.tb_lineno) and not hasattr(node, "body")]
        self._line = min((node.lineno for node in inside), default=step.tb_lineno)

    def sentences(self, headline: str) -> list[str]:
        """The operands, the lines that made them, and which sizes the numbers of the headline are."""
        found: dict[str, str] = {}
        has_tensor = False
        for node in self._operands():
            text = ast.unparse(node)
            if text in found or len(found) == MAX_OPERANDS:
                continue
            with contextlib.suppress(Unknown):
                value = self._values.of(node)
                has_tensor = has_tensor or isinstance(value, Tensor)
                if sentence := _sentence(text, value, bool(ABOUT_DTYPES.search(headline))):
                    found[text] = f"{sentence} {self._origin(node, value)}".strip()
        sizes = [] if RANKS.search(headline) else self._sizes(headline, list(found))
        return [*found.values(), *sizes] if has_tensor else []

    def _operands(self) -> Iterator[ast.expr]:
        """What the failing expression joins; then the names inside, and the names that those were made of."""
        direct = [part for part in _parts(self._node) if not isinstance(part, (ast.Constant, ast.UnaryOp, ast.Slice))]
        yield from direct
        yield from (part for part in _parts(self._node) if isinstance(part, ast.UnaryOp))
        names = [node for part in direct for node in ast.walk(part) if isinstance(node, ast.Name)]
        attributes = [node for part in direct for node in ast.walk(part) if isinstance(node, ast.Attribute)]
        yield from (name for name in names if not self._is_layer(name))
        yield from (node for node in attributes if _is_self(node.value) and not self._is_layer(node))
        for name in names:
            if made := self._assignment(name.id):
                yield from (node for node in ast.walk(made[1]) if isinstance(node, ast.Name))

    def _is_layer(self, node: ast.expr) -> bool:
        with contextlib.suppress(Unknown):
            return isinstance(self._values.of(node), Module)
        return False

    def _assignment(self, name: str) -> tuple[int, ast.expr] | None:
        """The line of the last assignment to a local name before the failing line, and what it assigns."""
        return _assigned(name, self._function, self._line)

    def _origin(self, node: ast.expr, value: Any) -> str:
        """The line that made a tensor, or a number, of a local name, in words."""
        if not isinstance(node, ast.Name) or isinstance(value, Module):
            return ""
        if made := self._assignment(node.id):
            return _made(made, "")
        return self._origin_outside(value) if isinstance(value, Tensor) else ""

    def _origin_outside(self, value: Tensor) -> str:
        """The line, in a function further out, that made a tensor that this function got."""
        for frame, line in self._outer:
            for name in (name for name, held in frame.f_locals.items() if held is value):
                if made := _assigned(name, _function(frame, line), line):
                    return _made(made, f" in {Path(frame.f_code.co_filename).name}")
        return ""

    def _sizes(self, headline: str, told: list[str]) -> list[str]:
        """Which dimension of which argument each number of the headline is, where only one has this size."""
        arguments = [argument.arg for argument in self._function.args.args]
        tensors = {name: value for name in arguments if isinstance(value := self._frame.f_locals.get(name), Tensor)}
        names = _dimensions(ast.get_docstring(self._function) or "")
        sentences: dict[int, str] = {}
        for number in map(int, NUMBER.findall(MATRICES.sub(r"\1 and \2", headline))):
            places = [
                (name, dimension)
                for name, tensor in tensors.items()
                for dimension, size in enumerate(tensor.shape)
                if size == number
            ]
            if number < 2 or len(places) != 1:
                continue
            name, dimension = places[0]
            named = names.get(name, ())
            meaning = f" ({named[dimension]})" if len(named) == tensors[name].ndim else ""
            shape = "" if name in told else f" Its shape is {tuple(tensors[name].shape)}."
            sentences[number] = f"{number} is the size of dimension {dimension} of `{name}`{meaning}.{shape}"
            told = [*told, name]
        return list(sentences.values())[:MAX_SIZES]


def _parts(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that an operation joins; the members of a list that a function gets."""
    match node:
        case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
            yield from (left, right)
        case ast.AugAssign(target=target, value=value):
            yield from (target, value)
        case ast.Subscript(value=base, slice=index):
            yield base
            yield from index.elts if isinstance(index, ast.Tuple) else [index]
        case ast.Call(func=called, args=args, keywords=keywords):
            yield called.value if isinstance(called, ast.Attribute) and not _is_self(called.value) else called
            for argument in (*args, *(keyword.value for keyword in keywords)):
                yield from argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument]
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            yield from (target, value)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _sentence(text: str, value: Any, with_dtype: bool) -> str:
    """What a value is: a tensor's shape, a number, a layer of torch; "" for anything else."""
    if len(text) > MAX_LINE or text.isdigit():
        return ""
    if isinstance(value, Tensor):
        is_usual = value.dtype == torch.float32 and not with_dtype
        dtype = "" if is_usual else f" and dtype {str(value.dtype).removeprefix('torch.')}"
        device = "" if value.device.type == "cpu" else f", on {value.device}"
        is_short = value.numel() <= MAX_VALUES and not value.is_floating_point() and not value.is_complex()
        values = f". Its values are {value.tolist()}" if is_short else ""
        return f"`{text}` has shape {tuple(value.shape)}{dtype}{device}{values}."
    if isinstance(value, int) and not isinstance(value, bool) and not re.fullmatch(r"-?\d+", text):
        return f"`{text}` is {value}."
    if isinstance(value, Module) and type(value).__module__.startswith("torch.nn") and not list(value.children()):
        return f"`{text}` is {value}."
    return ""


def _assigned(name: str, function: ast.FunctionDef, before: int) -> tuple[int, ast.expr] | None:
    """The line of the last assignment to a name before a line of a function, and the expression that it assigns."""
    found: tuple[int, ast.expr] | None = None
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign) or node.lineno >= before or (found and node.lineno < found[0]):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == name:
                found = node.lineno, node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for part, value in zip(target.elts, node.value.elts, strict=False):
                    if isinstance(part, ast.Name) and part.id == name:
                        found = node.lineno, value
    return found


def _made(made: tuple[int, ast.expr], where: str) -> str:
    text = ast.unparse(made[1])
    return f"Line {made[0]}{where} makes it: `{text}`." if len(text) <= MAX_LINE else ""


def _dimensions(docstring: str) -> dict[str, tuple[str, ...]]:
    """What the dimensions of each argument are called: `ids: int64 (batch, time)` gives them for ids."""
    found: dict[str, tuple[str, ...]] = {}
    for match in DIMENSIONS.finditer(" ".join(docstring.split())):
        for name in re.split(r", | and ", match["names"]):
            found.setdefault(name, tuple(match["dimensions"].split(", ")))
    return found


def _function(frame: FrameType, line: int) -> ast.FunctionDef:
    """The function of a frame, from its file."""
    tree = syntax.parse("".join(linecache.getlines(frame.f_code.co_filename)))
    return next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == frame.f_code.co_name and _holds(node, line)
    )


def _holds(node: ast.AST, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)  # type: ignore[attr-defined]


def _position(node: ast.AST) -> tuple[int | None, int | None, int | None, int | None]:
    """As `code.co_positions` gives it."""
    return tuple(getattr(node, name, None) for name in ("lineno", "end_lineno", "col_offset", "end_col_offset"))  # type: ignore[return-value]
