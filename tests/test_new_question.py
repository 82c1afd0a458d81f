"""A scaffolded question grades at once, spoils nothing that was there, and the worked example becomes a real one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from staff.new_question import __main__ as program
from staff.new_question.plan import Change, ScaffoldError, function_name, plan
from staff.new_question.templates import Names
from staff.release import build
from staff.release.repository import files_of_working_tree
from staff.release.starters import BEGIN, END, strip_solutions
from tests.support import PROJECT

LAYER_NORM = Names("q9", "Layer norm", "layer_norm", "models", 1, False)
# the tests that are run in the copy; the other ones ask about the whole project
TESTS_OF_THE_COPY = ("test_readme.py", "test_questions.py", "test_starters.py")
NOT_NEEDED = ("docs/", "staff/evidence/hostile/", "tests/test_")


def copied_project(folder: Path) -> Path:
    """A copy of the project, without its documents and attacks, in which a question can be added."""
    needed = {f"tests/{name}" for name in TESTS_OF_THE_COPY}
    for name, content in files_of_working_tree().items():
        if name in needed or not name.startswith(NOT_NEEDED):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return folder


def apply(folder: Path, changes: list[Change]) -> None:
    for change in changes:
        (folder / change.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / change.path).write_text(change.after, encoding="utf-8")


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


GRADING = """
import io
from pathlib import Path
from grading.console import Console
from grading.engine import Engine, Settings
from grading.questions import discover
from staff.evidence.mutants.format import read_all
from staff.evidence.mutants.run import grade_all

asked = [question for question in discover() if question.id == "q9"]
with Engine(Settings(Path("staff/solutions").resolve()), Console(io.StringIO())) as engine:
    for folder in ("staff/solutions", "."):
        (result,) = engine.grade(asked, code_directory=Path(folder).resolve())
        print(folder, f"{result.score:g}/{result.max_score:g}", result.stubs, [o.message for o in result.outcomes])
