"""Calibration: margins are measured as stated, results are kept and used again, and a margin that is gone is told."""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from grading.console import Console
from grading.engine import Engine, Settings
from grading.questions import Check, discover
from staff.evidence.calibrate import __main__ as program
from staff.evidence.calibrate import margins, runs, table
from tests.support import PROJECT, SOLUTIONS

pytestmark = pytest.mark.usefixtures("warm_starts")
SMALL = ["--seeds", "1", "--questions", "q1,q2,q6", "--threads", "1", "--jobs", "2"]
FAST = [question for question in discover() if question.id in ("q1", "q2", "q6")]


@pytest.fixture(scope="module")
def records_file(tmp_path_factory) -> Path:
    """The small calibration that every change goes through; takes some seconds, because it trains."""
    path = tmp_path_factory.mktemp("calibration") / "records.jsonl"
    list(runs.measure(runs.runs(runs.SOLUTIONS, [1], 1), FAST, path, jobs=2))
    return path


def record(solution: str = "reference", seed: int = 0, passed: bool = True, **metrics: float) -> runs.Record:
    return runs.Record(solution, 1, seed, "q2", "state", passed, metrics, [] if passed else ["Q2: no."], 1.0)


def complaints(records: list[runs.Record]) -> list[str]:
    return margins.complaints(margins.rows(records, FAST))


def test_no_margin_of_the_fast_questions_is_gone(records_file, capsys):
    assert program.main([*SMALL, "--records", str(records_file)]) == 0, capsys.readouterr().out
    printed = capsys.readouterr().out
    assert "Every margin holds." in printed
    assert printed.count(" passes ") == 2


def test_a_mediocre_solution_is_no_copy_of_the_reference_and_fits_less_well(records_file):
    found = {(row.solution, row.question): row for row in margins.rows(runs.read(records_file), FAST)}
    mediocre, reference = (found[name, "q2"].metrics[0] for name in ("mediocre", "reference"))
    assert mediocre.median > 5 * reference.median
    for path in runs.SOLUTIONS["mediocre"].rglob("*.py"):
        assert path.read_text() != (SOLUTIONS / path.relative_to(runs.SOLUTIONS["mediocre"])).read_text()


def test_a_margin_under_the_stated_minimum_is_an_exit_status_of_one(records_file, capsys):
    assert program.main([*SMALL, "--records", str(records_file), "--least-margin", "0.99999"]) == 1
    assert "q2, reference, 1 thread: loss is" in capsys.readouterr().out


def test_known_results_are_not_graded_again_and_a_cut_line_is(records_file, tmp_path, monkeypatch):
    lines = records_file.read_text().splitlines(keepends=True)
    assert len(lines) == 6
    copied = tmp_path / "records.jsonl"
    copied.write_text("".join(lines[:-1]) + lines[-1][:40])  # as a kill leaves it
    graded = []
    monkeypatch.setattr(runs, "Engine", recording_engine(graded))
    cut = json.loads(lines[-1])
    found = [records for records, _ in runs.measure(runs.runs(runs.SOLUTIONS, [1], 1), FAST, copied)]
    assert graded == [(cut["question"], cut["seed"])]
    assert sum(map(len, found)) == 6
    assert [
        records for records, is_new in runs.measure(runs.runs(runs.SOLUTIONS, [1], 1), FAST, copied) if is_new
    ] == []
    assert len(graded) == 1


def test_parts_share_the_runs_and_a_call_without_one_prints_them_all(tmp_path, monkeypatch, capsys):
    graded: list[tuple[str, int]] = []
    monkeypatch.setattr(runs, "Engine", recording_engine(graded))
    asked = ["--seeds", "3", "--questions", "q1", "--solutions", "reference", "--threads", "1"]
    asked += ["--records", str(tmp_path / "records.jsonl")]
    program.main([*asked, "--part", "2/2"])
    assert graded == [("q1", 1)]
    program.main([*asked, "--part", "1/2"])
    assert graded == [("q1", 1), ("q1", 0), ("q1", 2)]
    capsys.readouterr()
    program.main(asked)
    assert len(graded) == 3
    assert capsys.readouterr().out.count(" known ") == 3


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--part", "3/2"], "'3/2' is not a part such as 1/8"),
        (["--part", "two"], "'two' is not a part such as 1/8"),
        (["--part", "1/2", "--write"], "--write is for the whole table"),
    ],
)
def test_a_part_that_does_not_exist_or_cannot_be_written_is_refused(flags, said, capsys):
    try:
        status = program.main(["--questions", "q1", *flags])
    except SystemExit as refusal:
        status = refusal.code
    assert status == 2
    assert said in capsys.readouterr().err


