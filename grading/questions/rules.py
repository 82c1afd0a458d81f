"""What a question.toml may say, and what it may name: a slip of the course's is found before a student meets it."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from startup.project import PROJECT_DIRECTORY

KEYS = {
    "": {
        "aliases", "attempts", "checks", "dataset", "extra_credit", "group", "imports", "memory_limit_mebibytes",
        "picture", "requires", "targets", "thresholds", "time_limit_seconds", "title", "units",
    },
    "attempts": {"most", "narrow_miss"},
    "checks": {"name", "points", "requires", "title"},
    "imports": {"allowed", "forbidden"},
}  # fmt: skip
PERCENT = "percent"  # of a metric that is a fraction, and that people read in percent
UNITS = (PERCENT,)
READ_BY_NAME = re.compile(r"""thresholds\[["'](\w+)["']\]""")
READ_BY_PATTERN = re.compile(r"""thresholds\[(?:f["'](\w*)\{|\w+\])""")  # the name is put together, or a variable
RECORDED_BY_PATTERN = re.compile(r"""\.record\(\s*f["'](\w*)\{""")
QUOTED = re.compile(r"""["'](\w+)["']""")


def faults_of_table(table: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the keys and values of a question.toml, each in a clause that names the key.

    Args:
        table: of the question or of the defaults.
    Raises:
        TypeError, AttributeError: a table or a list is something else.
    """
    parts = [("", table), *((name, table.get(name, {})) for name in ("attempts", "imports"))]
    parts += [("checks", row) for row in table.get("checks", [])]
    for name, part in parts:
        for key in sorted(set(part) - KEYS[name]):
            allowed = ", ".join(sorted(KEYS[name]))
            yield f"{name + ' has' if name else 'has'} an unknown key {key!r}; the keys are {allowed}"
    yield from _faults_of_numbers(table)
    for key in ("title", "group", "dataset", "picture"):
        if not isinstance(table.get(key, ""), str):
            yield f"{key} should be a text; it is {table[key]!r}"
    if not isinstance(table.get("extra_credit", False), bool):
        yield f"extra_credit should be true or false; it is {table['extra_credit']!r}"
    for target in table.get("targets", []):
        if "." not in target:
            yield f"targets should be like 'models.RegressionModel'; one is {target!r}"


def _faults_of_numbers(table: Mapping[str, Any]) -> Iterator[str]:
    for row in table.get("checks", []):
        if not _is_number(points := row.get("points", 0)) or points < 0:
            yield f"points of check {row.get('name')} should be a number from 0 up; they are {points!r}"
    for key in ("time_limit_seconds", "memory_limit_mebibytes"):
        if key in table and (not _is_number(table[key]) or table[key] <= 0):
            yield f"{key} should be a number above 0; it is {table[key]!r}"
    attempts = table.get("attempts", {})
    most, narrow_miss = attempts.get("most", 1), attempts.get("narrow_miss", 0)
    if type(most) is not int or most < 1:
        yield f"attempts.most should be a whole number from 1 up; it is {most!r}"
    if not _is_number(narrow_miss) or narrow_miss < 0:
        yield f"attempts.narrow_miss should be a number from 0 up; it is {narrow_miss!r}"
    for name, value in table.get("thresholds", {}).items():
        if not _is_number(value):
            yield f"thresholds.{name} should be a number; it is {value!r}"
    for name, unit in table.get("units", {}).items():
        if unit not in UNITS:
            yield f"units.{name} should be {' or '.join(map(repr, UNITS))}; it is {unit!r}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def faults_of_parts(
    folder: Path, dataset: str, picture: str, thresholds: Collection[str], units: Collection[str]
) -> Iterator[str]:
    """What a question names and no file holds, each in a clause that names the key.

    Args:
        folder: of the question. Its code is read, not run.
        dataset: the dotted name of a class.
        picture: the dotted name of a module, or "".
        thresholds: their names.
        units: the names of the metrics that have one.
    """
    module, _, name = dataset.rpartition(".")
    source = _source(module, folder)
    if source is None:
        yield f"dataset is {dataset!r}, and there is no module {module!r}"
    elif "import *" not in source and not re.search(rf"\b{re.escape(name)}\b", source):
        yield f"dataset is {dataset!r}, and {module} has no {name}"
    if picture and _source(picture, folder) is None:
        yield f"picture is {picture!r}, and there is no such module"
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    for missing in sorted(set(READ_BY_NAME.findall(text)) - set(thresholds)):
        yield f"thresholds has no {missing}, which the checks read"
    starts = READ_BY_PATTERN.findall(text)
    for unread in sorted(set(thresholds) - set(QUOTED.findall(text))):
        if not any(unread.startswith(start) for start in starts):
            yield f"thresholds has {unread}, which no check reads"
    starts = RECORDED_BY_PATTERN.findall(text)
    for unrecorded in sorted(set(units) - set(QUOTED.findall(text))):
        if not any(unrecorded.startswith(start) for start in starts):
            yield f"units has {unrecorded}, which no check records"


def _source(module: str, folder: Path) -> str | None:
    """The text of a module of the project or of a question's folder; None if there is none."""
    own = f"test_cases.{folder.name}."
    start, name = (folder, module.removeprefix(own)) if module.startswith(own) else (PROJECT_DIRECTORY, module)
    path = start.joinpath(*name.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if name and file.is_file():
            return file.read_text(encoding="utf-8")
    return None
