"""Values of expressions of the student's code in a frame that failed, as far as they can be had without effects.

Names and attributes are looked up. Calls of layers, of torch's functions and of tensors' methods are made again: each
was made a moment ago, before the failure.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import operator
import re
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module, ModuleList

PURE_BUILTINS = {len, int, float, max, min}
WITH_EFFECTS = re.compile(r"_$|^(set_|manual_seed|seed|save|load|backward|requires_grad)")
OPERATORS: dict[type, Callable[..., Any]] = {
    **{ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv},
    **{ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.MatMult: operator.matmul},
    **{ast.USub: operator.neg, ast.Invert: operator.invert, ast.Not: operator.not_},
    **{ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le},
    **{ast.Gt: operator.gt, ast.GtE: operator.ge, ast.BitAnd: operator.and_, ast.BitOr: operator.or_},
}


class Unknown(Exception):
    """A value that cannot be had without running what has effects."""


class Values:
    """The values of expressions in a frame.

    Args:
        frame: of the student's.
    """

    def __init__(self, frame: FrameType) -> None:
        self._frame = frame

    def of(self, node: ast.AST) -> Any:
        """The value of an expression that has no effects.

        Raises:
            Unknown: it may have some, or fails.
        """
        try:
            return self._computed(node)
        except Unknown:
            raise
        except Exception as error:
            raise Unknown from error

    def _computed(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                for scope in (self._frame.f_locals, self._frame.f_globals, vars(builtins)):
                    if name in scope:
                        return scope[name]
            case ast.Attribute(value=base, attr=name):
                return _attribute(self._computed(base), name)
            case ast.Tuple(elts=parts):
                return tuple(map(self._computed, parts))
            case ast.List(elts=parts):
                return list(map(self._computed, parts))
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*(part and self._computed(part) for part in (lower, upper, step)))
            case ast.Subscript(value=base, slice=index):
                held = self._computed(base)
                if isinstance(held, (Tensor, list, tuple, torch.Size, ModuleList)):
                    return held[self._computed(index)]
            case ast.UnaryOp(op=op, operand=part):
                return OPERATORS[type(op)](self._computed(part))
            case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
                return OPERATORS[type(op)](self._computed(left), self._computed(right))
            case ast.Call(func=called, args=args, keywords=keywords):
                function = self._function_of(called)
                given = {keyword.arg: self._computed(keyword.value) for keyword in keywords if keyword.arg}
                return function(*map(self._computed, args), **given)
        raise Unknown

    def _function_of(self, node: ast.expr) -> Callable[..., Any]:
        """What a call calls, if it has no effects: a layer, a function of torch, a method of a tensor, `len`."""
        if isinstance(node, ast.Attribute) and not WITH_EFFECTS.search(node.attr):
            base = self._computed(node.value)
            if isinstance(base, Tensor):
                return getattr(base, node.attr)
        value = self._computed(node)
        name = getattr(value, "__name__", "")
        is_of_torch = any(getattr(module, name, None) is value for module in (torch, torch.nn.functional) if name)
        if isinstance(value, Module) or value in PURE_BUILTINS or (is_of_torch and not WITH_EFFECTS.search(name)):
            return value
        raise Unknown


def _attribute(base: Any, name: str) -> Any:
    """An attribute, without running a student's `__getattr__` or property."""
    if isinstance(base, Tensor):
        if name in ("shape", "T", "mT", "data", "device", "dtype"):
            return getattr(base, name)
    elif isinstance(base, Module):
        for kept in (base._parameters, base._buffers, base._modules, vars(base)):
            if name in kept:
                return kept[name]
    elif isinstance(base, ModuleType) or not callable(inspect.getattr_static(type(base), name, None)):
        return vars(base)[name]
    raise Unknown
