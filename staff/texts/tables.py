"""The tables in the texts, made from test_cases/*/question.toml and docs/figures.toml.

README.md and STUDENTS.md list the questions. STUDENTS.md also says what students write, and which files a question
needs. The README.md in a question's folder lists its checks. README.md, docs/figures.md and the pages of electives show
measured figures. Sentences of some pages count the electives.
"""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grading.questions import CORE, ELECTIVE, natural_order, required
from staff.texts import figures, forbidden, marks
from startup.project import PROJECT_DIRECTORY

SHORT_LIST, LONG_LIST = "README.md", "STUDENTS.md"  # the texts that list every question
LISTS = (SHORT_LIST, LONG_LIST)
COUNTING = (*LISTS, "docs/electives.md", "docs/staff.md", "docs/why.md")  # the texts that count the electives
NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
WIDTH = 120  # characters of a line of a page
QUESTIONS, POINTS = "questions", "points"  # names of marks
GROUPS = {CORE: "Core questions", ELECTIVE: "Electives"}
FOLDERS = "test_cases"
DEFAULTS = f"{FOLDERS}/defaults.toml"  # what holds for a question.toml that says nothing else


class TableError(Exception):
    """A table cannot be written; the text says why and what to do."""


@dataclass(frozen=True)
class Check:
    """One check, as question.toml describes it; `needs` holds positions of other checks, counted from 1."""

    title: str
    points: float
    needs: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """What the tables say of one question; the fields are those of question.toml."""

    id: str
    title: str
    group: str
    extra_credit: bool
    requires: tuple[str, ...]
    targets: tuple[str, ...]
    checks: tuple[Check, ...]
    forbidden: tuple[str, ...]

    @property
    def points(self) -> float:
        """What all its checks together are worth."""
        return sum(check.points for check in self.checks)

    @property
    def files(self) -> tuple[str, ...]:
        """The student files that hold its targets."""
        modules = dict.fromkeys(target.rpartition(".")[0].replace(".", "/") for target in self.targets)
        return tuple(f"{module}.py" for module in modules)

    @property
    def hand_out(self) -> str:
        """The path of its section of the hand-out."""
        return f"{FOLDERS}/{self.id}/README.md"


