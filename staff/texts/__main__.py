"""Writes the tables of questions and figures into the texts: `python -m staff.texts [--check]`.

Nobody edits them by hand.
"""

from __future__ import annotations

import argparse
import sys

from data.files import write_text
from staff.release.manifest import ReleaseError
from staff.release.repository import files_of_working_tree
from staff.texts import tables
from startup import ending
from startup.project import PROJECT_DIRECTORY

EXIT_DONE, EXIT_STALE, EXIT_USAGE = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    """Write the parts, or with --check tell which differ; returns 1 if any does, 2 if one cannot be written."""
    parser = argparse.ArgumentParser(prog="python -m staff.texts", description=__doc__.partition(":")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a part is not up to date")
    arguments = parser.parse_args(argv)
    try:
        files = files_of_working_tree()
        stale = stale_texts(files)
        for path, content in stale.items():
            if not arguments.check:
                write_text(PROJECT_DIRECTORY / path, content.decode())
            print(f"{path}: {'differs; run python -m staff.texts' if arguments.check else 'written'}")
    except (tables.TableError, ReleaseError, OSError) as error:
        print(f"staff.texts: error: {error}", file=sys.stderr)
        return EXIT_USAGE
    return EXIT_STALE if stale and arguments.check else EXIT_DONE


def stale_texts(files: dict[str, bytes]) -> dict[str, bytes]:
    """The texts that differ from what the code gives, as they should be.

    Args:
        files: every file of the repository by path.
    Raises:
        TableError: a table cannot be made.
    """
    return {path: content for path, content in tables.filled(files).items() if content != files[path]}


if __name__ == "__main__":
    ending.run(main)
