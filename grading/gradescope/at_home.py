"""`python autograder.py --as-gradescope`: on one's own machine, the run that a submission would get.

The same files are taken from the same places, the same limits hold, questions come in the same order; what it would
cost on Gradescope is predicted.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from grading.arguments import UsageError
from grading.console import Console
from grading.gradescope import run, settings, submission
from grading.gradescope.feedback import Feedback
from grading.gradescope.settings import HarnessSettings
from grading.gradescope.usage import Meter
from grading.isolation.sandbox import is_available
from grading.outcomes import TIME, RunResult
from grading.questions import ELECTIVE, Question, discover
from startup.student_files import is_like

TIGHT = 0.8  # of what there is: from here on a prediction is called tight


@dataclass(frozen=True)
class Rehearsal:
    """What came of a rehearsal: whether every check passed, and the content of results.json."""

    passed: bool
    document: dict[str, Any]


def to_grade(named: Sequence[Question], wants_electives: bool, course: HarnessSettings) -> list[Question]:
    """The questions of a rehearsal: those that the student names, else those of the course's assignment.

    Args:
        named: by the student, one by one; may be empty.
        wants_electives: whether the student asks for the electives instead. If the assignment has none, all are meant.
        course: the course's settings.
    Raises:
        SettingsError: the settings name a question or a metric that does not exist.
    """
    if named:
        return list(named)
    every = discover()
    assignment = settings.assigned(every, course)
    if not wants_electives:
        return assignment
    electives = [question for question in every if question.group == ELECTIVE]
    return [question for question in electives if question in assignment] or electives


def rehearse(
    code_directory: Path, questions: Sequence[Question], course: HarnessSettings, console: Console
) -> Rehearsal:
    """Grade the student files of a folder as Gradescope would, and print what that would cost there.

    Args:
        code_directory: holds the files that would be handed in; others in it are left behind.
        questions: to be graded.
        course: the course's settings.
        console: where to say it.
    Raises:
        SettingsError: the course's settings make no sense.
        UsageError: a student file cannot be read.
    """
    graded = tuple(question.id for question in questions)
    chosen = replace(course, questions=graded, max_submissions=0, feedback=Feedback())  # at home: everything
    with tempfile.TemporaryDirectory(prefix="nn-at-home-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        names = _hand_in(code_directory, root / "submission")
        for line in _introduction(names, chosen) + _outside(graded, course):
            _say(line, console)
        console.line()
        with Meter() as meter:
            result = run.grade(root, chosen, console, at_home=True).run
        document = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    console.line()
    for line in prediction(meter, chosen, result):
        _say(line, console)
    return Rehearsal(result.passed and len(result.questions) == len(graded), document)


def prediction(meter: Meter, chosen: HarnessSettings, result: RunResult) -> list[str]:
    """Lines that say what a measured run would cost on Gradescope, and by which rule."""
    if meter.processor_seconds is not None:
        needed, measured = meter.processor_seconds, f"{meter.processor_seconds:.1f} s of processor time"
    else:  # a student process computes on one thread, so that the clock on the wall comes near
        needed, measured = meter.seconds, f"{meter.seconds:.1f} s"
    seconds = needed / chosen.processors
    lines = [
        f"Predicted on Gradescope, with {chosen.processors:g} of a processor as fast as yours:",
        f"    time    {_clock(seconds):>8} of {_clock(chosen.seconds)}      {measured} here, "
        f"divided by {chosen.processors:g}",
    ]
    mebibytes, there = (meter.memory_bytes or 0) / 2**20, chosen.container_bytes / 2**20
    if meter.memory_bytes is not None:
        lines.append(
            f"    memory  {mebibytes:>8.0f} of {there:.0f} MiB   the most here; margin {there - mebibytes:.0f} MiB"
        )
    else:
        lines.append(f"    memory  {'?':>8} of {there:.0f} MiB   this system does not tell what a run has held")
    if seconds > chosen.seconds:
        lines.append("Too slow: there the grader would end before the last question. Train for fewer epochs.")
    elif seconds > TIGHT * chosen.seconds:
        lines.append("Tight: a slower processor there could end the run before the last question.")
    if mebibytes > there:
        lines.append("Too large: there the run would be killed. Keep fewer tensors, or make them smaller.")
    elif mebibytes > TIGHT * there:
        lines.append("Memory is tight.")
    if any(outcome.cause == TIME for question in result.questions for outcome in question.outcomes):
        lines.append("A question ran into its time limit; with half of a processor it would do so sooner.")
    return lines


def _hand_in(code_directory: Path, target: Path) -> list[str]:
    """Copy what would be handed in, and nothing else; returns the names."""
    target.mkdir()
    names, known = [], discover()
    for wanted in sorted(run.student_files(known, known)):
        folder, base = code_directory / PurePosixPath(wanted).parent, PurePosixPath(wanted).name
        here = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
        for path in [path for path in here if path.name == base or is_like(path.name, base)]:
            copied = target / PurePosixPath(wanted).parent / path.name
            copied.parent.mkdir(exist_ok=True)
            try:
                shutil.copyfile(path, copied)
            except OSError as error:
                raise UsageError(f"{path} cannot be read ({error.strerror}). Check the file's permissions.") from error
            names.append(copied.relative_to(target).as_posix())
    return sorted(set(names))


def _introduction(names: Sequence[str], chosen: HarnessSettings) -> list[str]:
    confined = "limits on files, processes and connections too, " if is_available() else ""
    return [
        f"As on Gradescope: only {submission.together(names) or 'no files'}, in a folder of their own; "
        f"{chosen.seconds / 60:g} minutes for all questions, at most half of what is left for each; "
        f"{chosen.student_bytes // 2**20} MiB for your code.",
        f"Not as there: a whole processor; your code runs as you ({confined}but no user of its own without rights); "
        "the shipped test examples stand in for the hidden ones.",
    ]


def _outside(graded: Sequence[str], course: HarnessSettings) -> list[str]:
    """A line about questions that the course's assignment does not name; none if it names no question at all."""
    others = [name for name in graded if course.questions and name not in course.questions]
    return [f"Not in this course's assignment: {', '.join(others)}."] if others else []


def _say(line: str, console: Console) -> None:
    indent = " " * (len(line) - len(line.lstrip()))
    for piece in textwrap.wrap(line.strip(), console.width, initial_indent=indent, subsequent_indent=indent + "  "):
        console.line(piece)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
