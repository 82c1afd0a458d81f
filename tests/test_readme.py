"""The hand-out says what the project does: its tables and flags are held to the files that decide."""

from __future__ import annotations

import re

from grading.cli import _parser
from grading.questions import discover
from tests.support import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_question_table_gives_every_question_with_its_points_and_targets():
    rows = dict(re.findall(r"^\| (q\d+) [^|]*\| (.*)\|$", README, re.MULTILINE))
    for question in discover():
        cells = rows[question.id]
        assert cells.split("|")[0].strip().startswith(f"{question.points:g}"), question.id
        for target in question.targets:
            assert f"`{target.partition('.')[2]}`" in cells, (question.id, target)


def test_the_question_table_gives_the_thresholds():
    rows = dict(re.findall(r"^\| (q\d+) [^|]*\| (.*)\|$", README, re.MULTILINE))
    for question in discover():
        if share := question.thresholds.get("minimum_test_accuracy"):
            assert f"at least {share:.0%}" in rows[question.id]
        if loss := question.thresholds.get("maximum_loss"):
            assert f"at most {loss:g}" in rows[question.id]


def test_every_flag_is_documented():
    for action in _parser()._actions:
        for flag in action.option_strings:
            if flag.startswith("--") and flag not in ("--help", "--question"):
                assert flag in README


def test_every_file_of_the_map_exists():
    block = README.split("## File map")[1].split("```")[1]
    names = [name for line in block.splitlines() for name in re.split(r"\s{2,}", line.strip())[0].split() if name]
    assert len(names) > 15
    for name in names:
        name = name.replace("qN", "q1")
        assert (PROJECT / name).exists() or (PROJECT / "grading" / name).exists(), name
