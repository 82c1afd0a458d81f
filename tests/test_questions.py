"""Discovery: questions come from their folders, in natural order, and a wrong folder is named and costs no other."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil

import pytest

from grading.console import Console
from grading.engine import Engine, Settings
from grading.outcomes import NOT_FINISHED, PASSED
from grading.questions import QuestionError, discover, natural_order, required
from tests.support import PROJECT, run_autograder


def test_question_ten_sorts_after_question_nine():
    assert sorted(["q10", "q9", "q1", "q2"], key=natural_order) == ["q1", "q2", "q9", "q10"]
    folders = ["5²", "²", "1" * 5000, "a", "٣", "7"]  # students' folders may have any name
    assert sorted(folders, key=natural_order) == ["٣", "5²", "7", "1" * 5000, "a", "²"]


def test_a_question_needs_what_the_questions_need_that_it_builds_on():
    requires = {question.id: question.requires for question in discover()}
    assert required(["e12"], requires) == ["q7", "q6"]
    assert required(["q8", "q7"], requires) == ["q6"]
    assert required(["e1"], requires) == []
    assert required(["a"], {"a": ("b", "nowhere"), "b": ("a",)}) == ["b"]


def test_points_add_up_to_the_published_ones():
    points = {question.id: question.points for question in discover()}
    published = {"q1": 5, "q2": 5, "q3": 5, "q4": 5, "q5": 3, "q6": 2}
    assert {name: points[name] for name in published} == published


def test_the_perceptron_gives_partial_credit_of_two_and_three():
    first = next(question for question in discover() if question.id == "q1")
    assert [check.points for check in first.checks if check.points] == [2, 3]


def test_every_question_of_the_project_is_whole():
    for question in discover():
        assert set(question.functions) == {check.name for check in question.checks}
        assert set(question.requires) <= {other.id for other in discover()}


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def copied(tmp_path):
    shutil.copy(PROJECT / "test_cases" / "defaults.toml", tmp_path)
    shutil.copytree(PROJECT / "test_cases" / "q7", tmp_path / "q12")
    shutil.copytree(PROJECT / "test_cases" / "q3", tmp_path / "q13")
    change(tmp_path / "q12" / "question.toml", 'requires = ["q6"]\n', "")
    return tmp_path


def test_a_new_folder_is_a_new_question(copied):
    assert [question.id for question in discover(copied)] == ["q12", "q13"]


def test_what_a_question_does_not_say_holds_by_default_and_what_it_says_wins(copied):
    first, second = discover(copied)
    assert (first.time_limit_seconds, second.time_limit_seconds) == (900, 600)
    assert first.group == second.group == "core"
    assert "torch.nn.*Conv?d" in second.forbidden_names


def test_electives_come_after_the_core_whatever_they_are_called(copied):
    path = copied / "q12" / "question.toml"
    path.write_text('group = "elective"\n' + path.read_text())
    assert [question.id for question in discover(copied)] == ["q13", "q12"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('title = "Digit classification"', "", "title"),
        ('title = "Digit classification"', 'title = "x"\ngroup = "none"', "group"),
        ('title = "Digit classification"', 'title = "x"\ntime_limit_seconds = "long"', "long"),
        ('title = "Digit classification"', "title = 3", "title should be a text"),
        ('title = "Digit classification"', 'title = "x"\ntime_limit_secs = 5', "unknown key 'time_limit_secs'"),
        ('title = "Digit classification"', 'title = "x"\ntime_limit_seconds = 0', "time_limit_seconds should be"),
        ('title = "Digit classification"', 'title = "x"\ntime_limit_seconds = nan', "time_limit_seconds should be"),
        ('title = "Digit classification"', 'title = "x"\nmemory_limit_mebibytes = -1', "memory_limit_mebibytes should"),
        ('title = "Digit classification"', 'title = "x"\nextra_credit = "no"', "extra_credit should be true or false"),
        ('title = "Digit classification"', 'title = "x"\nattempts = {most = 0}', "attempts.most should be"),
        ('title = "Digit classification"', 'title = "x"\nattempts = {narrow = 1}', "attempts has an unknown key"),
        ('title = "Digit classification"', 'title = "x"\nimports = {forbid = []}', "imports has an unknown key"),
        ('title = "Digit classification"', 'title = "x"\nrequires = ["q99"]', "requires q99"),
        ('"models.DigitClassificationModel"', '"DigitClassificationModel"', "one is 'DigitClassificationModel'"),
        ("minimum_test_accuracy = 0.97", 'minimum_test_accuracy = "0.97"', "thresholds.minimum_test_accuracy"),
        ('"percent"', '"percents"', "units.test_accuracy should be 'percent'"),
        ("points = 3", "points = -3", "points of check accuracy"),
        ("points = 3", "point = 3", "unknown key 'point'"),
        ('requires = ["shape", "loss"]', 'requires = ["accuracy"]', "accuracy"),
        ("points = 3", "points = = 3", "question.toml"),
    ],
)
def test_a_wrong_question_file_is_named_with_its_fault_and_the_other_question_is_there(copied, old, new, complaint):
    path = copied / "q13" / "question.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    other, wrong = discover(copied)
    assert other.fault == ""
    assert complaint in wrong.fault
    assert str(path) in wrong.fault
    with pytest.raises(QuestionError, match="q13"):
        wrong.functions  # noqa: B018


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("def loss(", "def no_such_name(", "loss"),
        ("import", "import no_such_module\nimport", "no_such_module"),
        ("TARGET", "raise SystemExit(3)\nTARGET", "SystemExit: 3"),
        ("TARGET", "TARGET = = ", "SyntaxError"),
    ],
)
def test_checks_that_cannot_be_imported_are_told_when_their_question_is_graded(copied, old, new, complaint):
    path = copied / "q13" / "checks.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    _, wrong = discover(copied)
    assert wrong.fault == ""  # nothing was imported yet
    with pytest.raises(QuestionError, match=complaint):
        wrong.functions  # noqa: B018


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("backend.DigitClassificationDataset", "backend.DigitsDataset", "backend has no DigitsDataset"),
        ("backend.DigitClassificationDataset", "bakend.DigitClassificationDataset", "there is no module 'bakend'"),
        ("backend.DigitClassificationDataset", "DigitClassificationDataset", "there is no module ''"),
        ("pictures.digit_field", "pictures.digits_field", "picture is 'pictures.digits_field'"),
        ("pictures.digit_field", "test_cases.q13.public.picture", "picture is 'test_cases.q13.public.picture'"),
        ("minimum_test_accuracy", "minimum_test_acuracy", "thresholds has no minimum_test_accuracy"),
        ("maximum_passes = 40", "maximum_passes = 40\nmost_passes = 40", "thresholds has most_passes, which no check"),
        ("\ntest_accuracy", "\ntset_accuracy", "units has tset_accuracy, which no check records"),
    ],
)
def test_what_a_question_names_and_nothing_holds_is_told_before_anything_is_graded(copied, old, new, complaint):
    path = copied / "q13" / "question.toml"
    change(path, old, new)
    other, wrong = discover(copied)
    assert other.functions
    with pytest.raises(QuestionError, match=re.escape(complaint)) as told:
        wrong.functions  # noqa: B018
    assert str(path) in str(told.value)
    assert wrong.points == 5  # what students could have earned is known


def test_a_question_that_builds_on_no_question_of_the_project_is_told_with_its_points(copied):
    change(copied / "q13" / "question.toml", "targets", 'requires = ["q12", "q99"]\ntargets')
    other, wrong = discover(copied)
    assert other.fault == ""
    assert wrong.fault == (
        f"{copied}/q13/question.toml: requires q99, and there is no such question. Take q99 out of `requires`, or put "
        f"{copied}/q99 back"
    )
    assert wrong.points == 5


def test_a_wrong_number_in_the_defaults_is_named_with_their_file(copied):
    change(copied / "defaults.toml", "time_limit_seconds = 600", "time_limit_seconds = -600")
    with pytest.raises(QuestionError, match=r"defaults\.toml: time_limit_seconds should be a number above 0"):
        discover(copied)


def test_names_of_thresholds_that_the_checks_put_together_count_as_read(copied):
    change(copied / "q13" / "question.toml", "maximum_passes", "minimum_of_three = 1\nmaximum_passes")
    with pytest.raises(QuestionError, match="minimum_of_three"):
        discover(copied)[1].functions  # noqa: B018
    path = copied / "q13" / "checks.py"
    path.write_text(
        path.read_text() + '\n\ndef _read(thresholds, kind):\n    return thresholds[f"minimum_of_{kind}"]\n'
    )
    assert discover(copied)[1].functions


def test_without_the_defaults_nothing_can_be_graded_and_the_file_is_named(copied):
    (copied / "defaults.toml").unlink()
    with pytest.raises(QuestionError, match=r"defaults\.toml"):
        discover(copied)


def test_a_run_with_a_broken_question_grades_the_others_and_says_whose_fault_it_is(tmp_path):
    project = tmp_path / "project"
    for name in ("autograder.py", "backend.py", "models.py", "losses.py", "train.py"):
        project.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, project / name)
    for name in ("data", "grading", "pictures", "startup", "test_cases", "training"):
        shutil.copytree(PROJECT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "test_cases" / "q2" / "checks.py").write_text("import no_such_module\n")
    (project / "test_cases" / "q3" / "question.toml").write_text("title = \n")
    (project / "test_cases" / "q4" / "mistakes.py").write_text("raise SystemExit(3)\n")
    report = tmp_path / "report.json"
    solutions = PROJECT / "staff" / "solutions"
    arguments = ["-q", "q2,q3,q4,q6", "--json", report, "--code-directory", solutions]
    run = run_autograder(*arguments, program=project / "autograder.py")
    assert run.status == 1
    assert run.question("q6")["score"] == 2
    assert {check["status"] for name in ("q2", "q3", "q4") for check in run.question(name)["checks"]} == {
        "not finished"
    }
    assert "no_such_module" in run.check("q2", "fit")["message"]
    assert "SystemExit: 3" in run.check("q4", "loss")["message"]
    assert "not your fault" in run.check("q3", "question")["message"]


@pytest.mark.parametrize("question_id", ["q2", "q3", "q4"])
def test_exact_checks_and_training_share_a_questions_points(question_id):
    question = next(question for question in discover() if question.id == question_id)
    training = question.checks[-1]
    exact = sum(check.points for check in question.checks[:-1])
    assert (exact, training.points) == (2, 3)


def test_every_title_fits_its_line_of_a_terminal():
    """A terminal of 80 columns: the status stands before a title, the points behind it."""
    for question in discover():
        for check in question.checks:
            points = f"  ({check.points:g}/{check.points:g})" if check.points else ""
            assert len(f"    not finished  {check.title}{points}") <= 80, check.title


def test_a_fault_in_a_check_costs_no_other_check_and_no_other_question(copied, tmp_path, capsys, warm_starts):
    """A misspelt threshold, say: what was earned stays, the fault is ours, the next question is graded."""
    path = copied / "q13" / "checks.py"
    path.write_text(
        path.read_text().replace("def loss(", "def loss(*_) -> None:\n    {}['no such threshold']\n\n\ndef _loss(")
    )
    (wrong,) = [question for question in discover(copied) if question.id == "q13"]
    chosen = dataclasses.replace(wrong, checks=wrong.checks[:2])
    (other,) = [question for question in discover() if question.id == "q6"]
    with Engine(Settings(PROJECT / "staff" / "solutions"), Console(io.StringIO())) as engine:
        first, second = engine.grade([chosen, other])
    assert [outcome.status for outcome in first.outcomes] == [PASSED, NOT_FINISHED]
    assert "not your fault" in first.outcomes[1].message
    assert "no such threshold" in capsys.readouterr().err  # for staff
    assert second.score == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title = "Digit classification"', 'title = "x"\nmemory_limit_mebibytes = inf'),
        ('title = "Digit classification"', 'title = "x"\nrequires = "q6"'),
        ('title = "Digit classification"', 'title = "x"\naliases = {"models.A" = "models.B"}'),
        ('title = "Digit classification"', 'title = "x"\nimports = {allowed = "torch"}'),
        ('requires = ["shape", "loss"]', 'requires = ""'),
    ],
)
def test_numbers_and_lists_of_another_kind_are_faults(copied, old, new):
    path = copied / "q13" / "question.toml"
    path.write_text(path.read_text().replace(old, new))
    assert discover(copied)[1].fault


def test_a_checks_file_may_hold_dataclasses(copied):
    path = copied / "q13" / "checks.py"
    path.write_text(
        path.read_text() + "\n\nfrom dataclasses import dataclass\n\n\n@dataclass\nclass Pair:\n    one: int\n"
    )
    assert set(discover(copied)[1].functions) >= {"shape", "loss", "accuracy"}
