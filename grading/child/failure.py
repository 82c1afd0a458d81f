"""Describes what the student's code raised, in their own frames only."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

MAX_FRAMES = 4  # the innermost ones; a runaway recursion has a thousand
MAX_CHARACTERS = 2000


def describe(error: BaseException, directory: Path) -> dict[str, Any]:
    """Turn an exception into `{"kind": "stub" | "crash", "text": ..., "place": ...}`.

    Args:
        error: what came out of the student's code.
        directory: the student's folder; only frames of files in it are shown.
    """
    every = _frames(error)
    frames = [frame for frame in every if Path(frame["file"]).parent == directory]
    if isinstance(error, NotImplementedError) and frames[-1:] == every[-1:]:  # raised by torch, it is no stub
        return {"kind": "stub", "text": "", "place": _place(frames[-1])}
    return {"kind": "crash", "text": _text(error, frames, directory)[:MAX_CHARACTERS], "place": ""}


def _text(error: BaseException, frames: list[dict[str, Any]], directory: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).parent == directory:
        line = (error.text or "").strip()
        return f"{type(error).__name__}: {error.msg} ({Path(error.filename).name}, line {error.lineno}): {line}"
    if isinstance(error, SystemExit):
        headline = f"the code called exit({error.code!r})"
    else:
        headline = "".join(traceback.format_exception_only(error)).strip()
    lines = [headline]
    for frame in reversed(frames[-MAX_FRAMES:]):
        lines.append(f"  at {_place(frame)}: {frame['source']}")
    if len(frames) > MAX_FRAMES:
        lines.append(f"  … {len(frames) - MAX_FRAMES} more frames")
    return "\n".join(lines)


def _place(frame: dict[str, Any]) -> str:
    where = f"{Path(frame['file']).name}:{frame['line']}"
    return where if frame["function"] == "<module>" else f"{frame['function']} ({where})"


def _frames(error: BaseException) -> list[dict[str, Any]]:
    """Outermost first. The traceback is walked by hand because `traceback` does not know qualified names."""
    import linecache

    frames = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        source = linecache.getline(code.co_filename, step.tb_lineno).strip()
        frames.append(
            {
                "file": code.co_filename,
                "line": step.tb_lineno,
                "function": code.co_qualname.replace(".<locals>", ""),
                "source": source,
            }
        )
        step = step.tb_next
    return frames
