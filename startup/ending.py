"""How every program of this project ends after Ctrl-C, or where nobody reads its output any more."""

import os
import sys

from startup import EXIT_INTERRUPTED


def run(main) -> None:  # type: ignore[no-untyped-def]  # this file parses with Python 3.6
    """Run the `main` of a module that is run with `python -m`, and end the process with the status that it returns."""
    try:
        status = main()
    except KeyboardInterrupt:
        status = interrupted(_name(main))
    sys.exit(status)


def interrupted(program: str, told: str = "") -> int:
    """Say that Ctrl-C has ended a program; returns its exit status.

    Args:
        program: its name, such as `autograder.py`.
        told: sentences about what is kept and how to go on; "" for none.
    """
    print(f"\n{program}: interrupted{'. ' if told else ''}{told}", file=sys.stderr)
    return EXIT_INTERRUPTED


def print_no_more() -> None:
    """Let what is still to be printed go nowhere: the program that reads the output has ended, as `| head` does.

    Python would otherwise print an error when it flushes the output at the end of the process.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _name(main) -> str:  # type: ignore[no-untyped-def]
    """The name of the module that is run: `staff.texts` for `python -m staff.texts`."""
    spec = getattr(sys.modules[main.__module__], "__spec__", None)
    name = spec.name if spec is not None else main.__module__
    return name[: -len(".__main__")] if name.endswith(".__main__") else name
