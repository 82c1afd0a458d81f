"""The student's code as checks see it: objects that live in another process, reached by name.

    model = student.create("models.RegressionModel")
    student.train("train.train_regression", model, library.load("sine"))
    predictions = model(test.x)

Whatever comes back is data. A stub that is still empty raises `NotImplementedYet`, student code that raises becomes
`StudentCrashed`; a check need not catch either.
"""

from __future__ import annotations

import math
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

import data
from data import Splits
from grading.checks import answers, course, other_editions
from grading.checks.answers import Gradients, Progress, Training
from grading.checks.history import History
from grading.checks.source import StudentSource
from grading.checks.student_code import StudentCode
from grading.isolation.channel import Handle
from grading.outcomes import CheckFailed, NotImplementedYet, OutOfLimits, StudentCrashed
from grading.questions import Question
from pictures.panels import Exhibit

MIN_ROWS = 100  # a smaller training set is the made-up case of a check, whose learning curve tells nothing
SECONDS_FOR_EXHIBITS = 5.0


class Connection(Protocol):
    """What answers requests: a student process, or the same code in this process."""

    def request(
        self, message: dict[str, Any], deadline: float, on_progress: Callable[[Progress], None]
    ) -> dict[str, Any]:
        """Send a request and wait for its answer."""

    def kill(self) -> None:
        """End the other side."""


@dataclass(frozen=True)
class Picture:
    """What a window is to show while a provided trainer runs.

    Attributes:
        name: the dotted name of the module with the picture's reader.
        details: for its reader: what the trainer does not know. Plain data.
    """

    name: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Records:
    """What checks have noted so far: metrics, the course of trainings, and what was set aside to be looked at."""

    metrics: dict[str, float]
    histories: dict[str, History]
    exhibits: list[tuple[Connection | None, Callable[[], Exhibit], bool]]


