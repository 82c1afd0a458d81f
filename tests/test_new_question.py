"""A new question: the copied template grades at once, with data, probe and picture of its own, and touches nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from staff.new_question.__main__ import Names, NewQuestionError, names_of, plan
from staff.release.repository import files_of_working_tree
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS, Run, run_autograder

LAYER_NORM = names_of("e99", "Layer norm", None)
NO_NEED = ("docs/", "staff/evidence/hostile/", "tests/")


def copied_project(folder: Path) -> Path:
    """The working tree as git sees it, less what grading one question does not need; under git, all committed."""
    for path in files_of_working_tree():
        if not path.startswith(NO_NEED):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / path, folder / path)
    for command in ("init -q", "add -A", "-c user.name=x -c user.email=x@example.org commit -qm x"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project with a new elective in it."""
    folder = copied_project(tmp_path_factory.mktemp("project"))
    added = run(folder, "-m", "staff.new_question", "e99", "--title", "Layer norm")
    assert added.returncode == 0, added.stderr
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS_UNTIL_IT_HANGS,
        check=False,
    )


def graded(project: Path, results: Path, *arguments: object) -> Run:
    return run_autograder("-q", "e99", "--json", results, *arguments, program=project / "autograder.py")


@pytest.fixture(scope="module")
def solution(project, tmp_path_factory) -> tuple[Run, Path]:
    """The graded solution, and the folder of its report."""
    folder = tmp_path_factory.mktemp("solution")
    arguments = ("--code-directory", project / "staff" / "solutions", "--report", folder / "report")
    return graded(project, folder / "results.json", *arguments), folder / "report"


def test_it_touches_its_folder_its_solution_and_its_mutants_and_nothing_else(project):
    status = subprocess.run(
        ["git", "status", "--short", "--untracked-files=all"], cwd=project, capture_output=True, text=True, check=True
    )
    lines = [line for line in status.stdout.splitlines() if "__pycache__" not in line]
    assert {line[:2] for line in lines} == {"??"}  # nothing that was there has changed
    solutions = [f"{folder}electives/layer_norm.py" for folder in ("", "staff/solutions/", "staff/evidence/mediocre/")]
    expected = ("test_cases/e99/", *solutions, "staff/evidence/mutants/e99.toml")
    assert all(line[3:].startswith(expected) for line in lines), lines


def test_its_solution_has_every_point_and_its_starter_none(project, solution, tmp_path):
    run, _ = solution
    assert run.status == 0, run.output + run.errors
    assert run.question("e99")["score"] == 4
    assert 0.005 < run.question("e99")["metrics"]["test_loss"] < 0.02
    starter = graded(project, tmp_path / "starter.json")
    assert starter.status == 1
    assert starter.question("e99")["score"] == 0
    assert "not implemented yet: step (electives/layer_norm.py:" in starter.output


def test_its_mediocre_solution_has_every_point_with_a_larger_error(project, solution, tmp_path):
    mediocre = project / "staff" / "evidence" / "mediocre"
    run = graded(project, tmp_path / "mediocre.json", "--code-directory", mediocre)
    assert run.status == 0, run.output + run.errors
    losses = [each.question("e99")["metrics"]["test_loss"] for each in (solution[0], run)]
    assert losses[0] < losses[1] < 0.02


def test_its_checks_are_those_of_an_elective_and_its_page_gives_them_and_the_threshold(project):
    program = (
        "from grading.questions import discover; from staff.texts import tables\n"
        "question = {question.id: question for question in discover()}['e99']\n"
        "print(question.points, len(question.checks), question.thresholds, question.picture)\n"
        "print(tables.filled(tables.files_on_disk())['test_cases/e99/README.md'].decode())"
    )
    found = run(project, "-c", program)
    facts, _, page = found.stdout.partition("\n")
    assert facts == "4.0 3 {'maximum_test_loss': 0.02} test_cases.e99.public.picture", found.stderr
    assert "must be at most 0.02." in page
    assert "Together: 4 points." in page


def test_its_picture_is_in_the_report_and_its_live_window_can_read_it(project, solution):
    _, report = solution
    page = (report / "report.html").read_text()
    assert "Your line and the test points: mean squared error" in page
    read = run(
        project,
        "-c",
        "import data, backend, torch; from test_cases.e99.public import picture; from pictures.windows import viewer\n"
        "from staff.solutions.electives.layer_norm import Line\n"
        "splits = data.Library().load('test_cases.e99.public.data')\n"
        "with torch.no_grad(): state = picture.Reader(backend.ArrayDataset(Line(), data.training_arrays(splits))).read()\n"
        "from matplotlib.figure import Figure\n"
        "viewer.draw(Figure(), 'test_cases.e99.public.picture', 'e99', 1.0, state); print(state.caption)",
    )
    assert "mean squared error" in read.stdout, read.stderr


