"""Reads the attacks: each is a file of code that is put behind a file of the reference solutions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from staff.places import SOLUTIONS_DIRECTORY

ATTACKS_DIRECTORY = Path(__file__).resolve().parent / "attacks"
HANDED_IN = ("models.py", "losses.py", "train.py")  # an attack in another student file hands that one in, too
BREACH = "BREACH"  # an attack that gets anywhere prints this word


@dataclass(frozen=True)
class Attack:
    """One hostile submission.

    Attributes:
        name: its file's.
        what: what it does, in words.
        files: what is handed in, by name.
        links: names that are handed in as links to the hidden split.
        questions: graded, in order.
        points: what each question must be given.
        seconds: that the grader takes itself for the whole.
    """

    name: str
    what: str
    files: dict[str, bytes]
    links: tuple[str, ...]
    questions: tuple[str, ...]
    points: dict[str, float]
    seconds: float


def load_all() -> list[Attack]:
    """Every attack, by name."""
    return [_load(path) for path in sorted(ATTACKS_DIRECTORY.glob("*.py"))]


def _load(path: Path) -> Attack:
    """Read an attack: comments of the form `# name: value` on top, then code."""
    text = path.read_text(encoding="utf-8")
    head, _, code = text.partition("\n\n")
    values = dict(re.findall(r"^# (\w+): (.*)$", head, re.MULTILINE))
    files = {name: (SOLUTIONS_DIRECTORY / name).read_bytes() for name in HANDED_IN}
    target = values["file"]
    for name in (target, *values.get("also", "").split()):
        files.setdefault(name, (SOLUTIONS_DIRECTORY / name).read_bytes())
    files[target] += f"\n\n# --- {path.name}\n{code}".encode()
    if values.get("bytes"):
        files[target] = b"\x00\xff\xfe" * 1000
    if encoding := values.get("encoding"):
        files[target] = f"# coding: {encoding}\n#-".encode() + b"b9" * 450_000
    for name in values.get("extra", "").split():
        files[name] = f"print('{BREACH}: {name} was imported')\n".encode()
    links = tuple(values.get("link", "").split())
    for name in links:
        del files[name]
    return Attack(
        name=path.stem,
        what=values["attack"],
        files=files,
        links=links,
        questions=tuple(values["questions"].split()),
        points={name: float(points) for name, points in re.findall(r"(\w+)=([\d.]+)", values["points"])},
        seconds=float(values.get("seconds", 60)),
    )
