"""Keeps torch's compiler out of trainings that do not ask for it.

The first optimizer and its first step import `torch._dynamo`: 800 modules, a second and up to 70 MiB in every
process. Nothing of it is used until something is compiled. This module passes the calls on without the import. Once
the compiler has been imported, all of torch runs as it was.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch

COMPILER = "torch._dynamo"
WITHOUT_COMPILER = ("_compile.py", "inner")  # file and name of torch's wrapper that hides a method from the compiler
WITH_GRADIENTS = ("optimizer.py", "_use_grad")  # and of its wrapper around `step`


def leave_out() -> None:
    """Let optimizers work without the compiler. Another version of torch whose wrappers differ is left as it is."""
    for optimizer in {torch.optim.Optimizer, *_optimizers()}:
        for name, method in list(vars(optimizer).items()):
            if isinstance(method, FunctionType) and (bare := _bare(method)) is not None:
                setattr(optimizer, name, _until_compiled(method, bare))


def _optimizers() -> list[type[torch.optim.Optimizer]]:
    """Those that torch offers."""
    found = (value for value in vars(torch.optim).values() if isinstance(value, type))
    return [value for value in found if issubclass(value, torch.optim.Optimizer)]


def _bare(method: FunctionType) -> Callable[..., Any] | None:
    """What one of torch's two wrappers does when nothing is compiled; None for any other function."""
    inside = getattr(method, "__wrapped__", None)
    wrapper = method.__code__.co_filename.replace("\\", "/").rpartition("/")[2], method.__code__.co_name
    if inside is None or wrapper not in (WITHOUT_COMPILER, WITH_GRADIENTS):
        return None
    return inside if wrapper == WITHOUT_COMPILER else _with_gradients_as_set(inside)


def _with_gradients_as_set(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step` as torch runs it: gradients are recorded only if the optimizer was made with `differentiable=True`."""

    def run(optimizer: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> Any:
        with torch.set_grad_enabled(optimizer.defaults["differentiable"]):
            return step(optimizer, *args, **kwargs)

    return run


def _until_compiled(method: Callable[..., Any], bare: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        return (method if COMPILER in sys.modules else bare)(*args, **kwargs)

    return call
