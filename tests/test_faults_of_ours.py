"""Faults of the project or of the course in the student's process: not finished, not the student's fault, named."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data import haiku
from grading.checks.attempts import OUR_FAULT, TOLD_FAULT
from grading.child.requests import RequestHandler
from grading.console import Console
from grading.engine import Engine, Settings
from grading.outcomes import CRASHED, GRADER, NOT_FINISHED, PROCESS, Outcome
from grading.questions import Question, discover
from tests.support import SOLUTIONS, fresh_student_modules

TRAINS = """
def loss(student, library, thresholds):
    model = student.create("models.RegressionModel")
    student.train("train.train_regression", model, library.load("sine"))
"""
PROBES = """
def loss(student, library, thresholds):
    student.probe("no_such_probe")
"""
READS = """
def loss(student, library, thresholds):
    student.call("haiku_bot.corpus.load_corpus")
"""
LEAVES = """
def loss(student, library, thresholds):
    raise SystemExit(3)
"""


def question_with(tmp_path: Path, checks: str, **changes: Any) -> Question:
    """A copy of question 2 whose only check is the given one."""
    [question] = [question for question in discover() if question.id == "q2"]
    folder = tmp_path / "q2"
    folder.mkdir()
    (folder / "checks.py").write_text(checks, encoding="utf-8")
    return replace(question, folder=folder, thresholds={}, checks=question.checks[1:2], **changes)


def outcome_of(question: Question, directory: Path = SOLUTIONS) -> Outcome:
    """The only check's outcome, with the student's code in this process, where a test can change the project."""
    with fresh_student_modules(), Engine(Settings(directory, in_process=True), Console(io.StringIO())) as engine:
        [[outcome]] = [result.outcomes for result in engine.grade([question])]
    return outcome


@pytest.mark.parametrize(
    ("dataset", "complaint"),
    [
        ("backend.default_collate_fn_map", "TypeError"),
        ("backend.LanguageIDDataset", "IndexError"),  # of data of another kind
    ],
)
def test_a_dataset_that_cannot_be_made_is_no_crash_of_the_students(tmp_path, dataset, complaint):
    outcome = outcome_of(question_with(tmp_path, TRAINS, dataset=dataset))
    assert outcome.status == NOT_FINISHED
    assert outcome.message.startswith(
        f"Q2: {TOLD_FAULT}. {tmp_path}/q2/question.toml: dataset {dataset} cannot be used"
    )
    assert complaint in outcome.message
    assert outcome.cause == PROCESS, "the limit on submissions counts it"


def test_a_dataset_that_does_not_exist_is_told_as_the_question_files_fault(tmp_path):
    outcome = outcome_of(question_with(tmp_path, TRAINS, dataset="backend.RegressionDatasett"))
    assert outcome.status == NOT_FINISHED
    assert f"{tmp_path}/q2/question.toml" in outcome.message
    assert "backend has no RegressionDatasett. This is not your fault" in outcome.message


def test_a_training_function_that_crashes_is_still_the_students(patched_solutions, tmp_path):
    wrong = patched_solutions({"train.py": [("epochs, loader = 250,", "epochs, loader = [][3],")]})
    outcome = outcome_of(question_with(tmp_path, TRAINS), wrong)
    assert outcome.status == CRASHED
    assert "IndexError" in outcome.message


@pytest.mark.parametrize(
    ("question", "complaint"),
    [("q7", "has no attribute 'no_such_probe'"), ("q2", "No module named 'test_cases.q2.public'")],
)
def test_a_probe_that_cannot_be_found_is_told_as_the_questions_fault(tmp_path, question, complaint):
    outcome = outcome_of(replace(question_with(tmp_path, PROBES), id=question))
    assert outcome.status == NOT_FINISHED
    assert outcome.message.startswith(f"{question.upper()}: {TOLD_FAULT}. {tmp_path}/q2/public/probes.py: probe no_")
    assert complaint in outcome.message


def test_a_check_that_ends_the_process_costs_itself_alone(tmp_path, capsys):
    outcome = outcome_of(question_with(tmp_path, LEAVES))
    assert (outcome.status, outcome.message) == (NOT_FINISHED, f"Q2: {OUR_FAULT} (SystemExit).")
    assert outcome.cause == GRADER
    assert "raise SystemExit(3)" in capsys.readouterr().err  # for staff


def test_damaged_haiku_are_no_crash_of_the_students_who_read_them_in_their_process(tmp_path, monkeypatch):
    damaged = tmp_path / "haiku_pretraining.zip"
    damaged.write_bytes(b"half an archive")
    monkeypatch.setattr(haiku, "PRETRAINING", damaged)
    outcome = outcome_of(question_with(tmp_path, READS))
    assert outcome.status == NOT_FINISHED
    assert outcome.message.startswith(f"Q2: {TOLD_FAULT}. {damaged}: not a readable archive")
    assert "download the project again" in outcome.message
    assert outcome.cause == PROCESS, "the limit on submissions counts it"


@pytest.mark.parametrize("line", ["raise data.DataError('x')", "data.read_text(pathlib.Path('/no/such/file'))"])
def test_a_data_error_that_a_students_line_leads_to_is_the_students_crash(tmp_path, line):
    source = f"import data, pathlib\n\ndef RegressionModel():\n    {line}\n"
    (tmp_path / "models.py").write_text(source, encoding="utf-8")
    with fresh_student_modules():
        handler = RequestHandler(lambda report: None)
        handler.answer({"op": "configure", "code_directory": str(tmp_path), "threads": 1})
        answer = handler.answer({"op": "create", "names": [("models", "RegressionModel")], "args": []})
    assert answer["error"]["kind"] == "crash"


def test_memory_that_runs_out_while_a_dataset_is_made_is_told_as_ever(monkeypatch):
    def full(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 40 GB")

    monkeypatch.setattr("backend.RegressionDataset.__init__", full)
    with fresh_student_modules():
        handler = RequestHandler(lambda report: None)
        handler.answer({"op": "configure", "code_directory": str(SOLUTIONS), "threads": 1})
        model = handler.answer({"op": "create", "names": [("models", "RegressionModel")], "args": []})["result"]
        names = [("train", "train_regression")]
        request = {"op": "train", "names": names, "model": model, "dataset": "backend.RegressionDataset", "arrays": {}}
        assert handler.answer(request)["error"]["kind"] == "crash"
