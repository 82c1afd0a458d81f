"""A submission as a row of tokens in which own names, comments and layout do not count, and the way back to the text.

The row is a string, one character for each token, because that is what copydetect takes fingerprints of.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
from pygments import token
from pygments.lexers.python import PythonLexer

from startup import syntax

MAX_BYTES = 200_000  # of one file; the reference's largest has under 10,000
OWN_NAME, STRING, END_OF_FILE = "V", "S", "\n"  # other tokens become characters of the private plane below
PRIVATE_PLANE, PRIVATE_CHARACTERS = 0xF0000, 65_533
# Control characters and those that turn text round could make a reader see other code than what is there.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True)
class Document:
    """The files of one submission.

    Attributes:
        files: name and text of each, as it is shown.
        tokens: of all files, one after the other; the same string means the same program but for what does not count.
        places: for each token, int64 (count, 3): the file's number, and where in its text the token begins and ends.
    """

    files: tuple[tuple[str, str], ...]
    tokens: str
    places: np.ndarray


@dataclass
class _Own:
    """Names that a file makes itself, and the part of it for which that cannot be told.

    Attributes:
        names: variables, parameters, functions, classes, aliases.
        attributes: what is assigned after a dot, and methods.
        unparsed: begin and end of each stretch that is no Python.
    """

    names: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    unparsed: list[tuple[int, int]] = field(default_factory=list)


def read(files: Mapping[str, bytes]) -> Document:
    """Turn a submission's files, in alphabetical order, into tokens. Any bytes will do; nothing is run."""
    texts = tuple((name, _text(content)) for name, content in sorted(files.items()))
    tokens: list[str] = []
    places: list[tuple[int, int, int]] = []
    for number, (_, text) in enumerate(texts):
        for character, start, end in _tokens(text):
            tokens.append(character)
            places.append((number, start, end))
        tokens.append(END_OF_FILE)
        places.append((number, len(text), len(text)))
    return Document(texts, "".join(tokens), np.array(places, np.int64).reshape(-1, 3))


def _text(content: bytes) -> str:
    text = content[:MAX_BYTES].decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Each token's character, and where it begins and ends.

    A name that the file makes itself becomes V, since renaming changes nothing; a string becomes S; comments,
    docstrings and layout go. All else stays what it is: numbers, operators, keywords, and names that come from
    elsewhere, such as Adam, which nobody can rename.
    """
    own = _own_names(text)
    before = ""
    for start, kind, value in PythonLexer().get_tokens_unprocessed(text):
        if kind in token.Comment or kind in token.String.Doc or not value.strip():
            continue
        if kind in token.String:
            if before != STRING:  # a lexer gives a string in pieces: quote, content, quote
                yield STRING, start, start + len(value)
            before = STRING
            continue
        known = own.attributes if before == "." else own.names
        if kind in token.Name and (value in known or any(begin <= start < end for begin, end in own.unparsed)):
            yield OWN_NAME, start, start + len(value)
        else:
            yield chr(PRIVATE_PLANE + crc32(value.encode()) % PRIVATE_CHARACTERS), start, start + len(value)
        before = value


def _own_names(text: str) -> _Own:
    """Look through a file; where it is no Python, part by part, so that one slip does not hide the rest."""
    own = _Own()
    if _collect(text, own):
        return own
    starts = [0, *(found.start() for found in re.finditer(r"^(?=[^\s#)\]}])", text, re.MULTILINE)), len(text)]
    for start, end in pairwise(starts):
        if not _collect(text[start:end], own):
            own.unparsed.append((start, end))
    return own


def _collect(text: str, own: _Own) -> bool:
    """Add the names that a piece of a program makes; False if it is no Python."""
    try:
        tree = syntax.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in ast.walk(tree):
        _collect_from(node, own)
    return True


def _collect_from(node: Any, own: _Own) -> None:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        own.names.add(node.name)
        own.attributes.add(node.name)
    elif isinstance(node, ast.arg):
        own.names.add(node.arg)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        own.names.add(node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        own.attributes.add(node.attr)
    elif isinstance(node, ast.alias) and node.asname:
        own.names.add(node.asname)
