"""The command line: every wrong flag is named with a way to fix it, every report is whole."""

from __future__ import annotations

import json

import numpy as np
import pytest

from grading import cli
from grading.questions import discover
from tests.support import (
    PROJECT,
    SHORT_CONVOLUTION,
    SHORT_REGRESSION,
    SOLUTIONS,
    fresh_student_modules,
    run_autograder,
)

pytestmark = pytest.mark.usefixtures("warm_starts")


def test_an_unknown_question_exits_2_with_the_valid_ones():
    run = run_autograder("-q", "q99")
    assert run.status == 2
    assert "there is no question q99. The questions are q1, q2, q3" in run.errors
    assert "Traceback" not in run.errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--no-such-flag"], "--no-such-flag"),
        (["--code-directory", "/nowhere/at/all"], "--code-directory /nowhere/at/all: this folder does not exist"),
        (["--data-directory", "/nowhere/at/all"], "--data-directory /nowhere/at/all: this folder does not exist"),
        (["--code-directory", str(PROJECT / "README.md")], "README.md: this is a file. Name the folder"),
        (["--code-directory", "/"], "holds none of gpt_model.py"),
        (
            ["--code-directory", str(PROJECT / "electives"), "-q", "e1"],
            f"this is the folder of the electives. Name the folder that holds it: {PROJECT}",
        ),
        (
            ["--code-directory", str(SOLUTIONS / "electives"), "-q", "e3,e1"],
            f"this is the folder of the electives. Name the folder that holds it: {SOLUTIONS}",
        ),
        (["--json", "/nowhere/at/all/report.json"], "does not exist"),
        (["--json", "/"], "cannot write"),
        (["--seed", "-1"], "whole number from 0"),
        (["--seed", "one"], "whole number from 0"),
        (["--jobs", "0"], "whole number from 1"),
        (["--time-limit", "0"], "seconds above 0"),
        (["--time-limit", "soon"], "seconds above 0"),
        (["--time-limit", "nan"], "seconds above 0"),
        (["--time-limit", "1e9"], "below 1,000,000"),
        (["--json", str(PROJECT / "README.md")], "README.md: this file holds something else than results"),
        (["--report", str(PROJECT / "README.md")], "README.md: this is a file. Name a folder"),
        (["-q", "q1,q0"], "there is no question q0"),
        (["-q", ""], "-q names no question. Write -q q1"),
        (["-q", " ,"], "-q names no question. Write -q q1"),
        (["q1"], "q1 stands without a flag. Write -q"),
        (["-q", "q1", "q2"], "q2 stands without a flag. Write -q"),
        (["--quesion", "q1"], "there is no flag --quesion. Is --question meant? --help lists the flags"),
        (["--nographics"], "there is no flag --nographics. Is --no-graphics meant? --help lists the flags"),
        (["--verbose"], "there is no flag --verbose. --help lists the flags"),
        (
            ["—electives"],
            "—electives begins with a long dash (—). A flag begins with one or two hyphens (-). Write --elec",
        ),
        (["–q", "q1"], "–q begins with a long dash (–). A flag begins with one or two hyphens (-). Write -q."),
        (["--electives", "-q", "q1"], "--electives and -q both choose"),
        (["--in-process", "--jobs", "2"], "Leave out --jobs"),
        (["--in-process", "--time-limit", "5"], "--in-process has no limits. Leave out --time-limit"),
        (["--list", "-q", "q1"], "--list lists every question and stops. Leave out --question"),
        (["--list", "--check-dependencies"], "--check-dependencies tries the packages and stops. Leave out --list"),
        (["--check-dependencies", "--seed", "3", "--as-gradescope"], "Leave out --seed and --as-gradescope"),
    ],
)
def test_a_wrong_flag_exits_2_and_names_it(arguments, complaint, capsys):
    try:
        status = cli.main([*arguments, "--no-graphics"])
    except SystemExit as stop:  # of argparse
        status = stop.code
    assert status == 2
    assert complaint in capsys.readouterr().err


def test_a_notebook_is_no_file_of_results_to_be_replaced(tmp_path, capsys):
    notebook = tmp_path / "mine.ipynb"
    notebook.write_text('{"cells": []}')
    assert cli.main(["--json", str(notebook), "--no-graphics"]) == 2
    assert "mine.ipynb: this file holds something else than results" in capsys.readouterr().err
    assert notebook.read_text() == '{"cells": []}'


def test_list_names_every_question_with_its_points():
    run = run_autograder("--list")
    assert run.status == 0
    for question in discover():
        assert f"{question.id:<5}{question.title}" in run.output


