"""What real submissions hold besides right and wrong code: each costs a sentence, not a question."""

from __future__ import annotations

import dataclasses
import io
import py_compile
import re
import shutil

import pytest

from grading.checks import answers, expect
from grading.checks.sequence import Limits, _limit_message
from grading.console import Console
from grading.engine import Engine, Settings
from grading.outcomes import FAILED, PASSED, CheckFailed, OutOfLimits
from grading.questions import discover
from tests.support import LENIENT, PROJECT, SHORT_REGRESSION, Clock, Triggering

pytestmark = pytest.mark.usefixtures("warm_starts")


@pytest.mark.parametrize(
    ("value", "threshold", "told"),
    [
        (0.9698, 0.97, "at least 97.00%; got 96.98%"),
        (0.9699999, 0.97, "at least 97.00000%; got 96.99999%"),
        (0.5, 0.97, "at least 97.0%; got 50.0%"),
    ],
)
def test_an_accuracy_and_its_threshold_are_told_apart(value, threshold, told):
    with pytest.raises(CheckFailed, match=told):
        expect.at_least(value, threshold, "accuracy")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.02000001, "at most 0.02; got 0.02000001"),
        (0.0204, "at most 0.02; got 0.0204"),
        (1.23456789, "at most 0.02; got 1.235"),
        (float("inf"), "at most 0.02; got inf"),
    ],
)
def test_a_loss_and_its_threshold_are_told_apart(value, told):
    with pytest.raises(CheckFailed, match=told):
        expect.at_most(value, 0.02, "loss")


def test_a_line_left_behind_a_return_is_a_remark(patched_solutions, graded):
    line = "return mse_loss(y_pred, y)\n"
    changes = {"losses.py": [(line, f"{line}    raise NotImplementedError('your code')\n")]}
    run = graded(patched_solutions(changes | {"train.py": [SHORT_REGRESSION]}), LENIENT)
    assert run.question("q2")["score"] == 5
    assert run.check("q2", "loss")["message"].startswith("Remark: regression_loss (losses.py:")
    assert "the line `raise NotImplementedError` behind its return is left" in run.check("q2", "loss")["message"]


def test_a_line_left_at_the_end_of_a_finished_function_is_named(patched_solutions, graded):
    end = "            schedule.step()\n\n\ndef train_digitclassifier"
    changed = end.replace("\n\n\n", "\n    raise NotImplementedError\n\n\n")
    code = patched_solutions(
        {"train.py": [("            schedule.step()\n    # END SOLUTION", "            schedule.step()")]}
    )
    text = (code / "train.py").read_text()
    assert end in text
    (code / "train.py").write_text(text.replace(end, changed).replace("epochs, loader = 250", "epochs, loader = 1"))
    message = graded(code, "q2").check("q2", "fit")["message"]
    assert message.startswith("Q2: train_regression (train.py:"), message
    assert "still says `raise NotImplementedError`. Is the function finished? Then remove this line." in message


def test_unused_imports_of_all_files_are_left_out_with_one_remark(patched_solutions, graded):
    run = graded(
        patched_solutions(
            {
                "models.py": [("from math import sqrt", "from math import sqrt\nfrom no_such_module import symbols")],
                "losses.py": [
                    (
                        "from torch import Tensor",
                        "import os, antigravity\nfrom torch.nn import Conv2d\nfrom torch import Tensor",
                    )
                ],
                "train.py": [
                    (
                        "from torch.nn import Module",
                        "try:\n    import no_such\nexcept ImportError:\n    raise\nfrom torch.nn import Module",
                    ),
                    SHORT_REGRESSION,
                ],
            }
        ),
        LENIENT,
    )
    assert run.question("q2")["score"] == 5
    messages = [check["message"] for check in run.question("q2")["checks"]]
    assert messages[0].startswith("Remark: nothing uses these imports"), messages
    for line in (
        "losses.py:3 (os)",
        "losses.py:3 (antigravity)",
        "losses.py:4 (torch.nn.Conv2d)",
        "train.py:8 (no_such)",
    ):
        assert line in messages[0]
    assert "models.py:7 (no_such_module.symbols)" in messages[0]
    assert messages[1:] == ["", ""]


