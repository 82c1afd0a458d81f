"""What the grader may ask of the student's code; every answer is data."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import backend
from grading.child import failure, importing, watch
from grading.isolation.channel import DTYPES, Handle, Opaque
from pictures.windows.display import has_display

if TYPE_CHECKING:
    from pictures.windows.live import Live

Emit = Callable[[dict[str, Any]], None]


class MissingName(Exception):
    """The student's file lacks the class or function that was asked for."""


class RequestHandler:
    """Answers requests. Student objects stay here behind handles; arrays, numbers and text leave.

    Args:
        emit: called with progress reports while a training function runs.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._objects: list[Any] = []
        self._directory = Path()
        self._live: Live | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request.

        Returns:
            `{"result": value}`, or `{"error": {"kind", "text", "place"}}` if the student's code failed.
        """
        operation = getattr(self, f"do_{request.pop('op')}")
        try:
            return {"result": operation(**request)}
        except MissingName as error:
            return {"error": {"kind": "missing", "text": str(error), "place": ""}}
        except (
            Exception,
            SystemExit,
        ) as error:  # whatever the student's code raises is their outcome, not ours
            return {"error": failure.describe(error, self._directory)}
        finally:
            sys.stdout.flush()

    def do_configure(self, code_directory: str, threads: int, window_title: str | None = None) -> None:
        """Choose the student's folder, and the title of the windows that show training, if any; must come first."""
        self._directory = Path(code_directory)
        importing.install(self._directory)
        torch.set_num_threads(threads)
        if window_title and has_display():
            from pictures.windows.live import Live

            self._live = Live(window_title)

    def do_seed(self, seed: int) -> None:
        """Seed every source of randomness that student code is likely to use."""
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)

    def do_create(
        self, names: list[str], args: list[Any], picture: str = "", details: dict[str, Any] | None = None
    ) -> Handle:
        """Make an object and keep it; `picture` is as in `do_call`."""
        with watch.losses(self._emit):  # a bot, say, is trained as it is made
            self._objects.append(self._find(names)(*self._incoming(args), **self._watched_by(picture, details)))
        return Handle(len(self._objects) - 1)

    def do_call(
        self, names: list[str], args: list[Any], picture: str = "", details: dict[str, Any] | None = None
    ) -> Any:
        """Call a function of the student's without recording gradients.

        A provided trainer may be watched: it then gets a keyword `watch`, made from a picture's name and details.
        """
        with torch.no_grad(), watch.losses(self._emit):
            return _outgoing(self._find(names)(*self._incoming(args), **self._watched_by(picture, details)))

    def do_method(self, object: Handle, name: str, args: list[Any]) -> Any:
        """Call a method of a kept object (`__call__` for the object itself) in evaluation mode, without gradients."""
        target = self._objects[object.number]
        if not hasattr(target, name):
            raise MissingName(f"{type(target).__name__} has no {name}")
        if isinstance(target, torch.nn.Module):
            target.eval()
        with torch.no_grad():
            return _outgoing(getattr(target, name)(*self._incoming(args)))

    def do_gradients(self, args: list[Any], cotangent: np.ndarray | None = None, **callee: Any) -> dict[str, Any]:
        """Call, then send `cotangent` (by default ones) back through the graph.

        Returns:
            `output`; `differentiable`, False if no graph leads to the output; `inputs`, one gradient or None for
            each argument; `parameters`, name to gradient or None, empty when a function was called.
        """
        inputs = self._incoming(args, requires_grad=True)
        model = self._objects[callee["object"].number] if "object" in callee else None
        if model is not None:
            model.train()
            model.zero_grad()
        output = (model or self._find(callee["names"]))(*inputs)
        differentiable = isinstance(output, torch.Tensor) and output.requires_grad
        if differentiable:
            output.backward(torch.ones_like(output) if cotangent is None else _tensor(cotangent))
        parameters = dict(model.named_parameters()) if model is not None else {}
        return {
            "output": _outgoing(output),
            "differentiable": differentiable,
            "inputs": [_gradient(item) for item in inputs],
            "parameters": {name: _gradient(parameter) for name, parameter in parameters.items()},
        }

    def do_parameters(self, object: Handle) -> dict[str, Any]:
        """The values of a kept model's parameters, by name."""
        return {name: _outgoing(value) for name, value in self._objects[object.number].named_parameters()}

    def do_set_parameters(self, object: Handle, values: dict[str, np.ndarray]) -> None:
        """Overwrite parameters of a kept model, by name."""
        parameters = dict(self._objects[object.number].named_parameters())
        with torch.no_grad():
            for name, value in values.items():
                parameters[name].copy_(_tensor(value))

    def do_train(
        self,
        names: list[str],
        model: Handle,
        dataset: str,
        arrays: dict[str, Any],
        max_fetched: int | None = None,
        validates: bool = False,
    ) -> dict[str, Any]:
        """Run a training function of the student's on a dataset that holds just these arrays.

        After `max_fetched` examples, if that is given, the function is ended where it asks for another. `validates`
        is that of `watch.progress`.

        Returns:
            `watch.training_stats` of the training.
        """
        train, student_model = self._find(names), self._objects[model.number]
        training_set = backend.build(dataset, student_model, arrays)
        to_the_end = max_fetched is None  # a run that is cut short is a check's trial, not worth a window
        pictures = self._live.watching(dataset, training_set) if self._live and to_the_end else nullcontext()
        with (
            watch.progress(training_set, self._emit, validates),
            watch.losses(self._emit),
            watch.training_stats(student_model, training_set, max_fetched) as training_stats,
            pictures,
        ):
            student_model.train()
            train(student_model, training_set)
        return training_stats

    def _watched_by(self, picture: str, details: dict[str, Any] | None) -> dict[str, Any]:
        return {"watch": self._live.watcher(picture, **(details or {}))} if self._live and picture else {}

    def _find(self, names: list[str]) -> Any:
        found = importing.find(names)
        if found is None:
            module, _, attribute = names[0].rpartition(".")
            raise MissingName(f"{module}.py has no {attribute}; was it renamed or deleted?")
        return found

    def _incoming(self, args: list[Any], requires_grad: bool = False) -> list[Any]:
        return [self._revive(arg, requires_grad) for arg in args]

    def _revive(self, arg: Any, requires_grad: bool) -> Any:
        if isinstance(arg, Handle):
            return self._objects[arg.number]
        if isinstance(arg, np.ndarray):
            tensor = _tensor(arg)
            return tensor.requires_grad_() if requires_grad and tensor.is_floating_point() else tensor
        return arg


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.copy())


def _gradient(item: Any) -> np.ndarray | None:
    gradient = getattr(item, "grad", None)
    return None if gradient is None else gradient.numpy()


def _outgoing(value: Any, depth: int = 0) -> Any:
    """Reduce what the student's code returned to data; whatever has no such form becomes the name of its type."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        if value.dtype == torch.bfloat16:
            value = value.float()
        value = value.resolve_conj().resolve_neg().numpy() if not value.is_sparse else Opaque("sparse Tensor")
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        return value if value.dtype.name in DTYPES else Opaque(f"array of {value.dtype}")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth < 3 and isinstance(value, (list, tuple)):
        return [_outgoing(item, depth + 1) for item in value]
    return Opaque(type(value).__name__)