def test_the_report_has_the_published_layout(tmp_path):
    run = run_autograder(
        "-q", "q6", "-q", "q1", "--seed", 7, "--code-directory", SOLUTIONS, "--json", tmp_path / "r.json"
    )
    assert run.status == 0
    report = run.report
    assert list(report) == ["score", "max_score", "extra_credit", "seed", "seconds", "versions", "questions"]
    assert (report["score"], report["max_score"], report["extra_credit"], report["seed"]) == (7, 7, 0, 7)
    assert {"python", "torch", "numpy"} <= set(report["versions"])
    assert [question["id"] for question in report["questions"]] == ["q1", "q6"]
    for question in report["questions"]:
        assert list(question) == ["id", "title", "score", "max_score", "seconds", "metrics", "checks"]
        for check in question["checks"]:
            assert list(check) == ["name", "status", "score", "max_score", "message"]
            assert check["status"] == "passed"
    assert run.question("q1")["metrics"] == {"training_accuracy": 1.0}


def test_the_same_seed_gives_the_same_report_but_for_times(tmp_path, patched_solutions):
    submission = patched_solutions({"train.py": [SHORT_REGRESSION, SHORT_CONVOLUTION]})

    def report() -> str:
        run = run_autograder("-q", "q2", "-q", "q5", "--code-directory", submission, "--json", tmp_path / "r.json")
        assert all(question["metrics"] for question in run.report["questions"])
        for question in run.report["questions"]:
            question["seconds"] = 0
        return json.dumps(run.report | {"seconds": 0})

    assert report() == report()


def test_questions_side_by_side_give_the_same_report_in_the_same_order(tmp_path, patched_solutions):
    submission = patched_solutions({"train.py": [SHORT_REGRESSION, SHORT_CONVOLUTION]})

    def report(jobs: int) -> list[object]:
        arguments = ["-q", "q2", "-q", "q5", "-q", "q6", "--jobs", jobs, "--json", tmp_path / "r.json"]
        run = run_autograder("--code-directory", submission, *arguments)
        return [(question["id"], question["metrics"], question["checks"]) for question in run.report["questions"]]

    assert report(1) == report(3)


def test_in_process_grading_gives_the_same_report(tmp_path, patched_solutions):
    submission = patched_solutions({"train.py": [SHORT_REGRESSION]})

    def report(*flags: str) -> list[object]:
        arguments = ["--code-directory", str(submission), "-q", "q2", "-q", "q6", "--json", str(tmp_path / "r.json")]
        with fresh_student_modules():
            assert cli.main([*arguments, "--no-graphics", *flags]) == 1
        found = json.loads((tmp_path / "r.json").read_text())
        return [(question["id"], question["metrics"], question["checks"]) for question in found["questions"]]

    assert report() == report("--in-process")


def test_a_corrupt_dataset_costs_its_questions_only_and_is_named(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"PK half a file")
    arguments = ["-q", "q3", "-q", "q6", "--data-directory", tmp_path, "--json", tmp_path / "r.json"]
    run = run_autograder("--code-directory", SOLUTIONS, *arguments)
    assert run.status == 1
    assert f"{tmp_path / 'mnist.npz'}: not a readable .npz file" in run.check("q3", "accuracy")["message"]
    assert run.question("q6")["score"] == 2


def test_a_data_directory_with_other_digits_is_used_and_named(tmp_path, patched_solutions):
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 130).astype(np.uint8)
    images = random.integers(0, 256, (1300, 784), dtype=np.uint8)
    np.savez(
        tmp_path / "mnist.npz", train_images=images, train_labels=labels, test_images=images[::-1], test_labels=labels
    )
    arguments = ["-q", "q5", "--data-directory", tmp_path, "--json", tmp_path / "r.json"]
    run = run_autograder("--code-directory", patched_solutions({"train.py": [SHORT_CONVOLUTION]}), *arguments)
    assert f"data: {tmp_path / 'mnist.npz'}" in run.output.replace("\n", " ")
    assert run.question("q5")["metrics"]["test_accuracy"] < 0.5  # noise cannot be read
    assert run.question("q5")["score"] == 1


def test_built_in_data_is_announced_in_one_line(patched_solutions):
    run = run_autograder("-q", "q5", "--code-directory", patched_solutions({"train.py": [SHORT_CONVOLUTION]}))
    assert [line for line in run.output.splitlines() if line.startswith("data: built-in digits")]


def test_a_student_file_under_another_name_is_named_before_anything_is_graded(tmp_path, capsys):
    (tmp_path / "optimizers.py").write_text("x = 1\n")
    assert cli.main(["--code-directory", str(tmp_path), "-q", "e1", "--no-graphics"]) == 2
    assert "There is a file optimizers.py. Is this your file? Then move it to electives/" in capsys.readouterr().err
