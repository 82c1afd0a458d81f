"""Watches training from outside: the dataset stays inert, the numbers that come out of training stay the same."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from backend import CourseDataset
from grading.child.shadows import shadowed
from grading.child.training_stats import Enough, TrainingWatcher, started_from

SECONDS_BETWEEN_REPORTS = 0.1
SHARE_FOR_VALIDATION = 0.05  # of the time of training
Emit = Callable[[dict[str, Any]], None]


@contextmanager
def progress(dataset: CourseDataset, emit: Emit, validates: bool = False) -> Iterator[None]:
    """Report epochs over the data and the latest validation accuracy while the block runs.

    The two methods that training calls are shadowed by attributes of this one dataset object. Both pass their
    results through unchanged and draw no random numbers. With `validates`, the accuracy is also asked for from here:
    at the beginning, at the end, and in between for a small share of the time.
    """
    watcher = _Progress(dataset, emit, validates)
    with shadowed(dataset, __getitems__=watcher.fetch, get_validation_accuracy=watcher.validate):
        yield
    watcher.end()


@contextmanager
def losses(emit: Emit) -> Iterator[None]:
    """Report updates so far and the mean loss since the report before while the block runs.

    A loss is whatever single number a backward pass starts from; the pass itself is left as it is.
    """
    watcher = _Losses(emit)
    with shadowed(torch.autograd, backward=watcher.backward):
        yield
    watcher.end()


@contextmanager
def training_stats(model: Any, dataset: CourseDataset, max_fetched: int | None = None) -> Iterator[dict[str, Any]]:
    """Gather what tells one training mistake from another while the block runs; end the block if it cannot end well.

    Gives a dictionary that is complete once the block has ended, whatever ended it: see `TrainingWatcher.told`.
    """
    watcher = TrainingWatcher(model, dataset, max_fetched)
    told: dict[str, Any] = {}
    try:
        with watcher.attached():
            yield told
    except Enough:
        pass
    finally:
        told.update(watcher.told())


class _Progress:
    """Counts the rows that a dataset hands out and keeps its latest validation accuracy."""

    def __init__(self, dataset: CourseDataset, emit: Emit, validates: bool) -> None:
        self._examples, self._emit, self._validates = len(dataset), emit, validates
        self._fetch, self._validate = dataset.__getitems__, dataset.get_validation_accuracy
        self._owner = os.getpid(), threading.get_ident()
        self._rows_fetched = 0
        self._latest_accuracy: float | None = None
        self._is_accuracy_told = True
        self._last_report = self._next_validation = 0.0

    def fetch(self, indices: list[int]) -> Any:
        """Hand out rows; before that, validate if it is time."""
        # a loader's worker process, or another thread, has another copy of the model or none of its own
        is_time = self._validates and time.monotonic() >= self._next_validation
        if is_time and (os.getpid(), threading.get_ident()) == self._owner:
            self._validate_now()
            self._report()
        self._rows_fetched += len(indices)
        self._report()
        return self._fetch(indices)

    def validate(self) -> float:
        """Give the validation accuracy that training asks for."""
        accuracy = self._validate()
        self._latest_accuracy, self._is_accuracy_told = accuracy, False
        self._report()
        return accuracy

    def end(self) -> None:
        """Report the accuracy in the end, unless the latest report told it."""
        if self._validates and self._rows_fetched:
            self._validate_now()
        if not self._is_accuracy_told:
            self._report(at_once=True)

    def _validate_now(self) -> None:
        started = time.monotonic()
        try:
            self._latest_accuracy, self._is_accuracy_told = self._validate(), False
        except (Exception, SystemExit):  # no validation split, or a model that cannot be read: no fault of training
            self._validates = False
        finished = time.monotonic()
        self._next_validation = finished + max((finished - started) / SHARE_FOR_VALIDATION, SECONDS_BETWEEN_REPORTS)

    def _report(self, at_once: bool = False) -> None:
        now = time.monotonic()
        if at_once or now - self._last_report >= SECONDS_BETWEEN_REPORTS:
            self._last_report, self._is_accuracy_told = now, True
            epochs = self._rows_fetched / self._examples
            self._emit({"epochs": epochs, "validation_accuracy": self._latest_accuracy})


class _Losses:
    """Counts backward passes that start from one number, and adds these numbers up."""

    def __init__(self, emit: Emit) -> None:
        self._emit, self._backward = emit, torch.autograd.backward
        self._updates, self._total, self._count = 0, 0.0, 0  # the last two since the latest report
        self._last_report = 0.0

    def backward(self, *args: Any, **keywords: Any) -> None:
        """Do what torch does, after a note of the loss."""
        loss = started_from(args, keywords)
        if isinstance(loss, torch.Tensor) and loss.numel() == 1:
            self._note(loss.item())
        self._backward(*args, **keywords)

    def end(self) -> None:
        """Report the losses since the latest report, if there are any."""
        if self._count:
            self._report()

    def _note(self, loss: float) -> None:
        self._updates, self._total, self._count = self._updates + 1, self._total + loss, self._count + 1
        now = time.monotonic()
        if now - self._last_report >= SECONDS_BETWEEN_REPORTS:
            self._last_report = now
            self._report()

    def _report(self) -> None:
        self._emit({"updates": self._updates, "loss": self._total / self._count})
        self._total, self._count = 0.0, 0
