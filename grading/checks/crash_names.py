"""What the source tells of a crash over a name: one that nothing binds, an attribute without self, a missing self."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Iterable, Iterator

from grading.checks.imports import defined_names
from grading.checks.source import SourceFile

SIMILARITY = 0.75  # of `difflib`: two letters exchanged in a word of seven are above, two words of one root below


def explanation(text: str, files: Iterable[SourceFile]) -> str:
    """A sentence about the name that a traceback is about; "" if the source tells nothing sure.

    Args:
        text: the traceback, its headline first, then the innermost frame.
        files: the student files that may be the cause.
    """
    headline, _, frames = text.partition("\n")
    files = list(files)
    if found := re.match(r"NameError: name '(\w+)' is not defined", headline):
        place = re.match(r"\s*at (?:(\w+)\.)?.*?([\w/]+\.py):\d+", frames)
        inside = [file for file in files if place and file.name == place[2]]
        return _unbound(found[1], place[1] if place else "", inside[0]) if inside else ""
    if found := re.match(r"AttributeError: '(\w+)' object has no attribute '(\w+)'$", headline):
        return next(filter(None, (_misspelt(found[1], found[2], file) for file in files)), "")
    if found := re.match(r"UnboundLocalError: .*local variable '(\w+)'", headline):
        return next(filter(None, (_hidden(found[1], text, file) for file in files)), "")
    if re.match(r"TypeError: '\w+' object is not callable", headline):
        return next(filter(None, (_hidden("", text, file) for file in files)), "")
    if found := re.match(r"TypeError: (\w+)\(\) missing \d+ required positional arguments?: ", headline):
        return next(filter(None, (_self_outside_a_class(found[1], file) for file in files)), "")
    found = re.match(r"TypeError: (\w+)\.(\w+)\(\) takes (\d+) positional arguments? but (\d+) w", headline)
    if found and int(found[4]) == int(found[3]) + 1:
        return next(filter(None, (_without_self(found[1], found[2], file) for file in files)), "")
    return ""


def _unbound(name: str, of_class: str, file: SourceFile) -> str:
    """Whether a name needs `self`, or is bound nowhere in the file."""
    for node in _classes(file, of_class):
        if line := _attributes(node).get(name):
            return (
                f"{of_class} has an attribute of this name ({file.name}:{line}). A method reaches the attributes of "
                "its object through self only."
            )
    bound = set(_bound(file.tree))
    if name in bound:
        return ""  # in another function, say, or on a line that did not run
    similar = difflib.get_close_matches(name, bound, 2, SIMILARITY)
    return f"Nothing in {file.name} imports or assigns the name {name}." + (
        f" A similar name there is {similar[0]}." if len(similar) == 1 else ""
    )


def _hidden(name: str, text: str, file: SourceFile) -> str:
    """Whether the innermost line of a traceback calls a function for whose name its own function has a variable.

    Args:
        name: of the variable; "" for any.
        text: the traceback.
        file: in which to look.
    """
    place = re.match(r".*\n\s*at \S+ \(([\w/]+\.py):(\d+)\)", text)
    if not place or file.name != place[1]:
        return ""
    line, found = int(place[2]), dict[str, int]()
    functions = defined_names(file.tree) | set(dir(builtins))
    for function in (node for node in ast.walk(file.tree) if isinstance(node, ast.FunctionDef)):
        if function.lineno <= line <= (function.end_lineno or 0):
            called = {
                node.func.id
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and node.lineno == line and isinstance(node.func, ast.Name)
            }
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in called & functions:
                    found.setdefault(node.id, node.lineno)
    if len(found) != 1 or name not in ("", *found):
        return ""
    ((variable, assigned),) = found.items()
    return (
        f"{file.name}:{assigned} assigns a variable {variable}. In all of its function, {variable} then means the "
        f"variable, not the function {variable}. Give the variable another name."
    )


def _misspelt(of_class: str, name: str, file: SourceFile) -> str:
    """Whether a class assigns this name without self, or has an attribute with nearly this name."""
    for node in _classes(file, of_class):
        attributes = _attributes(node)
        if name not in attributes and (found := _local(node, name)):
            return (
                f"{of_class}.{found[0]} assigns {name} without self ({file.name}:{found[1]}). Such a variable ends "
                "with its method. The object keeps the attributes of self only."
            )
        similar = difflib.get_close_matches(name, attributes, 2, SIMILARITY)
        if name not in attributes and len(similar) == 1:
            line = attributes[similar[0]]
            return f"{of_class} has the attribute {similar[0]} ({file.name}:{line}). Is one of the two names misspelt?"
    return ""


def _local(of_class: ast.ClassDef, name: str) -> tuple[str, int] | None:
    """The first method of a class that assigns a variable of this name, and the line."""
    for function in of_class.body:
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name:
                    return function.name, node.lineno
    return None


def _self_outside_a_class(name: str, file: SourceFile) -> str:
    """Whether a function that belongs to no class has a parameter for an object."""
    for node in file.tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name != name:
            continue
        if [argument.arg for argument in node.args.args][:1] == ["self"]:
            return (
                f"{name} ({file.name}:{node.lineno}) has a parameter self and belongs to no class. Python passes an "
                "object to methods only."
            )
    return ""


def _without_self(of_class: str, method: str, file: SourceFile) -> str:
    """Whether a method has no parameter for its object."""
    for node in _classes(file, of_class):
        for function in node.body:
            if isinstance(function, ast.FunctionDef) and function.name == method and not function.decorator_list:
                names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
                if names[:1] != ["self"]:
                    return (
                        f"The method {of_class}.{method} ({file.name}:{function.lineno}) has no parameter self. Python "
                        "calls each method with its object as the first argument."
                    )
    return ""


def _classes(file: SourceFile, name: str) -> Iterator[ast.ClassDef]:
    return (node for node in file.tree.body if isinstance(node, ast.ClassDef) and node.name == name)


def _attributes(of_class: ast.ClassDef) -> dict[str, int]:
    """The methods of a class and what it assigns to `self` or registers as a buffer, with the line of each."""
    found: dict[str, int] = {}
    for node in ast.walk(of_class):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, node.lineno)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            found.setdefault(node.attr, node.lineno)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "self.register_buffer" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.setdefault(first.value, node.lineno)
    return found


def _bound(tree: ast.Module) -> Iterator[str]:
    """Every name that a file imports, defines, assigns or takes as a parameter, wherever it does so."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
