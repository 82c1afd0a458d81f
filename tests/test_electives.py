"""All electives: starters name their stubs, reference and mediocre solutions have full marks, `make electives` measures."""

from __future__ import annotations

import ast
import sys

import pytest

from grading.checks.source import StudentSource
from grading.questions import ELECTIVE, discover
from staff.evidence import electives as program
from staff.evidence.calibrate.runs import SOLUTIONS as GRADED
from staff.evidence.electives import MAX_MEBIBYTES, MAX_PROCESSOR_SECONDS, Graded
from staff.release import starters
from staff.texts import forbidden
from tests.support import run_autograder

pytestmark = pytest.mark.usefixtures("warm_starts")
ELECTIVES = [question.id for question in discover() if question.group == ELECTIVE]


def test_the_starters_score_zero_with_one_line_for_each_stub(tmp_path):
    run = run_autograder("--electives", "--json", tmp_path / "report.json")
    assert run.status == 1
    assert run.report["electives"]["score"] == 0
    lines = {line.strip() for line in run.output.splitlines() if "not implemented yet" in line}
    written = [content for name, content in starters.starters().items() if name.startswith("electives/")]
    assert len(lines) == sum(content.count("raise NotImplementedError") for content in written)
    assert "Traceback" not in run.output + run.errors


@pytest.mark.parametrize("name", [name for name in starters.starters() if name.startswith("electives/")])
def test_a_student_file_says_which_dtypes_its_functions_are_called_with(name):
    """The pages say that functions are compared in float64: a constant that is float32 would not do."""
    told = ast.get_docstring(ast.parse(starters.starters()[name])) or ""
    assert "float64" in told or "any floating dtype" in told


@pytest.mark.slow
@pytest.mark.parametrize("question", ELECTIVES)
def test_the_reference_has_full_marks(graded, question):
    """Slow: trains the reference of each. The mediocre solutions are graded by `python -m staff.evidence.calibrate`."""
    found = graded(GRADED["reference"], question, seed=7).question(question)
    assert found["score"] == found["max_score"] == 4, found
    assert {check["message"] for check in found["checks"]} == {""}


def test_the_mediocre_solutions_fill_every_stub():
    for question in discover():
        for target in question.targets if question.group == ELECTIVE else ():
            module, _, name = target.rpartition(".")
            source = (GRADED["mediocre"] / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
            assert name in {getattr(node, "name", "") for node in ast.parse(source).body}, target
            assert "NotImplementedError" not in source, module


@pytest.mark.parametrize("kind", ["reference", "mediocre"])
def test_no_solution_is_told_that_it_uses_what_is_ready_made(kind):
    source = StudentSource(GRADED[kind])
    for question in discover():
        for module in {target.rpartition(".")[0] for target in question.targets} - {"haiku_bot.reply"}:
            source.require_permitted(module, question.allowed_imports, question.forbidden_names)


def test_the_top_of_each_student_file_names_all_that_its_elective_forbids():
    for question in discover():
        if question.group == ELECTIVE:
            (module,) = {target.rpartition(".")[0] for target in question.targets}
            written = starters.starters()[f"{module.replace('.', '/')}.py"]
            told = " ".join((ast.get_docstring(ast.parse(written)) or "").split())
            assert forbidden.sentences(question.forbidden_names) in told, question.id


def test_the_sentences_about_what_is_forbidden_name_every_name_and_every_method():
    text = forbidden.sentences(["torch.optim", "torch.optim.*", "torch.soft?ax", "torch.lerp"])
    assert text == (
        "Not allowed here: `torch.optim`, `torch.soft?ax`, `torch.lerp`. In these names, `?` stands for one letter. "
        "Also not allowed, as methods of a tensor: `lerp`, `softmax`. Everything else of torch is allowed."
    )
    assert forbidden.sentences([]) == forbidden.NOTHING


def test_each_elective_has_four_points_three_checks_or_more_a_threshold_and_a_picture_of_its_own():
    for question in discover():
        if question.group == ELECTIVE:
            assert question.points == 4, question.id
            assert len(question.checks) >= 3, question.id
            assert question.thresholds, question.id
            assert question.picture == f"test_cases.{question.id}.public.picture"


def graded_as(**changes: object) -> Graded:
    return Graded(**{"points": 4.0, "max_points": 4.0, "seconds": 3.0, "processor_seconds": 2.0, "mebibytes": 200.0, "lost": (), **changes})  # type: ignore[arg-type]  # fmt: skip


def test_a_lost_check_and_a_budget_that_is_exceeded_are_told():
    assert graded_as().complaints == []
    assert graded_as(lost=("adam: E1: no.",)).complaints == ["adam: E1: no."]
    (seconds,) = graded_as(processor_seconds=MAX_PROCESSOR_SECONDS + 1).complaints
    assert seconds == "takes 16.0 processor-seconds, more than 15"
    (memory,) = graded_as(mebibytes=MAX_MEBIBYTES + 1).complaints
    assert memory == "holds 451 MiB, more than 450"


def test_the_status_tells_whether_all_is_well(monkeypatch, capsys):
    monkeypatch.setattr(program, "grade", lambda question, seed: graded_as(lost=("x: y",) if seed else ()))
    assert program.main(["-q", ELECTIVES[0], "--seeds", "1"]) == 0
    assert program.main(["-q", ELECTIVES[0], "--seeds", "2"]) == 1
    assert "    x: y\n" in capsys.readouterr().out
    assert program.main(["-q", "q1"]) == 2
    assert "no elective q1" in capsys.readouterr().err


def test_what_was_measured_is_printed_where_it_is_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(program, "grade", lambda question, seed: graded_as(metrics={"loss": 0.125}))
    for flags, is_told in (([], False), (["--metrics"], True)):
        program.main(["-q", ELECTIVES[0], *flags])
        assert ("    loss 0.125\n" in capsys.readouterr().out) == is_told


def test_a_real_run_is_measured():
    """Of question 6: it is graded as electives are, in the time that it takes to start."""
    graded = program.grade("q6", 1)
    assert (graded.points, graded.max_points, graded.lost) == (2, 2, ())
    assert graded.seconds > 0
    if sys.platform == "linux":
        assert graded.processor_seconds > 0.1
        assert graded.mebibytes > 50
