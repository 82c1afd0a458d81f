"""docs/students/mistakes.md: each question's common mistakes, with the message that a student gets.

The page is written by `python -m staff.evidence.mutants --page`. Its last line holds a checksum of the rest, so that an
edit by hand shows.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Sequence
from itertools import groupby

from grading.questions import CORE, discover
from staff.evidence.mutants.run import Verdict

PATH = "docs/students/mistakes.md"
WIDTH = 100  # of a message, as on a wide terminal
INTRODUCTION = """# Common mistakes

This page shows common mistakes, and the message that the autograder prints for each. The line above a message says what
is wrong in the code. [How your work is graded](grading.md#reading-the-output) explains the parts of a message.
Tracebacks are left out here.
"""
SUM = "<!-- written by a program of the staff; checksum {} -->\n"


def markdown(verdicts: Sequence[Verdict]) -> str:
    """The page.

    Args:
        verdicts: of the common mutants, question by question.
    """
    questions = {question.id: question for question in discover()}
    titles = {name: question.title for name, question in questions.items()}
    parts = [INTRODUCTION]
    core_first = sorted(verdicts, key=lambda verdict: questions[verdict.mutant.question].group != CORE)
    for question_id, group in groupby(core_first, lambda verdict: verdict.mutant.question):
        parts.append(f"## {question_id}: {titles[question_id]}\n")
        parts += [_section(verdict) for verdict in group]
    text = "\n".join(parts) + "\n"
    return text + SUM.format(checksum(text))


def is_as_written(text: str) -> bool:
    """Whether a page is what the command wrote: its last line fits the rest."""
    body, _, last = text.rstrip("\n").rpartition("\n")
    return last + "\n" == SUM.format(checksum(f"{body}\n"))


def checksum(text: str) -> str:
    """Of the page without its last line."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def without_code(message: str) -> str:
    """A message without the lines of a traceback, which would quote the reference solution."""
    return re.sub(r"(?m)^  at .*\n?(?:^    .*\n?)*", "", message)


def _section(verdict: Verdict) -> str:
    lines = [
        piece for line in without_code(verdict.message).splitlines() for piece in textwrap.wrap(line, WIDTH) or [""]
    ]
    shown = "\n".join(lines)
    return f"**{verdict.mutant.wrong}** Check: {verdict.title}.\n\n```text\n{shown}\n```\n"
