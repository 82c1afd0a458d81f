"""What a new question adds to the project, worked out and checked before anything is written."""

from __future__ import annotations

import ast
import keyword
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from grading.questions import natural_order
from staff.new_question import templates
from staff.new_question.templates import Names
from staff.release.starters import strip_solutions

MAX_TITLE_CHARACTERS = 40


class ScaffoldError(Exception):
    """The question cannot be added; the text says why and what to do."""


@dataclass(frozen=True)
class Change:
    """One file of the project.

    Attributes:
        path: relative to the project, with forward slashes.
        before: its content, or None if it is new.
        after: what it becomes.
    """

    path: str
    before: str | None
    after: str


def function_name(title: str) -> str:
    """The name that a title suggests: `layer_norm` for "Layer norm"."""
    return re.sub(r"\W+", "_", title.lower(), flags=re.ASCII).strip("_")


def plan(project: Path, names: Names) -> list[Change]:
    """Every change, new files first. Nothing is ever overwritten: what is there already is refused.

    Args:
        project: the folder of the repository.
        names: what the templates are filled with.
    Raises:
        ScaffoldError: the names do not fit, something of the question is there already, or the project is not as it
            should be.
    """
    _check_names(names)
    new = {
        f"test_cases/{names.id}/question.toml": templates.question_toml(names, _imports(project)),
        f"test_cases/{names.id}/checks.py": templates.checks_py(names),
        f"staff/evidence/mutants/{names.id}.toml": templates.mutants_toml(names),
    }
    if there := [path for path in (f"test_cases/{names.id}", *new) if (project / path).exists()]:
        raise ScaffoldError(f"{there[0]} is there already; choose another number, or remove it first")
    solution = _solution(project, names)
    starter_path = f"{names.module}.py"
    starter = _read(project, starter_path)
    if starter != strip_solutions(solution.before or ""):
        raise ScaffoldError(f"{starter_path} differs from its solution: run python -m staff.release.starters first")
    return [
        *(Change(path, None, content) for path, content in new.items()),
        solution,
        Change(starter_path, starter, strip_solutions(solution.after)),
        _hand_out(project, names),
    ]


def _check_names(names: Names) -> None:
    if not re.fullmatch(r"q[1-9]\d{0,2}", names.id, re.ASCII):
        raise ScaffoldError(f"{names.id!r} is no question's id; they look like q9")
    if not names.title.strip() or len(names.title) > MAX_TITLE_CHARACTERS or not names.title.isprintable():
        raise ScaffoldError(f"--title: has to be one line of 1 to {MAX_TITLE_CHARACTERS} characters")
    if set(names.title) & set("|`<>"):
        raise ScaffoldError(f"--title {names.title!r}: | ` < and > do not go into a table")
    if not names.function.isascii() or not names.function.isidentifier() or keyword.iskeyword(names.function):
        raise ScaffoldError(f"{names.function!r} is no name for a function; choose one with --function")
    if not names.module.isidentifier():
        raise ScaffoldError(f"--module {names.module}: has to be the name of a student file, such as models")
    if not 0 <= names.points <= 100:
        raise ScaffoldError(f"--points {names.points:g}: has to be from 0 to 100")


def _imports(project: Path) -> str:
    """The section that says what may be imported, as the first question has it."""
    folders = [path.parent for path in (project / "test_cases").glob("*/question.toml")]
    if not folders:
        raise ScaffoldError(f"{project / 'test_cases'}: holds no question to take [imports] from")
    first = min(folders, key=lambda folder: natural_order(folder.name))
    path = f"test_cases/{first.name}/question.toml"
    found = re.search(r"^\[imports\]\n(?:(?!\[).*\n?)*", _read(project, path), re.MULTILINE)
    if found is None or set(tomllib.loads(found[0])["imports"]) != {"allowed", "forbidden"}:
        raise ScaffoldError(f"{path}: has no section [imports] with allowed and forbidden")
    return found[0].rstrip("\n") + "\n"


def _solution(project: Path, names: Names) -> Change:
    """The solution file with the new function at its end."""
    path = f"staff/solutions/{names.module}.py"
    if not (project / path).is_file():
        modules = sorted(path.stem for path in (project / "staff" / "solutions").glob("*.py"))
        raise ScaffoldError(f"--module {names.module}: there is no {path}; choose one of {', '.join(modules)}")
    source = _read(project, path)
    tree = ast.parse(source)
    taken = _names(tree)
    if names.function in taken:
        raise ScaffoldError(f"{names.function} is a name in {path} already; choose another one with --function")
    if "Tensor" not in taken:
        raise ScaffoldError(f"{path} does not import Tensor, which the placeholder's signature names; add the import")
    last = tree.body[-1]
    if isinstance(last, ast.If) and "__name__" in ast.unparse(last.test):  # a program's start stays at the end
        lines = source.splitlines(keepends=True)
        cut = last.lineno - 1
        after = "".join(lines[:cut]) + templates.solution(names) + "\n\n" + "".join(lines[cut:])
    else:
        after = source.rstrip("\n") + "\n\n\n" + templates.solution(names)
    return Change(path, source, after)


def _names(tree: ast.Module) -> set[str]:
    """Every name that a module imports or makes at its top."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            found |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return found


def _hand_out(project: Path, names: Names) -> Change:
    """README.md with a row in the table of questions and a section after the one before it."""
    text = before = _read(project, "README.md")
    rows = list(re.finditer(r"^\| (q\d+) .*\n", text, re.MULTILINE))
    sections = list(re.finditer(r"^### (q\d+) .*\n(?:(?!##).*\n)*", text, re.MULTILINE))
    for found, what in ((rows, "row of the table"), (sections, "section")):
        if any(match[1] == names.id for match in found):
            raise ScaffoldError(f"README.md has a {what} for {names.id} already; remove it first")
        if not found:
            raise ScaffoldError(f"README.md has no {what} of a question, after which the new one could go")
    # the sections come after the table: from the end, so that places stay right
    for found, addition in ((sections, templates.section(names)), (rows, templates.table_row(names))):
        place = _place(found, names.id)
        text = text[:place] + addition + text[place:]
    if not names.extra_credit and names.points:
        text = _with_new_total(project, text, names.points)
    return Change("README.md", before, text)


def _place(found: list[re.Match[str]], question: str) -> int:
    """Where the new one goes: after the last one of a smaller number, else before the first."""
    earlier = [match for match in found if natural_order(match[1]) < natural_order(question)]
    return earlier[-1].end() if earlier else found[0].start()


def _with_new_total(project: Path, text: str, points: float) -> str:
    """What the assignment is out of stands in the quick start, as 0/25."""
    tables = [
        tomllib.loads(path.read_text(encoding="utf-8")) for path in (project / "test_cases").glob("*/question.toml")
    ]
    counted = [check.get("points", 0) for table in tables if not table.get("extra_credit") for check in table["checks"]]
    old, new = f"# 0/{sum(counted):g}:", f"# 0/{sum(counted) + points:g}:"
    return text.replace(old, new) if text.count(old) == 1 else text


def _read(project: Path, path: str) -> str:
    try:
        return (project / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScaffoldError(f"{path}: cannot be read ({error})") from error
