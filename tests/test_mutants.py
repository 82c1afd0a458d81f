"""Mutants: wrong submissions lose their check and are told why; right ones are told nothing."""

from __future__ import annotations

import dataclasses
import io
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data import Library
from grading.checks import diagnosis, expect
from grading.checks.answers import Training, training
from grading.checks.common import Accuracy
from grading.checks.diagnosis import Mistake
from grading.checks.student import Student
from grading.console import Console
from grading.engine import Engine, Settings
from grading.outcomes import CheckFailed, OutOfLimits, RunEnded, StudentCrashed
from grading.questions import CORE, Check, Question, discover
from staff.evidence.mutants import __main__ as program
from staff.evidence.mutants.format import Change, Mutant, MutantError, changed_files, read_all, write_submission
from staff.evidence.mutants.run import grade, grade_all, judge, told_to_a_right_submission
from startup.packages import Unusable
from tests.support import PROJECT, SHORT_CONVOLUTION, SOLUTIONS

pytestmark = pytest.mark.usefixtures("warm_starts")
MUTANTS = read_all()
CORE_QUESTIONS = {question.id for question in discover() if question.group == CORE}
TRAINED = {"q1": "convergence", "q2": "fit", "q3": "accuracy", "q4": "accuracy", "q5": "accuracy"}
SEEN = (  # of a sound training: its numbers, and no suspect but that more training may help
    r"Training took [\d,]+ updates in [\d.]+ passes\. "
    r"(These are few updates\. Does training need more passes\?|"
    r"The optimizer was Adam with learning rate [^ ]+( at the start and [^ ]+ at the end)?\. "
    r"(The loss went from [\d.e-]+ to [\d.e-]+\. The weights moved by \d+% of their size\.|"
    r"The loss was still falling: .*))"
)
FEWER_EPOCHS = {
    "q2": ("epochs, loader = 250,", "epochs, loader = 100,"),
    "q3": ("epochs, loader = 5,", "epochs, loader = 3,"),
    "q4": ("epochs, loader = 10,", "epochs, loader = 3,"),
    "q5": SHORT_CONVOLUTION,
}
GRADED_BY_THE_COMMAND = "q1"
OTHER_EDITION = PROJECT / "tests" / "other_edition"


def questions() -> dict[str, Question]:
    return {question.id: question for question in discover() if question.id in ("q1", "q2", "q3", "q4", "q5", "q6")}


def answered(code: Path) -> set[str]:
    """The questions whose every target a submission has, under its name or one also accepted."""
    made = set(
        re.findall(r"^(?:def|class) (\w+)", "".join(path.read_text() for path in code.rglob("*.py")), re.MULTILINE)
    )
    return {
        question.id
        for question in discover()
        if all(
            made & {name.rpartition(".")[2] for name in (target, *question.aliases.get(target, ()))}
            for target in question.targets
        )
    }


def with_checks(question: Question, *checks: Check, **thresholds: float) -> Question:
    kept = tuple(dataclasses.replace(check, requires=()) for check in checks)
    return dataclasses.replace(question, checks=kept, thresholds={**question.thresholds, **thresholds})


def messages(code: Path, seed: int, *asked: Question) -> list[str]:
    with Engine(Settings(code, seed=seed), Console(io.StringIO())) as engine:
        results = engine.grade(asked, lambda result: None)
    return [outcome.message for result in results for outcome in result.outcomes]


def test_every_mutant_is_a_change_of_the_reference_and_names_checks_that_exist():
    checks = {question.id: [check.name for check in question.checks] for question in discover()}
    solutions = {path.relative_to(SOLUTIONS).as_posix(): path.read_text() for path in SOLUTIONS.rglob("*.py")}
    for mutant in MUTANTS:
        changed = {name: text for name, text in changed_files(mutant).items() if text != solutions[name]}
        assert changed, mutant.name
        assert {mutant.check, *mutant.also_loses} <= set(checks[mutant.question]), mutant.name
        for name, text in changed.items():
            compile(text, name, "exec")


def test_a_submission_is_the_reference_with_the_changed_files(tmp_path):
    mutant = MUTANTS[0]
    write_submission(mutant, tmp_path)
    expected = {path.relative_to(SOLUTIONS).as_posix(): path.read_text() for path in SOLUTIONS.rglob("*.py")}
    written = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*.py")}
    assert written == expected | changed_files(mutant) != expected


