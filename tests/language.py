"""What the tests of language share: the sentences that students read, found in the source of checks and mistakes."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

FORBIDDEN = {  # with the word that the rules of language want
    r"mend(s|ed|ing)?": "fix",
    r"anew": "again",
    r"whoever": "the student, the caller, the user",
    r"turned round": "reversed",
    r"stands? in the draw": "can be drawn",
    r"blot(s|ted)? out": "left out",
    r"cuts? the thread": "no gradient arrives",
}
PATTERN = re.compile(rf"\b({'|'.join(FORBIDDEN)})\b", re.IGNORECASE)
MIN_WORDS = 4  # of a text that is a sentence and no keyword or name
UNKNOWN = "0"  # stands for what an f-string fills in
SECTION = re.compile(r"(Args|Returns|Attributes|Raises|Yields):$")  # of a docstring
ASIDE = re.compile(r"\((?:[^()]*\d[^()]*|[^()\s]*(?:\s+[^()\s]+){0,3})\)")  # with a number, or of at most four words
Documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The string constants of a Python file that are sentences, with their lines; no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in docstrings or id(node) in parts:
            continue
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else UNKNOWN
                for part in node.values
                if isinstance(part, (ast.Constant, ast.FormattedValue))
            )
        if len(text.split()) >= MIN_WORDS and isinstance(node, ast.expr):
            yield node.lineno, text


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """The docstrings of a Python file, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Documented) and (text := ast.get_docstring(node, clean=False)):
            yield node.body[0].lineno, text


def prose(docstring: str) -> list[str]:
    """The paragraphs of a docstring, each in one line.

    Left out are indented lines, which are tables, formulas and commands, and shapes and sources in parentheses. An entry of a section such as `Args` is a paragraph, without its name.
    """
    lines: list[str] = []
    in_section = False
    for line in [*inspect.cleandoc(docstring).splitlines(), ""]:
        depth, text = len(line) - len(line.lstrip()), line.strip()
        in_section = bool(SECTION.match(text)) or (in_section and (depth > 0 or not text))
        if not text or SECTION.match(text) or (depth and not in_section):
            lines.append("")
        elif in_section and depth <= 4:
            lines += ["", re.sub(r"^[\w`*, ]+: ", "", text)]
        else:
            lines.append(text)
    text = re.sub(r"`[^`]*`", "`code`", "\n".join(lines))
    while (shorter := ASIDE.sub("", text)) != text:
        text = shorter
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n{2,}", text) if paragraph.strip()]


def sentences(text: str) -> list[str]:
    """Its sentences, with `code` for each piece of code. A semicolon or colon ends a sentence, too."""
    without_code = re.sub(r"`[^`\n]*`", "`code`", text)
    return [sentence for sentence in re.split(r"(?<=[.?!;:])\s+|\n", without_code) if sentence.strip()]


def words(sentence: str) -> int:
    """How many words."""
    return len(sentence.split())