class Student:
    """One question's student code.

    Args:
        question: whose aliases and permitted imports apply.
        source: the student's files as text.
        connect: starts a connection; called again after a crash.
        deadline: on the clock.
        on_progress: called with reports while a training function runs.
        window_title: of the windows that show training; None opens none.
        threads: that torch may use.
        wants_curves: have validation accuracy looked at while training runs, for its learning curve.
        clock: gives seconds.
    """

    def __init__(
        self,
        question: Question,
        source: StudentSource,
        connect: Callable[[], Connection],
        deadline: float,
        on_progress: Callable[[Progress], None],
        window_title: str | None = None,
        threads: int = 1,
        wants_curves: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._question = question
        self._source = source
        self._code = StudentCode(question, source, self.remark)
        self._connect = connect
        self._connection: Connection | None = None
        self._deadline = deadline
        self._on_progress = on_progress
        self._window_title = window_title
        self._threads = threads
        self._wants_curves = wants_curves
        self._clock = clock
        self._seed = 0
        self.metrics: dict[str, float] = {}
        self._latest: Progress = {}
        self._remarks: list[str] = []
        self._remarks_told: set[str] = set()
        self._histories: dict[str, History] = {}
        self._exhibits: list[tuple[Connection | None, Callable[[], Exhibit], bool]] = []

    def create(self, target: str, *args: Any, picture: Picture | None = None) -> Model:
        """Make an object of the student's class; `picture` is for a provided one that trains as it is made."""
        message = {"op": "create", "names": self._code.names(target), "args": list(args), **self._watched_by(picture)}
        handle = self._ask(message, target, self._new_history(target))
        return Model(self, answers.of_type(handle, Handle), target)

    def call(self, target: str, *args: Any, picture: Picture | None = None) -> Any:
        """Call a function of the student's, without recording gradients; arrays arrive as tensors.

        `picture` is for a provided trainer, which takes a keyword `watch`: what is to be seen while it runs.
        """
        message = {"op": "call", "names": self._code.names(target), "args": list(args), **self._watched_by(picture)}
        result = self._ask(message, target, self._new_history(target))
        return self._not_none(result, target)

    def gradients(self, target: str, *args: Any, cotangent: np.ndarray | None = None) -> Gradients:
        """Call a function on arrays that want gradients and send `cotangent` (by default ones) back."""
        message = {
            "op": "gradients",
            "names": self._code.names(target),
            "args": list(args),
            "cotangent": cotangent,
        }
        found = answers.gradients(self._ask(message, target))
        self._not_none(found.output, target)
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

    def probe_object(
        self, name: str, functions: Mapping[str, str] | None = None, picture: Picture | None = None, **arguments: Any
    ) -> Model:
        """Run a probe, as `probe` does, and keep the object that it gives in the student's process."""
        handle = self._probe(name, functions or {}, picture, arguments, is_kept=True, has_curve=True)
        return Model(self, answers.of_type(handle, Handle), "")

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
        history = self._new_history(target) if is_watched and has_curve else None
        self._latest, started = {}, self._clock()
        training_stats = self._ask(
            {
                "op": "train",
                "names": self._code.names(target),
                "model": model.handle,
                "dataset": self._question.dataset,
                "arrays": data.training_arrays(splits),
                "max_fetched": None if max_passes is None else math.ceil(max_passes * len(splits.train)),
                "validates": self._wants_curves and is_watched,
                "shows": is_watched,
            },
            target,
            history,
            seen=lambda: answers.how_far(self._latest, len(splits.train), self._clock() - started),
        )
        return answers.training(training_stats)

    def record(self, metric: str, value: float) -> None:
        """Note a number for the report, such as `test_accuracy`: to six places, or three digits of a smaller one."""
        self.metrics[metric] = round(float(value), 6) or float(f"{value:.3g}")

    def losses(self, name: str) -> np.ndarray:
        """The losses that a call or a probe has reported while it trained: updates and mean losses, (count, 2).

        The student's process reports them: for messages only. Empty if they are too few.
        """
        curve = self._histories[name].curve() if name in self._histories else None
        return curve.losses if curve is not None else np.empty((0, 2))

    def stubs(self) -> list[str]:
        """What the student has left unfilled of the question, as `name (file:line)`."""
        return self._code.stubs()

    def remark(self, text: str) -> None:
        """Note a sentence for the student that costs no points; the same sentence is told once."""
        if text not in self._remarks_told:
            self._remarks_told.add(text)
            self._remarks.append(text)

    def advise(self, training: Training) -> None:
        """Note what a training that was good enough should do in another way, if there is something."""
        if text := course.advice(training):
            self.remark(text)

    def take_remarks(self) -> list[str]:
        """The remarks since the last call."""
        taken, self._remarks = self._remarks, []
        return taken

    def exhibit(self, make: Callable[[], Exhibit], in_window: bool = False) -> None:
        """Set something aside to be looked at.

        Args:
            make: gives it. Called once all checks have had their outcome, and only where somebody wants to look; what
                it asks of the student's code then changes no outcome.
            in_window: it is also what this question's window shows, where nothing is trained.
        """
        self._exhibits.append((self._connection, make, in_window))

    def exhibits(self, only_for_window: bool = False) -> list[Exhibit]:
        """The learning curves, and everything set aside that can still be had; no check may run after this."""
        self._deadline = min(self._deadline, self._clock() + SECONDS_FOR_EXHIBITS)
        self._connect = _refuse
        curves = [] if only_for_window else [history.curve() for history in self._histories.values()]
        found: list[Exhibit] = [curve for curve in curves if curve]
        for connection, make, in_window in self._exhibits:
            if only_for_window and not in_window:
                continue
            # the handles of another process would mean other objects now
            if connection is None or self._connection is None or connection is self._connection:
                try:
                    found.append(make())
                except Exception as error:  # a picture less: no point depends on it
                    if not isinstance(error, (CheckFailed, StudentCrashed, OutOfLimits)):
                        print(f"(a picture of {self._question.id} cannot be made: {error})", file=sys.stderr)
        return found

    def records(self) -> Records:
        """A copy of what is noted now, for `restore`."""
        return Records(dict(self.metrics), dict(self._histories), list(self._exhibits))

    def restore(self, records: Records) -> None:
        """Forget what was noted since, or return to what was noted then."""
        self.metrics = dict(records.metrics)
        self._histories, self._exhibits = dict(records.histories), list(records.exhibits)

    def seconds_left(self) -> float:
        """Until the question's deadline."""
        return self._deadline - self._clock()

    def seed(self, name: str, run_seed: int) -> None:
        """Seed the student's randomness from a name, so that it depends on neither order nor earlier checks."""
        self._seed = zlib.crc32(f"{name}/{run_seed}".encode())
        if self._connection is not None:
            self._ask({"op": "seed", "seed": self._seed}, "")

    def close(self) -> None:
        """End the student's process, if there is one."""
        if self._connection is not None:
            self._connection.kill()
            self._connection = None

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
        return self._ask(message, "", self._new_history(name) if has_curve else None)

    def _watched_by(self, picture: Picture | None) -> dict[str, Any]:
        """The part of a message that asks for a window."""
        if self._window_title is None or picture is None:
            return {}
        return {"picture": picture.name, "details": dict(picture.details)}

    def _new_history(self, target: str) -> History:
        """Of a call that may train; the latest of each name is kept."""
        self._histories[target] = History(target)
        return self._histories[target]

    def _ask(
        self,
        message: dict[str, Any],
        target: str,
        history: History | None = None,
        seen: Callable[[], str] = lambda: "",
    ) -> Any:
        """Send one request; turn what went wrong into the exception that tells it.

        Args:
            message: the request.
            target: what it calls; "" for what is no student code.
            history: takes the progress reports, or None.
            seen: gives a sentence about how far it had come when a limit ended it.
        """
        if target:
            self._code.require_permitted(target)
        if self._connection is None:
            self._connection = self._connect()
            self._ask(
                {
                    "op": "configure",
                    "code_directory": str(self._source.directory),
                    "left_out": self._code.left_out(),
                    "question": self._question.id,
                    "picture": self._question.picture,
                    "threads": self._threads,
                    "window_title": self._window_title,
                },
                "",
            )
            self._ask({"op": "seed", "seed": self._seed}, "")

        def on_progress(report: Progress) -> None:
            self._on_progress(report)
            self._latest.update(report)
            if history is not None:
                history.add(report)

        try:
            reply = self._connection.request(message, self._deadline, on_progress)
        except (StudentCrashed, OutOfLimits) as end:
            self._connection = None  # it is gone; the next check after a crash gets a new one
            if isinstance(end, OutOfLimits):
                told = seen() if end.reason == "time" else self._code.why_out_of_memory()
                raise OutOfLimits(end.reason, told) from None
            raise
        for habit in answers.strings(reply.get("habits")):
            if habit in other_editions.REMARKS:
                self.remark(other_editions.REMARKS[habit])
        error = reply.get("error")
        if error is None:
            return reply["result"]
        raise self._code.failure(error, target, message["op"] == "train")

    def _not_none(self, result: Any, target: str) -> Any:
        """A function that returns None, or an empty tensor, is a stub if its body is empty."""
        is_nothing = result is None or (isinstance(result, np.ndarray) and result.size == 0)
        if is_nothing and (stubs := self._code.stubs_of(target)):
            raise NotImplementedYet(stubs[0])
        return result


class Model:
    """An object of the student's, in the student's process. Calls run in evaluation mode, without gradients."""

    def __init__(self, student: Student, handle: Handle, target: str) -> None:
        self._student = student
        self._target = target
        self.handle = handle

    def __call__(self, *args: Any) -> Any:
        """Call the model; arrays arrive as tensors, tensors come back as arrays."""
        return self._method("__call__", "forward", args)

    def method(self, name: str, *args: Any) -> Any:
        """Call one of its methods."""
        return self._method(name, name, args)

    def gradients(self, *args: Any, cotangent: np.ndarray | None = None) -> Gradients:
        """Call the model in training mode and send `cotangent` (by default ones) back through it."""
        message = {"op": "gradients", "object": self.handle, "args": list(args), "cotangent": cotangent}
        return answers.gradients(self._student._ask(message, self._target))

    def parameters(self) -> dict[str, np.ndarray]:
        """The values of its parameters, by name."""
        return answers.arrays(self._student._ask({"op": "parameters", "object": self.handle}, self._target))

    def set_parameters(self, values: dict[str, np.ndarray]) -> None:
        """Overwrite parameters, by name."""
        self._student._ask({"op": "set_parameters", "object": self.handle, "values": values}, self._target)

    def _method(self, name: str, written_as: str, args: tuple[Any, ...]) -> Any:
        message = {"op": "method", "object": self.handle, "name": name, "args": list(args)}
        result = self._student._ask(message, self._target)
        return self._student._not_none(result, f"{self._target}.{written_as}") if self._target else result


def _refuse() -> Connection:
    raise StudentCrashed("the student process is gone")
