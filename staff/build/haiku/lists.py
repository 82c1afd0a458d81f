"""The lists of messages."""

from __future__ import annotations

from pathlib import Path

from startup.project import PROJECT_DIRECTORY

FOLDER = Path(__file__).resolve().parent
EXAMPLES = FOLDER / "messages_examples.txt"  # what the reader of messages is fitted to
LISTS = {name: FOLDER / f"messages_{name}.txt" for name in ("held_out", "tuning")}
GRADED = PROJECT_DIRECTORY / "test_cases" / "q8" / "messages.txt"
