"""Measured figures for the texts, from docs/figures.toml: what was measured, the figure, its command and its day."""

from __future__ import annotations

import datetime
import statistics
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PATH = "docs/figures.toml"
PAGE, SHORT_PAGE, MARK = "docs/figures.md", "README.md", "figures"
ELECTIVES, SECONDS = "electives", "seconds"  # a section whose ids are those of questions; the mark on their pages
RATHER_PRECISE = 3  # digits of a median


class FiguresError(Exception):
    """docs/figures.toml cannot be read; the text says why."""


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        id: its name in the file.
        section: of docs/figures.md.
        what: was measured.
        command: measures it.
        measured: the day.
        short: its name in README.md; "" if it is not there.
        figure: a text, where there are no values.
        values: one for each run.
        unit: of the values.
        of: what is read from the command: "seconds", or a regular expression with one group.
        quick: whether it is measured again by `make figures`.
        status: with which the command ends.
    """

    id: str
    section: str
    what: str
    command: str
    measured: datetime.date
    short: str = ""
    figure: str = ""
    values: tuple[float, ...] = ()
    unit: str = ""
    of: str = ""
    quick: bool = False
    status: int = 0

    @property
    def median(self) -> float:
        """Of its values."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """From the least to the largest value."""
        return max(self.values) - min(self.values)

    @property
    def told(self) -> str:
        """The figure as the texts show it, such as `23.6 s (23.1 to 24.2)`."""
        if not self.values:
            return self.figure
        median = f"{_number(self.median)} {self.unit}"
        return f"{median} ({_number(min(self.values))} to {_number(max(self.values))})" if self.spread else median


def read(content: bytes) -> tuple[list[Figure], str]:
    """The figures of docs/figures.toml, and the machine that measured them.

    Raises:
        FiguresError: the file is no TOML, a field is missing, unknown or wrong, or two figures have one id.
    """
    try:
        table = tomllib.loads(content.decode())
        figures = [_figure(row) for row in table["figures"]]
        machine = str(table["machine"])
    except (ValueError, KeyError, TypeError) as error:
        raise FiguresError(f"{PATH}: {type(error).__name__}: {error}") from error
    if len({figure.id for figure in figures}) != len(figures):
        raise FiguresError(f"{PATH}: two figures have the same id")
    return figures, machine


def tables(figures: Sequence[Figure], machine: str) -> dict[str, str]:
    """The table of each section, by the name of its mark in docs/figures.md."""
    found = {}
    for section in dict.fromkeys(figure.section for figure in figures):
        rows = [
            f"| {figure.what} | {figure.told} | `{figure.command}` | {figure.measured} |"
            for figure in figures
            if figure.section == section
        ]
        found[f"{MARK} of {section}"] = "\n".join(
            ["| what | figure | command | measured |", "|---|---|---|---|", *rows]
        )
    return found | {f"{MARK}: machine": f"Machine: {machine}."}


def short_table(figures: Sequence[Figure]) -> str:
    """The few figures of README.md."""
    rows = [f"| {figure.short} | {figure.told.partition(';')[0]} |" for figure in figures if figure.short]
    return "\n".join(["| what | figure |", "|---|---|", *rows])


def sentences(figures: Sequence[Figure]) -> dict[str, str]:
    """What the page of each elective says of its running time, by the elective's id."""
    return {
        figure.id: f"The reference solution takes about {figure.median:.0f} seconds on one core, without windows."
        for figure in figures
        if figure.section == ELECTIVES
    }


def _figure(row: dict[str, Any]) -> Figure:
    figure = Figure(**{**row, "values": tuple(map(float, row.get("values", ())))})
    if bool(figure.values) == bool(figure.figure):
        raise FiguresError(f"{PATH}: {figure.id} needs either values or a figure")
    if figure.quick and not (figure.values and figure.of):
        raise FiguresError(f"{PATH}: {figure.id} is quick, so that it needs values, and `of`")
    return figure


def _number(value: float) -> str:
    return f"{value:.{RATHER_PRECISE}g}" if abs(value) < 1000 else f"{value:,.0f}"
