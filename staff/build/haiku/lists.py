"""The lists of messages: which there are, and how they are read."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
EXAMPLES = FOLDER / "messages_examples.txt"  # what the reader of messages is fitted to
LISTS = {name: FOLDER / f"messages_{name}.txt" for name in ("held_out", "tuning")}
GRADED = FOLDER.parents[2] / "test_cases" / "q8" / "messages.txt"


def read_messages(path: Path) -> list[tuple[tuple[str, ...], str]]:
    """The messages of a list, each after the themes that it asks for; a `-` asks for none."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            names, _, message = line.partition("|")
            found.append((tuple(name.strip() for name in names.split(",") if name.strip() != "-"), message.strip()))
    return found
