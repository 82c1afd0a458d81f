"""The student's code as checks see it: objects that live in another process, reached by name.

    model = student.create("models.RegressionModel")
    student.train("train.train_regression", model, library.load("sine"))
    predictions = model(test.x)

Whatever comes back is data. A stub that is still empty raises `NotImplementedYet`, student code that raises becomes
`StudentCrashed`; a check need not catch either.
"""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np

import data
from data import Splits
from grading.checks import crashes, modules, other_editions
from grading.checks.history import History
from grading.checks.source import SourceFile, StudentSource
from grading.isolation.channel import Handle
from grading.outcomes import CheckFailed, NotImplementedYet, OutOfLimits, StudentCrashed
from grading.questions import Question
from pictures.panels import Exhibit

Progress = dict[str, Any]
MIN_ROWS = 100  # a smaller training set is the made-up case of a check, whose learning curve tells nothing
SECONDS_FOR_EXHIBITS = 5.0
SIGNS_OF_A_STUB = ("NoneType", "x0 and ", "of size 0")  # in a traceback: what an unfilled function gave was used


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
class Gradients:
    """What `Student.gradients` and `Model.gradients` find.

    Attributes:
        output: what the call returned.
        differentiable: whether a graph leads from the output back to the inputs or parameters.
        inputs: the gradient with respect to each argument, or None.
        parameters: the gradient with respect to each of the model's parameters, or None.
    """

    output: Any
    differentiable: bool
    inputs: list[np.ndarray | None]
    parameters: dict[str, np.ndarray | None]


