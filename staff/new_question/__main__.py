"""Adds a question to the project: `python -m staff.new_question q9 --title "Layer norm" [--dry-run]`.

What it makes grades at once, with a placeholder task; docs/new_question.md goes on from there. Nothing is overwritten.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from staff import atomic
from staff.new_question.plan import Change, ScaffoldError, function_name, plan
from staff.new_question.templates import Names

PROJECT_DIRECTORY = Path(__file__).resolve().parent.parent.parent
EXIT_DONE, EXIT_USAGE = 0, 2


def main(argv: list[str] | None = None) -> int:
    """Write the question's files, or with --dry-run show them; returns 0, or 2 if it cannot be added."""
    arguments = _parser().parse_args(argv)
    names = Names(
        id=arguments.id.lower(),
        title=arguments.title.strip(),
        function=arguments.function or function_name(arguments.title),
        module=arguments.module.removesuffix(".py"),
        points=arguments.points,
        extra_credit=arguments.extra_credit,
    )
    try:
        changes = plan(PROJECT_DIRECTORY, names)
        if arguments.dry_run:
            print("".join(map(_difference, changes)), end="")
            return EXIT_DONE
        for change in changes:
            atomic.write_text(PROJECT_DIRECTORY / change.path, change.after)
            print(f"{'new    ' if change.before is None else 'changed'}  {change.path}")
    except ScaffoldError as error:
        print(f"staff.new_question: error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:
        print(
            f"staff.new_question: error: {error.filename}: {error.strerror}; git tells what was written",
            file=sys.stderr,
        )
        return EXIT_USAGE
    print(
        f"\nIt grades at once:\n"
        f"    python autograder.py -q {names.id} --code-directory staff/solutions\n"
        f"    python -m staff.evidence.mutants -q {names.id}\n"
        f"Now replace the placeholder, wherever it says TODO (docs/new_question.md shows how), and run\n"
        f"    python -m staff.release.starters"
    )
    return EXIT_DONE


def _difference(change: Change) -> str:
    before = (change.before or "").splitlines(keepends=True)
    name = change.path if change.before is not None else "nothing"
    lines = difflib.unified_diff(before, change.after.splitlines(keepends=True), name, change.path)
    return "".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m staff.new_question", description=__doc__.partition(":")[0])
    parser.add_argument("id", metavar="qN", help="the question's number, such as q9")
    parser.add_argument("--title", required=True, help='what students read, such as "Layer norm"')
    parser.add_argument("--function", metavar="NAME", help="what students write (default: made from the title)")
    parser.add_argument("--module", default="models", metavar="FILE", help="where they write it (default models)")
    parser.add_argument("--points", type=float, default=1, metavar="N", help="what it is worth (default 1)")
    parser.add_argument("--extra-credit", action="store_true", help="on top of what the assignment is out of")
    parser.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