def test_there_are_enough_mutants_of_each_question():
    counts = Counter(mutant.question for mutant in MUTANTS)
    assert set(counts) == {question.id for question in discover()}
    assert min(counts.values()) >= 8
    assert sum(counts.values()) >= 150


@pytest.mark.parametrize(
    ("where", "old", "complaint"),
    [
        ("losses.regression_loss", "no such text", "stands 0 times"),
        ("train.train_regression", "loader", "stands 3 times"),
        ("losses.no_such_function", "mse_loss", "there is no no_such_function"),
    ],
)
def test_a_change_that_does_not_fit_the_solutions_is_refused(tmp_path, where, old, complaint):
    mutant = Mutant("q2", "m", "wrong", "loss", "phrase", (Change(where, old, "new"),))
    with pytest.raises(MutantError, match=complaint):
        write_submission(mutant, tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[mutants]]\nid = "a"\nwrong = "w"\ncheck = "c"\nchanges = []\n', "lacks {'phrase'}"),
        ('[[mutants]]\nid="a"\nwrong="w"\ncheck="c"\nphrase="p"\nchanges=[]\nchek="d"\n', "too much {'chek'}"),
        ('[[mutants]]\nid="a"\nwrong="w"\ncheck="c"\nphrase="p"\nchanges=[]\n' * 2, "same name"),
    ],
)
def test_a_description_that_lacks_or_repeats_something_is_refused(tmp_path, text, complaint):
    (tmp_path / "q2.toml").write_text(text)
    with pytest.raises(MutantError, match=complaint):
        read_all(tmp_path)


def test_a_mutant_that_passes_or_loses_another_check_or_lacks_its_phrase_is_not_as_declared():
    mutant = next(mutant for mutant in MUTANTS if mutant.name == "q6/scale-missing")
    harmless = dataclasses.replace(
        mutant, changes=(Change("models.AttentionBlock", "keys, queries, values", "keys, queries, values"),)
    )
    elsewhere, unsaid = dataclasses.replace(mutant, check="causal"), dataclasses.replace(mutant, phrase="sunshine")
    complaints = [verdict.complaint for verdict in grade_all([harmless, elsewhere, unsaid], jobs=1)]
    assert "lost nothing" in complaints[0]
    assert "should lose causal; lost exact" in complaints[1]
    assert "'sunshine' is not in" in complaints[2]


@pytest.mark.parametrize(("code", "seed"), [(SOLUTIONS, 0), (OTHER_EDITION, 1)], ids=["reference", "other edition"])
def test_a_right_submission_is_told_nothing_by_the_checks_that_do_not_train(code, seed):
    """Of the core; `tests/test_electives.py` says the same of electives."""
    wanted = answered(code) & CORE_QUESTIONS
    asked = [mutant for mutant in MUTANTS if mutant.question in wanted]
    assert len({mutant.question for mutant in asked}) >= 6
    assert told_to_a_right_submission(asked, code, seeds=[seed]) == []


