"""Describes what the student's code raised, in their own frames only."""

from __future__ import annotations

import linecache
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from data import DataError
from grading.child import operands
from startup.student_modules import StudentFinder

MAX_FRAMES = 4  # the innermost ones; a runaway recursion has a thousand
MAX_CHARACTERS = 2000


def describe(error: BaseException, finder: StudentFinder | None) -> dict[str, Any]:
    """Turn an exception into `{"kind": "stub" | "data" | "crash", "text": ..., "location": ...}`.

    The kind is "data" where the project's own code could not use a file of its data: no code of the student's asked.

    Args:
        error: what came out of the student's code.
        finder: of the student's modules, whose frames are shown and no others; None before any is known.
    """
    every = _frames(error)
    frames = [frame for frame in every if finder is not None and finder.has(frame["file"])]
    if isinstance(error, NotImplementedError) and frames[-1:] == every[-1:]:  # raised by torch, it is no stub
        return {"kind": "stub", "text": "", "location": _location(frames[-1], finder)}
    if isinstance(error, DataError) and not frames:
        return {"kind": "data", "text": str(error)[:MAX_CHARACTERS], "location": ""}
    return {"kind": "crash", "text": _text(error, frames, finder)[:MAX_CHARACTERS], "location": ""}


def _text(error: BaseException, frames: list[dict[str, Any]], finder: StudentFinder | None) -> str:
    if isinstance(error, SyntaxError) and finder is not None and finder.has(error.filename):
        line = (error.text or "").strip()
        return f"{type(error).__name__}: {error.msg} ({_name(error.filename, finder)}, line {error.lineno}): {line}"
    if isinstance(error, SystemExit):
        status = "" if error.code is None else repr(error.code)
        headline = f"the code called exit({status}), which ends the process"
    else:
        headline = "".join(traceback.format_exception_only(error)).strip()
    lines = [headline]
    for frame in reversed(frames[-MAX_FRAMES:]):
        lines.append(f"  at {_location(frame, finder)}: {frame['source']}")
    if len(frames) > MAX_FRAMES:
        lines.append(f"  … {len(frames) - MAX_FRAMES} more frames")
    if frames and (sentences := operands.described(headline, [frame["step"] for frame in frames])):
        lines.append(" ".join(sentences))
    return "\n".join(lines)


def _name(file: str | None, finder: StudentFinder | None) -> str:
    """A student file's name relative to the student's folder."""
    assert file is not None and finder is not None
    return Path(file).relative_to(finder.directory).as_posix()


def _location(frame: dict[str, Any], finder: StudentFinder | None) -> str:
    where = f"{_name(frame['file'], finder)}:{frame['line']}"
    return where if frame["function"] == "<module>" else f"{frame['function']} ({where})"


def _frames(error: BaseException) -> list[dict[str, Any]]:
    """Outermost first. The traceback is walked by hand because `traceback` does not know qualified names."""
    frames: list[dict[str, Any]] = []
    step: TracebackType | None = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        source = linecache.getline(code.co_filename, step.tb_lineno).strip()
        frames.append(
            {
                "file": code.co_filename,
                "line": step.tb_lineno,
                "function": code.co_qualname.replace(".<locals>", ""),
                "source": source,
                "step": step,
            }
        )
        step = step.tb_next
    return frames
