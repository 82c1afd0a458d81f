"""Adds a question to the project: `python -m staff.new_question e13 --title "Layer norm" [--module NAME] [--dry-run]`.

What it makes grades at once: a placeholder with data, a probe and a picture of its own. docs/new_question.md goes on
from there. Nothing is overwritten.
"""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from data import files
from grading.checks import modules
from staff.release.starters import strip_solutions
from startup import ending
from startup.names import PACKAGES, RESERVED
from startup.project import PROJECT_DIRECTORY

TEMPLATE = Path(__file__).resolve().parent / "template"
MAX_TITLE_CHARACTERS = 40
GROUPS = {"q": "core", "e": "elective"}  # by the first letter of the id
EXIT_DONE, EXIT_USAGE = 0, 2


class NewQuestionError(Exception):
    """The question cannot be added; the text says why and what to do."""


@dataclass(frozen=True)
class Names:
    """What the placeholders of the template become.

    Attributes:
        id: such as e13.
        title: what students read.
        module: the student's file, such as `electives.layer_norm`.
    """

    id: str
    title: str
    module: str

    def put_into(self, text: str) -> str:
        """A text of the template with its placeholders replaced."""
        text = text.replace("electives.template_module", self.module)
        text = text.replace("electives/template_module.py", modules.file_name(self.module))
        text = text.replace('group = "elective"', f'group = "{GROUPS[self.id[0]]}"')
        return text.replace("TEMPLATE_ID", self.id).replace("TEMPLATE_TITLE", self.title)


def names_of(question_id: str, title: str, module: str | None) -> Names:
    """Check what was asked for.

    Args:
        question_id: such as `e13` for an elective or `q9` for a core question.
        title: what students read.
        module: the name of the student's file without `.py`; None for one made from the title.
    Raises:
        NewQuestionError: it does not fit.
    """
    question_id, title = question_id.lower(), title.strip()
    if not re.fullmatch(r"[qe][1-9]\d{0,2}", question_id, re.ASCII):
        raise NewQuestionError(f"{question_id!r} is no question's id; they look like q9 and e13")
    if not title or len(title) > MAX_TITLE_CHARACTERS or not title.isprintable() or set(title) & set('|`<>"\\'):
        raise NewQuestionError(
            f'--title {title!r}: give one line of 1 to {MAX_TITLE_CHARACTERS} characters, none of | ` < > " \\'
        )
    module = module or re.sub(r"\W+", "_", title.lower(), flags=re.ASCII).strip("_")
    reserved = RESERVED | {*PACKAGES}
    if not module.isascii() or not module.isidentifier() or keyword.iskeyword(module) or module in reserved:
        raise NewQuestionError(f"{module!r} is no name for a student's file; choose one with --module")
    return Names(question_id, title, f"electives.{module}" if question_id[0] == "e" else module)


def plan(project: Path, names: Names) -> dict[str, str]:
    """Every new file, by its path in the project.

    Raises:
        NewQuestionError: something of the question is there already.
    """
    texts = {path.relative_to(TEMPLATE).as_posix(): path.read_text(encoding="utf-8") for path in _files()}
    solution = names.put_into(texts.pop("solution.py"))
    student_file = modules.file_name(names.module)
    found = {
        f"staff/evidence/mutants/{names.id}.toml": names.put_into(texts.pop("mutants.toml")),
        f"staff/evidence/mediocre/{student_file}": names.put_into(texts.pop("mediocre.py")),
        f"staff/solutions/{student_file}": solution,
        student_file: strip_solutions(solution),
    }
    for path, text in texts.items():
        found[f"test_cases/{names.id}/{path.removeprefix('question/')}"] = names.put_into(text)
    if there := [path for path in (f"test_cases/{names.id}", *found) if (project / path).exists()]:
        raise NewQuestionError(f"{there[0]} is there already; choose another id or --module, or remove it first")
    name = Path(student_file).name  # single files are handed in without their folder
    if name in {path.name for path in (project / "staff" / "solutions").rglob("*.py")}:
        raise NewQuestionError(f"another question has a student file named {name}; choose another name with --module")
    return found


def _files() -> list[Path]:
    return [path for path in sorted(TEMPLATE.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


def main(argv: list[str] | None = None) -> int:
    """Write the question's files, or with --dry-run name them; returns 0, or 2 if it cannot be added."""
    arguments = _parser().parse_args(argv)
    try:
        names = names_of(arguments.id, arguments.title, arguments.module)
        for path, text in plan(PROJECT_DIRECTORY, names).items():
            print(f"new  {path}")
            if not arguments.dry_run:
                files.write_text(PROJECT_DIRECTORY / path, text, make_parents=True)
    except NewQuestionError as error:
        print(f"staff.new_question: error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:
        told = f"{error.filename}: {error.strerror}; git status tells what was written"
        print(f"staff.new_question: error: {told}", file=sys.stderr)
        return EXIT_USAGE
    if not arguments.dry_run:
        print(
            f"\nIt grades at once:\n"
            f"    python autograder.py -q {names.id} --code-directory staff/solutions\n"
            f"    python -m staff.evidence.mutants -q {names.id}\n"
            f"Now replace the placeholder, wherever it says TODO (docs/new_question.md shows how), and run\n"
            f"    python -m staff.release.starters\n"
            f"    python -m staff.texts"
        )
    return EXIT_DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m staff.new_question", description=__doc__.partition(":")[0])
    parser.add_argument("id", help="e13 for an elective, q9 for a core question")
    parser.add_argument("--title", required=True, help='what students read, such as "Layer norm"')
    parser.add_argument("--module", metavar="NAME", help="the student's file without .py (default: from the title)")
    parser.add_argument("--dry-run", action="store_true", help="name what would be written, and write nothing")
    return parser


if __name__ == "__main__":
    ending.run(main)
