"""Syntax trees, one after the other."""

from __future__ import annotations

import ast
import functools
import threading
from typing import Any

# Python 3.11 keeps one count of depth for the syntax trees of all threads. If another thread begins a tree in the
# middle of one, a SystemError says that the depths do not match.
_one_at_a_time = threading.RLock()
_parse = ast.parse


def parse(source: str | bytes, name: str = "<unknown>") -> ast.Module:
    """The syntax tree of a Python file, from any thread.

    Args:
        source: the file's content.
        name: of the file, for messages.
    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse`.
    """
    tree: ast.Module = _in_turn(source, filename=name)
    return tree


def guard_libraries() -> None:
    """Let libraries in this process wait for their turn, too: `np.load` reads a file's header by `ast.literal_eval`."""
    ast.parse = _in_turn


@functools.wraps(_parse)
def _in_turn(*arguments: Any, **keywords: Any) -> Any:
    with _one_at_a_time:
        return _parse(*arguments, **keywords)
