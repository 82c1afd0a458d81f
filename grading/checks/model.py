"""An object of the student's, as checks see it: a handle whose calls run in the student's process."""

from __future__ import annotations

from typing import Any

import numpy as np

from grading.checks import answers
from grading.checks.answers import Gradients, Layers
from grading.checks.requests import Requests
from grading.isolation.channel import Handle


class Model:
    """An object of the student's, in the student's process. Calls run in evaluation mode, without gradients."""

    def __init__(self, requests: Requests, handle: Handle, target: str) -> None:
        self._requests = requests
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
        return answers.gradients(self._requests.ask(message, self._target), len(args))

    def layers(self, *args: Any) -> Layers:
        """Call the model, and tell what its layers receive, even if the model crashes: for messages only."""
        message = {"op": "layers", "object": self.handle, "args": list(args)}
        return answers.layers(self._requests.ask(message, self._target))

    def parameters(self) -> dict[str, np.ndarray]:
        """The values of its parameters, by name."""
        return answers.arrays(self._requests.ask({"op": "parameters", "object": self.handle}, self._target))

    def set_parameters(self, values: dict[str, np.ndarray]) -> None:
        """Overwrite parameters, by name."""
        self._requests.ask({"op": "set_parameters", "object": self.handle, "values": values}, self._target)

    def _method(self, name: str, written_as: str, args: tuple[Any, ...]) -> Any:
        message = {"op": "method", "object": self.handle, "name": name, "args": list(args)}
        result = self._requests.ask(message, self._target)
        return self._requests.not_none(result, f"{self._target}.{written_as}") if self._target else result
