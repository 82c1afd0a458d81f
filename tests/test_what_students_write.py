"""What real submissions hold besides right and wrong code: each costs a sentence, not a question."""

from __future__ import annotations

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
