"""Habits of other editions of this project that the grader accepts, and what it says about each.

Other names of functions and classes stand in each question.toml under [aliases]. What the student's process makes up
for is in `grading.child.other_editions`.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

REMARKS = {  # by the names that the student's process notes
    "leading dimension": (
        "the attention's output had the shape (1, batch, time, size). The mask has the shape (1, 1, block, block). "
        "Scores of three dimensions get a fourth one from this mask. The grader took the first dimension away; "
        "chargpt.py does not. Which part of the mask fits the scores?"
    ),
}
FORM_OF_2024 = (
    "models.py has the form of the 2024 editions: each model has methods `train(self, dataset)` and `get_loss(self, "
    "x, y)`. The grader uses these methods. Today they are functions: the training of `RegressionModel` is "
    "`train_regression(model, dataset)` in train.py. Its loss is `regression_loss(y_pred, y)` in losses.py. The other "
    "models have such functions, too. A model computes its output in `forward`, not in `run`. The attention stays in "
    "models.py."
)
MODULE_OF_2024 = "the form of 2024"  # in a request, in place of a module
METHODS_OF_2024 = {"train": 2, "get_loss": 3}  # with so many arguments, self included
MARK_OF_AN_UNFILLED_PART = "your code here"  # a string by itself, in any case


def has_method_of_2024(tree: ast.Module, name: str) -> bool:
    """Whether a models.py has a method that stood for a function of today, such as `train_regression`.

    The student's process knows which class belongs to which function; here any class with the method will do.
    """
    wanted = "train" if name.startswith("train_") else "get_loss" if name.endswith("_loss") else ""
    return any(
        isinstance(method, ast.FunctionDef)
        and method.name == wanted
        and len(method.args.args) == METHODS_OF_2024[wanted]
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for method in node.body
    )


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
