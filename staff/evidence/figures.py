"""Do the measured figures still hold? `python -m staff.evidence.figures` measures the quick ones of docs/figures.toml.

Each is measured several times. What moved by more than its spread is told: the new median is compared with the old
one, and the spread is the wider of both, or a tenth of the old median where that is more.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from data.files import write_text
from grading.arguments import count_from
from staff.texts import figures
from staff.texts.figures import Figure
from startup import ending
from startup.project import PROJECT_DIRECTORY

DEFAULT_RUNS = 3
LEAST_SPREAD = 0.1  # a share of the old median: medians of few runs differ by as much
EXIT_HOLDS, EXIT_MOVED, EXIT_USAGE = 0, 1, 2


class NotMeasured(Exception):
    """A command failed, or its output lacks the figure; the text names the command."""


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if a figure moved, 2 if one cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.figures", description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help="these only (default: all quick ones)")
    parser.add_argument("--runs", type=count_from(1), default=DEFAULT_RUNS, help=f"of each (default {DEFAULT_RUNS})")
    parser.add_argument("--write", action="store_true", help="put the new values into docs/figures.toml and the texts")
    arguments = parser.parse_args(argv)
    path = PROJECT_DIRECTORY / figures.PATH
    try:
        known, _ = figures.read(path.read_bytes())
        chosen = _chosen(known, arguments.ids)
        moved = 0
        for figure in chosen:
            values = [measure(figure) for _ in range(arguments.runs)]
            has_moved = is_moved(figure, values)
            moved += has_moved
            print(f"{figure.id:<20} {figure.told} -> {statistics.median(values):.4g} {figure.unit} "
                  f"({min(values):.4g} to {max(values):.4g}){'  MOVED' if has_moved else ''}", flush=True)  # fmt: skip
            if arguments.write:
                text = path.read_text(encoding="utf-8")
                write_text(path, written(text, figure.id, values, datetime.date.today()))
    except (figures.FiguresError, NotMeasured, OSError) as error:
        print(f"staff.evidence.figures: {error}", file=sys.stderr)
        return EXIT_USAGE
    if arguments.write:
        print("now run: python -m staff.texts")
    return EXIT_MOVED if moved else EXIT_HOLDS


def measure(figure: Figure) -> float:
    """One value of a figure: its command is run once, in the project's folder, with this Python.

    Raises:
        NotMeasured: the command ends with another status than it should, or prints no such number.
    """
    words = shlex.split(figure.command)
    if words[0] == "python":
        words[0] = sys.executable
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    started = time.perf_counter()
    finished = subprocess.run(words, cwd=PROJECT_DIRECTORY, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if finished.returncode != figure.status:
        raise NotMeasured(
            f"`{figure.command}` ended with {finished.returncode}:\n{finished.stdout[-800:]}{finished.stderr[-800:]}"
        )
    if figure.of == "seconds":
        return seconds
    found = re.search(figure.of, finished.stdout + finished.stderr)
    if found is None:
        raise NotMeasured(f"`{figure.command}` printed nothing that fits {figure.of}")
    return float(found[1].replace(",", ""))


def is_moved(figure: Figure, values: Sequence[float]) -> bool:
    """Whether the median of new values is farther from the old one than the values of either lie apart."""
    spread = max(figure.spread, max(values) - min(values), LEAST_SPREAD * abs(figure.median))
    return abs(statistics.median(values) - figure.median) > spread


def written(text: str, figure_id: str, values: Sequence[float], day: datetime.date) -> str:
    """docs/figures.toml with new values and their day for one figure; comments and all else stay."""
    before, mark, rest = text.partition(f'id = "{figure_id}"\n')
    entry, following, after = rest.partition("\n[[figures]]")
    entry = re.sub(r"(?m)^values = .*$", f"values = [{', '.join(f'{value:.4g}' for value in values)}]", entry)
    entry = re.sub(r"(?m)^measured = .*$", f"measured = {day.isoformat()}", entry)
    return f"{before}{mark}{entry}{following}{after}"


def _chosen(known: Sequence[Figure], ids: Sequence[str]) -> list[Figure]:
    by_id = {figure.id: figure for figure in known}
    if unknown := [name for name in ids if name not in by_id]:
        raise figures.FiguresError(f"there is no figure {unknown[0]}; there are: {', '.join(by_id)}")
    if unread := [name for name in ids if not by_id[name].of]:
        raise figures.FiguresError(f"{unread[0]} is read by eye: {by_id[unread[0]].command}")
    return [by_id[name] for name in ids] or [figure for figure in known if figure.quick]


if __name__ == "__main__":
    ending.run(main)
