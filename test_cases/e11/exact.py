"""Inputs of elective 11's exact checks, and what is asked of every function: right numbers and right gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grading.checks import diagnosis, expect
from grading.checks.student import Student
from grading.checks.variants import EXACT
from grading.outcomes import CheckFailed
from test_cases.e11 import mistakes, reference

MODULE = "electives.graphs"
NODES, INPUTS, OUTPUTS = 7, 4, 3  # all different, so that a dimension is taken for no other
SLOPE_STEP, SLOPE_EXACT = 1e-5, 1e-6  # of slopes by differences


def table(random: np.random.Generator, isolated: bool = False) -> np.ndarray:
    """The matrix of a connected graph with degrees that differ; `isolated` takes its last node's edges away."""
    table = np.zeros((NODES, NODES))
    for node in range(1, NODES):
        table[node, random.integers(node)] = 1
    one, other = np.argwhere(np.triu(1 - table - table.T, 1))[random.integers(9)]
    table[one, other] = 1
    order = random.permutation(NODES)
    table = (table + table.T)[order][:, order]
    if isolated:
        table[-1] = table[:, -1] = 0
    return table


def padded(random: np.random.Generator, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Features and matrices of graphs of these sizes; where no node is, there are other numbers."""
    longest = max(sizes) + 1
    x = random.standard_normal((len(sizes), longest, INPUTS))
    tables = np.ones((len(sizes), longest, longest))
    for table, size in zip(tables, sizes, strict=True):
        upper = np.triu(random.random((size, size)) < 0.6, 1)
        table[:size, :size] = upper | upper.T
    return x, tables


def asked(student: Student, name: str, arguments: Sequence[Any]) -> Any:
    """What a function of the student's gives, if it changes no argument."""
    functions = {"function": f"{MODULE}.{name}"}
    found = student.probe_named("unchanged", functions, has_curve=False, arguments=list(arguments))
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed one of its arguments in place. Which operations make a new tensor?")
    return found["result"]


def require(student: Student, name: str, questions: Sequence[tuple[Any, ...]]) -> None:
    """A function gives what the reference gives, for all of some arguments."""
    probes = [(arguments, asked(student, name, arguments)) for arguments in questions]
    with diagnosis.explained(lambda text: mistakes.explanation(name, probes, text)):
        for arguments, answer in probes:
            right: np.ndarray = getattr(reference, name)(*arguments)
            ways = [f'"{each}" ' for each in arguments if isinstance(each, str)]
            what = f"{name} {''.join(ways)}of a graph should return"
            found = expect.array(answer, right.shape, f"{what} a tensor")
            expect.close(found, right, EXACT, what, "The docstring has the formula.")


def require_slopes(student: Student, name: str, arguments: tuple[Any, ...], number: int) -> None:
    """Gradients flow from the result of a function to one of its arguments, and are right along a random direction."""
    compute: Callable[..., np.ndarray] = getattr(reference, name)
    random = np.random.default_rng(number)
    direction, cotangent = (
        random.standard_normal(arguments[number].shape),
        random.standard_normal(compute(*arguments).shape),
    )
    found = student.gradients(f"{MODULE}.{name}", *arguments, cotangent=cotangent)
    gradient = found.inputs[number] if found.differentiable and len(found.inputs) > number else None
    if gradient is None:
        raise CheckFailed(f"no gradient flows back through {name}. Is `detach`, `item` or a new tensor in between?")
    ends = []
    for step in (SLOPE_STEP, -SLOPE_STEP):
        moved = [each + step * direction if place == number else each for place, each in enumerate(arguments)]
        ends.append(float((compute(*moved) * cotangent).sum()))
    what = f"a slope of {name} by its gradient should be"
    gradient = expect.array(gradient, arguments[number].shape, f"the gradient of {name} should be")
    slope = float((gradient * direction).sum())
    expect.close(slope, (ends[0] - ends[1]) / (2 * SLOPE_STEP), SLOPE_EXACT, what, "Is something detached?")
