"""Which texts of the repository become which pages of the site, and how their links follow.

The site has its own tree: `questions/q1.md` comes from test_cases/q1/README.md. Links in the texts are those of the
repository, so that they work there too. Each is rewritten for the place where its target lies in the site.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase

Files = Mapping[str, bytes]

STAFF_FOLDER = "staff/"
FILES = {
    "STUDENTS.md": "project/index.md",
    "data/SOURCES.md": "project/data_sources.md",
    "LICENSE": "project/license.md",
    "README.md": f"{STAFF_FOLDER}index.md",
}
PLACES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    # a pattern of paths in the repository, and the place in the site
    (r"site/(.+\.md)", lambda found: found[1]),
    (r"site/static/(.+)", lambda found: f"static/{found[1]}"),
    (r"test_cases/([^/]+)/README\.md", lambda found: f"questions/{found[1]}.md"),
    (r"docs/students/(.+\.(?:md|png))", lambda found: f"project/{found[1]}"),
    (r"docs/([^/]+\.md)", lambda found: f"{STAFF_FOLDER}{found[1]}"),
    (r"staff/evidence/(\w+)/README\.md", lambda found: f"{STAFF_FOLDER}{found[1]}.md"),
    (r"staff/evidence/(\w+)/(\w+)\.md", lambda found: f"{STAFF_FOLDER}{found[1]}_{found[2]}.md"),
)
# In student.zip, STUDENTS.md is README.md. A student's page that names README.md means that one.
PAGES_OF_STUDENTS = ("test_cases/*", "docs/students/*", "STUDENTS.md", "data/SOURCES.md", "site/*")
LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()([^)\s]+)(\))")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,}|:{3,}\{code)", re.MULTILINE)


class SiteError(Exception):
    """The site cannot be built; the text says why."""


def place(path: str) -> str | None:
    """Where a file of the repository lies in the site, or None if it is no part of the site."""
    if path in FILES:
        return FILES[path]
    for pattern, target in PLACES:
        if found := re.fullmatch(pattern, path):
            return target(found)
    return None


def pages(files: Files, *, for_students: bool = False) -> dict[str, str]:
    """The path in the site of each text, by its path in the repository.

    Args:
        files: content by path in the repository.
        for_students: leave out the pages of the staff.
    """
    found = {path: target for path in files if (target := place(path))}
    if for_students:
        found = {path: target for path, target in found.items() if not target.startswith(STAFF_FOLDER)}
    return found


def relinked(text: str, path: str, places: Mapping[str, str]) -> str:
    """A text with its links rewritten for the site.

    Args:
        text: Markdown.
        path: of the text in the repository.
        places: path in the site by path in the repository, of everything that is in the site.
    Raises:
        SiteError: a link leads to a file that the site does not hold.
    """

    def rewritten(found: re.Match[str]) -> str:
        address, mark, anchor = found[2].partition("#")
        if not address or re.match(r"[a-z]+:", address):
            return found[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), address))
        if target == "README.md" and any(fnmatchcase(path, pattern) for pattern in PAGES_OF_STUDENTS):
            target = "STUDENTS.md"
        if target not in places:
            raise SiteError(f"{path}: the link to {found[2]} leads to {target}, which is not in the site")
        new = posixpath.relpath(places[target], posixpath.dirname(places[path]) or ".")
        return f"{found[1]}{new}{mark}{anchor}{found[3]}"

    return "".join(part if is_code else LINK.sub(rewritten, part) for part, is_code in _code_and_prose(text))


def _code_and_prose(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a text in order, each with whether it is a fenced block of code."""
    prose: list[str] = []
    code: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        if fence:
            code.append(line)
            if line.strip() == fence:
                yield "".join(code), True
                code, fence = [], ""
        elif found := FENCE.match(line):
            if prose:
                yield "".join(prose), False
                prose = []
            fence = found[1].removesuffix("{code")
            code.append(line)
        else:
            prose.append(line)
    yield "".join(prose or code), bool(code)


def license_page(text: str) -> str:
    """The licence as a page."""
    return f"# Licence of the project\n\n```text\n{text.strip()}\n```\n"
