"""Times the comparison on made classes: `python -m staff.classroom.similarity.measure 60 800`.

A made submission takes each function from one of three right solutions and changes some of its numbers, so that
submissions share about as much as those of a class do. They are compared, never run. Times are the processor's, which a
busy machine lengthens little.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import time

from grading.arguments import count_from
from staff.classroom.similarity import compare, report
from staff.classroom.similarity.document import read
from staff.release import starters
from startup import ending, syntax
from startup.project import PROJECT_DIRECTORY

SOLUTIONS = ("staff/solutions", "staff/evidence/mediocre", "tests/other_edition")
SHARE_OF_NUMBERS_CHANGED = 0.5


def made_class(count: int, seed: int = 0) -> list[dict[str, bytes]]:
    """The student files of so many submissions."""
    sources = {
        name: [
            path.read_text(encoding="utf-8")
            for folder in SOLUTIONS
            if (path := PROJECT_DIRECTORY / folder / name).is_file()
        ]
        for name in starters.starters()
    }
    parts = {name: [_definitions(text) for text in texts] for name, texts in sources.items()}
    random_source = random.Random(seed)
    return [{name: _mixed(others, random_source) for name, others in parts.items()} for _ in range(count)]


def _definitions(text: str) -> dict[str, str]:
    """The source of each class and function of a file, by name in small letters, after what stands before the first."""
    nodes = [node for node in syntax.parse(text).body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    lines = text.splitlines(keepends=True)
    found = {"": "".join(lines[: nodes[0].lineno - 1])}
    for node in nodes:
        found[node.name.lower()] = "".join(lines[node.lineno - 1 : node.end_lineno])
    return found


def _mixed(solutions: list[dict[str, str]], source: random.Random) -> bytes:
    text = "\n\n".join(source.choice([one for one in solutions if name in one])[name] for name in solutions[0])

    def changed(found: re.Match[str]) -> str:
        return str(source.randint(2, 999)) if source.random() < SHARE_OF_NUMBERS_CHANGED else found[0]

    return re.sub(r"(?<![\w.])\d{2,}(?![\w.])", changed, text).encode()


def main(argv: list[str] | None = None) -> int:
    """Print a line of times for each size."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.classroom.similarity.measure", description=__doc__.partition(":")[0]
    )
    parser.add_argument(
        "sizes", type=count_from(2), nargs="*", default=[60, 800], metavar="N", help="of classes (default 60 800)"
    )
    parser.add_argument(
        "--common",
        type=float,
        default=compare.Settings().common_share,
        metavar="SHARE",
        help="as staff.classroom.similarity's",
    )
    arguments = parser.parse_args(argv)
    given = {name: content.encode() for name, content in starters.starters().items()}
    settings = compare.Settings(common_share=arguments.common)
    for size in arguments.sizes:
        submissions = made_class(size)
        started = time.process_time()
        entries = [
            compare.Entry(f"s{number}", frozenset([str(number)]), read(files))
            for number, files in enumerate(submissions)
        ]
        was_read = time.process_time()
        comparison = compare.compare(entries, given, settings)
        compared = time.process_time()
        page = report.render(entries, comparison, settings, [])
        done = time.process_time()
        each = 1000 * (compared - was_read) / max(comparison.compared, 1)
        print(
            f"{size:5} submissions, {comparison.compared:8,} pairs: read {was_read - started:5.1f} s, compared "
            f"{compared - was_read:6.1f} s ({each:.2f} ms a pair), "
            f"page {done - compared:4.1f} s and {len(page) / 2**20:.1f} MiB"
        )
    return 0


if __name__ == "__main__":
    ending.run(main)