def test_its_mutants_are_each_named(project):
    found = run(project, "-m", "staff.evidence.mutants", "-q", "e99", "--seeds", "1")
    assert "5 mutants, 0 not as declared" in found.stdout, found.stdout + found.stderr


def test_it_is_released_to_students_without_its_solution_and_its_hidden_test_is_drawn(project, tmp_path):
    program = (
        "from staff.release import build, hidden; from staff.release.repository import files_of_working_tree as tree\n"
        "hidden.digits_file = hidden.words_file = lambda seed: b''\n"
        "hidden.own_datasets = lambda: ['test_cases.e99.public.data']\n"
        "students, grader = build.student_files(tree()), build.autograder_files(tree(), hidden.files('s' * 9), '0')\n"
        "print(sorted(name for name in students if 'e99' in name or 'layer_norm' in name))\n"
        "print(sorted(name for name in grader if 'e99' in name or 'layer_norm' in name))\n"
    )
    found = run(project, "-c", program)
    assert found.returncode == 0, found.stderr
    students, grader = map(eval, found.stdout.splitlines())
    assert {"electives/layer_norm.py", "test_cases/e99/README.md", "test_cases/e99/public/data.py"} <= set(students)
    assert not [name for name in (*students, *grader) if "solution" in name or "mutant" in name]
    assert "hidden/e99-data.npz" in grader


@pytest.mark.parametrize(
    ("question_id", "title", "module", "complaint"),
    [
        ("x9", "Layer norm", None, "no question's id"),
        ("e0", "Layer norm", None, "no question's id"),
        ("e13", " ", None, "--title"),
        ("e13", "x" * 41, None, "--title"),
        ("e13", 'A "title"', None, "--title"),
        ("e13", "Layer norm", "random", "no name for a student's file"),
        ("e13", "3 layers", None, "no name for a student's file"),
    ],
)
def test_names_that_do_not_fit_are_refused_with_the_reason(question_id, title, module, complaint):
    with pytest.raises(NewQuestionError, match=complaint):
        names_of(question_id, title, module)


def test_a_core_question_gets_a_file_beside_the_others():
    names = names_of("Q9", "Layer norm", None)
    assert names == Names("q9", "Layer norm", "layer_norm")
    files = plan(PROJECT, names)
    assert {"layer_norm.py", "staff/solutions/layer_norm.py", "test_cases/q9/question.toml"} <= set(files)
    assert 'group = "core"' in files["test_cases/q9/question.toml"]
    assert "electives" not in "".join(files.values())


def test_what_is_there_already_is_never_overwritten(tmp_path):
    (tmp_path / "test_cases" / "e99").mkdir(parents=True)
    with pytest.raises(NewQuestionError, match="test_cases/e99 is there already"):
        plan(tmp_path, LAYER_NORM)
    (tmp_path / "test_cases" / "e99").rmdir()
    (tmp_path / "electives").mkdir()
    (tmp_path / "electives" / "layer_norm.py").touch()
    with pytest.raises(NewQuestionError, match=r"electives/layer_norm\.py is there already"):
        plan(tmp_path, LAYER_NORM)


@pytest.mark.parametrize("names", [Names("e99", "Layer norm", "electives.train"), Names("q99", "Adam", "optimizers")])
def test_no_two_student_files_have_one_name_in_different_folders(names):
    with pytest.raises(NewQuestionError, match="another question has a student file named"):
        plan(PROJECT, names)


def test_no_line_of_the_template_s_solution_stands_in_a_shipped_file():
    files = plan(PROJECT, LAYER_NORM)
    solution = files["staff/solutions/electives/layer_norm.py"].splitlines()
    own = {line.strip() for line in solution} - {line.strip() for line in files["electives/layer_norm.py"].splitlines()}
    shipped = {line.strip() for path, text in files.items() if path[:5] != "staff" for line in text.splitlines()}
    assert len(own) > 5
    assert not {line for line in own & shipped if len(line) >= 24}


def test_no_placeholder_of_the_template_is_left_behind():
    for path, text in plan(PROJECT, LAYER_NORM).items():
        assert "TEMPLATE" not in path + text, path
        assert "template_module" not in path + text, path


def test_no_question_of_the_project_says_todo():
    for path in files_of_working_tree():
        if path.startswith(("test_cases/", "electives/", "staff/solutions/", "staff/evidence/m")):
            assert b"TODO" not in (PROJECT / path).read_bytes(), path


def test_a_dry_run_names_the_files_and_writes_nothing(tmp_path):
    before = set(files_of_working_tree())
    found = run(PROJECT, "-m", "staff.new_question", "e98", "--title", "Nothing", "--dry-run")
    assert found.returncode == 0
    assert "new  test_cases/e98/checks.py" in found.stdout
    assert set(files_of_working_tree()) == before
