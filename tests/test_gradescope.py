"""Under the harness: what is found is graded confined, what is graded is reported whole, nothing private is open."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from data import files
from grading.console import Console
from grading.engine import Engine, Settings
from grading.gradescope import privacy, results, run, settings
from grading.outcomes import RunEnded
from grading.questions import Check, Question, discover
from staff.evidence import harness_limits
from staff.evidence.hostile.harness import Finished, Harness, NoHarness
from tests.classroom import WANTED, write
from tests.results import validated
from tests.support import SOLUTIONS


def reference_files() -> dict[str, bytes]:
    return {name: (SOLUTIONS / name).read_bytes() for name in WANTED}


@pytest.fixture(scope="module")
def harness():
    if sys.platform != "linux":
        pytest.skip("the harness is a Linux container")
    try:
        with Harness() as made:
            yield made
    except NoHarness as reason:
        pytest.skip(str(reason))


def test_the_reference_gets_full_marks_and_a_valid_document(harness):
    harness.settings(questions=["q1", "q6"])
    harness.hand_in({f"my project/{name}": content for name, content in reference_files().items()})
    finished = harness.run()
    document = validated(finished.results)
    assert document["score"] == 7, finished.output
    assert {test["status"] for test in document["tests"]} == {"passed"}
    assert document["extra_data"]["seed"] == 0
    assert {"python", "torch", "numpy"} <= set(document["extra_data"]["versions"])
    assert document["output"] == ""


def test_the_engine_is_told_to_end_when_the_harness_settings_say(tmp_path, monkeypatch):
    chosen = settings.load()
    """What an engine does at its deadline: tests/test_hostile_peer.py. Endless loops in a harness: `endless_loop`."""
    deadlines = []

    class Noting(Engine):
        def __init__(self, asked: Settings, console: Console) -> None:
            deadlines.append(asked.deadline)
            raise InterruptedError

    monkeypatch.setattr(run, "Engine", Noting)
    before = time.monotonic()
    run.grade(tmp_path, chosen, Console(io.StringIO()))
    (deadline,) = deadlines
    assert before + chosen.seconds <= deadline <= time.monotonic() + chosen.seconds


class WithoutProcesses(Engine):
    """An engine for questions whose checks ask nothing of a student's process."""

    def _new_fork_server(self):
        return None


def made_up(functions: dict[str, Callable[..., None]]) -> Question:
    """A question of the core with one point for each function."""
    checks = tuple(Check(name, f"It does {name}", 1.0, ()) for name in functions)
    question = Question("q1", "Made up", Path(), checks=checks)
    question.__dict__["functions"] = functions  # as if its checks.py had been imported
    return question


@pytest.fixture
def graded_up_to(tmp_path, monkeypatch):
    """Grades a question that passes one check, is then disturbed, and has a third; gives results.json."""

    (tmp_path / "submission").mkdir()

    def grade(disturbance: Callable[..., None]) -> dict:
        checks = {"first": lambda *_: None, "second": disturbance, "third": lambda *_: None}
        question = made_up(checks)
        monkeypatch.setattr(run, "discover", lambda: [question])
        monkeypatch.setattr(run, "Engine", WithoutProcesses)
        run.grade(tmp_path, replace(settings.load(), leaderboard=()), Console(io.StringIO()), at_home=True)
        return saved()

    def saved() -> dict:
        return validated(json.loads((tmp_path / "results" / "results.json").read_text(encoding="utf-8")))

    grade.saved = saved
    return grade


def test_a_run_that_ends_in_the_middle_of_a_question_keeps_the_checks_that_had_passed(graded_up_to, monkeypatch):
    timers, at_the_end = [], []

    class NotedTimer(threading.Timer):
        def start(self) -> None:
            timers.append(self)

    monkeypatch.setattr(run.threading, "Timer", NotedTimer)
    monkeypatch.setattr(run.os, "_exit", lambda status: at_the_end.append((status, graded_up_to.saved())))

    graded_up_to(lambda *_: timers[0].function(*timers[0].args))  # its time is up while the second check runs
    ((status, document),) = at_the_end
    assert status == 1
    assert document["score"] == 1
    assert [test["score"] for test in document["tests"]] == [1, 0, 0]
    first, second, third = (test["output"] for test in document["tests"])
    assert first == ""
    assert results.CUT_SHORT in second
    assert results.NOT_REACHED in third
    assert "The time was up before every check was run. Question q1 was not finished." in document["output"]


def test_points_stand_in_the_file_while_the_next_check_runs(graded_up_to):
    """A container that runs out of memory is killed without a last word."""
    meanwhile = []
    document = graded_up_to(lambda *_: meanwhile.append(graded_up_to.saved()))
    assert meanwhile[0]["score"] == 1
    assert document["score"] == 3
    assert document["output"] == ""
    assert meanwhile[0]["extra_data"]["under_way"] == "q1"
    assert [harness_limits.ended(found) for found in (*meanwhile, document)] == [0, 1]


