"""What the tests of the texts share: pages read with a Markdown parser, the commands and paths that they name."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import io
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from staff.release import build
from staff.release.manifest import ReleaseError
from staff.release.repository import files_of_working_tree
from tests.support import PROJECT

Files = Mapping[str, bytes]
PARSER = MarkdownIt("commonmark").enable("table")
PROGRAMS = ("python", "python3", "make")


@dataclass
class Page:
    """One Markdown file.

    Attributes:
        links, images: addresses as they are written.
        code: inline code.
        blocks: code blocks, the language and the text of each.
        anchors: what a link may name behind `#`.
        headings: texts of headings.
    """

    links: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    blocks: list[tuple[str, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    headings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Command:
    """A command that a page names, such as `python -m staff.texts --check`.

    Attributes:
        program: `autograder.py`, or `-m staff.texts`, or `make texts`.
        arguments: what stands behind it.
    """

    program: str
    arguments: tuple[str, ...]

    @property
    def flags(self) -> list[str]:
        """The arguments that begin with two dashes, those in brackets too."""
        found = [re.match(r"\[?(--[a-z][a-z_-]*)", argument) for argument in self.arguments]
        return [match[1] for match in found if match]


def read(text: str) -> Page:
    """Parse a page."""
    page = Page()
    tokens = PARSER.parse(text)
    for place, token in enumerate(tokens):
        if token.type in ("fence", "code_block"):
            page.blocks.append((token.info.strip(), token.content))
        if token.type == "heading_open":
            heading = _text(tokens[place + 1])
            page.headings.append(heading)
            page.anchors.add(anchor(heading))
        for child in token.children or []:
            if child.type == "link_open":
                page.links.append(str(child.attrs["href"]))
            elif child.type == "image":
                page.images.append(str(child.attrs["src"]))
            elif child.type == "code_inline":
                page.code.append(child.content)
    return page


def anchor(heading: str) -> str:
    """What GitHub makes of a heading: lower case, dashes for blanks, no other marks."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _text(inline: Token) -> str:
    return "".join(child.content for child in inline.children or [])


def pages(files: Files) -> dict[str, Page]:
    """Every Markdown file by path."""
    return {path: read(content.decode()) for path, content in files.items() if path.endswith(".md")}


@cache
def repository() -> dict[str, bytes]:
    """Every file of the working tree; skips the test where there is no git checkout."""
    try:
        return files_of_working_tree()
    except ReleaseError as error:
        pytest.skip(f"needs a git checkout: {error}")


@cache
def student_archive() -> dict[str, bytes]:
    """What students receive, by path inside their folder."""
    return build.student_files(repository())


def broken_links(files: Files) -> list[str]:
    """`page: address` for each link and image that leads nowhere. Addresses on the web are not followed."""
    parsed, folders = pages(files), folders_of(files)
    broken = []
    for path, page in parsed.items():
        for address in [*page.links, *page.images]:
            if re.match(r"(https?|mailto):", address):
                continue
            target, _, name = address.partition("#")
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
            found = place in files or place in folders
            if not found or (name and (place not in parsed or name not in parsed[place].anchors)):
                broken.append(f"{path}: {address}")
    return broken


def folders_of(files: Files) -> set[str]:
    """Every folder that holds a file."""
    return {parent for path in files for parent in _parents(path)}


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def commands(page: Page) -> list[Command]:
    """The commands in a page's code: lines of its blocks, and inline code that begins with a program."""
    lines = [line for language, text in page.blocks if language in ("", "bash", "sh") for line in text.splitlines()]
    found = []
    for line in [*lines, *page.code]:
        try:
            words = shlex.split(line.removeprefix("$ "), comments=True)
        except ValueError:  # a sentence in a block, with an apostrophe
            continue
        starts = [place for place, word in enumerate(words[:4]) if word in PROGRAMS]
        if not starts or any(not _is_before_a_program(word) for word in words[: starts[0]]):
            continue
        program, arguments = words[starts[0]], words[starts[0] + 1 :]
        if program in arguments:  # a program that runs another one; the other's flags are its own
            arguments = arguments[: arguments.index(program)]
        if program == "make" and arguments:
            found += [Command(f"make {target}", ()) for target in arguments if "=" not in target]
        elif arguments[:1] == ["-m"] and len(arguments) > 1:
            found.append(Command(f"-m {arguments[1]}", tuple(arguments[2:])))
        elif arguments and arguments[0].endswith(".py"):
            found.append(Command(arguments[0], tuple(arguments[1:])))
    return found


def _is_before_a_program(word: str) -> bool:
    """What may stand before `python` or `make` in a command: a setting of a variable, or a program that runs another."""
    return re.fullmatch(r"[A-Z_]+=\S*", word) is not None or word in ("xvfb-run", "-a")


def module_path(module: str, files: Files) -> str | None:
    """The file that `python -m` runs, if it is one of the files."""
    base = module.replace(".", "/")
    return next((path for path in (f"{base}/__main__.py", f"{base}.py") if path in files), None)


def is_program(content: bytes) -> bool:
    """Whether a Python file does something when it is run: it has a main function and calls it."""
    tree = ast.parse(content.decode())
    has_main = any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
    imports_main = any(
        isinstance(node, ast.ImportFrom) and "main" in {alias.name for alias in node.names} for node in tree.body
    )
    return (has_main or imports_main) and b'if __name__ == "__main__":' in content


def missing_command(command: Command, files: Files, targets: set[str]) -> str:
    """Why a command cannot be run where these files are; empty if it can."""
    if command.program.startswith("make "):
        return "" if command.program.removeprefix("make ") in targets else "no such target"
    if not command.program.startswith("-m "):
        return "" if command.program in files else "no such file"
    module = command.program.removeprefix("-m ")
    if module.partition(".")[0] not in {path.partition("/")[0].removesuffix(".py") for path in files}:
        return "" if importlib.util.find_spec(module.partition(".")[0]) and "staff" not in module else "no such module"
    path = module_path(module, files)
    if path is None:
        return "no such module"
    return "" if is_program(files[path]) else f"{path} has no main"


@cache
def flags_of(program: str, *arguments: str) -> frozenset[str]:
    """The flags that `--help` shows of a program of students, such as `chat.py`, run in this process."""
    launcher = (PROJECT / program).read_text(encoding="utf-8")
    (module,) = re.findall(rf'run\("{re.escape(program)}", "([\w.]+)"', launcher)
    with contextlib.redirect_stdout(io.StringIO()) as shown, pytest.raises(SystemExit) as end:
        importlib.import_module(module).main([*arguments, "--help"])
    assert end.value.code == 0
    return frozenset(re.findall(r"--[a-z][a-z_-]*", shown.getvalue()))
