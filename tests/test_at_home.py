"""A rehearsal on a student's own machine grades as Gradescope would, and predicts what that costs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from grading import cli
from grading.gradescope import at_home, settings
from grading.gradescope.usage import Meter
from grading.outcomes import FAILED, NOT_FINISHED, TIME, Outcome, QuestionResult, RunResult
from tests.results import validated
from tests.support import SOLUTIONS, eventually, run_autograder

pytestmark = pytest.mark.usefixtures("warm_starts")


def cost(seconds: float | None, mebibytes: int | None) -> Meter:
    meter = Meter()
    meter.seconds, meter.processor_seconds = 40.0, seconds
    meter.memory_bytes = None if mebibytes is None else mebibytes * 2**20
    return meter


@pytest.mark.parametrize(
    ("seconds", "mebibytes", "said", "unsaid"),
    [
        (100.0, 400, ["3:20 of 9:00", "400 of 768 MiB", "margin 368 MiB"], ["Too", "tight", "Tight"]),
        (240.0, 700, ["8:00 of 9:00", "Tight: a slower", "Memory is tight"], ["Too"]),
        (300.0, 800, ["10:00 of 9:00", "Too slow", "Too large", "margin -32 MiB"], ["tight"]),
        (None, None, ["1:20 of 9:00", "does not tell"], ["margin"]),
    ],
)
def test_time_and_memory_are_predicted_by_the_rule_that_is_printed(seconds, mebibytes, said, unsaid):
    text = "\n".join(at_home.prediction(cost(seconds, mebibytes), settings.load(), RunResult(0, {})))
    assert not [phrase for phrase in said if phrase not in text]
    assert not [phrase for phrase in unsaid if phrase in text]


@pytest.mark.parametrize(("status", "cause"), [(NOT_FINISHED, TIME), (FAILED, "")])
def test_a_time_limit_is_told_by_what_ended_the_check_and_not_by_the_words_of_its_message(status, cause):
    message = "training was stopped after 100 passes over the 500 points."  # a check of question 1 says so
    outcome = Outcome("converges", "The perceptron converges", status, 0.0, 1.0, message, cause=cause)
    run = RunResult(0, {}, [QuestionResult("q1", "Perceptron", 1.0, outcomes=[outcome])])
    text = "\n".join(at_home.prediction(cost(100.0, 400), settings.load(), run))
    assert ("ran into its time limit" in text) == (cause == TIME)


def test_a_rehearsal_gives_what_the_harness_would_and_predicts_its_cost(tmp_path):
    kept = tmp_path / "results.json"
    command = ["--as-gradescope", "--code-directory", SOLUTIONS, "-q", "q1,q6", "--json", kept]
    finished = run_autograder(*command)
    assert finished.status == 0, finished.output + finished.errors
    assert validated(json.loads(kept.read_text()))["score"] == 7
    assert all(len(line) <= 80 for line in finished.output.splitlines())
    assert "losses.py, models.py, train.py" in " ".join(finished.output.split()).replace("gpt_model.py, haiku.py, ", "")
    assert "Predicted on Gradescope" in finished.output
    if sys.platform == "linux":
        assert int(finished.output.split(" of 768 MiB")[0].split()[-1]) > 0


HOLD = "block = bytearray(60 * 2**20); print('held', flush=True); input()"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is known when processes have ended")
def test_the_memory_of_what_is_started_is_seen_while_it_is_held():
    command = [sys.executable, "-c", HOLD]
    with Meter() as meter, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        seen = meter.memory_bytes or 0
        assert eventually(lambda: (meter.memory_bytes or 0) > max(seen, 60 * 2**20))
        process.communicate(b"\n")


def test_a_file_that_would_not_be_handed_in_is_not_there_in_a_rehearsal(patched_solutions):
    directory = patched_solutions({"models.py": [("from math import sqrt", "from helpers import sqrt")]})
    (directory / "helpers.py").write_text("from math import sqrt\n")
    finished = run_autograder("--as-gradescope", "--code-directory", directory, "-q", "q6")
    assert finished.status == 1
    told = " ".join(finished.output.split())
    assert "imports helpers. There is no file helpers.py beside it" in told
    assert "The grader takes only the files of the questions. Move your code to one of them, or remove line" in told


@pytest.mark.parametrize("flag", [["--jobs", "2"], ["--seed", "3"], ["--in-process"], ["--time-limit", "5"]])
def test_a_flag_that_would_change_what_the_harness_does_is_refused(flag, capsys):
    assert cli.main(["--as-gradescope", "--no-graphics", *flag]) == 2
    assert f"Leave out {flag[0]}" in capsys.readouterr().err


def course_of(*questions: str) -> settings.HarnessSettings:
    return replace(settings.load(environment={}), questions=questions)


@pytest.mark.parametrize(
    ("assignment", "flags", "graded"),
    [
        (["e1", "q2"], [], ["q2", "e1"]),
        (["e1", "q2"], ["--electives"], ["e1"]),
        (["e1"], ["-q", "q1,q2"], ["q1", "q2"]),
        (["q2"], ["--electives"], [f"e{number}" for number in range(1, 13)]),
        ([], [], [f"q{number}" for number in range(1, 9)]),
    ],
)
def test_a_rehearsal_grades_the_courses_assignment_or_what_is_asked_for(monkeypatch, assignment, flags, graded):
    asked_for = []

    def rehearse(_, questions, *__):
        asked_for.extend(question.id for question in questions)
        return at_home.Rehearsal(True, {})

    course = course_of(*assignment)
    monkeypatch.setattr(settings, "load", lambda **_: course)
    monkeypatch.setattr(at_home, "rehearse", rehearse)
    assert cli.main(["--as-gradescope", "--code-directory", str(SOLUTIONS), *flags]) == 0
    assert asked_for == graded


def test_a_rehearsal_names_questions_outside_of_the_assignment(monkeypatch, capsys):
    course = course_of("e1")
    monkeypatch.setattr(settings, "load", lambda **_: course)
    assert cli.main(["--as-gradescope", "--code-directory", str(SOLUTIONS), "-q", "q6"]) == 0
    assert "Not in this course's assignment: q6." in capsys.readouterr().out
