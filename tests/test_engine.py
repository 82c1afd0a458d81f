"""The engine: what goes wrong in one place stays there, and what is earned is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from grading.console import Console
from grading.engine import Engine, Settings
from grading.isolation import channel, forkserver
from grading.outcomes import QuestionResult, RunResult
from grading.questions import discover
from tests.support import (
    PROJECT,
    SECONDS_UNTIL_IT_HANGS,
    SHORT_CONVOLUTION,
    SHORT_REGRESSION,
    SOLUTIONS,
    Clock,
    Run,
    Triggering,
    eventually,
)

IN_THE_LOOP = "this loop never ends"
IN_A_PERCEPTRONS_TRAINING = "        mistakes = 1\n"  # the quickest to train
ENDLESS = (
    "epochs, loader = 250,",
    f"print('{IN_THE_LOOP}', flush=True)\n    while True: pass\n    epochs, loader = 250,",
)


def processes_with(text: str) -> list[int]:
    """Process ids whose command line or environment holds a text (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if text.encode() in (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


@pytest.fixture
def mark(monkeypatch) -> str:
    """A text in the environment of every process that the test starts, and of no other."""
    text = f"marked-{uuid4().hex}"
    monkeypatch.setenv("ENGINE_TEST_MARK", text)
    return text


def graded_until_a_loop(submission: Path, *questions: str) -> Run:
    """Grade with a limit of six seconds, which are over at the moment when the submission says that it loops."""
    clock = Clock()
    stream = Triggering(IN_THE_LOOP, lambda: clock.advance(1000))
    asked = [question for question in discover() if question.id in questions]
    with Engine(Settings(submission, time_limit_seconds=6), Console(stream), clock) as engine:
        result = RunResult(0, {}, engine.grade(asked))
    return Run(0, stream.getvalue(), "", result.as_dict())


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_an_endless_loop_costs_its_question_only(patched_solutions, mark):
    run = graded_until_a_loop(patched_solutions({"train.py": [ENDLESS]}), "q2", "q6")
    assert run.check("q2", "shape")["status"] == "passed"
    assert run.check("q2", "fit")["status"] == "not finished"
    assert "stopped after 6 seconds" in run.check("q2", "fit")["message"]
    assert run.question("q6")["score"] == 2
    assert eventually(lambda: processes_with(mark) == [])


def test_points_earned_before_an_endless_loop_are_kept(patched_solutions, warm_starts):
    loop = f"{IN_A_PERCEPTRONS_TRAINING}        print('{IN_THE_LOOP}', flush=True)\n        while len(dataset) > 100: pass\n"
    run = graded_until_a_loop(patched_solutions({"train.py": [(IN_A_PERCEPTRONS_TRAINING, loop)]}), "q1")
    assert run.question("q1")["score"] == 2
    assert run.check("q1", "convergence")["status"] == "not finished"


def test_a_syntax_error_costs_only_the_questions_that_import_the_file(patched_solutions, graded):
    submission = patched_solutions({"losses.py": [("def regression_loss(", "def regression_loss((")]})
    run = graded(submission, "q1", "q2", "q6")
    assert [run.check("q1", name)["status"] for name in ("weights", "score", "prediction")] == ["passed"] * 3
    assert run.question("q1")["score"] == 2
    assert run.question("q6")["score"] == 2
    message = run.check("q2", "loss")["message"]
    assert "losses.py is not valid Python" in message
    assert "line 7" in message
    assert run.check("q2", "shape")["status"] == "passed"


def test_a_missing_file_costs_only_its_questions(patched_solutions, graded):
    submission = patched_solutions({})
    (submission / "train.py").unlink()
    run = graded(submission, "q1", "q6")
    assert run.question("q1")["score"] == 2
    assert "train.py is missing from" in run.check("q1", "update")["message"]
    assert run.question("q6")["score"] == 2


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("import os; os._exit(0)", "imports os"),
        ("raise SystemExit(3)", "exit(3)"),
        ("exit()", "the code called exit(), which"),
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("return self.frist(x)", "has no attribute 'frist'"),
        ("return self.forward(x)", "RecursionError"),
        ("return None", "got None"),
        ("return 'text'", "got a str"),
        ("return self", "got a RegressionModel"),
        ("return x[:, :, None]", "got (1, 1, 1)"),
        ("return x.flatten()", "got (1,)"),
        ("return x * float('nan')", "NaN or infinite"),
    ],
)
def test_what_a_model_does_wrong_is_told(patched_solutions, graded, statement, told):
    reference = "return self.last(relu(self.second(relu(self.first(x)))))"
    submission = patched_solutions({})
    text = (submission / "models.py").read_text()
    head, _, tail = text.partition("class RegressionModel")
    (submission / "models.py").write_text(head + "class RegressionModel" + tail.replace(reference, statement, 1))
    run = graded(submission, "q2")
    check = run.check("q2", "shape")
    assert check["status"] in ("failed", "crashed")
    assert told in check["message"]
    assert "grading/" not in check["message"]


