"""Writes the report: one HTML file with everything in it, readable without a network on whatever screen there is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2

from data.files import write_text
from grading import report
from grading.outcomes import QuestionResult, RunResult
from grading.pages import figures
from pictures import drawing
from pictures.panels import Chart, Panel, WindowPicture, Writing, WrongAnswers, clipped

FILE_NAME = "report.html"
MAX_MESSAGE_CHARACTERS = 10_000
LONG_LINES, LONG_CHARACTERS = 18, 1600  # a message beyond either is folded


@dataclass(frozen=True)
class About:
    """What the page says of the run besides its results.

    Attributes:
        started: when, in local time.
        command: the one line that does it again.
        graded: whose files, such as the folder's name.
    """

    started: datetime
    command: str
    graded: str


@dataclass(frozen=True)
class Item:
    """A panel, drawn: what the template lays out.

    Attributes:
        kind: picture, mistakes, writing or talk.
        panel: with its caption and texts.
        addresses: of the images, data URIs: a picture's own, or one for each mistake that has an image.
    """

    kind: str
    panel: Any
    addresses: tuple[str, ...] = ()


class ReportPage:
    """The page of one run; write it as often as there is something new.

    Args:
        directory: where report.html goes; exists.
        about: the run.
    Attributes:
        path: of the page.
        fault: why the page has no pictures and what to do; empty if matplotlib can be used.
    """

    def __init__(self, directory: Path, about: About) -> None:
        self.path = directory / FILE_NAME
        self.fault = drawing.fault()
        self._about = about
        self._drawn: dict[str, tuple[QuestionResult, list[Item]]] = {}
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent, encoding="utf-8"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {
            "points": report.points,
            "number": report.number,
            "clipped": lambda text: clipped(text, MAX_MESSAGE_CHARACTERS),
            "is_long": lambda text: text.count("\n") >= LONG_LINES or len(text) > LONG_CHARACTERS,
        }
        environment.tests["waiting_for_a_stub"] = report.waits_for_a_stub
        self._template = environment.get_template("report.html.j2")

    def write(self, result: RunResult, sources: list[str]) -> None:
        """Write the page; a reader sees the old one or the new one, never half of one.

        Args:
            result: of the run so far; a question without outcomes has not been graded yet.
            sources: which data was used.
        Raises:
            OSError: the file cannot be written.
        """
        page = self._template.render(
            run=result,
            about=self._about,
            sources=sources,
            rows={question.id: rows(self._items(question)) for question in result.questions},
            graded=[question for question in result.questions if question.outcomes],
        )
        write_text(self.path, page)

    def _items(self, question: QuestionResult) -> list[Item]:
        """A question's pictures, drawn once."""
        if question.id not in self._drawn or self._drawn[question.id][0] is not question:
            self._drawn[question.id] = question, _items_that_can_be_drawn(question, without_images=bool(self.fault))
        return self._drawn[question.id][1]


def rows(items: list[Item]) -> list[list[Item]]:
    """Items in rows of one or two, in order; a wide one has a row of its own."""
    found: list[list[Item]] = []
    for item in items:
        if found and len(found[-1]) == 1 and not item.panel.is_wide and not found[-1][0].panel.is_wide:
            found[-1].append(item)
        else:
            found.append([item])
    return found


def drawn(panel: Panel) -> Item:
    """Draw a panel."""
    if isinstance(panel, Chart):
        return Item("picture", panel, (figures.chart(panel),))
    if isinstance(panel, WindowPicture):
        return Item("picture", panel, (figures.window_picture(panel),))
    if isinstance(panel, WrongAnswers):
        images = [answer.image for answer in panel.answers if answer.image is not None]
        return Item("mistakes", panel, tuple(map(figures.pixels, images)))
    return Item("writing" if isinstance(panel, Writing) else "talk", panel)


def _has_images(panel: Panel) -> bool:
    if isinstance(panel, WrongAnswers):
        return any(answer.image is not None for answer in panel.answers)
    return isinstance(panel, Chart | WindowPicture)


def _items_that_can_be_drawn(question: QuestionResult, without_images: bool = False) -> list[Item]:
    found: list[Item] = []
    for exhibit in question.exhibits:
        try:
            found += [drawn(panel) for panel in exhibit.panels() if not (without_images and _has_images(panel))]
        except Exception as error:  # numbers may be as wild as they like: a picture less, never the report
            print(f"(a picture of {question.id} cannot be drawn: {error})", file=sys.stderr)
    return found
