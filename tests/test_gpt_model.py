"""Question 7's checks: the reference and another edition's solution pass, each classic mistake is told."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from data import Library
from grading.checks.requests import StudentSettings
from grading.checks.source import StudentSource
from grading.checks.student import Student
from grading.isolation.in_process import InProcess
from grading.outcomes import CheckFailed, NotImplementedYet
from grading.questions import discover
from staff.build import gpt_cases
from startup import student_modules
from test_cases.q7 import mistakes
from tests.support import PROJECT, SOLUTIONS

OTHER_EDITION = Path(__file__).resolve().parent / "other_edition"
QUICK_CHECKS = ("block", "model", "causal", "generates")
QUESTION = next(question for question in discover() if question.id == "q7")
CHECKS = QUESTION.functions["block"].__globals__


@pytest.fixture
def check():
    """A function that runs checks by name on a folder of solutions, in this process."""

    def run(directory: Path, *names: str) -> Student:
        student = Student(QUESTION, StudentSource(directory), StudentSettings(InProcess))
        for found in QUESTION.checks:
            if found.name in names:
                student.seed(found.name, 0)
                QUESTION.functions[found.name](student, Library(), QUESTION.thresholds)
        return student

    threads = torch.get_num_threads()
    yield run
    student_modules.uninstall()
    torch.set_num_threads(threads)


@pytest.fixture
def changed(tmp_path):
    """A function that copies the reference's model and replaces pieces of its text."""

    def change(*replacements: tuple[str, str], file: str = "gpt_model.py") -> Path:
        for name in ("models.py", "gpt_model.py"):
            shutil.copy(SOLUTIONS / name, tmp_path / name)
        text = (tmp_path / file).read_text()
        for old, new in replacements:
            assert old in text, f"{file} does not hold {old!r}"
            text = text.replace(old, new)
        (tmp_path / file).write_text(text)
        return tmp_path

    return change


@pytest.mark.parametrize("directory", [SOLUTIONS, OTHER_EDITION], ids=["reference", "other edition"])
def test_exact_forwards_pass_whatever_the_layers_are_called(check, directory):
    check(directory, *QUICK_CHECKS)


@pytest.mark.parametrize("directory", [SOLUTIONS, OTHER_EDITION], ids=["reference", "other edition"])
def test_a_right_model_learns_a_batch_by_heart(check, directory):
    student = check(directory, "overfits")
    assert student.metrics["overfit_loss"] < QUESTION.thresholds["maximum_overfit_loss"] / 2