def test_a_crash_shows_the_students_frames_with_line_and_source(patched_solutions, graded):
    submission = patched_solutions({"models.py": [("self.second = Linear(128, 64)", "self.second = Linear(100, 64)")]})
    run = graded(submission, "q2")
    message = run.check("q2", "shape")["message"]
    assert message.startswith("RuntimeError: mat1 and mat2 shapes cannot be multiplied")
    assert "at RegressionModel.forward (models.py:" in message
    assert "return self.last(relu(self.second" in message
    assert run.check("q2", "shape")["status"] == "crashed"


@pytest.mark.parametrize("ending", ["os._exit(7)", "os.kill(os.getpid(), 11)", "os.closerange(3, 64)"])
def test_a_process_that_ends_itself_is_one_crash_and_the_next_check_runs(patched_solutions, graded, ending):
    sneaky = f"def regression_loss(y_pred: Tensor, y: Tensor) -> Tensor:\n    os = __import__('os')\n    {ending}\n"
    submission = patched_solutions(
        {"losses.py": [("def regression_loss(y_pred: Tensor, y: Tensor) -> Tensor:\n", sneaky)]}
    )
    run = graded(submission, "q2", "q6")
    assert run.check("q2", "loss")["status"] == "crashed"
    assert "the student process" in run.check("q2", "loss")["message"]
    assert run.question("q6")["score"] == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process group's memory cheaply")
def test_too_much_memory_ends_the_question(patched_solutions, graded):
    grow = "hoard.append(__import__('torch').ones(2**22)), __import__('time').sleep(0.05)"  # no faster than it is seen
    hog = f"hoard = []\n    while True: {grow}\n    epochs, loader = 250,"
    (second,) = (question for question in discover() if question.id == "q2")
    limited = replace(second, memory_limit_bytes=700 * 2**20)
    run = graded(patched_solutions({"train.py": [("epochs, loader = 250,", hog)]}), limited, "q6")
    assert "stopped at 700 MiB of memory" in run.check("q2", "fit")["message"]
    assert run.question("q6")["score"] == 2


def test_what_students_print_appears_and_a_flood_is_cut(patched_solutions, graded):
    noise = "        print('hello from training')\n        for _ in range(3000): print('x' * 1000)\n"
    changes = [(IN_A_PERCEPTRONS_TRAINING, IN_A_PERCEPTRONS_TRAINING + noise)]
    run = graded(patched_solutions({"train.py": changes}), "q1")
    assert "hello from training" in run.output
    assert len(run.output) < 300_000
    assert "The rest is not shown" in run.output
    assert run.question("q1")["score"] == 5


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_processes_that_a_student_starts_do_not_outlive_the_question(patched_solutions, graded):
    seconds = f"600.{uuid4().int % 10**9}"  # nobody else sleeps for so long
    start = f"        __import__('subprocess').Popen(['sleep', '{seconds}'], start_new_session=True)\n"
    changes = [(IN_A_PERCEPTRONS_TRAINING, IN_A_PERCEPTRONS_TRAINING + start)]
    run = graded(patched_solutions({"train.py": changes}), "q1")
    assert run.question("q1")["score"] == 5
    assert eventually(lambda: processes_with(seconds) == [])


