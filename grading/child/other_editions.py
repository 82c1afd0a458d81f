"""Habits of other editions of this project that the student's process makes up for, all in one place.

Each change that is made is noted by its name; `grading.checks.other_editions` has the sentence that students read.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.modules.module import register_module_buffer_registration_hook

LEADING_DIMENSION = "leading dimension"
_noted: set[str] = set()


def install() -> None:
    """Make up for the habits in every model that is made from now on; a second call changes nothing."""
    if not _installed:
        _installed.append(register_module_buffer_registration_hook(_on_buffer))


def noted() -> list[str]:
    """The names of the habits met since the last call."""
    names = sorted(_noted)
    _noted.clear()
    return names


_installed: list[Any] = []  # the hook's handle


def _on_buffer(module: torch.nn.Module, name: str, buffer: torch.Tensor | None) -> None:
    """Watch the output of an attention block, the one module that has a mask of four dimensions."""
    if name == "mask" and buffer is not None and buffer.ndim == 4:
        module.register_forward_hook(_without_leading_dimension)


def _without_leading_dimension(module: torch.nn.Module, args: Any, output: Any) -> Any:
    """Scores (batch, time, time) that meet the mask (1, 1, block, block) get a fourth dimension, and so the output."""
    given = args[0] if args else None
    if not isinstance(given, torch.Tensor) or not isinstance(output, torch.Tensor):
        return None
    if output.ndim != given.ndim + 1 or output.shape[0] != 1 or output.shape[1] != given.shape[0]:
        return None
    if given.shape[0] > 1:  # a batch of 1 does not tell which dimension is the new one
        _noted.add(LEADING_DIMENSION)
    return output[0]  # (batch, time, size)


# The form of 2024: everything is a method of the classes in models.py.
MODULE_OF_2024 = "the form of 2024"  # in a request, in place of a module
CLASSES_OF_2024 = {
    "perceptron": "PerceptronModel",
    "regression": "RegressionModel",
    "digitclassifier": "DigitClassificationModel",
    "languageid": "LanguageIDModel",
    "digitconvolution": "DigitConvolutionalModel",
}


def function_of_2024(name: str) -> Callable[..., Any] | None:
    """A function of today, `train_regression` or `regression_loss`, made of a method `train` or `get_loss`.

    None if models.py lacks the class or the method.
    """
    subject = name.removeprefix("train_").removesuffix("_loss")
    student_class = getattr(importlib.import_module("models"), CLASSES_OF_2024.get(subject, ""), None)
    method = vars(student_class).get("train" if name.startswith("train_") else "get_loss") if student_class else None
    if method is None or name.startswith("train_"):
        return method
    return lambda predictions, labels: method(_Given(), predictions, labels)


def with_forward(found: Any) -> Any:
    """Let a class be called whose method `run` does what `forward` does today; give it, or anything else, back."""
    is_model = isinstance(found, type) and issubclass(found, torch.nn.Module)
    if is_model and hasattr(found, "run") and found.forward is torch.nn.Module.forward:
        found.forward = found.run
    return found


class _Given:
    """Stands for a model whose predictions are known: whatever it is called with is what it predicts."""

    def __call__(self, predictions: torch.Tensor) -> torch.Tensor:
        return predictions

    forward = run = __call__
