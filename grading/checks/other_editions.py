"""Habits of other editions of this project that the grader accepts, and what it says about each.

Other names of functions and classes stand in each question.toml under [aliases]. What the student's process makes up
for is in `grading.child.other_editions`.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

REMARKS = {  # by the names that the student's process notes
    "leading dimension": (
        "the attention's output had the shape (1, batch, time, size). The mask has the shape (1, 1, block, block), and "
        "scores of three dimensions that meet it get a fourth. The grader took the first dimension away; chargpt.py "
        "does not. Which part of the mask fits the scores?"
    ),
}

MARK_OF_AN_UNFILLED_PART = "your code here"  # a string by itself, in any case


def unfilled_line(body: Sequence[ast.stmt]) -> int | None:
    """The line of the last mark of an unfilled part that no code follows; None if there is none.

    Behind the mark there may be other strings and a return.
    """
    statements = list(body)
    while isinstance(statements[-1], ast.With):
        statements = statements[-1].body
    for statement in reversed(statements):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            if MARK_OF_AN_UNFILLED_PART in str(statement.value.value).lower():
                return statement.lineno
        elif not isinstance(statement, (ast.Return, ast.Pass)):
            return None
    return None


def empty_names(nodes: Sequence[ast.AST]) -> set[str]:
    """The names that are assigned once, and then an empty tensor, as in `Output_Tensor = tensor(())`."""
    stored = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return {
        node.targets[0].id
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and stored.count(node.targets[0].id) == 1
        and ast.unparse(node.value).removeprefix("torch.") in ("tensor(())", "tensor([])")
    }