def test_another_editions_model_learns_as_fast_as_the_reference(check, monkeypatch):
    """A tenth of the steps, because `make demo` trains the reference with all of them, and a quarter of the text."""
    monkeypatch.setitem(CHECKS, "STEPS_TO_LEARN", CHECKS["STEPS_TO_LEARN"] // 10)
    monkeypatch.setitem(CHECKS, "CHARACTERS_VALIDATED", CHECKS["CHARACTERS_VALIDATED"] // 4)
    monkeypatch.setitem(QUESTION.thresholds, "maximum_validation_loss", 3.0)
    reference, other = (
        check(directory, "learns").metrics["validation_loss"] for directory in (SOLUTIONS, OTHER_EDITION)
    )
    assert other < 1.05 * reference


def test_the_starter_is_told_as_a_stub(check):
    with pytest.raises(NotImplementedYet, match=r"Transformer_Block.forward"):
        check(PROJECT, "block")


@pytest.mark.parametrize(
    ("mistake", "name", "told"),
    [
        (
            [("self.norm_1(x + self.attention(x))", "self.norm_1(self.attention(x))")],
            "block",
            "Step 2 is missing",
        ),
        (
            [("return self.norm_2(x + relu(self.linear(x)))", "return x + relu(self.linear(x))")],
            "block",
            "Step 6 is missing",
        ),
        ([("relu(self.linear(x))", "self.linear(x)")], "block", "The relu is missing"),
        (
            [("self.norm_1(x + self.attention(x))", "x + self.attention(self.norm_1(x))")],
            "block",
            "All 5 positions differ",
        ),
        ([("for block in self.blocks:", "for block in self.blocks[:1]:")], "model", "Only the first block"),
        ([(" + self.position_embedding(positions)", "")], "model", "position embedding"),
        ([("self.output(self.norm(x))", "self.output(x)")], "model", "`norm` is missing"),
        ([("self.output(self.norm(x))", "relu(self.output(self.norm(x)))")], "model", "No logit is below 0"),
        ([("self.output(self.norm(x))", "self.output(self.norm(x))[:, -1]")], "model", "There is one row of logits"),
        ([("ids[:, -self.block_size :]", "ids[:, : self.block_size]")], "generates", "last block_size tokens"),
        (
            [("self.linear = Linear(n_embd, n_embd)", "self.linear = Linear(n_embd, n_embd + 1)")],
            "block",
            "as you received them",
        ),
    ],
)
def test_a_classic_mistake_fails_the_check_that_names_it(check, changed, mistake, name, told):
    with pytest.raises(CheckFailed, match=told):
        check(changed(*mistake), name)


def test_a_missing_mask_is_seen_as_a_leak_from_the_future(check, changed):
    mask = 'scores = scores.masked_fill(self.mask[0, :, :time, :time] == 0, float("-inf"))'
    with pytest.raises(CheckFailed, match="Training could then read the answer"):
        check(changed((mask, "pass"), file="models.py"), "causal")


@pytest.mark.parametrize(
    ("out_of_range", "told"),
    [
        (lambda token, time: time > 6 - 1, "The position embedding got the index 6. .* counted from 1"),
        (lambda token, time: token >= 6, "The position embedding got the index 6. .* looked up as positions"),
        (lambda token, time: token >= 10, "The token embedding got the index 11. .* 11 rows, with the indices 0 to 10"),
        (lambda token, time: True, "^$"),
        (lambda token, time: False, "^$"),
    ],
)
def test_an_index_out_of_range_is_told_with_the_embedding_the_index_and_the_rows(out_of_range, told):
    found = mistakes.index_out_of_range(lambda token, time: not out_of_range(token, time), 6, 11)
    assert re.search(told, found)


def test_the_stored_cases_are_what_the_staff_command_makes(capsys):
    assert gpt_cases.main(["--check"]) == 0, capsys.readouterr().out


def test_each_stored_mistake_has_its_explanation_and_each_explanation_its_stored_mistake():
    stored = gpt_cases.block_mistakes()
    assert {name for name in stored if mistakes.PAIR not in name} == set(mistakes.BLOCK_EXPLANATIONS)
    pairs = [name.split(mistakes.PAIR) for name in stored if mistakes.PAIR in name]
    assert len(pairs) > 50
    assert {name for pair in pairs for name in pair} <= set(mistakes.BLOCK_EXPLANATIONS)
    names = {name.removesuffix("_without_positions") for name in gpt_cases.model_mistakes()}
    assert names == set(mistakes.MODEL_EXPLANATIONS)


def test_no_stored_mistake_is_near_the_right_answer_or_another_mistake():
    block, model = gpt_cases.block_case(), gpt_cases.model_case()
    kinds = [{**gpt_cases.block_mistakes(), "right": block["output"]}]
    for suffix in ("", "_without_positions"):
        right = np.concatenate([model[f"logits{suffix}_{number}"].ravel() for number in range(len(gpt_cases.BATCHES))])
        wrong = gpt_cases.model_mistakes().items()
        kinds.append({name: array for name, array in wrong if name.endswith("_without_positions") == bool(suffix)})
        kinds[-1]["right"] = right
    for kind in kinds:
        for one, other in itertools.combinations(kind, 2):
            error = np.abs(kind[one] - kind[other]) / (1 + np.abs(kind[other]))
            assert error.max() > 50 * CHECKS["TOLERANCE"], (one, other)


def test_two_mistakes_in_one_block_are_both_named():
    wrong = gpt_cases.block_mistakes()
    told = mistakes.block(wrong["first_sum_missing+relu_missing"], wrong, CHECKS["TOLERANCE"])
    assert told == (
        "Two parts are wrong. Step 2 is missing: the block's input is not added to the output of `attention`. The relu "
        "is missing: step 4 is the linear layer and then a relu."
    )


def test_a_case_takes_no_batch_for_granted():
    shapes = {gpt_cases.model_case()[f"ids_{number}"].shape for number in range(len(gpt_cases.BATCHES))}
    assert len({time for _, time in shapes}) > 1
    assert len({batch for batch, _ in shapes}) > 1


def test_every_token_occurs_in_the_cases_and_scores_are_not_degenerate():
    case = gpt_cases.model_case()
    assert np.abs(case["logits_0"] - case["logits_without_positions_0"]).max() > 0.1
    assert case["logits_0"].std() > 0.5