@pytest.mark.parametrize(
    ("question_id", "name", "arguments"),
    [
        ("q2", "_wrong_loss", ()),
        ("q4", "_wrong_lengths", ()),
        ("q5", "_wrong_convolution", ()),
        ("q5", "_cut_by_convolve", ()),
        ("q6", "_wrong_attention", ()),
        ("q3", "common", ("losses.digitclassifier_loss", 10, "")),
        ("q4", "common", ("losses.languageid_loss", 5, "")),
        ("q5", "common", ("losses.digitconvolution_loss", 10, "")),
    ],
)
@pytest.mark.parametrize("code", [SOLUTIONS, OTHER_EDITION], ids=["reference", "other edition"])
def test_nothing_known_to_be_wrong_is_recognised_in_a_right_submission(code, question_id, name, arguments):
    question = questions()[question_id]
    module = next(iter(question.functions.values())).__globals__
    find = module["common_checks"]._wrong_cross_entropy if name == "common" else module[name]

    def check(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
        if found := find(student, *arguments):
            raise CheckFailed(found)

    asked = with_checks(question, Check("find", "find", 0, ()))
    asked.__dict__["functions"] = {"find": check}  # as if checks.py held it
    assert messages(code, 0, asked) == [""]


@pytest.mark.parametrize(
    "question_id", ["q2", "q5", pytest.param("q3", marks=pytest.mark.slow), pytest.param("q4", marks=pytest.mark.slow)]
)
def test_a_well_trained_model_under_an_impossible_threshold_is_told_the_numbers_of_its_training_only(
    question_id, patched_solutions
):
    """Slow: trains two of the larger models, for fewer epochs than the reference does, which is training all the same."""
    code = patched_solutions({"train.py": [FEWER_EPOCHS[question_id]]})
    question = questions()[question_id]
    trained = next(check for check in question.checks if check.name == TRAINED[question_id])
    impossible = {"maximum_loss": -1.0, "minimum_test_accuracy": 1.01}
    asked = with_checks(
        question, trained, **{name: value for name, value in impossible.items() if name in question.thresholds}
    )
    (message,) = messages(code, 0, asked)
    assert re.fullmatch(rf"Q\d: .* should be at (most|least) [^;]*; got [\d.e%-]+\. {SEEN}", message), message


def failing(find: Callable[[str], str], error: Exception) -> str:
    with pytest.raises(type(error)) as caught, diagnosis.explained(find):
        raise error
    return str(caught.value)


def test_a_diagnosis_takes_the_place_of_the_general_hint_and_leaves_the_statement():
    failure = expect.Mismatch("should be 1; got 2.", "Look here.")
    with pytest.raises(CheckFailed) as caught, diagnosis.explained(lambda text: "That is twice as much."):
        raise failure
    assert str(caught.value) == "should be 1; got 2. That is twice as much."
    assert failing(lambda text: "", failure) == "should be 1; got 2. Look here."


@pytest.mark.parametrize("error", [StudentCrashed("ValueError"), OutOfLimits("time"), ZeroDivisionError()])
def test_a_search_for_the_reason_that_goes_wrong_leaves_the_failure_as_it_was(error):
    """A limit that is used up meanwhile must not take the failure's place, nor the checks that follow."""

    def find(text: str = "") -> str:
        raise error

    assert failing(find, expect.Mismatch("should be 1; got 2.", "Look here.")) == "should be 1; got 2. Look here."
    with pytest.raises(expect.Miss, match=r"accuracy should be at least 97.0%; got 90.0%."):
        Accuracy(0.9, 0.97, lambda: float(find())).require("accuracy", find)


@pytest.mark.parametrize("error", [RunEnded(), Unusable("torch is broken")])
def test_a_run_that_ends_in_the_search_for_the_reason_ends(error):
    def find() -> str:
        raise error

    with pytest.raises(type(error)):
        diagnosis.attempted(find, "")


def test_a_diagnosis_is_added_below_a_crash_of_the_students_code():
    told = failing(lambda text: "known" if "ValueError" in text else "", StudentCrashed("ValueError: x"))
    assert told == "ValueError: x\nknown"


@pytest.mark.parametrize("error", [CheckFailed("its own words"), OutOfLimits("time")])
def test_failures_of_another_kind_keep_their_message(error):
    assert failing(lambda text: "something", error) == str(error)


def test_where_two_mistakes_fit_or_none_nothing_is_said():
    double, square = Mistake(lambda x: 2 * x, "doubled"), Mistake(lambda x: x * x, "squared")
    assert diagnosis.recognised([double, square], [((2.0,), 4.0)], 1e-6) == ""
    assert diagnosis.recognised([double, square], [((2.0,), 4.0), ((3.0,), 6.0)], 1e-6) == "doubled"
    assert diagnosis.recognised([double, square], [((3.0,), 7.0)], 1e-6) == ""
    assert diagnosis.recognised([double], [], 1e-6) == ""
    assert diagnosis.recognised([double], [((3.0,), "text")], 1e-6) == ""


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        (np.array([[0.2, 0.8], [0.5, 0.5]]), "end in a softmax"),
        (np.array([[0.0, 3.0], [2.0, 0.0]]), "No output is below 0"),
        (np.array([[0.01], [0.99]]), "between 0 and 1"),
        (np.array([[0.2], [0.4]]), ""),
        (np.array([[0.5, 2.0], [1.0, 3.0]]), ""),
        (np.array([[-1.0, 2.0], [0.0, 0.0]]), ""),
        (np.array([[-1.0, 0.999], [0.2, -0.3]]), "such as tanh"),
    ],
)
def test_an_activation_on_the_output_is_told_by_what_it_leaves_behind(outputs, told):
    found = diagnosis.activation_on_the_output(outputs)
    assert told in found
    assert bool(found) == bool(told)


