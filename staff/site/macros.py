"""What pages of site/ may call between `<%=` and `%>`: parts that are made from the project's own files."""

from __future__ import annotations

import html
import posixpath
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, StrictUndefined

from grading.questions import natural_order
from staff.site import exam, road
from staff.site.sources import STAFF_FOLDER, SiteError

ENVIRONMENT = Environment(
    variable_start_string="<%=", variable_end_string="%>", block_start_string="<%", block_end_string="%>",
    comment_start_string="<%#", comment_end_string="%>", undefined=StrictUndefined, keep_trailing_newline=True,
    trim_blocks=True,
)  # fmt: skip
TITLES = {
    "project/index": "The hand-out",
    f"{STAFF_FOLDER}index": "The repository",
}  # in the margin, where others are too long
TEXTS = re.compile(r"site/.+\.md")


@dataclass(frozen=True)
class Macros:
    """The parts that one page may ask for.

    Attributes:
        files: content by path in the repository.
        places: path in the site by path in the repository.
        page: path of the page in the repository.
    """

    files: Mapping[str, bytes]
    places: Mapping[str, str]
    page: str

    def fill(self, text: str) -> str:
        """The text with its calls replaced.

        Raises:
            SiteError: a call fails.
        """
        names: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("contents", "checklist", "haiku", "practise", "questions", "road", "timeline")
        }
        names |= {"ask": exam.ask, "show": exam.shown, "number": exam.ANSWERS, "for_staff": self.for_staff}
        try:
            return ENVIRONMENT.from_string(text).render(names)
        except SiteError:
            raise
        except Exception as error:  # whatever a template may raise
            raise SiteError(f"{self.page}: {type(error).__name__}: {error}") from error

    @property
    def for_staff(self) -> bool:
        """Whether the pages of the staff are in the site."""
        return "README.md" in self.places

    def contents(self, caption: str, *patterns: str) -> str:
        """A table of contents for the margin: every page of the site whose path matches one of the patterns."""
        targets = sorted(self.places.values(), key=natural_order)
        chosen = [
            target.removesuffix(".md")
            for pattern in patterns
            for target in targets
            if target.endswith(".md") and re.fullmatch(pattern, target.removesuffix(".md"))
        ]
        lines = "\n".join(
            f"{TITLES[target]} </{target}>" if target in TITLES else f"/{target}" for target in dict.fromkeys(chosen)
        )
        return f"```{{toctree}}\n:caption: {caption}\n:hidden:\n\n{lines}\n```" if lines else ""

    def haiku(self, first_line: str) -> str:
        """A verse of data/haiku.txt, found by its first line."""
        lines = self.files["data/haiku.txt"].decode().splitlines()
        if (found := lines.count(first_line)) != 1:
            raise SiteError(f"{self.page}: data/haiku.txt holds the line {first_line!r} {found} times")
        start = lines.index(first_line)
        verse = "<br>\n".join(html.escape(line) for line in lines[start : start + 3])
        return f'<blockquote class="haiku"><p>{verse}</p></blockquote>'

    def practise(self, *names: str) -> str:
        """A list of questions, those of them that exist, with their points; links are those of the repository."""
        known = self.questions()
        rows = [known[name] for name in names if name in known]
        if not rows:
            raise SiteError(f"{self.page}: none of the questions {', '.join(names)} exists")
        return "\n".join(
            f"- [{row.title}]({posixpath.relpath(row.path, posixpath.dirname(self.page))}), "
            f"{f'{row.points:g} points' if row.points else 'checked, without points'}"
            for row in rows
        )

    def questions(self) -> dict[str, QuestionRow]:
        """Every question of the project by its name, in natural order."""
        rows = {}
        for path in sorted(self.files, key=natural_order):
            if found := re.fullmatch(r"test_cases/([^/]+)/question\.toml", path):
                table = tomllib.loads(self.files[path].decode())
                kind = "Elective" if table.get("group") == "elective" else "Question"
                points = sum(check.get("points", 0) for check in table["checks"])
                title = f"{kind} {found[1][1:]}: {table['title']}"
                rows[found[1]] = QuestionRow(title, points, f"test_cases/{found[1]}/README.md")
        return rows

    def road(self) -> str:
        """The road from perceptron to chatbot, drawn as SVG, and each module a link."""
        return road.road(self._table("site/timeline.toml")["module"], self._address)

    def timeline(self) -> str:
        """The events of site/timeline.toml, as a list for screens of any width."""
        table = self._table("site/timeline.toml")
        return road.timeline(table["event"], {row["number"]: row for row in table["module"]}, self._address)

    def checklist(self) -> str:
        """The weeks of site/checklist.toml with boxes to tick."""
        return exam.checklist(self._table("site/checklist.toml")["week"], self._address)

    def _table(self, path: str) -> dict[str, Any]:
        return tomllib.loads(self.files[path].decode())

    def _address(self, path: str, suffix: str = ".md") -> str:
        """From this page to another, by the other's path in the repository."""
        if path not in self.places:
            raise SiteError(f"{self.page}: {path} is not in the site")
        folder = posixpath.dirname(self.places[self.page]) or "."
        return posixpath.relpath(self.places[path], folder).removesuffix(".md") + suffix


@dataclass(frozen=True)
class QuestionRow:
    """What a page says of a question: its title, its points, and the path of its page in the repository."""

    title: str
    points: float
    path: str