def test_a_disk_that_stays_full_leaves_the_points_that_were_written(graded_up_to, monkeypatch):
    """An exception here would have the last resort write a document of its own, with 0 points."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    document = graded_up_to(lambda *_: monkeypatch.setattr(files, "write_bytes", full))
    assert [test["score"] for test in document["tests"]] == [1, 0, 0]


def test_a_failure_of_the_engine_in_the_middle_of_a_question_keeps_the_checks_that_had_passed(graded_up_to):
    def fail(*_: object) -> None:
        raise RunEnded

    document = graded_up_to(fail)
    assert [test["score"] for test in document["tests"]] == [1, 0, 0]
    assert "The autograder itself failed" in document["output"]


def finished_with(harness: Harness, file: str, change: Callable[[str], str]) -> Finished:
    """The run of the reference under a grader one of whose files is changed for as long."""
    path = harness.root / "source" / file
    good = path.read_text()
    harness.hand_in(reference_files())
    try:
        path.write_text(change(good))
        return harness.run()
    finally:
        path.write_text(good)


def test_a_failure_of_the_graders_own_leaves_a_valid_document_that_says_so(harness):
    harness.settings(questions=["q1", "q6"])
    first = next(question for question in discover() if question.id == "q6").checks[0].name
    broken = f"\n\ndef {first}(*_):\n    raise ValueError('our own')\n"
    finished = finished_with(harness, "test_cases/q6/checks.py", lambda text: text + broken)
    document = validated(finished.results)
    assert finished.points("q1") == 5
    assert "not your fault" in document["output"]
    assert "our own" in document["extra_data"]["grader_failure"]
    assert "Traceback" in finished.output
    assert "Traceback" not in finished.text()


def test_a_grader_that_cannot_even_start_leaves_a_valid_document(harness):
    finished = finished_with(harness, "grading/gradescope/run.py", lambda text: "import no_such_module\n")
    assert validated(finished.results)["score"] == 0
    assert "could not start" in finished.results["output"]


def test_numpy_computes_in_one_thread_however_many_cores_the_host_has(harness):
    printing = "import os\n\nprint('threads:', os.environ['OPENBLAS_NUM_THREADS'])\n"
    finished = finished_with(harness, "grading/gradescope/__main__.py", lambda text: printing)
    assert "threads: 1\n" in finished.output


def test_a_submission_over_the_rate_limit_keeps_the_score_before(harness):
    harness.settings(questions=["q6"], submissions=1)
    earlier = {"submission_time": "2026-03-02T09:00:00-08:00", "score": 1.5, "autograder_error": False}
    harness.hand_in(reference_files(), {"previous_submissions": [earlier]})
    try:
        document = validated(harness.run().results)
    finally:
        harness.settings(submissions=0)
    assert document["score"] == 1.5
    assert "Not graded: 1 submissions in the last 24 hours" in document["output"]


def test_an_empty_submission_scores_nothing_and_names_what_is_missing(harness):
    harness.settings(questions=["q2", "q6"])
    harness.hand_in({"__MACOSX/._models.py": "\0"})
    finished = harness.run()
    document = validated(finished.results)
    assert document["score"] == 0
    assert "models\\.py" not in document["output"]
    assert "models.py is missing from the submission." in document["output"]
    first = document["tests"][0]["output"]
    assert "models.py is missing from the submission. Hand it in with the other files." in first.replace("\\", "")
    assert "Traceback" not in finished.output


def test_what_is_private_is_closed_and_never_opened_on_the_way(tmp_path, monkeypatch):
    """Others may be graded on the same machine, and their code may be waiting for the moment."""
    source = tmp_path / "source"
    files = (
        "test_cases/q1/checks.py",
        "test_cases/q1/public/probes.py",
        "hidden/digits.npz",
        "release.json",
        "models.py",
    )
    write(source, dict.fromkeys(files, ""))
    write(tmp_path, {"submission/models.py": "", "results/results.json": "", "submission_metadata.json": "{}"})
    opened, chmod = [], os.chmod

    def watched(path: Path, mode: int) -> None:
        chmod(path, mode)
        if mode & 0o077:
            opened.append(Path(path).relative_to(tmp_path).as_posix())

    monkeypatch.setattr(run, "PROJECT_DIRECTORY", source)
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(os, "chmod", watched)
    run._close_off(tmp_path)
    folders = ["source", "source/test_cases", "source/test_cases/q1", "source/test_cases/q1/public"]
    assert sorted(opened) == sorted([*folders, "source/models.py", "source/test_cases/q1/public/probes.py"])
    private = (
        "source/test_cases/q1/checks.py",
        "source/hidden",
        "source/release.json",
        "submission",
        "submission_metadata.json",
    )
    if os.name == "posix":
        assert [name for name in private if (tmp_path / name).stat().st_mode & 0o077] == []


def test_compiled_checks_are_private_and_public_files_are_needed(tmp_path):
    write(tmp_path, dict.fromkeys(("test_cases/q1/__pycache__/checks.pyc", "test_cases/q1/public/probes.py"), ""))
    private = [path.relative_to(tmp_path).as_posix() for path in privacy.private_paths(tmp_path)]
    assert private == ["test_cases/q1/__pycache__"]
    assert tmp_path / "test_cases/q1/public/probes.py" in privacy.needed_paths(tmp_path)
    for path in ("test_cases/q1/__pycache__/checks.pyc", "test_cases/q1/checks.py", "hidden/digits.npz"):
        assert privacy.is_private(PurePosixPath(path))
    for path in ("test_cases/q1/public/probes.py", "test_cases/q1", "data/digits.py"):
        assert not privacy.is_private(PurePosixPath(path))