@dataclass(frozen=True)
class Training:
    """What the student's process says about a training run: for messages only, no points depend on it.

    Everything is 0 or None where it does not say; see `grading.child.watch.training_stats`, where it comes from.

    Attributes:
        changed: whether any parameter of the model moved.
        finite: whether all parameters are finite afterwards.
        stopped: whether it was ended because it had fetched as many examples as it was allowed.
        examples: size of the training split.
        fetched, distinct: examples handed out in batches, and how many different ones.
        steps, own_steps: optimizer steps, and those by an optimizer that holds a parameter of the model.
        backwards, arrivals: backward passes, and those that brought a gradient to the model.
        resumed, stale: arrivals after the first step, and those that met gradients from before the latest step.
        writes: how often a parameter was written to in place, as far as torch counts it.
    """

    changed: bool | None = None
    finite: bool | None = None
    stopped: bool = False
    examples: int = 0
    fetched: int = 0
    distinct: int = 0
    steps: int = 0
    own_steps: int = 0
    backwards: int = 0
    arrivals: int = 0
    resumed: int = 0
    stale: int = 0
    writes: int = 0

    @property
    def epochs(self) -> float:
        """Passes over the training split; 0 if batches came from elsewhere."""
        return self.fetched / max(self.examples, 1)


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
        message = {"op": "create", "names": self._names(target), "args": list(args), **self._watched_by(picture)}
        handle = self._ask(message, target, self._new_history(target))
        return Model(self, _of_type(handle, Handle), target)

    def call(self, target: str, *args: Any, picture: Picture | None = None) -> Any:
        """Call a function of the student's, without recording gradients; arrays arrive as tensors.

        `picture` is for a provided trainer, which takes a keyword `watch`: what is to be seen while it runs.
        """
        message = {"op": "call", "names": self._names(target), "args": list(args), **self._watched_by(picture)}
        result = self._ask(message, target, self._new_history(target))
        return self._not_none(result, target)

    def gradients(self, target: str, *args: Any, cotangent: np.ndarray | None = None) -> Gradients:
        """Call a function on arrays that want gradients and send `cotangent` (by default ones) back."""
        message = {
            "op": "gradients",
            "names": self._names(target),
            "args": list(args),
            "cotangent": cotangent,
        }
        found = _gradients(self._ask(message, target))
        self._not_none(found.output, target)
        return found

    def probe(
        self, name: str, functions: Mapping[str, str] | None = None, picture: Picture | None = None, **arguments: Any
    ) -> Any:
        """Run a function of the question's public/probes.py in the student's process, with gradients recorded.

        A probe serves what one call of one object cannot: updates of an optimizer, two models trained in turn, pairs,
        graphs.

        Args:
            name: of the probe.
            functions: the student's functions and classes that it is passed, keyword to target.
            picture: what a window shows while it runs; the probe then takes a keyword `watch`.
            arguments: keywords for it: arrays arrive as tensors, objects as themselves.
        Returns:
            what the probe gives, usually a dictionary of arrays and numbers by name.
        """
        return self._probe(name, functions or {}, picture, arguments, is_kept=False)

    def probe_object(
        self, name: str, functions: Mapping[str, str] | None = None, picture: Picture | None = None, **arguments: Any
    ) -> Model:
        """Run a probe, as `probe` does, and keep the object that it gives in the student's process."""
        handle = self._probe(name, functions or {}, picture, arguments, is_kept=True)
        return Model(self, _of_type(handle, Handle), name)

    def train(
        self, target: str, model: Model, splits: Splits, max_fetched: int | None = None, is_watched: bool = True
    ) -> Training:
        """Train a model on the training and validation splits; the test split stays here.

        Args:
            target: the training function.
            model: of the student's.
            splits: to train on. A set of few rows is a check's trial, of which nothing is shown.
            max_fetched: after so many examples training is ended where it asks for another; None for no end.
            is_watched: whether windows and reports show this training.
        """
        is_watched = is_watched and len(splits.train) >= MIN_ROWS
        history = self._new_history(target) if is_watched else None
        self._latest, started = {}, self._clock()
        training_stats = self._ask(
            {
                "op": "train",
                "names": self._names(target),
                "model": model.handle,
                "dataset": self._question.dataset,
                "arrays": data.training_arrays(splits),
                "max_fetched": max_fetched,
                "validates": self._wants_curves and is_watched,
                "shows": is_watched,
            },
            target,
            history,
            seen=lambda: _how_far(self._latest, len(splits.train), self._clock() - started),
        )
        return _training(training_stats)

    def record(self, metric: str, value: float) -> None:
        """Note a number for the report, such as `test_accuracy`."""
        self.metrics[metric] = round(float(value), 6)

    def stubs(self) -> list[str]:
        """What the student has left unfilled of the question, as `name (file:line)`."""
        return [stub for name in self._own_names() for stub in self._source.stubs(name)]

    def remark(self, text: str) -> None:
        """Note a sentence for the student that costs no points; the same sentence is told once."""
        if text not in self._remarks_told:
            self._remarks_told.add(text)
            self._remarks.append(text)

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
                with contextlib.suppress(CheckFailed, StudentCrashed, OutOfLimits):
                    found.append(make())
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
    ) -> Any:
        for target in functions.values():
            self._require_permitted(target)
        message = {
            "op": "probe",
            "name": name,
            "functions": {keyword: self._names(target) for keyword, target in functions.items()},
            "arguments": {
                keyword: value.handle if isinstance(value, Model) else value for keyword, value in arguments.items()
            },
            "is_kept": is_kept,
            **self._watched_by(picture),
        }
        return self._ask(message, "", self._new_history(name))

    def _watched_by(self, picture: Picture | None) -> dict[str, Any]:
        """The part of a message that asks for a window."""
        if self._window_title is None or picture is None:
            return {}
        return {"picture": picture.name, "details": dict(picture.details)}

    def _names(self, target: str) -> list[tuple[str, str]]:
        """The module and name of a target, and of the other names that it may have."""
        if self._is_of_2024(target):
            return [(other_editions.MODULE_OF_2024, modules.split(target)[1])]
        return [modules.split(name) for name in self._question.names(target)]

    def _is_of_2024(self, target: str) -> bool:
        """Whether a function is missing, or still a stub, and models.py has a method that stood for it in 2024."""
        module, name = modules.split(target)
        if module not in ("losses", "train") or self._source.is_written(self._question.names(target)):
            return False
        return self._source.has_form_of_2024(name)

    def _require_permitted(self, target: str) -> None:
        module = modules.split(target)[0]
        if self._is_of_2024(target):
            module = "models"
            self.remark(other_editions.FORM_OF_2024)
        if module.partition(".")[0] not in modules.PROVIDED:
            self._source.require_permitted(module, self._question.allowed_imports, self._question.forbidden_names)
            for name in self._question.names(target):
                for stub in self._source.left_over(name):
                    if not stub.is_reached:
                        self.remark(
                            f"{self._source.described(name, stub)} is written. Only the line `raise "
                            "NotImplementedError` behind its return is left. The line does nothing: remove it."
                        )

    def _left_out(self) -> dict[str, list[list[Any]]]:
        """The imports that the student's process leaves out: line and name, by file; one remark tells all of them."""
        found = self._source.left_out(self._own_names(), self._question.allowed_imports, self._question.forbidden_names)
        lines = [
            f"{file}:{unused.line} ({unused.reached})" for file, unused_ones in found.items() for unused in unused_ones
        ]
        if lines:
            self.remark(
                f"nothing uses these imports, and the project does not permit them: {', '.join(lines)}. The grader "
                "left them out. Remove the lines: an editor may have added them."
            )
        return {file: [[unused.line, unused.bound] for unused in unused_ones] for file, unused_ones in found.items()}

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
            self._require_permitted(target)
        if self._connection is None:
            self._connection = self._connect()
            self._ask(
                {
                    "op": "configure",
                    "code_directory": str(self._source.directory),
                    "provided": list(modules.PROVIDED),
                    "packages": list(modules.PACKAGES),
                    "left_out": self._left_out(),
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
                told = seen() if end.reason == "time" else crashes.memory(self._files())
                raise OutOfLimits(end.reason, told) from None
            raise
        for habit in _strings(reply.get("habits")):
            if habit in other_editions.REMARKS:
                self.remark(other_editions.REMARKS[habit])
        error = reply.get("error")
        if error is None:
            return reply["result"]
        kind, text, location = (str(error.get(key, "")) for key in ("kind", "text", "location"))
        if kind == "stub":
            raise self._unfilled(location)
        explained = crashes.explanation(text, self._question.id, self._files(), message["op"] == "train")
        if kind == "missing":
            raise CheckFailed(f"{text}. {explained}" if explained else text)
        if stub := self._stub_behind(text, target):
            raise NotImplementedYet(stub)
        raise StudentCrashed(f"{text}\n{explained}" if explained else text)

    def _files(self) -> Iterator[SourceFile]:
        """The question's files, as far as they can be read."""
        for module in dict.fromkeys(modules.split(name)[0] for name in self._own_names()):
            with contextlib.suppress(CheckFailed):
                yield self._source.file(module)

    def _unfilled(self, location: str) -> CheckFailed:
        """What to say of a NotImplementedError that was raised at a location such as `loss (losses.py:9)`.

        The source tells the function's name, also that of one that a subclass or decorator renamed.
        """
        place = location.rpartition("(")[2]
        for target in self._own_names():
            for stub in self._source.stubs(target):
                if stub.rpartition("(")[2] == place:
                    return NotImplementedYet(stub)
            for left_over in self._source.left_over(target):
                if (described := self._source.described(target, left_over)).rpartition("(")[2] == place:
                    return CheckFailed(
                        f"{described} has code of its own, and then line {left_over.line} still says `raise "
                        "NotImplementedError`. Is the function finished? Then remove this line."
                    )
        return NotImplementedYet(location)

    def _stub_behind(self, crash: str, target: str) -> str:
        """The unfilled function whose None or empty tensor made other code crash; "" if there is none."""
        if not any(sign in crash for sign in SIGNS_OF_A_STUB):
            return ""
        found = self.stubs()
        if target:
            found += self._source.imported_stubs(modules.split(target)[0])
        return found[0] if found else ""

    def _own_names(self) -> list[str]:
        """The question's targets under all their names."""
        targets = [target for target in self._question.targets if not self._is_of_2024(target)]
        return [name for target in targets for name in self._question.names(target)]

    def _not_none(self, result: Any, target: str) -> Any:
        """A function that returns None, or an empty tensor, is a stub if its body is empty."""
        if result is None or (isinstance(result, np.ndarray) and result.size == 0):
            for name in self._question.names(target):
                if stubs := self._source.stubs(name):
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
        return _gradients(self._student._ask(message, self._target))

    def parameters(self) -> dict[str, np.ndarray]:
        """The values of its parameters, by name."""
        return _arrays(self._student._ask({"op": "parameters", "object": self.handle}, self._target))

    def set_parameters(self, values: dict[str, np.ndarray]) -> None:
        """Overwrite parameters, by name."""
        self._student._ask({"op": "set_parameters", "object": self.handle, "values": values}, self._target)

    def _method(self, name: str, written_as: str, args: tuple[Any, ...]) -> Any:
        message = {"op": "method", "object": self.handle, "name": name, "args": list(args)}
        result = self._student._ask(message, self._target)
        return self._student._not_none(result, f"{self._target}.{written_as}")


def _refuse() -> Connection:
    raise StudentCrashed("the student process is gone")


def _of_type(value: Any, kind: type[Any]) -> Any:
    """Our own code in the student process answers in known types; anything else means that it was tampered with."""
    if not isinstance(value, kind):
        raise StudentCrashed("the student process sent a malformed answer")
    return value


def _how_far(latest: Progress, examples: int, seconds: float) -> str:
    """How far training had come, by its latest report, and what an example costs."""
    epochs = latest.get("epochs")
    if not isinstance(epochs, (int, float)) or not epochs > 0:
        return "Training had not asked for an example yet."
    accuracy = latest.get("validation_accuracy")
    validated = f" Validation accuracy was {accuracy:.1%}." if isinstance(accuracy, (int, float)) else ""
    return (
        f"Training had gone over the {examples} examples {epochs:.3g} times: {seconds / (epochs * examples):.2g} "
        f"seconds for each.{validated}"
    )


def _strings(value: Any) -> list[str]:
    """The texts of a list; nothing if it is none, since no points depend on it."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _arrays(value: Any) -> dict[str, Any]:
    return {name: _of_type(array, np.ndarray) for name, array in _of_type(value, dict).items()}


def _gradients(value: Any) -> Gradients:
    fields = _of_type(value, dict)
    inputs, parameters = _of_type(fields.get("inputs"), list), _of_type(fields.get("parameters"), dict)
    for gradient in [*inputs, *parameters.values()]:
        _of_type(gradient, (np.ndarray, type(None)))  # type: ignore[arg-type]
    return Gradients(fields.get("output"), fields.get("differentiable") is True, inputs, parameters)


def _training(value: Any) -> Training:
    """The statistics that fit; what does not is left out, since nothing depends on it."""
    told = value if isinstance(value, dict) else {}
    flags = ("changed", "finite", "stopped")
    fitting = {
        field.name: told[field.name]
        for field in fields(Training)
        if type(told.get(field.name)) is (bool if field.name in flags else int)
    }
    return Training(**fitting)
