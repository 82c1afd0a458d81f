"""What the person at the keyboard can fix, and how a program ends over it."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from data import DataError
from startup import ending

NO_MEMORY = r"can't allocate memory|not enough memory|out of memory"  # in what torch says
FAILED = 1  # the exit status of a program that cannot go on


class UserError(Exception):
    """A wrong file, flag, prompt or checkpoint. The text says what was expected, what came and what to do."""


def exit_status(program: str, question: str, run: Callable[[], int]) -> int:
    """Run a program; where it cannot go on, say why in one line.

    Args:
        program: its name, such as chargpt.
        question: the id of the question whose stubs it calls.
        run: returns the exit status.
    """
    try:
        return run()
    except BrokenPipeError:  # the program that read the output has ended, as `| head` does
        ending.print_no_more()
        return FAILED
    except KeyboardInterrupt:
        return ending.interrupted(program)
    except Exception as error:
        if (text := explanation(error, question)) is None:
            raise
        print(f"{program}: {text}", file=sys.stderr)
        return FAILED


def explanation(error: Exception, question: str) -> str | None:
    """What an error means that the person at the keyboard can do something about; None for any other error.

    question: the id of the question whose stubs were called.
    """
    if isinstance(error, NotImplementedError):
        if "torch" in Path(traceback.extract_tb(error.__traceback__)[-1].filename).parts:  # a device lacks an operator
            return f"{error} Try --device cpu."
        return f"{error}. `python autograder.py -q {question}` checks each part."
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and re.search(NO_MEMORY, str(error))):
        return "the memory is too small. Close other programs, or choose smaller numbers."
    return str(error) if isinstance(error, (UserError, DataError, OSError)) else None