def test_a_table_that_would_lose_rows_is_not_written(tmp_path, capsys):
    document = tmp_path / "calibration.md"
    document.write_text(program.DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    assert program.main(["--questions", "e1", "--write", str(document)]) == 2
    told = capsys.readouterr().err
    assert "would take the rows of e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12 out of" in told
    assert document.read_text(encoding="utf-8") == program.DOCUMENT.read_text(encoding="utf-8")


def recording_engine(graded: list[tuple[str, int]]) -> type:
    """An engine that notes what it should grade and gives what nobody has graded."""

    class Recording:
        def __init__(self, *_: object) -> None:
            pass

        def __enter__(self) -> Recording:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def grade(self, questions, on_change, *, code_directory, seed):
            for question in questions:
                graded.append((question.id, seed))
                on_change(program_result(question))

    return Recording


def program_result(question):
    from grading.outcomes import QuestionResult

    return QuestionResult(question.id, question.title, question.points)


def test_results_of_another_state_of_the_project_are_not_used(records_file, tmp_path, monkeypatch):
    copied = tmp_path / "records.jsonl"
    rows = [record for record in runs.read(records_file) if record.question == "q6"]
    copied.write_text("".join(json.dumps(asdict(replace(row, state="older"))) + "\n" for row in rows))
    graded: list[tuple[str, int]] = []
    monkeypatch.setattr(runs, "Engine", recording_engine(graded))
    list(runs.measure(runs.runs(["reference"], [1], 2), FAST[-1:], copied))
    assert graded == [("q6", 0), ("q6", 1)]


def test_a_questions_state_depends_on_its_solution_and_its_checks():
    found = runs.states(FAST, None)
    assert len(set(found.values())) == 2 * len(FAST)
    assert found == runs.states(FAST, None)


COUNTING = """
from grading.outcomes import CheckFailed

def count(student, library, thresholds):
    raise CheckFailed(str(student.call("models.threads")))
"""


def test_torch_gets_as_many_threads_as_asked_for(tmp_path):
    (tmp_path / "models.py").write_text("import torch\n\ndef threads():\n    return torch.get_num_threads()\n")
    (tmp_path / "checks.py").write_text(COUNTING)
    question = replace(FAST[0], folder=tmp_path, checks=(Check("count", "count", 0, ()),), thresholds={}, units={})
    with Engine(Settings(tmp_path, threads=2), Console(io.StringIO())) as engine:
        (result,) = engine.grade([question])
    assert result.outcomes[0].message == "Q1: 2"


@pytest.mark.parametrize(
    ("threshold", "is_least", "value", "unused"),
    [
        (0.97, True, 0.985, 0.5),
        (0.97, True, 0.97, 0.0),
        (0.8, True, 0.7, -0.5),
        (0.02, False, 0.005, 0.75),
        (0.02, False, 0.03, -0.5),
    ],
)
def test_a_margin_is_the_unused_part_of_the_permitted_error(threshold, is_least, value, unused):
    assert margins.Metric("m", threshold, is_least, (value,)).margin(value) == pytest.approx(unused)


def test_a_threshold_that_permits_no_error_leaves_no_margin():
    metric = margins.Metric("in_form", 1.0, True, (1.0,))
    assert metric.margin(1.0) is None
    assert "none to have" in table.markdown([margins.Row("q8", "reference", 1, 1, 1, 1, (metric,))])


def test_the_worst_of_a_loss_is_its_largest_and_of_an_accuracy_its_smallest():
    assert margins.Metric("loss", 1.0, False, (0.1, 0.3, 0.2)).worst == 0.3
    assert margins.Metric("accuracy", 0.5, True, (0.9, 0.7, 0.8)).worst == 0.7


def test_fair_results_are_complained_about_by_nothing():
    assert complaints([record(seed=seed, loss=0.01) for seed in range(3)]) == []


def test_a_reference_that_fails_once_or_comes_too_near_is_told():
    assert "passes on 1 of 2 seeds" in complaints([record(loss=0.001), record(seed=1, passed=False)])[0]
    assert "15% of the permitted error unused, under 20%" in complaints([record(loss=0.017)])[0]


def test_attempts_are_counted_and_the_reference_must_need_one():
    found = [record(loss=0.001), replace(record(seed=1, loss=0.001), attempts=2)]
    (row,) = margins.rows(found, FAST)
    assert (row.passed, row.at_first, row.seeds) == (2, 1, 2)
    assert "passes on 2 of 2 seeds, 1 in the first attempt" in complaints(found)[0]
    assert "2/2" in table.markdown([row])
    assert "1/2" in table.markdown([row])
    honest = [replace(record("mediocre", seed, loss=0.019), attempts=2) for seed in range(5)]
    assert complaints(honest) == []


def test_records_from_before_attempts_had_one(tmp_path):
    row = asdict(record(loss=0.01))
    del row["attempts"]
    (tmp_path / "records.jsonl").write_text(json.dumps(row) + "\n")
    assert [found.attempts for found in runs.read(tmp_path / "records.jsonl")] == [1]


def test_an_honest_solution_that_often_fails_makes_a_threshold_too_harsh():
    failing = [record("mediocre", seed, seed > 1, loss=0.019) for seed in range(5)]
    assert "is the threshold too harsh" in complaints(failing)[0]
    assert complaints([record("mediocre", seed, seed > 0, loss=0.019) for seed in range(5)]) == []
    assert complaints(failing[:2]) == []  # two seeds say nothing about a rate


def test_the_table_is_written_between_its_marks_and_nothing_else_changes(tmp_path):
    document = tmp_path / "document.md"
    document.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.write(document, "new")
    assert document.read_text() == f"before\n{table.BEGIN}\nnew\n{table.END}\nafter\n"


def test_electives_alone_have_a_table_of_their_own(tmp_path):
    core, elective = (next(q for q in discover() if q.group == group) for group in ("core", "elective"))
    assert [table.mark_of(asked) for asked in ([elective], [core, elective], [core])] == [
        table.ELECTIVES_MARK,
        table.MARK,
        table.MARK,
    ]
    document = tmp_path / "document.md"
    document.write_text(program.DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    before = table.parts(document)
    table.write(document, "new", table.ELECTIVES_MARK)
    assert "calibration of electives: begin -->\nnew\n<!--" in document.read_text(encoding="utf-8")
    assert table.parts(document)[0] == before[0]


@pytest.mark.parametrize("content", ["no marks", f"{table.END}\n{table.BEGIN}\n"])
def test_a_document_without_marks_is_refused_before_anything_is_graded(tmp_path, content, capsys):
    document = tmp_path / "document.md"
    document.write_text(content)
    assert program.main(["--write", str(document)]) == 2
    assert "the table belongs between" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--questions", "q99"], "there is no q99; the questions are q1, q2"),
        (["--questions", ","], "there is no nothing"),
        (["--records", str(PROJECT / "README.md")], "is not a file of calibration results"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_status_of_two(arguments, told, capsys):
    assert program.main(arguments) == 2
    assert told in capsys.readouterr().err


def test_the_document_holds_the_table_of_the_default_questions():
    before, _ = table.parts(program.DOCUMENT)
    committed = program.DOCUMENT.read_text(encoding="utf-8").removeprefix(before)
    for name in program.DEFAULT_QUESTIONS.split(","):
        for solution in runs.SOLUTIONS:
            assert f"| {name}       | {solution}" in committed
    before, after = table.parts(program.DOCUMENT, table.ELECTIVES_MARK)
    committed = program.DOCUMENT.read_text(encoding="utf-8").removeprefix(before).removesuffix(after)
    for question in discover():
        if question.group == "elective":
            for solution in runs.SOLUTIONS:
                assert re.search(rf"^\| {question.id} +\| {solution} ", committed, re.MULTILINE), (
                    question.id,
                    solution,
                )