@pytest.mark.parametrize(
    "stats", [Training(), Training(changed=True, finite=True, fetched=2000, distinct=200, examples=200)]
)
def test_training_of_which_nothing_is_known_or_all_is_well_is_told_nothing(stats):
    assert diagnosis.training(stats) == ""
    assert diagnosis.coverage(stats) == ""


def test_a_few_batches_between_steps_are_no_forgotten_reset():
    stats = Training(
        changed=True, finite=True, backwards=100, arrivals=100, steps=25, own_steps=25, resumed=96, stale=0
    )
    assert diagnosis.training(stats) == ""


@pytest.mark.parametrize("reply", [None, "text", {"changed": 1, "steps": True, "fetched": "many", "other": []}])
def test_facts_that_do_not_fit_are_left_out(reply: Any):
    assert training(reply) == Training()


def test_judging_tells_of_checks_that_wait_apart_from_checks_that_are_lost():
    from grading.outcomes import WAITS, Outcome, QuestionResult

    mutant = Mutant("q2", "m", "wrong", "loss", "the sum", ())
    result = QuestionResult("q2", "Regression", 5)
    result.outcomes = [
        Outcome("shape", "", "passed", 0, 0),
        Outcome("loss", "", "failed", 0, 0, "Q2: got 3. That is the sum."),
        Outcome("fit", "", "not finished", 0, 5, "skipped: fix 'The loss' first", cause=WAITS),
    ]
    verdict = judge(mutant, result)
    assert (verdict.lost, verdict.diagnosis, verdict.complaint) == ("loss", "That is the sum.", "")


@pytest.mark.slow
@pytest.mark.parametrize("question_id", sorted({mutant.question for mutant in MUTANTS} - {GRADED_BY_THE_COMMAND}))
def test_every_mutant_is_as_declared(question_id):
    """Slow: grades a share, and `make mutants` all of them. The test below grades the question that is not here.

    Of the core: every fourth one that asks for no training, and every sixth that does. Of an elective: every eighth
    that asks for none.
    """
    asked = [mutant for mutant in MUTANTS if mutant.question == question_id]
    quick, trained = ([mutant for mutant in asked if mutant.trains is trains] for trains in (False, True))
    asked = quick[::4] + trained[1::6] if question_id in CORE_QUESTIONS else quick[::8]
    assert [(verdict.mutant.name, verdict.complaint) for verdict in grade_all(asked, jobs=1) if verdict.complaint] == []


@pytest.mark.slow
def test_the_staff_command_counts_what_is_not_as_declared(capsys, monkeypatch):
    """Slow: grades every fourth mutant of question 1."""
    asked = [mutant for mutant in MUTANTS if mutant.question == GRADED_BY_THE_COMMAND][::4]
    monkeypatch.setattr(program, "read_all", lambda: asked)
    assert program.main(["-q", GRADED_BY_THE_COMMAND, "--seeds", "1", "--jobs", "1"]) == 0
    printed = capsys.readouterr().out
    assert "the reference solutions on 1 seeds: 0 messages" in printed
    assert f"{len(asked)} mutants, 0 not as declared" in printed


@pytest.mark.parametrize("name", ["q6/scale-missing", "q6/mask-not-cut"])
def test_an_outcome_keeps_its_evidence_apart_from_the_explanation(name):
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    question = questions()["q6"]
    with Engine(Settings(SOLUTIONS), Console(io.StringIO())) as engine:
        result = grade(engine, question, mutant)
    lost = next(outcome for outcome in result.outcomes if outcome.name == mutant.check)
    assert mutant.phrase in lost.message
    assert mutant.phrase not in lost.evidence
    assert lost.message.startswith(lost.evidence)
    assert lost.evidence


@pytest.mark.parametrize(
    ("value", "what", "told"),
    [
        (float("nan"), "the score should be", "the score should be a single number; got NaN."),
        (float("inf"), "bleu should return", "bleu should return a single number; got an infinite number."),
        (None, "the loss should be the mean", "the loss should be the mean, a single number; got None"),
    ],
)
def test_what_is_no_number_is_told_in_a_whole_sentence(value, what, told):
    with pytest.raises(expect.Mismatch) as failure:
        expect.number(value, what)
    assert str(failure.value).startswith(told)
