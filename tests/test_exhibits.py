"""What is set aside to be looked at: it costs no point, changes no number, and comes only when it is asked for."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
import torch

import backend
from grading.checks import expect
from grading.checks.history import MAX_ROWS, History
from grading.checks.requests import StudentSettings
from grading.checks.source import StudentSource
from grading.checks.student import Student
from grading.child import watch
from grading.console import Console
from grading.engine import Engine, Settings
from grading.outcomes import CheckFailed, OutOfLimits, QuestionResult, RunEnded, StudentCrashed
from grading.pages import exhibit_window
from grading.questions import discover
from pictures.panels import Panel, Samples
from tests.support import SHORT_CONVOLUTION, SOLUTIONS


class Answers:
    """Stands where the student process would be: every request gets the next answer, or raises it."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.requests = list(answers), 0

    def request(self, message, deadline, on_progress):
        if message["op"] in ("configure", "seed"):
            return {"result": None}
        self.requests += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"result": answer}

    def kill(self) -> None:
        pass


def student_of(*connections: Answers) -> Student:
    waiting = list(connections)
    return Student(discover()[0], StudentSource(SOLUTIONS), StudentSettings(lambda: waiting.pop(0)))


def a_sample() -> Samples:
    return Samples((("a", "b"),))


def test_a_run_that_ends_while_an_exhibit_is_made_is_no_fault_of_the_picture(capsys):
    def make() -> Samples:
        raise RunEnded

    student = student_of()
    student.exhibit(make)
    assert (student.exhibits(), capsys.readouterr().err) == ([], "")


def test_a_picture_that_cannot_be_drawn_in_a_window_costs_the_picture_alone(monkeypatch):
    class Wild:
        def panels(self) -> list[Panel]:
            raise ValueError("numbers are NaN")

    monkeypatch.setattr(exhibit_window, "has_display", lambda: True)
    told: list[str] = []
    exhibit_window.show("q6", [Wild(), a_sample()], told.append)
    assert told == ["(no picture: numbers are NaN)"]


