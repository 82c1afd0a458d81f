"""The page for the reader who marks messages: a table with an empty column, then every message as a student gets it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grading.outcomes import Outcome
from staff.evidence.unseen.run import Reading

MARKS = ("NAMES", "SILENT", "MISLEADS")
MIN_FENCE = 3  # backticks around a code block


def markdown(readings: Sequence[Reading], command: str) -> str:
    """The page, to be marked by hand.

    Args:
        readings: in the order of the page.
        command: that makes the page again.
    """
    messages = [(reading, outcome) for reading in readings for outcome in reading.lost]
    numbers = {(reading.mistake.name, outcome.name): n for n, (reading, outcome) in enumerate(messages, start=1)}
    rows: list[str] = []
    sections: list[str] = []
    for reading in readings:
        mistake = reading.mistake
        sections.append(f"## {mistake.name}\n\n{mistake.wrong}")
        if not reading.lost:
            rows.append(_row("", mistake.name, mistake.wrong, "no check lost: to be replaced", ""))
            sections.append("No check is lost.")
        for outcome in reading.lost:
            number = numbers[mistake.name, outcome.name]
            rows.append(_row(f"[{number}](#message-{number})", mistake.name, mistake.wrong, outcome.name, ""))
            sections.append(_section(number, outcome))
    return "\n\n".join(
        [
            "# What unseen mistakes are told",
            f"`{command}`: {len(readings)} mistakes, {len(messages)} messages. Each row waits for one mark, "
            f"{', '.join(MARKS[:-1])} or {MARKS[-1]}; staff/evidence/unseen/README.md says what they mean.",
            "\n".join([_row("message", "mistake", "what is wrong", "check", "mark"), "|---|---|---|---|---|", *rows]),
            *sections,
            "",
        ]
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _section(number: int, outcome: Outcome) -> str:
    longest = max((len(run) for run in re.findall("`+", outcome.message)), default=0)
    fence = "`" * max(MIN_FENCE, longest + 1)
    return (
        f"### Message {number}\n\nCheck `{outcome.name}` ({outcome.title}), {outcome.status}:\n\n"
        f"{fence}text\n{outcome.message}\n{fence}"
    )
