"""The student's code as checks see it: objects that live in another process, reached by name.

    model = student.create("models.RegressionModel")
    student.train("train.train_regression", model, library.load("sine"))
    predictions = model(test.x)

Whatever comes back is data. A stub that is still empty raises `NotImplementedYet`, student code that raises becomes
`StudentCrashed`; a check need not catch either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import data
from data import Splits
from grading.checks import answers
from grading.checks.answers import Gradients, Training
from grading.checks.model import Model
from grading.checks.notes import Notes
from grading.checks.requests import Requests, StudentSettings
from grading.checks.source import StudentSource
from grading.checks.student_code import StudentCode
from grading.isolation.channel import Handle
from grading.questions import Question
from pictures.panels import Exhibit

MIN_ROWS = 100  # a smaller training set is the made-up case of a check, whose learning curve tells nothing
SECONDS_FOR_EXHIBITS = 5.0


@dataclass(frozen=True)
class Picture:
    """What a window is to show while a provided trainer runs.

    Attributes:
        name: the dotted name of the module with the picture's reader.
        details: for its reader: what the trainer does not know. Plain data.
    """

    name: str
    details: Mapping[str, Any] = field(default_factory=dict)


class Student(Notes):
    """One question's student code, and what checks note about it.

    Args:
        question: whose aliases and permitted imports apply.
        source: the student's files as text.
        settings: how its process is run.
    """

    def __init__(self, question: Question, source: StudentSource, settings: StudentSettings) -> None:
        super().__init__(question.id, lambda: self._requests.connection)
        self._question, self._settings = question, settings
        self._code = StudentCode(question, source, self.remark)
        self._requests = Requests(self._code, self.remark, settings)

    def create(self, target: str, *args: Any, picture: Picture | None = None) -> Model:
        """Make an object of the student's class; `picture` is for a provided one that trains as it is made."""
        message = {"op": "create", "names": self._code.names(target), "args": list(args), **self._watched_by(picture)}
        handle = self._requests.ask(message, target, self.new_history(target))
        return Model(self._requests, answers.of_type(handle, Handle), target)

    def call(self, target: str, *args: Any, picture: Picture | None = None) -> Any:
        """Call a function of the student's, without recording gradients; arrays arrive as tensors.

        `picture` is for a provided trainer, which takes a keyword `watch`: what is to be seen while it runs.
        """
        message = {"op": "call", "names": self._code.names(target), "args": list(args), **self._watched_by(picture)}
        result = self._requests.ask(message, target, self.new_history(target))
        return self._requests.not_none(result, target)

    def gradients(self, target: str, *args: Any, cotangent: np.ndarray | None = None) -> Gradients:
        """Call a function on arrays that want gradients and send `cotangent` (by default ones) back."""
        message = {
            "op": "gradients",
            "names": self._code.names(target),
            "args": list(args),
            "cotangent": cotangent,
        }
        found = answers.gradients(self._requests.ask(message, target), len(args))
        self._requests.not_none(found.output, target)
        return found

    def probe(
        self,
        name: str,
        functions: Mapping[str, str] | None = None,
        picture: Picture | None = None,
        has_curve: bool = True,
        **arguments: Any,
    ) -> Any:
        """Run a function of the question's public/probes.py in the student's process, with gradients recorded.

        A probe serves what one call of one object cannot: updates of an optimizer, two models trained in turn, pairs,
        graphs.

        Args:
            name: of the probe.
            functions: the student's functions and classes that it is passed, keyword to target.
            picture: what a window shows while it runs; the probe then takes a keyword `watch`.
            has_curve: whether the report shows the losses that are sent back meanwhile as one curve of training.
            arguments: keywords for it: arrays arrive as tensors, objects as themselves.
        Returns:
            what the probe gives: an array, a number, a text, a list, or several by name. The student's process may
            have given anything: check what comes. Looking up a name that is missing raises StudentCrashed.
        """
        found = self._probe(name, functions or {}, picture, arguments, is_kept=False, has_curve=has_curve)
        return answers.Named(found) if isinstance(found, dict) else found

    def probe_named(self, name: str, *given: Any, **arguments: Any) -> answers.Named:
        """As `probe`, for a probe that gives several things by name; StudentCrashed if anything else comes."""
        return answers.of_type(self.probe(name, *given, **arguments), answers.Named)

    def probe_object(
        self, name: str, functions: Mapping[str, str] | None = None, picture: Picture | None = None, **arguments: Any
    ) -> Model:
        """Run a probe, as `probe` does, and keep the object that it gives in the student's process."""
        handle = self._probe(name, functions or {}, picture, arguments, is_kept=True, has_curve=True)
        return Model(self._requests, answers.of_type(handle, Handle), "")

    def train(
        self,
        target: str,
        model: Model,
        splits: Splits,
        max_passes: float | None = None,
        is_watched: bool = True,
        has_curve: bool = True,
    ) -> Training:
        """Train a model on the training and validation splits; the test split stays here.

        Args:
            target: the training function.
            model: of the student's.
            splits: to train on. A set of few rows is a check's trial, of which nothing is shown.
            max_passes: over the training split; training is ended where it asks for more. None for no end.
            is_watched: whether windows and reports show this training.
            has_curve: whether the report shows its losses as one curve.
        """
        is_watched = is_watched and len(splits.train) >= MIN_ROWS
        history = self.new_history(target) if is_watched and has_curve else None
        self._requests.latest, started = {}, self._settings.clock()
        training_stats = self._requests.ask(
            {
                "op": "train",
                "names": self._code.names(target),
                "model": model.handle,
                "dataset": self._question.dataset,
                "arrays": data.training_arrays(splits),
                "max_fetched": None if max_passes is None else math.ceil(max_passes * len(splits.train)),
                "validates": self._settings.wants_curves and is_watched,
                "shows": is_watched,
            },
            target,
            history,
            seen=lambda: answers.how_far(self._requests.latest, len(splits.train), self._settings.clock() - started),
        )
        return answers.training(training_stats)

    def stubs(self) -> list[str]:
        """What the student has left unfilled of the question, as `name (file:line)`."""
        return self._code.stubs()

    def exhibits(self, only_for_window: bool = False) -> list[Exhibit]:
        """See `Notes.exhibits`; what the student's code is asked for meanwhile has a few seconds."""
        self._requests.end_within(SECONDS_FOR_EXHIBITS)
        return super().exhibits(only_for_window)

    def seconds_left(self) -> float:
        """Until the question's deadline."""
        return self._requests.seconds_left()

    def seed(self, name: str, run_seed: int) -> None:
        """Seed the student's randomness from a name, so that it depends on neither order nor earlier checks."""
        self._requests.seed(name, run_seed)

    def close(self) -> None:
        """End the student's process, if there is one."""
        self._requests.close()

    def _probe(
        self,
        name: str,
        functions: Mapping[str, str],
        picture: Picture | None,
        arguments: Mapping[str, Any],
        is_kept: bool,
        has_curve: bool,
    ) -> Any:
        for target in functions.values():
            self._code.require_permitted(target)
        message = {
            "op": "probe",
            "name": name,
            "functions": {keyword: self._code.names(target) for keyword, target in functions.items()},
            "arguments": {
                keyword: value.handle if isinstance(value, Model) else value for keyword, value in arguments.items()
            },
            "is_kept": is_kept,
            **self._watched_by(picture),
        }
        return self._requests.ask(message, "", self.new_history(name) if has_curve else None)

    def _watched_by(self, picture: Picture | None) -> dict[str, Any]:
        """The part of a message that asks for a window."""
        if self._settings.window_title is None or picture is None:
            return {}
        return {"picture": picture.name, "details": dict(picture.details)}