def filled(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The texts that hold tables, with the tables that the questions give.

    Args:
        files: content by path in the repository; at least every question.toml and every text with a table.
    Raises:
        TableError: a text or its marks are missing, or a question.toml or docs/figures.toml cannot be read.
    """
    questions = _questions(files)
    texts = {path: (QUESTIONS, question_list(questions, is_long=path == LONG_LIST)) for path in LISTS}
    texts |= {question.hand_out: (POINTS, check_list(question)) for question in questions}
    found = {path: _filled(files, path, mark, table) for path, (mark, table) in texts.items()}
    for question in questions:
        page = found[question.hand_out].decode()
        if question.group == ELECTIVE or marks.begin(forbidden.MARK) in page:
            path, text = question.hand_out, textwrap.fill(forbidden.sentences(question.forbidden), WIDTH)
            found[path] = _filled(found, path, forbidden.MARK, text)
    found |= _with_figures({**files, **found})
    return found | _with_counts({**files, **found}, questions)


def question_list(questions: Sequence[Question], is_long: bool) -> str:
    """One table for each group of questions, with the sum of its points.

    Args:
        questions: all of them.
        is_long: whether the table says what students write, and which files they hand in beside those that they write.
    """
    parts, by_id = [], {question.id: question for question in questions}
    for group, name in GROUPS.items():
        members = [question for question in questions if question.group == group]
        if members:
            counted = sum(question.points for question in members if not question.extra_credit)
            extra = sum(question.points for question in members if question.extra_credit)
            also = f" Extra credit: {extra:g} points." if extra else ""
            head = (
                ("question", "points", "you write", "in", "also hand in") if is_long else ("question", "points", "in")
            )
            rows = [_long_row(question, by_id) if is_long else _short_row(question) for question in members]
            parts += [_table(head, rows), f"{name}: {counted:g} points.{also}"]
    return "\n\n".join(parts)


def check_list(question: Question) -> str:
    """One row for each check of a question, and their sum."""
    rows = [
        (str(number), check.title, f"{check.points:g}", ", ".join(map(str, check.needs)))
        for number, check in enumerate(question.checks, start=1)
    ]
    extra = " of extra credit" if question.extra_credit else ""
    return (
        f"{_table(('', 'check', 'points', 'needs'), rows)}\n\n"
        f"Together: {question.points:g} {'point' if question.points == 1 else 'points'}{extra}. "
        "A check runs only after the checks that it needs have passed."
    )


def files_on_disk(project: Path = PROJECT_DIRECTORY) -> dict[str, bytes]:
    """The files that `filled` reads, as they are now."""
    paths = [project / name for name in (*COUNTING, DEFAULTS, figures.PATH, figures.PAGE)]
    for pattern in ("question.toml", "README.md"):
        paths += sorted((project / FOLDERS).glob(f"*/{pattern}"))
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def _with_figures(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The texts that show measured figures; none where the file of the figures is not shipped."""
    if figures.PATH not in files:
        return {}
    try:
        measured, machine = figures.read(files[figures.PATH])
    except figures.FiguresError as error:
        raise TableError(str(error)) from error
    page, readme = files[figures.PAGE], files[figures.SHORT_PAGE]
    for mark, table in figures.tables(measured, machine).items():
        page = _filled({figures.PAGE: page}, figures.PAGE, mark, table)
    short = _filled({figures.SHORT_PAGE: readme}, figures.SHORT_PAGE, figures.MARK, figures.short_table(measured))
    found = {figures.PAGE: page, figures.SHORT_PAGE: short}
    for name, sentence in figures.sentences(measured).items():
        path = f"{FOLDERS}/{name}/README.md"
        if f"{FOLDERS}/{name}/question.toml" not in files:
            raise TableError(
                f"{figures.PATH} has figures of {name}, and there is no {FOLDERS}/{name}: remove them there"
            )
        found[path] = _filled(files, path, figures.SECONDS, sentence)
    return found


def counts(questions: Sequence[Question]) -> dict[str, str]:
    """What sentences say of the electives, by the name of its mark; empty without electives."""
    electives = [question for question in questions if question.group == ELECTIVE]
    if not electives:
        return {}
    count = len(electives)
    return {
        "count of electives": NUMBERS[count] if count < len(NUMBERS) else str(count),
        "points of electives": f"{sum(question.points for question in electives):g}",
        "last elective": electives[-1].id,
    }


def _with_counts(files: Mapping[str, bytes], questions: Sequence[Question]) -> dict[str, bytes]:
    """The texts whose sentences count the electives; of these, students receive STUDENTS.md alone."""
    found = {}
    for path in COUNTING:
        if path in files:
            text = files[path].decode()
            for name, number in counts(questions).items():
                text = marks.replaced_within_lines(text, name, number)
            found[path] = text.encode()
    return found


def _questions(files: Mapping[str, bytes]) -> list[Question]:
    found = []
    defaults = tomllib.loads(files[DEFAULTS].decode())
    for path, content in files.items():
        if match := re.fullmatch(rf"{FOLDERS}/([^/]+)/question\.toml", path):
            try:
                found.append(_question(match[1], tomllib.loads(content.decode()), defaults))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, ValueError) as error:
                raise TableError(f"{path}: {type(error).__name__}: {error}") from error
    return sorted(found, key=lambda question: natural_order(question.id))


def _question(question_id: str, table: dict[str, Any], defaults: dict[str, Any]) -> Question:
    names = [row["name"] for row in table["checks"]]

    def check(row: dict[str, Any]) -> Check:
        needs = sorted(names.index(name) + 1 for name in row.get("requires", ()))
        return Check(row["title"], row.get("points", 0), tuple(needs))

    checks = map(check, table["checks"])
    group = table.get("group", CORE)
    if group not in GROUPS:
        raise ValueError(f"group {group!r} is none of {', '.join(GROUPS)}")
    extra_credit = bool(table.get("extra_credit", False))
    requires, targets = tuple(table.get("requires", ())), tuple(table["targets"])
    patterns = {**defaults["imports"], **table.get("imports", {})}["forbidden"]
    return Question(question_id, table["title"], group, extra_credit, requires, targets, tuple(checks), tuple(patterns))


def _short_row(question: Question) -> tuple[str, ...]:
    return (
        f"[{question.id} {question.title}]({question.hand_out})",
        f"{question.points:g}{' extra' if question.extra_credit else ''}",
        _code(question.files),
    )


def _long_row(question: Question, questions: Mapping[str, Question]) -> tuple[str, ...]:
    link, points, files = _short_row(question)
    needed = required([question.id], {name: other.requires for name, other in questions.items()})
    others = dict.fromkeys(file for name in needed for file in questions[name].files if file not in question.files)
    return link, points, _code(target.rpartition(".")[2] for target in question.targets), files, _code(others)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [" | ".join(cells) for cells in (head, *rows)]
    rule = "|".join("---" for _ in lines[0].split(" | "))
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])


def _filled(files: Mapping[str, bytes], path: str, mark: str, table: str) -> bytes:
    if path not in files:
        raise TableError(f"{path} is missing: every question needs its section of the hand-out")
    try:
        return marks.replaced(files[path].decode(), mark, table).encode()
    except (marks.MarksError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: {error}") from error
