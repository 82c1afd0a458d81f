"""What stands in the way, for the page: the unfinished part, or the line where a student's code stopped."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from training.errors import explanation

QUESTION = "q8"


@dataclass(frozen=True)
class Fault:
    """What is wrong in a few words, and what to do."""

    title: str
    text: str


def fault_of(error: Exception, directory: Path) -> Fault:
    """The fault behind an error. directory: that of the student's files."""
    frames = list(traceback.walk_tb(error.__traceback__))
    code, line = frames[-1][0].f_code, frames[-1][1]
    if isinstance(error, NotImplementedError) and _is_in(code.co_filename, directory):
        title = f"{Path(code.co_filename).name}: {code.co_qualname} is not implemented yet"
        return Fault(title, f"`python autograder.py -q {QUESTION}` checks each part. {_again()}")
    if text := explanation(error, QUESTION):
        return Fault("The chat cannot go on", text)
    said = f"{type(error).__name__}: {error}"[:500]
    for frame, number in reversed(frames):
        if _is_in(frame.f_code.co_filename, directory):
            code, line = frame.f_code, number
            break
    title = f"{Path(code.co_filename).name}, line {line}: {code.co_qualname} stopped"
    return Fault(title, f"{said}. The terminal shows the whole traceback. {_again()}")


def tell(error: Exception) -> None:
    """Print an error in the terminal, as `python chat.py` does without a page."""
    if text := explanation(error, QUESTION):
        print(f"chat: {text}", file=sys.stderr)
    else:
        traceback.print_exception(error)


def _again() -> str:
    return "Change the file, end the program with Ctrl-C and start it again."


def _is_in(filename: str, directory: Path) -> bool:
    return Path(filename).resolve().parent == directory.resolve()
