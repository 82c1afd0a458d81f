"""The house as it is drawn: no circle of files, arrows that go down, a boundary between grader and student process.

Imports are read from the syntax trees, wherever in a file they stand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from tests.support import PROJECT

# Each room, and the rooms whose files its own may import. A room that is not here may be imported by nobody.
ROOMS = {
    "startup": set(),  # may be imported by every room
    "data": set(),
    "backend": {"data"},
    "pictures": set(),
    "pictures.windows": {"pictures", "backend", "channel"},
    "channel": set(),  # grading/isolation/channel.py: both sides of the boundary speak through it
    "training": {"data", "pictures.windows"},
    "gpt": {"training", "data", "pictures", "pictures.windows"},
    "haiku_bot": {"training", "data", "pictures", "pictures.windows"},
    "grading.child": {"channel", "backend", "data", "pictures.windows", "training"},
    "test_cases.public": {"data", "backend", "pictures", "training", "gpt", "haiku_bot"},
    "grading": {"data", "pictures"},  # questions, outcomes, report, console
    "grading.isolation": {"channel", "grading"},
    "grading.checks": {"channel", "grading", "data", "pictures"},
    "test_cases": {"grading.checks", "grading", "data", "pictures", "test_cases.public"},
    "grading.dependencies": {"pictures", "pictures.windows"},  # what is installed, and whether windows open
    "grading.pages": {"grading", "data", "pictures", "pictures.windows"},
    "grading.engine": {"grading", "grading.checks", "grading.isolation", "grading.pages", "data", "pictures"},
    "grading.gradescope": {"grading", "grading.dependencies", "grading.engine", "grading.checks", "grading.isolation"},
    "grading.session": {
        "grading",
        "grading.dependencies",
        "grading.engine",
        "grading.checks",
        "grading.pages",
        "grading.gradescope",
        "data",
        "pictures.windows",
    },
    "grading.cli": {"grading", "grading.dependencies", "grading.session"},
    "launchers": {"grading.cli", "grading", "training", "gpt", "haiku_bot", "pictures.windows", "data"},
    "students": {"backend", "haiku_bot", "gpt", "data"},
}
TRUSTED = {name for name in ROOMS if name.startswith("grading") and name != "grading.child"} | {"test_cases"}
BOTH_SIDES = {"startup", "channel", "data", "pictures", "pictures.windows", "test_cases.public"}
LAUNCHERS = {"autograder", "chargpt", "chat"}
FILES_OF_GRADING = {
    "engine": "grading.engine",
    "cli": "grading.cli",
    "dependencies": "grading.dependencies",
}


@cache
def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name, but for tests, attacks and what is only copied from."""
    found = {}
    for path in PROJECT.rglob("*.py"):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        if parts[0] not in ("tests", "build", ".venv") and not {"attacks", "template"} & set(parts):
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports_of(tree: ast.Module, known: Iterable[str]) -> set[str]:
    """The modules among the known ones that a file imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            while name and name not in known:
                name = name.rpartition(".")[0]
            found |= {name} if name else set()
    return found


@cache
def arrows() -> dict[str, set[str]]:
    """The modules that each module imports."""
    known = modules()
    return {
        name: imports_of(ast.parse(path.read_text(encoding="utf-8")), known) - {name} for name, path in known.items()
    }


def room(module: str) -> str:
    """The room that a module stands in; "" for staff's tools, which may import anything."""
    top, *rest = module.split(".")
    if module == "grading.isolation.channel":
        return "channel"
    if top == "grading" and rest:
        return f"grading.{rest[0]}" if f"grading.{rest[0]}" in ROOMS else FILES_OF_GRADING.get(rest[0], "grading")
    if top == "pictures" and rest[:1] == ["windows"]:
        return "pictures.windows"
    if top == "test_cases":
        return "test_cases.public" if "public" in rest else "test_cases"
    if top in LAUNCHERS:
        return "launchers"
    if top == "staff":
        return ""
    return top if top in ROOMS else "students"


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach one another (Tarjan, 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in graph.get(name, ()):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            members = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(members) > 1:
                found.append(sorted(members))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def wrong_arrows(graph: dict[str, set[str]]) -> list[str]:
    """The imports that go from a room to one that it must not know."""
    return sorted(
        f"{name} ({room(name)}) imports {other} ({room(other)})"
        for name, others in graph.items()
        if room(name)
        for other in others
        if room(other) not in {"startup", room(name), *ROOMS[room(name)]}
    )


def test_there_is_no_circle_of_files():
    assert circles(arrows()) == []


def test_every_arrow_goes_to_a_room_that_may_be_known():
    assert wrong_arrows(arrows()) == []


def test_the_rooms_themselves_form_no_circle():
    assert circles(ROOMS) == []


def test_neither_side_of_the_trust_boundary_imports_the_other():
    for name, others in arrows().items():
        for other in others:
            if room(name) in TRUSTED:
                assert room(other) in TRUSTED | BOTH_SIDES, (name, other)
                assert not other.startswith("grading.child"), (name, other)
            if room(name) == "grading.child":
                assert room(other) not in TRUSTED, (name, other)


def test_nothing_that_students_receive_imports_staff_or_tests():
    for name, others in arrows().items():
        if room(name):
            assert not [other for other in others if other.startswith("staff")], name


def test_nothing_provided_imports_a_students_file_by_name():
    for name, others in arrows().items():
        if room(name) not in ("", "students"):
            assert not [other for other in others if room(other) == "students"], name


def test_where_the_project_lies_is_said_in_one_place():
    climbs = re.compile(r"Path\(__file__\)(\.resolve\(\))?\.(parents\[|parent\.parent)")
    found = [name for name, path in modules().items() if climbs.search(path.read_text(encoding="utf-8"))]
    assert found == [], "startup.project and staff.places know the folders"


class WithoutReaders(ast.NodeTransformer):
    """A file without its `Reader`, which runs in the student's process alone (pictures/__init__.py)."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST | None:
        return None if node.name == "Reader" else self.generic_visit(node)


@cache
def trees_of_the_grader() -> dict[str, ast.Module]:
    """The syntax trees of what the grader's process imports, directly or not, by module."""
    waiting = [name for name in modules() if room(name) in TRUSTED | {"data", "pictures"}]
    trees: dict[str, ast.Module] = {}
    while waiting:
        name = waiting.pop()
        if name in trees or name == "pictures.windows.live" or room(name) == "backend":
            continue  # imported by name, in the student's process alone
        trees[name] = WithoutReaders().visit(ast.parse(modules()[name].read_text(encoding="utf-8")))
        waiting += imports_of(trees[name], modules())
    return trees


def test_nothing_that_the_grader_imports_imports_torch():
    for name, tree in trees_of_the_grader().items():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [n for n in names if n.split(".")[0] in ("torch", "backend")], name


def test_the_top_of_the_grader_holds_at_most_ten_files():
    assert len(list((PROJECT / "grading").glob("*.py"))) <= 10


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("data.splits", "import grading.engine", "data.splits (data) imports grading.engine"),
        ("grading.checks.expect", "from grading.child import host", "grading.checks.expect (grading.checks)"),
        ("grading.child.host", "from grading.checks import expect", "grading.child.host (grading.child)"),
        ("pictures.style", "def late():\n    import backend", "pictures.style (pictures) imports backend"),
    ],
)
def test_an_arrow_that_is_turned_round_is_found(name, text, complaint):
    turned = {**arrows(), name: arrows()[name] | imports_of(ast.parse(text), modules())}
    assert any(found.startswith(complaint) for found in wrong_arrows(turned))


def test_a_circle_that_is_closed_is_found():
    closed = {**arrows(), "data.splits": {"data"}}
    assert any({"data", "data.splits"} <= set(circle) for circle in circles(closed))
