"""Makes the student starters from the reference solutions: `python -m staff.release.starters [--check]`.

A solution file marks what students write:

    # BEGIN SOLUTION
    ...
    # END SOLUTION

Each region becomes one line that raises NotImplementedError with the name of the function it stands in, so that an
unfilled stub says which one it is. Everything else is kept as it is.
"""

from __future__ import annotations

import argparse
import ast
import sys

from data.files import write_text
from staff.places import SOLUTIONS_DIRECTORY
from staff.release.manifest import ReleaseError
from startup import ending, syntax
from startup.project import PROJECT_DIRECTORY

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"


def strip_solutions(source: str) -> str:
    """Replace every solution region of a file by a stub.

    Raises:
        ValueError: the marks do not pair up, or a region stands outside every function.
    """
    functions = _functions(syntax.parse(source))
    kept: list[str] = []
    region_indent: str | None = None
    for number, line in enumerate(source.splitlines(), start=1):
        mark = line.strip()
        if mark == BEGIN:
            if region_indent is not None:
                raise ValueError(f"line {number}: a solution begins inside another")
            region_indent = line[: len(line) - len(line.lstrip())]
            name = next((name for name, first, last in reversed(functions) if first <= number <= last), None)
            if name is None:
                raise ValueError(f"line {number}: a solution outside every function")
            kept.append(f'{region_indent}raise NotImplementedError("{name}: your code here")')
        elif mark == END:
            if region_indent is None:
                raise ValueError(f"line {number}: a solution ends that never began")
            region_indent = None
        elif region_indent is None:
            kept.append(line)
    if region_indent is not None:
        raise ValueError("the last solution never ends")
    return "\n".join(kept) + "\n"


def starter_of(name: str, source: str) -> str:
    """The starter that a solution gives.

    Args:
        name: of its file in staff/solutions/.
        source: of the solution.
    Raises:
        ReleaseError: the solution is no Python, or its marks are wrong.
    """
    try:
        return strip_solutions(source)
    except (SyntaxError, ValueError) as error:
        raise ReleaseError(f"staff/solutions/{name}: {error}") from error


def starters() -> dict[str, str]:
    """The content of every starter, by its path in the project.

    Raises:
        ReleaseError: as `starter_of` says.
    """
    paths = sorted(SOLUTIONS_DIRECTORY.rglob("*.py"))
    names = [path.relative_to(SOLUTIONS_DIRECTORY).as_posix() for path in paths]
    return {name: starter_of(name, path.read_text("utf-8")) for name, path in zip(names, paths, strict=True)}


def _functions(tree: ast.Module) -> list[tuple[str, int, int]]:
    """Qualified name, first and last line of each function and method, outer before inner."""
    found: list[tuple[str, int, int]] = []

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                if isinstance(child, ast.FunctionDef):
                    found.append((prefix + child.name, child.lineno, child.end_lineno or child.lineno))
                visit(child, f"{prefix}{child.name}.")

    visit(tree, "")
    return found


def main(argv: list[str] | None = None) -> int:
    """Write the starters, or with --check tell which differ; returns 1 if any does, 2 if one cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m staff.release.starters", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a starter is not up to date")
    arguments = parser.parse_args(argv)
    stale = []
    try:
        for name, content in starters().items():
            path = PROJECT_DIRECTORY / name
            if not path.is_file() or path.read_text(encoding="utf-8") != content:
                stale.append(name)
                if not arguments.check:
                    write_text(path, content, make_parents=True)
    except (ReleaseError, OSError) as error:
        print(f"staff.release.starters: error: {error}", file=sys.stderr)
        return 2
    for name in stale:
        state = "differs from its solution; run python -m staff.release.starters" if arguments.check else "written"
        print(f"{name}: {state}")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    ending.run(main)
