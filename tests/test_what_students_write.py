"""What real submissions hold besides right and wrong code: each costs a sentence, not a question."""

from __future__ import annotations

import py_compile

import pytest

from grading.checks import expect
from grading.outcomes import CheckFailed


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
    run = graded(
        patched_solutions({"losses.py": [(line, f"{line}    raise NotImplementedError('your code')\n")]}), "q2"
    )
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
                    )
                ],
            }
        ),
        "q2",
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


def test_code_compiled_before_does_not_bring_a_left_out_import_back(patched_solutions, graded):
    code = patched_solutions(
        {"losses.py": [("from torch import Tensor", "import no_such_module\nfrom torch import Tensor")]}
    )
    py_compile.compile(str(code / "losses.py"), doraise=True)
    assert graded(code, "q2").question("q2")["score"] == 5


def test_the_progress_bar_of_the_requirements_may_be_used(patched_solutions, graded):
    code = patched_solutions(
        {
            "train.py": [
                ("from torch import movedim", "from tqdm import tqdm\nfrom torch import movedim"),
                ("for _ in range(epochs):", "for _ in tqdm(range(epochs)):"),
            ]
        }
    )
    assert graded(code, "q2").question("q2")["score"] == 5