def test_a_missing_student_file_is_named_where_an_unfinished_file_imports_it_and_does_not_use_it_yet(tmp_path, graded):
    """As handed out: train.py imports four losses, and its functions are still empty."""
    for name in ("models.py", "train.py"):
        shutil.copy(PROJECT / name, tmp_path / name)
    lines = (PROJECT / "train.py").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("from losses"))
    run = graded(tmp_path, "q1", "q2")
    told = [check["message"] for question in ("q1", "q2") for check in run.question(question)["checks"]]
    remarks = [text for message in told for text in message.splitlines() if text.startswith("Remark")]
    wanted = (
        f"Remark: losses.py is missing from {tmp_path}. Put the file back, or check --code-directory. train.py:{line} "
        "imports from it. Nothing uses the import so far, and the grader left it out."
    )
    assert remarks == [wanted] * 2


def test_a_relative_import_that_nothing_uses_yet_is_not_to_be_removed(patched_solutions, graded):
    unused = "from .losses import regression_loss, languageid_loss\nimport math"
    code = patched_solutions({"models.py": [("from math import sqrt", unused)]})
    question = graded(code, "q1").question("q1")
    (told,) = [line for check in question["checks"] for line in check["message"].splitlines()]
    assert question["score"] == 5
    assert "imports .losses. A dot before the name means a package." in told
    assert "Write `from losses import` there. The grader left out the names that nothing uses so far." in told
    assert "Remove" not in told


def test_a_file_of_ones_own_that_nobody_hands_in_is_named_before_it_is_missing(patched_solutions, graded):
    code = patched_solutions({"models.py": [("from math import sqrt", "from helper import sqrt")]})
    (code / "helper.py").write_text("from math import sqrt\n", encoding="utf-8")
    question = graded(code, "q6").question("q6")
    line = 1 + (code / "models.py").read_text(encoding="utf-8").splitlines().index("from helper import sqrt")
    assert question["score"] == 2
    assert question["checks"][0]["message"] == (
        f"Remark: models.py:{line} imports helper.py, which is no file of a question. The grade comes from the files of "
        "the questions alone. Move the code of helper.py to models.py."
    )


def test_code_compiled_before_does_not_bring_a_left_out_import_back(patched_solutions, graded):
    unused = ("from torch import Tensor", "import no_such_module\nfrom torch import Tensor")
    code = patched_solutions({"losses.py": [unused], "train.py": [SHORT_REGRESSION]})
    py_compile.compile(str(code / "losses.py"), doraise=True)
    assert graded(code, LENIENT).question("q2")["score"] == 5


def test_the_progress_bar_of_the_requirements_may_be_used(patched_solutions, graded):
    code = patched_solutions(
        {
            "train.py": [
                ("from torch import movedim", "from tqdm import tqdm\nfrom torch import movedim"),
                ("for _ in range(epochs):", "for _ in tqdm(range(epochs)):"),
                SHORT_REGRESSION,
            ]
        }
    )
    assert graded(code, LENIENT).question("q2")["score"] == 5


@pytest.mark.parametrize("seed", [0, 2])
def test_one_pass_over_the_points_is_never_enough(patched_solutions, graded, seed):
    run = graded(patched_solutions({"train.py": [("while mistakes:", "for _ in range(1):")]}), "q1", seed=seed)
    assert run.question("q1")["score"] == 2
    message = run.check("q1", "convergence")["message"]
    assert "training ended after 1 pass" in message.lower()
    if seed == 0:
        assert "this is set " in message, "on the run's own points one pass happens to be enough"
        right, count = map(int, re.search(r"with (\d+) of (\d+) points right", message).groups())
        assert run.question("q1")["metrics"]["training_accuracy"] == right / count < 1, "of that set"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "weights += label * point",
            "weights = weights + label * point",
            "update make a new tensor, or is there no update?",
        ),
        (
            "weights += label * point",
            "weights += label * point if len(dataset) < 100 else 0",
            "The weights are as they were at",
        ),
        (
            "weights += label * point",
            "weights += label * point * (1 if len(dataset) < 100 else weights.new_tensor([1, 0, 0]))",
            "The weights still moved, and ",
        ),
        ("mistakes = 0", "mistakes = 1", "Every point is right. Training should end after a pass without a mistake."),
    ],
)
def test_a_perceptron_that_never_ends_is_ended_by_what_it_fetched(patched_solutions, old, new, told):
    result = graded_with_passes(patched_solutions({"train.py": [(old, new)]}), "q1", 12)  # the reference needs 10
    assert told in " ".join(outcome.message for outcome in result.outcomes)
    assert result.score == 2


NEVER_ENDS = ("for _ in range(epochs):\n        for batch in loader:", "while True:\n        for batch in loader:")


