"""Watches training from outside: the dataset stays inert, the numbers that come out of training stay the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from backend import CourseDataset

SECONDS_BETWEEN_REPORTS = 0.1


@contextmanager
def progress(dataset: CourseDataset, emit: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Report epochs over the data and the latest validation accuracy while the block runs.

    The two methods that training calls are shadowed by attributes of this one dataset object; both pass their
    results through unchanged and draw no random numbers.
    """
    rows_fetched, latest_accuracy, last_report = 0, None, 0.0
    fetch, validate = dataset.__getitems__, dataset.get_validation_accuracy

    def report() -> None:
        nonlocal last_report
        now = time.monotonic()
        if now - last_report >= SECONDS_BETWEEN_REPORTS:
            last_report = now
            emit({"epochs": rows_fetched / len(dataset), "validation_accuracy": latest_accuracy})

    def counted_fetch(indices: list[int]) -> Any:
        nonlocal rows_fetched
        rows_fetched += len(indices)
        report()
        return fetch(indices)

    def noted_validation() -> float:
        nonlocal latest_accuracy
        latest_accuracy = validate()
        report()
        return latest_accuracy

    shadows = {"__getitems__": counted_fetch, "get_validation_accuracy": noted_validation}
    vars(dataset).update(shadows)
    try:
        yield
    finally:
        for name in shadows:
            vars(dataset).pop(name, None)
