"""What the person at the keyboard can fix, and how a program ends over it."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

NO_MEMORY = r"can't allocate memory|not enough memory|out of memory"  # in what torch says
FAILED, INTERRUPTED = 1, 130  # exit statuses; the second is that of a program that Ctrl-C has stopped


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
    except NotImplementedError as error:
        if "torch" in Path(traceback.extract_tb(error.__traceback__)[-1].filename).parts:  # a device lacks an operator
            print(f"{program}: {error} Try --device cpu.", file=sys.stderr)
        else:
            print(f"{program}: {error}. `python autograder.py -q {question}` checks each part.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # the program that read the output has ended, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not re.search(NO_MEMORY, str(error)):
            raise
        print(f"{program}: the memory is too small. Close other programs, or choose smaller numbers.", file=sys.stderr)
        return FAILED
    except (UserError, OSError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"\n{program}: interrupted", file=sys.stderr)
        return INTERRUPTED
