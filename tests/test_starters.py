"""The starters are the solutions without their solution regions, and score nothing."""

from __future__ import annotations

import ast
import re

import pytest

from staff.release import starters
from tests.support import PROJECT, run_autograder

pytestmark = pytest.mark.usefixtures("warm_starts")


def test_the_committed_starters_are_up_to_date():
    for name, content in starters.starters().items():
        assert (PROJECT / name).read_text(encoding="utf-8") == content, (
            f"run python -m staff.release.starters for {name}"
        )


def test_a_starter_keeps_everything_but_the_solution_regions():
    source = "def f(x):\n    '''Say.'''\n    a = 1\n    # BEGIN SOLUTION\n    b = 2\n    # END SOLUTION\n    return a\n"
    expected = (
        "def f(x):\n    '''Say.'''\n    a = 1\n    raise NotImplementedError(\"f: your code here\")\n    return a\n"
    )
    assert starters.strip_solutions(source) == expected


@pytest.mark.parametrize(
    "body", ["# BEGIN SOLUTION", "# END SOLUTION", "# BEGIN SOLUTION\n    # BEGIN SOLUTION\n    # END SOLUTION"]
)
def test_marks_that_do_not_pair_up_are_refused(body):
    with pytest.raises(ValueError, match="solution"):
        starters.strip_solutions(f"def f():\n    pass\n    {body}\n")


def test_a_wrong_solution_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(starters, "SOLUTIONS_DIRECTORY", tmp_path)
    for source, told in (("def f():\n    # BEGIN SOLUTION\n    pass\n", "never ends"), ("def f(:\n", "invalid syntax")):
        (tmp_path / "models.py").write_text(source)
        assert starters.main(["--check"]) == 2
        assert re.search(rf"error: staff/solutions/models\.py: .*{told}", capsys.readouterr().err)


def test_every_starter_parses_and_holds_no_solution():
    for name, content in starters.starters().items():
        ast.parse(content, name)
        assert "SOLUTION" not in content


def test_the_starters_score_zero_with_one_line_for_each_stub(tmp_path):
    run = run_autograder("--json", tmp_path / "report.json")
    assert run.status == 1
    assert run.report["score"] == 0
    lines = [line.strip() for line in run.output.splitlines() if "not implemented yet" in line]
    core = [content for name, content in starters.starters().items() if "/" not in name]
    stubs = sum(content.count("raise NotImplementedError") for content in core)
    assert len(set(lines)) == stubs
    # a question that builds on another one's stub names that one, too: once at most
    assert max(lines.count(line) for line in lines) <= 2
    assert "Traceback" not in run.output + run.errors
