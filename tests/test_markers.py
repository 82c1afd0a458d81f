"""What the rules of tests ask of a marker: a slow test says why it is slow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import PROJECT

FILES = sorted((PROJECT / "tests").glob("test_*.py"))
REASON = "Slow"  # is how the docstring begins


def silent(tree: ast.Module) -> Iterator[str]:
    """The functions, in some or all of whose cases the marker `slow` stands, that do not say why they are slow."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or not any(map(is_slow, node.decorator_list)):
            continue
        if not (ast.get_docstring(node) or "").startswith(REASON):
            yield node.name


def is_slow(decorator: ast.expr) -> bool:
    """Whether the marker stands in a decorator."""
    return any(isinstance(part, ast.Attribute) and part.attr == "slow" for part in ast.walk(decorator))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_slow_test_says_in_its_docstring_why(path: Path):
    assert list(silent(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("head", "names"),
    [
        ("@pytest.mark.slow\n", ["test_a"]),
        ("@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.slow)])\n", ["test_a"]),
        ("", []),
    ],
)
def test_a_slow_test_without_a_reason_is_found(head, names):
    body = 'def test_a():\n    """Something else."""\n'
    assert list(silent(ast.parse(head + body))) == names
    assert list(silent(ast.parse(head + body.replace("Something else", "Slow: trains")))) == []
