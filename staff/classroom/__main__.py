"""`python -m staff.classroom`: grade a class, make one to try it on, measure how fast it goes."""

from __future__ import annotations

import sys

from startup import ending
from startup.launch import tolerate_odd_characters


def main(argv: list[str] | None = None) -> int:
    """Run one of the commands; returns its status, 2 for a usage error."""
    from staff.classroom.command_line import run

    tolerate_odd_characters()  # of students' names
    return run(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    ending.run(main)
