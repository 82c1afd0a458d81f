"""Syntax trees, one after the other."""

from __future__ import annotations

import ast
import threading

# Python 3.11 keeps one count of depth for the syntax trees of all threads. If another thread begins a tree in the
# middle of one, a SystemError says that the depths do not match.
_one_at_a_time = threading.Lock()


def parse(source: str | bytes, name: str = "<unknown>") -> ast.Module:
    """The syntax tree of a Python file, from any thread.

    Args:
        source: the file's content.
        name: of the file, for messages.
    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse`.
    """
    with _one_at_a_time:
        return ast.parse(source, filename=name)
