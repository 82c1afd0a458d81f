"""What solutions written for other editions of the project do differently, and what each is told or forgiven."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from grading.questions import discover
from tests.support import LENIENT, PROJECT, REGRESSION, SHORT_REGRESSION, SOLUTIONS

EDITION_2024 = Path(__file__).resolve().parent / "edition_2024"
FOUR_DIMENSIONS = {
    "models.py": [("self.mask[0, :, :time, :time]", "self.mask[:, :, :time, :time]")],
}
UNFILLED_CONVOLVE = """
def Convolve(input, weight):
    height, width = input.shape
    result = tensor(())
    "YOUR CODE HERE"
    "end of your code"
    return result


def _convolve(input, weight):
"""
UNFILLED_ATTENTION = '''
        batch, time, layer_size = input.size()
        """Your code here"""

    def _forward(self, input):
        batch, time, layer_size = input.size()
'''


@pytest.fixture
def submission(patched_solutions):
    """A function that makes a submission of the reference with pieces replaced, gpt_model.py included."""

    def make(changes):
        directory = patched_solutions(changes)
        (directory / "gpt_model.py").write_text((SOLUTIONS / "gpt_model.py").read_text())
        return directory

    return make


def test_an_attention_with_a_leading_dimension_passes_and_is_told_the_cause(submission, graded):
    run = graded(submission(FOUR_DIMENSIONS), "q6")
    assert run.question("q6")["score"] == 2
    messages = [check["message"] for check in run.question("q6")["checks"]]
    assert messages[0].startswith("Remark: the attention's output had the shape (1, batch, time, size)")
    assert "mask has the shape (1, 1, block, block)" in messages[0]
    assert messages[1:] == ["", ""], "a remark is told once"


def test_a_gpt_of_such_attention_passes_what_needs_no_training(submission, graded):
    (seventh,) = (question for question in discover() if question.id == "q7")
    quick = tuple(check for check in seventh.checks if check.name in ("block", "model", "causal", "generates"))
    run = graded(submission(FOUR_DIMENSIONS), replace(seventh, checks=quick))
    assert [check["status"] for check in run.question("q7")["checks"]] == ["passed"] * 4
    assert "the shape (1, batch, time, size)" in run.check("q7", "block")["message"]


@pytest.mark.parametrize("wrong", ["output.unsqueeze(1)", "torch.stack([output, output])", "output[None, None]"])
def test_other_shapes_of_attention_are_still_wrong(submission, graded, wrong):
    right = "return matmul(softmax(scores, dim=-1), values)  # (batch, time, layer_size)"
    changed = f"import torch\n        output = matmul(softmax(scores, dim=-1), values)\n        return {wrong}"
    run = graded(submission({"models.py": [(right, changed)]}), "q6")
    assert run.question("q6")["score"] == 0
    assert "should give an output of shape" in run.check("q6", "weights_sum_to_one")["message"]


def test_a_move_in_the_right_direction_at_a_score_of_zero_is_a_remark(patched_solutions, graded):
    condition = ("if model.get_prediction(point) != label.item():", "if label * model(point) <= 0:")
    run = graded(patched_solutions({"train.py": [condition]}), "q1")
    assert run.question("q1")["score"] == 5
    message = run.check("q1", "update")["message"]
    assert message.startswith("Remark: training moved the weights for a point with label 1 and score 0.")


def test_a_move_in_the_wrong_direction_at_a_score_of_zero_costs_the_check(patched_solutions, graded):
    changes = [
        ("if model.get_prediction(point) != label.item():", "if label * model(point) <= 0:"),
        ("weights += label * point", "weights += label * point if weights.any() else label * point.roll(1, 1)"),
    ]
    run = graded(patched_solutions({"train.py": changes}), "q1")
    assert run.check("q1", "update")["status"] == "failed"
    assert "should not move the weights; they moved by" in run.check("q1", "update")["message"]


def test_an_unfilled_convolve_that_returns_an_empty_tensor_is_not_implemented_yet(patched_solutions, graded):
    head = "def Convolve(input: Tensor, weight: Tensor) -> Tensor:\n"
    run = graded(patched_solutions({"models.py": [(head, UNFILLED_CONVOLVE)]}), "q5")
    for check in ("convolve", "differentiable", "shape"):
        message = run.check("q5", check)["message"]
        assert message.startswith(("not implemented yet: Convolve (models.py:", "skipped: ")), message
    assert "    not implemented yet: Convolve (models.py:" not in run.check("q5", "loss")["message"]


def test_an_unfilled_attention_that_returns_none_is_not_implemented_yet_also_for_question_7(submission, graded):
    given = "\n        batch, time, layer_size = input.size()\n"
    code = submission({"models.py": [(given, UNFILLED_ATTENTION), ("AttentionBlock", "Attention")]})
    text = (code / "gpt_model.py").read_text()
    (code / "gpt_model.py").write_text(text.replace("AttentionBlock", "Attention"))
    run = graded(code, "q6", "q7")
    for question, check in (("q6", "weights_sum_to_one"), ("q7", "block")):
        assert run.check(question, check)["message"].startswith("not implemented yet: Attention.forward (models.py:")


def test_the_form_of_2024_passes_what_takes_seconds_and_is_told_what_goes_where(graded):
    run = graded(EDITION_2024, "q1", replace(REGRESSION, checks=REGRESSION.checks[:-1]), "q6")
    assert [run.question(question)["score"] for question in ("q1", "q2", "q6")] == [5, 2, 2], run.report
    assert run.check("q1", "update")["message"].startswith("Remark: models.py has the form of the 2024 editions")
    assert "`train_regression(model, dataset)` in train.py" in run.check("q2", "loss")["message"]


@pytest.mark.parametrize("question_id", ["q3", "q4", "q5"])
def test_the_form_of_2024_passes_the_exact_checks_of_questions_that_train_for_long(graded, question_id):
    question = next(question for question in discover() if question.id == question_id)
    run = graded(EDITION_2024, replace(question, checks=question.checks[:-1]))
    assert {check["status"] for check in run.question(question_id)["checks"]} == {"passed"}, run.report


@pytest.mark.slow
def test_the_form_of_2024_gets_full_marks_beside_untouched_starters(graded, tmp_path):
    """Slow: trains five models."""
    for name in ("losses.py", "train.py"):
        shutil.copy(PROJECT / name, tmp_path / name)
    shutil.copy(EDITION_2024 / "models.py", tmp_path / "models.py")
    run = graded(tmp_path, "q1", "q2", "q3", "q4", "q5", "q6")
    assert run.report["score"] == 25, run.report


def test_a_mode_method_of_the_students_own_is_never_called(patched_solutions, graded):
    own = "    def train(self, mode=True):\n        raise RuntimeError('mine')\n\n    def eval(self):\n        return self.train()\n\n"
    head = '    def forward(self, x: Tensor) -> Tensor:\n        """Predict y for each x.'
    code = patched_solutions({"models.py": [(head, own + head)], "train.py": [SHORT_REGRESSION]})
    assert graded(code, LENIENT).question("q2")["score"] == 5