def started(*arguments: object, new_session: bool = False) -> subprocess.Popen[str]:
    """The command line, running; with `new_session`, its process group can be signalled."""
    return subprocess.Popen(
        [sys.executable, str(PROJECT / "autograder.py"), "--no-graphics", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=new_session,
        # what runs in the background of a shell ignores Ctrl-C, and so would all that it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for_the_loop(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert any(IN_THE_LOOP in line for line in process.stdout), "the submission's loop was never reached"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_killing_the_grader_leaves_nothing_running_and_keeps_finished_questions(patched_solutions, tmp_path, mark):
    submission = patched_solutions({"train.py": [ENDLESS]})
    report = tmp_path / "report.json"
    process = started("--code-directory", submission, "--json", report, "-q", "q1", "-q", "q2", "--jobs", 1)
    wait_for_the_loop(process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SECONDS_UNTIL_IT_HANGS)
    assert eventually(lambda: processes_with(mark) == [])
    assert '"score": 5' in report.read_text()


def test_a_forbidden_import_fails_the_questions_checks_and_names_the_line(patched_solutions, graded):
    run = graded(
        patched_solutions(
            {"losses.py": [("from torch import Tensor", "from torch import Tensor\nimport os\n\nos.name")]}
        ),
        "q2",
    )
    assert run.check("q2", "loss")["status"] == "failed"
    assert "losses.py:4 imports os" in run.check("q2", "loss")["message"]
    assert run.question("q2")["score"] == 1, "the shape is right"


def test_files_that_shadow_the_project_or_the_standard_library_change_nothing(patched_solutions, graded):
    submission = patched_solutions({})
    for name in ("backend", "random", "torch", "numpy", "grading", "data"):
        (submission / f"{name}.py").write_text("raise RuntimeError('shadowed')\n")
    assert graded(submission, "q1", "q6").report["score"] == 7


def test_names_of_existing_solutions_are_accepted(patched_solutions, graded):
    submission = patched_solutions(
        {
            "models.py": [("class AttentionBlock", "class Attention")],
            "losses.py": [("digitconvolution_loss", "digitconvolution_Loss")],
            "train.py": [
                ("digitconvolution_loss", "digitconvolution_Loss"),
                ("train_digitconvolution", "Train_DigitConvolution"),
                SHORT_CONVOLUTION,
            ],
        }
    )
    assert graded(submission, "q5", "q6").report["score"] == 5


def test_a_loss_that_takes_the_labels_first_is_accepted(patched_solutions, graded):
    old = "def digitconvolution_loss(y_pred: Tensor, y: Tensor)"
    submission = patched_solutions(
        {
            "losses.py": [(old, "def digitconvolution_loss(y: Tensor, y_pred: Tensor)")],
            "train.py": [
                (
                    'digitconvolution_loss(model(batch["x"]), batch["label"])',
                    'digitconvolution_loss(batch["label"], model(batch["x"]))',
                ),
                SHORT_CONVOLUTION,
            ],
        }
    )
    assert graded(submission, "q5").report["score"] == 3


def test_a_stub_of_the_public_kind_is_told_as_not_implemented(patched_solutions, graded):
    old = "    return mse_loss(y_pred, y)\n"
    run = graded(patched_solutions({"losses.py": [(old, '    "*** YOUR CODE HERE ***"\n')]}), "q2")
    assert run.check("q2", "loss")["message"].startswith("not implemented yet: regression_loss (losses.py:")


def test_grading_never_writes_into_the_submission(patched_solutions, graded):
    submission = patched_solutions({})
    before = {path: path.stat().st_mtime_ns for path in submission.rglob("*")}
    graded(submission, "q6")
    assert {path: path.stat().st_mtime_ns for path in submission.rglob("*")} == before


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_an_interrupt_ends_everything_at_once(patched_solutions, mark):
    submission = patched_solutions({"train.py": [ENDLESS]})
    process = started("--code-directory", submission, "-q", "q6", "-q", "q2")
    wait_for_the_loop(process)
    process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=SECONDS_UNTIL_IT_HANGS)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "autograder.py: interrupted. What was finished is above." in errors
    assert "Traceback" not in errors
    assert eventually(lambda: processes_with(mark) == [])


def interrupted(process: subprocess.Popen[str]) -> str:
    """Send Ctrl-C as a terminal does, to every process of the foreground group; returns everything printed."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        return "".join(process.communicate(timeout=SECONDS_UNTIL_IT_HANGS))
    finally:
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("is_training", [True, False], ids=["while it trains", "while torch is imported"])
def test_an_interrupted_question_has_no_result(patched_solutions, tmp_path, mark, is_training):
    submission, results = patched_solutions({"train.py": [ENDLESS]}), tmp_path / "results.json"
    process = started("--code-directory", submission, "-q", "q2", "--json", results, new_session=True)
    if is_training:
        wait_for_the_loop(process)
    else:
        assert eventually(results.exists), "the fork server, which imports torch, was started before"
    printed = interrupted(process)
    assert process.returncode == 130
    told = "What was finished is above." if is_training else "No check was finished."
    assert ("passed        The loss is the mean squared error  (1/1)" in printed) == is_training
    assert ("q2 was interrupted: its other checks did not end" in printed) == is_training
    assert f"autograder.py: interrupted. {told}" in printed
    assert all(word not in printed for word in ("Traceback", "SIGKILL", "stopped after", "0/5"))
    assert [question["checks"] for question in json.loads(results.read_text())["questions"]] == [[]]
    assert eventually(lambda: processes_with(mark) == [])


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signal to another process")
def test_an_interrupt_ends_code_that_runs_in_the_graders_own_process(patched_solutions):
    submission = patched_solutions({"train.py": [ENDLESS]})
    process = started("--code-directory", submission, "-q", "q2", "--in-process", new_session=True)
    wait_for_the_loop(process)
    printed = interrupted(process)
    assert "passed        The loss is the mean squared error  (1/1)" in printed
    assert "autograder.py: interrupted. What was finished is above." in printed
    assert process.returncode == 130


def test_without_a_fork_server_the_outcomes_are_the_same(patched_solutions, monkeypatch, warm_starts):
    submission = patched_solutions({"train.py": [SHORT_REGRESSION]})
    questions = [question for question in discover() if question.id in ("q2", "q6")]

    def outcomes() -> list[object]:
        with Engine(Settings(submission), Console()) as engine:
            results = engine.grade(questions, lambda result: None)
        return [(result.outcomes, result.metrics) for result in results]

    with_server = outcomes()
    monkeypatch.setattr(forkserver, "is_available", lambda: False)
    assert outcomes() == with_server
    (regression, metrics), (attention, _) = with_server
    assert [outcome.status for outcome in regression] == ["passed", "passed", "failed"]
    assert metrics["loss"] > 0  # of five epochs
    assert {outcome.status for outcome in attention} == {"passed"}


@pytest.mark.skipif(not forkserver.is_available(), reason="there is no fork server here")
def test_processes_that_are_asked_for_at_the_same_time_are_told_apart():
    server = forkserver.ForkServer()

    def told_and_own_process_id(_: int) -> tuple[int, int]:
        pid, requests, replies, output = server.fork()
        with requests, replies, output:
            channel.write(requests, {"op": "call", "names": [("os", "getpid")], "args": []})
            return pid, channel.read(replies)["result"]

    try:
        with ThreadPoolExecutor(6) as pool:  # all of them wait for torch's import
            pairs = list(pool.map(told_and_own_process_id, range(6)))
    finally:
        server.close()
    assert [told for told, _ in pairs] == [own for _, own in pairs]


def test_one_engine_grades_other_folders_and_seeds_as_engines_of_their_own_do(patched_solutions, warm_starts):
    wrong = patched_solutions({"models.py": [(" / sqrt(self.layer_size)", "")]})
    questions = [
        replace(question, checks=question.checks[:3]) for question in discover() if question.id in ("q1", "q6")
    ]

    def outcomes(results: list[QuestionResult]) -> list[object]:
        return [(result.outcomes, result.metrics) for result in results]

    with Engine(Settings(SOLUTIONS), Console()) as engine, ThreadPoolExecutor(2) as pool:
        other = pool.submit(engine.grade, questions, code_directory=wrong, seed=3)
        told: list[QuestionResult] = []
        own = engine.grade(questions, told.append)
        assert told == own
    for folder, seed, results in ((SOLUTIONS, 0, own), (wrong, 3, other.result())):
        with Engine(Settings(folder, seed=seed), Console()) as engine:
            assert outcomes(engine.grade(questions)) == outcomes(results)
    assert [outcome.status for outcome in own[1].outcomes] == ["passed"] * 3
    assert [outcome.status for outcome in other.result()[1].outcomes] == ["passed", "passed", "failed"]
