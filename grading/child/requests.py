"""What the grader may ask of the student's code; every answer is data."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from backend import device_of  # every fork of the server shares this module
from data import DataError
from grading.child import conversion, failure, layers, other_editions, watch
from grading.isolation.channel import Handle
from pictures.windows.display import has_display
from startup import student_modules
from training import compiler

if TYPE_CHECKING:
    from pictures.windows.live import Live

NO_MEMORY = "allocate memory"  # in what torch says

Emit = Callable[[dict[str, Any]], None]
Names = Sequence[Sequence[str]]  # pairs of a module and a name in it: what is asked for, and what else it may be called


class MissingName(Exception):
    """The student's file lacks the class or function that was asked for."""


class OurFault(Exception):
    """A part of the project that a question names cannot be used.

    Attributes:
        part: of the question: dataset or probe.
    """

    def __init__(self, part: str, text: str) -> None:
        super().__init__(text)
        self.part = part


class RequestHandler:
    """Answers requests. Student objects stay here behind handles; arrays, numbers and text leave.

    Args:
        emit: called with progress reports while a training function runs.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._objects: list[Any] = []
        self._finder: student_modules.StudentFinder | None = None
        self._question = ""
        self._picture = ""
        self._live: Live | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request.

        Returns:
            `{"result": value}`, or `{"error": {"kind", "text", "location"}}` if the student's code failed, or a part of
            the project; beside it `"habits"`, the names of what `other_editions` made up for.
        """
        answered = self._answered(getattr(self, f"do_{request.pop('op')}"), request)
        habits = other_editions.noted()
        return answered | ({"habits": habits} if habits else {})

    def _answered(self, operation: Callable[..., Any], request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"result": operation(**request)}
        except MissingName as error:
            return {"error": {"kind": "missing", "text": str(error), "location": ""}}
        except OurFault as error:
            return {"error": {"kind": "ours", "text": str(error)[: failure.MAX_CHARACTERS], "location": error.part}}
        except (Exception, SystemExit) as error:  # whatever the student's code raises is their outcome, not ours
            return {"error": failure.describe(error, self._finder)}
        finally:
            sys.stdout.flush()

    def do_configure(
        self,
        code_directory: str,
        threads: int,
        left_out: Mapping[str, Sequence[Sequence[Any]]] | None = None,
        question: str = "",
        picture: str = "",
        window_title: str | None = None,
    ) -> None:
        """Prepare for one question; must come first.

        Args:
            code_directory: the student's folder.
            threads: that torch may use.
            left_out: see `student_modules.StudentFinder`.
            question: whose public/probes.py is used.
            picture: the module of the reader of the question's live picture, or "".
            window_title: of the windows that show training; None opens none.
        """
        self._finder = student_modules.install(Path(code_directory), left_out)
        other_editions.install()
        compiler.leave_out()
        self._question, self._picture = question, picture
        torch.set_num_threads(threads)
        torch.backends.cudnn.allow_tf32 = False  # on a GPU: exact checks compare with sums in float32
        if window_title and has_display():
            from pictures.windows.live import Live

            self._live = Live(window_title)

    def do_seed(self, seed: int) -> None:
        """Seed every source of randomness that student code is likely to use."""
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)

    def do_create(
        self, names: Names, args: list[Any], picture: str = "", details: dict[str, Any] | None = None
    ) -> Handle:
        """Make an object and keep it; `picture` is as in `do_call`."""
        with watch.losses(self._emit):  # a bot, say, is trained as it is made
            return self._kept(self._find(names)(*self._incoming(args), **self._watched_by(picture, details)))

    def do_call(self, names: Names, args: list[Any], picture: str = "", details: dict[str, Any] | None = None) -> Any:
        """Call a function of the student's without recording gradients.

        A provided trainer may be watched: it then gets a keyword `watch`, made from a picture's name and details.
        """
        with torch.no_grad(), watch.losses(self._emit):
            return conversion.outgoing(self._find(names)(*self._incoming(args), **self._watched_by(picture, details)))

    def do_probe(
        self,
        name: str,
        functions: Mapping[str, Names],
        arguments: Mapping[str, Any],
        is_kept: bool,
        picture: str = "",
        details: dict[str, Any] | None = None,
    ) -> Any:
        """Run a function of the question's public/probes.py, with gradients recorded.

        Args:
            name: of the function.
            functions: the student's functions and classes that it is passed by keyword.
            arguments: what else it is passed by keyword; arrays arrive as tensors, handles as their objects. The
                tensors lie where the first model among these objects does.
            is_kept: keep what it gives here, and answer with a handle.
            picture, details: as in `do_call`.
        """
        with _ours("probe", name):
            probe = _provided(f"test_cases.{self._question}.public.probes.{name}")
        passed = {keyword: self._find(names) for keyword, names in functions.items()}
        objects = [self._objects[value.number] for value in arguments.values() if isinstance(value, Handle)]
        device = device_of(next((each for each in objects if isinstance(each, torch.nn.Module)), None))
        passed |= {keyword: self._revive(value, False, device) for keyword, value in arguments.items()}
        with torch.enable_grad(), watch.losses(self._emit):
            found = probe(**passed, **self._watched_by(picture, details))
        return self._kept(found) if is_kept else conversion.outgoing(found)

    def do_method(self, object: Handle, name: str, args: list[Any]) -> Any:
        """Call a method of a kept object (`__call__` for the object itself) in evaluation mode, without gradients."""
        target = self._objects[object.number]
        if not hasattr(target, name):
            raise MissingName(f"{type(target).__name__} has no {name}")
        _set_training(target, False)
        with torch.no_grad():
            return conversion.outgoing(getattr(target, name)(*self._incoming(args, device_of(target))))

    def do_layers(self, object: Handle, args: list[Any]) -> dict[str, Any]:
        """Call a kept model in evaluation mode, and tell what its layers receive; see `layers.watched`."""
        model = self._objects[object.number]
        _set_training(model, False)
        inputs = self._incoming(args, device_of(model))
        with torch.no_grad():
            return layers.watched(model, lambda: model(*inputs))

    def do_gradients(self, args: list[Any], cotangent: np.ndarray | None = None, **callee: Any) -> dict[str, Any]:
        """Call, then send `cotangent` (by default ones) back through the graph.

        Returns:
            `output`; `differentiable`, False if no graph leads to the output; `inputs`, one gradient or None for
            each argument; `parameters`, name to gradient or None, empty when a function was called.
        """
        model = self._objects[callee["object"].number] if "object" in callee else None
        inputs = self._incoming(args, device_of(model), requires_grad=True)
        if model is not None:
            _set_training(model, True)
            model.zero_grad()
        output = (self._find(callee["names"]) if model is None else model)(*inputs)
        differentiable = isinstance(output, torch.Tensor) and output.requires_grad
        if differentiable:
            ones = torch.ones_like(output)
            _send_back(output, ones if cotangent is None else conversion.tensor(cotangent, output.device))
        parameters = dict(model.named_parameters()) if model is not None else {}
        return {
            "output": conversion.outgoing(output),
            "differentiable": differentiable,
            "inputs": [conversion.gradient(item) for item in inputs],
            "parameters": {name: conversion.gradient(parameter) for name, parameter in parameters.items()},
        }

    def do_parameters(self, object: Handle) -> dict[str, Any]:
        """The values of a kept model's parameters, by name."""
        return {name: conversion.outgoing(value) for name, value in self._objects[object.number].named_parameters()}

    def do_set_parameters(self, object: Handle, values: dict[str, np.ndarray]) -> None:
        """Overwrite parameters of a kept model, by name."""
        parameters = dict(self._objects[object.number].named_parameters())
        with torch.no_grad():
            for name, value in values.items():
                parameters[name].copy_(conversion.tensor(value, parameters[name].device))

    def do_train(
        self,
        names: Names,
        model: Handle,
        dataset: str,
        arrays: dict[str, Any],
        max_fetched: int | None = None,
        validates: bool = False,
        shows: bool = False,
    ) -> dict[str, Any]:
        """Run a training function of the student's.

        Args:
            names: of the function.
            model: to train.
            dataset: the dotted name of the class whose object the function gets.
            arrays: all that the dataset holds; see `data.training_arrays`.
            max_fetched: examples, after which the function is ended where it asks for another; None for no end.
            validates: as in `watch.progress`.
            shows: whether windows, if there are any, show the training.
        Returns:
            `watch.training_stats` of the training.
        """
        train, student_model = self._find(names), self._objects[model.number]
        with _ours("dataset", dataset):
            training_set = _provided(dataset)(student_model, arrays)
        is_shown = self._live is not None and self._picture and shows
        pictures = self._live.watching(self._picture, training_set) if self._live and is_shown else nullcontext()
        with (
            watch.progress(training_set, self._emit, validates),
            watch.losses(self._emit),
            watch.training_stats(student_model, training_set, max_fetched) as training_stats,
            pictures,
        ):
            _set_training(student_model, True)
            train(student_model, training_set)
        return training_stats

    def _watched_by(self, picture: str, details: dict[str, Any] | None) -> dict[str, Any]:
        return {"watch": self._live.watcher(picture, **(details or {}))} if self._live and picture else {}

    def _find(self, names: Names) -> Any:
        module, attribute = names[0]
        if module == other_editions.MODULE_OF_2024:
            found = other_editions.function_of_2024(attribute)
            module = "models"
        else:
            found = other_editions.with_forward(student_modules.find(names))
        if found is None:
            raise MissingName(f"{module.replace('.', '/')}.py has no {attribute}; was it renamed or deleted?")
        return found

    def _kept(self, value: Any) -> Handle:
        self._objects.append(value)
        return Handle(len(self._objects) - 1)

    def _incoming(self, args: list[Any], device: torch.device | None = None, requires_grad: bool = False) -> list[Any]:
        """Arguments as the student's code gets them; tensors lie on a device, by default on torch's default one."""
        return [self._revive(arg, requires_grad, device or torch.get_default_device()) for arg in args]

    def _revive(self, arg: Any, requires_grad: bool, device: torch.device) -> Any:
        if isinstance(arg, Handle):
            return self._objects[arg.number]
        if isinstance(arg, list):
            return [self._revive(item, requires_grad, device) for item in arg]
        if isinstance(arg, np.ndarray):
            tensor = conversion.tensor(arg, device)
            return tensor.requires_grad_() if requires_grad and tensor.is_floating_point() else tensor
        return arg


def _provided(name: str) -> Any:
    """A class of the project's own, by its dotted name."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@contextmanager
def _ours(part: str, name: str) -> Iterator[None]:
    """What fails in the block is no fault of the student's, unless the memory that is left is too small.

    Raises:
        OurFault: it failed.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if isinstance(error, (MemoryError, DataError)) or NO_MEMORY in str(error):
            raise
        raise OurFault(part, f"{part} {name} cannot be used ({type(error).__name__}: {error})") from error


def _set_training(model: Any, is_training: bool) -> None:
    """Put a model and its parts into training or evaluation mode. A student's class may have a `train` of its own."""
    if isinstance(model, torch.nn.Module):
        for module in model.modules():
            module.training = is_training


def _send_back(output: torch.Tensor, cotangent: torch.Tensor) -> None:
    """What `output.backward(cotangent)` does, without the 500 modules that torch imports for a given cotangent."""
    if output.shape != cotangent.shape:
        raise RuntimeError(f"a cotangent of shape {tuple(cotangent.shape)} for an output of {tuple(output.shape)}")
    (output * cotangent).sum().backward()