def test_an_interrupt_while_a_picture_is_looked_at_loses_no_result(monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(exhibit_window, "show", interrupt)
    [question] = [question for question in discover() if question.id == "q6"]
    finished: list[QuestionResult] = []
    settings = Settings(SOLUTIONS, graphics=True, in_process=True)
    with Engine(settings, Console(io.StringIO())) as engine, pytest.raises(KeyboardInterrupt):
        engine.grade([question], finished.append)
    assert [result.score for result in finished] == [question.points]


def test_an_exhibit_is_made_when_it_is_asked_for_and_not_before():
    made = []
    student = student_of()
    student.exhibit(lambda: made.append(1) or a_sample())
    assert made == []
    assert student.exhibits() == [a_sample()]


def test_an_exhibit_that_the_students_code_cannot_give_is_left_out_and_the_others_stay():
    student = student_of(Answers(3.0, StudentCrashed("gone")))
    student.call("losses.regression_loss", 1)
    student.exhibit(lambda: Samples(((str(student.call("losses.regression_loss", 1)), ""),)))
    student.exhibit(a_sample)
    assert student.exhibits() == [a_sample()]


def test_no_process_is_started_for_exhibits_alone():
    other = Answers(1.0)
    student = student_of(Answers(OutOfLimits("time")), other)
    student.exhibit(lambda: Samples(((str(student.call("losses.regression_loss", 1)), ""),)))
    with pytest.raises(OutOfLimits):
        student.call("losses.regression_loss", 1)
    assert student.exhibits() == []
    assert other.requests == 0


def test_an_exhibit_of_a_process_that_is_gone_does_not_ask_its_successor():
    first, second = Answers(1.0, StudentCrashed("gone")), Answers(2.0, 3.0)
    student = student_of(first, second)
    student.call("losses.regression_loss", 1)
    student.exhibit(lambda: Samples(((str(student.call("losses.regression_loss", 1)), ""),)))
    with pytest.raises(StudentCrashed):
        student.call("losses.regression_loss", 1)
    student.call("losses.regression_loss", 1)
    assert student.exhibits() == []
    assert second.requests == 1


def test_a_history_keeps_its_first_and_latest_rows_however_many_come():
    history = History("train.train_it")
    for number in range(50_000):
        history.add({"updates": number, "loss": 1 / (1 + number)})
    curve = history.curve()
    assert curve is not None
    assert len(curve.losses) <= MAX_ROWS + 2
    assert curve.losses[0].tolist() == [0.0, 1.0]
    assert curve.losses[-1].tolist() == [49_999.0, 1 / 50_000]
    assert len(curve.accuracies) == 0
    assert (np.diff(curve.losses[:, 0]) > 0).all()


def test_a_history_takes_in_nothing_but_finite_numbers():
    history = History("train.train_it")
    for wrong in (None, "1", True, math.nan, math.inf, 10**400, [1.0], {}):
        history.add({"updates": 1, "loss": wrong, "epochs": wrong, "validation_accuracy": 0.5})
    history.add({})
    assert history.curve() is None


@pytest.fixture
def examples() -> backend.CourseDataset:
    """A small set of digits, and a model with dropout: whatever draws random numbers shows in its weights."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 20), torch.nn.Dropout(0.5), torch.nn.ReLU(), torch.nn.Linear(20, 10)
    )
    random = np.random.default_rng(0)
    arrays = {
        f"{split}_{part}": random.integers(10 if part == "y" else 256, size=(200, 784) if part == "x" else 200)
        for split in ("train", "validation")
        for part in ("x", "y")
    }
    arrays = {name: array.astype(np.int64 if name.endswith("y") else np.uint8) for name, array in arrays.items()}
    return backend.DigitClassificationDataset(model, arrays)


def trained(dataset: backend.CourseDataset) -> list[torch.Tensor]:
    assert dataset.model is not None
    optimizer = torch.optim.SGD(dataset.model.parameters(), lr=0.1)
    torch.manual_seed(2)
    for batch in torch.utils.data.DataLoader(dataset, batch_size=20, shuffle=True):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(dataset.model(batch["x"]), batch["label"]).backward()
        optimizer.step()
    return [parameter.detach().clone() for parameter in dataset.model.parameters()]


def test_validating_and_noting_losses_leave_the_weights_as_they_come_out_without(examples, monkeypatch):
    monkeypatch.setattr(watch, "SECONDS_BETWEEN_REPORTS", 0.0)
    monkeypatch.setattr(watch, "SHARE_FOR_VALIDATION", 1e9)
    assert examples.model is not None
    start = {name: value.clone() for name, value in examples.model.state_dict().items()}
    plain = trained(examples)
    examples.model.load_state_dict(start)
    reports: list[dict[str, Any]] = []
    with watch.progress(examples, reports.append, validates=True), watch.losses(reports.append):
        watched = trained(examples)
    assert all(map(torch.equal, plain, watched))
    assert [report["updates"] for report in reports if "loss" in report] == list(range(1, 11))
    accuracies = [report for report in reports if "validation_accuracy" in report]
    assert len(accuracies) > 10
    assert accuracies[-1] == {"epochs": 1.0, "validation_accuracy": examples.get_validation_accuracy()}


CACHING = (
    "return self.last(relu(self.first(features)))",
    """if not hasattr(self, "shift"):
            self.shift = torch.full((len(self.first.bias),), 1.0)
        return self.last(self.shift * relu(self.first(features)))""",
)


def test_a_model_that_keeps_a_tensor_scores_the_same_with_and_without_a_report(patched_solutions, warm_starts):
    """For its learning curve, a report validates before the first update: the model then makes its tensor there."""
    imported = ("from torch import", "import torch\nfrom torch import")
    directory = patched_solutions({"models.py": [imported, CACHING], "train.py": [SHORT_CONVOLUTION]})
    questions = [question for question in discover() if question.id == "q5"]
    results = []
    for wants_report in (True, False):
        with Engine(Settings(directory, exhibits=wants_report), Console(io.StringIO())) as engine:
            results += engine.grade(questions)
    reported, plain = results
    assert reported.exhibits
    assert reported.outcomes == plain.outcomes
    assert reported.score == plain.score == questions[0].points


def test_reported_losses_are_means_since_the_report_before(monkeypatch):
    clock = iter([0.0, 0.01, 0.02, 10.0, 10.01])
    monkeypatch.setattr(watch.time, "monotonic", lambda: 100 + next(clock))
    weight = torch.ones((), requires_grad=True)
    reports: list[dict[str, Any]] = []
    with watch.losses(reports.append):
        for value in (5.0, 1.0, 2.0, 6.0, 8.0):
            (value * weight).backward()
        torch.autograd.backward([2 * weight], [torch.ones(())])  # starts from no single number: not a loss
    assert reports == [{"updates": 1, "loss": 5.0}, {"updates": 4, "loss": 3.0}, {"updates": 5, "loss": 8.0}]
    assert weight.grad == 24.0


def test_a_model_that_cannot_be_validated_is_trained_all_the_same(examples):
    examples.get_validation_accuracy = lambda: 1 / 0
    with watch.progress(examples, lambda report: None, validates=True):
        trained(examples)


def test_nan_is_close_to_nothing_and_passes_no_threshold():
    for expectation in (
        lambda: expect.close(math.nan, 1.0, 1e-3, "it should be"),
        lambda: expect.close(np.array([1.0, math.nan]), np.ones(2), 1e-3, "it should be"),
        lambda: expect.at_least(math.nan, 0.9, "accuracy"),
        lambda: expect.at_most(math.nan, 0.1, "loss"),
    ):
        with pytest.raises(CheckFailed):
            expectation()