def graded_with_passes(code, question_id: str, max_passes: float):
    """One question's result where training has so many passes, and no time limit can end it: the clock stands still."""
    (question,) = (question for question in discover() if question.id == question_id)
    question = dataclasses.replace(question, thresholds={**question.thresholds, "maximum_passes": max_passes})
    with Engine(Settings(code), Console(io.StringIO()), Clock()) as engine:
        (result,) = engine.grade([question])
    return result


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("optimizer.step()", "pass", "Training changed no weight of the model. Gradients arrived"),
        (
            "optim.Adam(model.parameters(), lr=0.005)",
            "optim.SGD(model.parameters(), lr=1e6)",
            "some weights of the model are NaN or infinite",
        ),
    ],
    ids=["unmoved", "NaN"],
)
def test_a_hopeless_training_is_ended_after_a_few_passes(patched_solutions, old, new, told):
    code = patched_solutions({"train.py": [NEVER_ENDS, (old, new)]})
    message = graded_with_passes(code, "q2", 1e9).outcomes[-1].message
    assert "The grader stopped training after " in message
    assert told in message
    passes = float(re.search(r"after ([\d.]+) passes", message)[1])
    assert 3 <= passes <= 20


@pytest.mark.parametrize("max_passes", [3, 300])
def test_training_without_an_end_is_stopped_and_its_model_judged(patched_solutions, max_passes):
    code = patched_solutions({"train.py": [NEVER_ENDS, ("schedule.step()", "pass")]})
    outcome = graded_with_passes(code, "q2", max_passes).outcomes[-1]
    updates = f"{10 * max_passes:,} updates"
    assert f"The grader stopped training after {max_passes} passes over the data and {updates}. " in outcome.message
    if max_passes > 3:
        assert outcome.status == PASSED, outcome.message
        assert "Training should end by itself. Which condition ends your loop?" in outcome.message
    else:
        assert outcome.status == FAILED


def test_a_small_learning_rate_is_no_endless_loop(patched_solutions, graded):
    code = patched_solutions({"train.py": [("weights += label * point", "weights += 0.002 * label * point")]})
    assert graded(code, "q1").question("q1")["score"] == 5


def test_training_that_runs_out_of_time_is_told_how_far_it_came_and_what_an_example_costs(patched_solutions):
    slow = (
        "print('half way', flush=True)\n            if schedule.last_epoch > 100:\n                while True: pass\n"
    )
    old = "            schedule.step()\n    # END SOLUTION\n\n\ndef train_digitclassifier"
    code = patched_solutions({"train.py": [(old, old.replace("    # END", f"            {slow}    # END"))]})
    clock = Clock()
    (second,) = (question for question in discover() if question.id == "q2")
    stream = Triggering("half way", lambda: clock.advance(1000))
    with Engine(Settings(code), Console(stream), clock) as engine:
        (result,) = engine.grade([second])
    message = result.outcomes[-1].message
    assert message.startswith("stopped after 600 seconds. Training had "), message
    assert "Does a loop never end?" in message


def test_a_flag_that_allows_more_time_is_named_only_where_there_are_flags():
    """Under a harness with a deadline of its own there are none."""
    at_home, graded = (_limit_message(OutOfLimits("time"), Limits(60.0, 0, have_flags)) for have_flags in (True, False))
    assert at_home == f"{graded} (--time-limit SECONDS allows more)"
    assert graded == "stopped after 60 seconds. Does a loop never end? Is validation run too often?"


@pytest.mark.parametrize(
    ("report", "told"),
    [
        ({}, "Training had not asked for an example yet."),
        (
            {"epochs": 6.0, "validation_accuracy": 0.712},
            "Training had gone over the 200 examples 6 times: 0.5 seconds for each. Validation accuracy was 71.2%.",
        ),
        (
            {"epochs": 1.5, "validation_accuracy": None},
            "Training had gone over the 200 examples 1.5 times: 2 seconds for each.",
        ),
        (
            {"epochs": 53571.4},
            "Training had gone over the 200 examples 53600 times: 0.000056 seconds for each.",
        ),
    ],
)
def test_how_far_training_came_is_told_by_its_latest_report(report, told):
    assert answers.how_far(report, 200, 600.0) == told


def test_an_optimizer_for_each_batch_is_a_remark_if_training_suffices_all_the_same(patched_solutions, graded):
    loop = "        for batch in DataLoader(dataset, batch_size=20, shuffle=True):\n"
    inside = loop + "            optimizer = optim.SGD(model.parameters(), lr=0.001)\n"
    check = graded(patched_solutions({"train.py": [(loop, inside)]}), "q5").check("q5", "accuracy")
    assert check["status"] == "passed", check["message"]
    assert check["message"] == (
        "Remark: 100 optimizers were made for 100 steps. A new optimizer knows nothing of earlier steps, such as Adam's "
        "averages. Make one optimizer before the loop."
    )
