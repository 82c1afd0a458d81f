"""Electives on another device: what students get works there, and the graders' probes, datasets and pictures follow.

Every check that trains is run twice: on the reference, and on the reference whose training functions move model and
batches to the made-up device. Trainings end after a few steps. All that the grader gets to see must be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from backend import CourseDataset, left_as_it_was
from data import Library
from grading.checks.requests import StudentSettings
from grading.checks.source import StudentSource
from grading.checks.student import Student
from grading.child import requests, watch
from grading.isolation.channel import Handle
from grading.isolation.in_process import InProcess
from grading.outcomes import CheckFailed
from grading.questions import Question, discover
from pictures.windows import live
from staff.evidence import cuda
from staff.solutions.electives import assistant, autoencoders, encoders, graphs
from startup import student_modules
from tests.made_up_device import Far, MadeUpDevice
from tests.support import SOLUTIONS

STEPS = 2  # of the optimizers in one training: one for each network, where two networks take turns
RELATIVE, ABSOLUTE = 1e-3, 1e-5  # differences of float32 that count as rounding: a device may add in another order
QUESTIONS = [question for question in discover() if question.dataset.startswith("test_cases.e")]
# of a training's statistics; the others count what happens to Parameter objects, of which the move makes new ones here
COMPARED = ("changed", "finite", "moved", "fetched", "steps", "own_steps", "stopped")
TOO_LONG = {"e3": "search"}  # hundreds of epochs, by a training function that another check runs, too


class Noting(InProcess):
    """Student code in this process: notes what it answers, and ends its trainings early."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Any] = []
        self.trainings = 0

    def request(self, message: dict[str, Any], deadline: float, on_progress: Any) -> dict[str, Any]:
        accuracies: list[float | None] = []

        def note(report: dict[str, Any]) -> None:
            if "validation_accuracy" in report:
                accuracies.append(report["validation_accuracy"])

        is_training, name = message["op"] == "train", message["op"]
        with few_steps() if is_training else nullcontext():
            answer = super().request(message, deadline, note)
        self.trainings += is_training
        if is_training and "result" in answer:
            answer["result"] = {key: answer["result"][key] for key in COMPARED}
        if name not in ("configure", "seed"):
            self.answers.append({"asked": name, "accuracy": accuracies[-1:], **answer})
        return answer


@contextmanager
def few_steps() -> Iterator[None]:
    """Trainings end at the optimizer step after so many."""
    steps = 0

    def after_step(*told: Any) -> None:
        nonlocal steps
        steps += 1
        if steps > STEPS:
            raise watch.Enough

    hook = register_optimizer_step_post_hook(after_step)
    try:
        yield
    finally:
        hook.remove()


class Readings:
    """In place of live windows: what their readers read of a model before a training, and after."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []

    @contextmanager
    def watching(self, name: str, dataset: CourseDataset) -> Iterator[None]:
        assert dataset.model is not None
        reader = import_module(name).Reader(dataset)
        try:
            self._read(dataset.model, reader.read)
            yield
        finally:
            self._read(dataset.model, getattr(reader, "read_last", reader.read))

    def _read(self, model: torch.nn.Module, read: Callable[[], Any]) -> None:
        with left_as_it_was(model), torch.no_grad():
            self.states.append(dict(vars(read())))


@pytest.fixture
def readings(monkeypatch):
    """What readers of pictures read."""
    found = Readings()
    monkeypatch.setattr(requests, "has_display", lambda: True)
    monkeypatch.setattr(live, "Live", lambda title: found)
    threads = torch.get_num_threads()
    yield found
    student_modules.uninstall()
    torch.set_num_threads(threads)


def graded(question: Question, directory: Path, library: Library, names: Collection[str] = ()) -> dict[str, list[Any]]:
    """What the student's process answers in each check that trains; `names`: of the checks to run, all if empty."""
    connection = Noting()
    settings = StudentSettings(lambda: connection, window_title=question.title, wants_curves=True)
    student = Student(question, StudentSource(directory), settings)
    found = dict[str, list[Any]]()
    for check in question.checks:
        if check.name == TOO_LONG.get(question.id) or (names and check.name not in names):
            continue
        before = connection.trainings
        connection.answers = []
        student.seed(check.name, 0)
        with suppress(CheckFailed):  # few steps do not reach a threshold
            question.functions[check.name](student, library, question.thresholds)
        if connection.trainings > before:
            found[check.name] = connection.answers
    student.exhibits()
    return found


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_an_elective_that_trains_on_a_device_is_graded_as_in_main_memory(question, readings, tmp_path, capfd):
    cuda.write_moved_solutions(tmp_path, "cuda")
    library = Library()
    here = graded(question, SOLUTIONS, library)
    read, readings.states = readings.states, []
    assert here
    assert read
    with MadeUpDevice():
        there = graded(question, tmp_path, library, here)
    require_same(there, here, question.id)
    require_same(readings.states, read, "read")
    assert "cannot be made" not in capfd.readouterr().err  # exhibits


def require_same(one: Any, other: Any, where: str) -> None:
    """Both hold the same numbers, but for rounding."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), (where, one.get("error"))
    if isinstance(one, (dict, list)):
        assert len(one) == len(other), where
        for key in one if isinstance(one, dict) else range(len(one)):
            require_same(one[key], other[key], f"{where}/{key}")
    elif isinstance(one, (np.ndarray, float)):
        np.testing.assert_allclose(one, other, RELATIVE, ABSOLUTE, err_msg=where)
    elif not isinstance(one, Handle):  # they are numbered in order
        assert one == other, where


def test_what_no_training_calls_makes_its_tensors_where_its_arguments_are():
    with MadeUpDevice():
        made = {
            "adjacency": graphs.adjacency(torch.tensor([[0, 2]], device="cuda"), 3),
            "generate": autoencoders.generate(autoencoders.VAE(2).to("cuda"), 3),
            "interpolate": autoencoders.interpolate(torch.zeros(2, device="cuda"), torch.ones(2, device="cuda"), 5),
            "mask_tokens": encoders.mask_tokens(torch.full((2, 3), 5, device="cuda"), 9)[0],
            "best_of_n": assistant.best_of_n(torch.ones(4, 3, device="cuda"), torch.ones(4, device="cuda"), 2),
        }
    assert {name for name, tensor in made.items() if not isinstance(tensor, Far)} == set()