mutants = [mutant for mutant in read_all() if mutant.question == "q9"]
print(len(mutants), "mutants", [verdict.complaint for verdict in grade_all(mutants, jobs=2) if verdict.complaint])
"""


def require_that_it_fits(folder: Path, mutants: int) -> None:
    """The reference has every point, the starter none, every mutant is named, and the documents fit."""
    graded = run(folder, "-c", GRADING)
    checks = (folder / "test_cases" / "q9" / "question.toml").read_text().count("[[checks]]")
    assert f"staff/solutions 1/1 [] {[''] * checks}" in graded.stdout, graded.stdout + graded.stderr
    assert ". 0/1 ['layer_norm (models.py:" in graded.stdout
    assert f"{mutants} mutants []" in graded.stdout
    tests = [f"tests/{name}" for name in TESTS_OF_THE_COPY]
    about_questions = "not score_zero and not file_of_the_map and not flag"
    tested = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", about_questions)
    assert tested.returncode == 0, tested.stdout
    require_that_no_solution_is_shipped(folder)


def require_that_no_solution_is_shipped(folder: Path) -> None:
    """As the tests of releases say it, of what the question adds."""
    solution = (folder / "staff" / "solutions" / "models.py").read_text(encoding="utf-8").partition("def layer_norm")[2]
    secret = [line.strip() for line in solution.partition(BEGIN)[2].partition(END)[0].splitlines()]
    secret = [line for line in secret if len(line) >= 24]
    assert secret
    hand_out = build.for_students((folder / "README.md").read_text(encoding="utf-8"))
    assert "| q9 Layer norm | 1 | `layer_norm` |" in hand_out
    added = [path.read_text(encoding="utf-8") for path in (folder / "test_cases" / "q9").iterdir() if path.is_file()]
    shipped = "".join([*added, (folder / "models.py").read_text(encoding="utf-8"), hand_out])
    assert [line for line in secret if line in shipped] == []
    assert not re.search(r"SOLUTION|\b(mutants?|hostile)\b", "".join(added))


def test_a_scaffolded_question_grades_at_once_and_the_worked_example_becomes_a_real_one(tmp_path):
    """Slow for its kind: starts two graders and two test runs, because only they know whether everything fits."""
    folder = copied_project(tmp_path)
    added = run(folder, "-m", "staff.new_question", "q9", "--title", "Layer norm")
    assert added.returncode == 0, added.stderr
    require_that_it_fits(folder, mutants=3)
    follow_the_example(folder)
    require_that_it_fits(folder, mutants=5)
    assert not [path for path in folder.rglob("*q9*/*") if b"TODO" in path.read_bytes()]
    assert "TODO" not in (folder / "models.py").read_text() + (folder / "README.md").read_text()


def follow_the_example(folder: Path) -> None:
    """Do what docs/new_question.md says, with its own blocks."""
    page = (PROJECT / "docs" / "new_question.md").read_text(encoding="utf-8")
    for path, content in re.findall(r"^`(\S+q9\S*)`:\n\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        assert (folder / path).is_file()
        (folder / path).write_text(content, encoding="utf-8")
    (function,) = re.findall(r"^```python\n(def layer_norm.*?)^```$", page, re.MULTILINE | re.DOTALL)
    solution = folder / "staff" / "solutions" / "models.py"
    solution.write_text(solution.read_text().partition("def layer_norm")[0] + function)
    (folder / "models.py").write_text(strip_solutions(solution.read_text()))
    row, section = re.findall(r"^```markdown\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    readme = (folder / "README.md").read_text()
    readme = re.sub(r"^\| q9 .*\n", row, readme, flags=re.MULTILINE)
    readme = re.sub(r"^### q9 .*?(?=^##)", section + "\n", readme, flags=re.MULTILINE | re.DOTALL)
    (folder / "README.md").write_text(readme)


def test_a_question_that_is_there_already_is_refused_and_nothing_is_written(capsys):
    before = {path: path.read_bytes() for path in (PROJECT / "README.md", PROJECT / "models.py")}
    assert program.main(["q6", "--title", "Attention again"]) == 2
    assert "test_cases/q6 is there already" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in before}


def test_a_dry_run_shows_every_file_and_writes_none(capsys):
    assert program.main(["q99", "--title", "Layer norm", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    for path in (
        "test_cases/q99/question.toml",
        "test_cases/q99/checks.py",
        "staff/evidence/mutants/q99.toml",
        "README.md",
    ):
        assert f"+++ {path}" in shown
    assert '+    raise NotImplementedError("layer_norm: your code here")' in shown
    assert not (PROJECT / "test_cases" / "q99").exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"id": "nine"}, "no question's id"),
        ({"id": "q09"}, "no question's id"),
        ({"title": "a | b"}, "do not go into a table"),
        ({"title": "a\nb"}, "one line"),
        ({"title": ""}, "one line"),
        ({"function": "relu"}, "relu is a name in staff/solutions/models.py already"),
        ({"function": "lambda"}, "no name for a function"),
        ({"module": "nothing"}, "choose one of gpt_model, haiku, losses, models, train"),
        ({"module": "../starters"}, "has to be the name of a student file"),
        ({"module": "train"}, "does not import Tensor"),
        ({"points": -1.0}, "from 0 to 100"),
    ],
)
def test_names_that_do_not_fit_are_refused_with_a_reason(changed, told):
    from dataclasses import replace

    with pytest.raises(ScaffoldError, match=re.escape(told)):
        plan(PROJECT, replace(LAYER_NORM, **{"id": "q99", **changed}))


def test_a_name_is_made_from_the_title():
    assert function_name("Layer norm") == "layer_norm"
    assert function_name("k-means (in 2-d)") == "k_means_in_2_d"


def test_extra_credit_leaves_what_the_assignment_is_out_of(tmp_path):
    hand_out = {extra: plan(PROJECT, Names("q99", "T", "t", "models", 2, extra))[-1].after for extra in (True, False)}
    assert "# 0/25:" in hand_out[True]
    assert "| q99 T | 2 extra |" in hand_out[True]
    assert "### q99 T (2 points of extra credit)" in hand_out[True]
    assert "# 0/27:" in hand_out[False]


def test_a_function_goes_before_the_start_of_a_program():
    changes = {change.path: change.after for change in plan(PROJECT, Names("q99", "T", "t", "haiku", 1, False))}
    solution = changes["staff/solutions/haiku.py"]
    assert solution.index("def t(") < solution.index('if __name__ == "__main__":')
    assert changes["haiku.py"] == strip_solutions(solution)
