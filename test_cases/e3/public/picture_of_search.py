"""Reads a search over trainings while it runs; `picture` draws it."""

from __future__ import annotations

from typing import Any

import numpy as np

from test_cases.e3.public.picture import State

PICTURE = "test_cases.e3.public.picture"


class Reader:
    """Keeps the courses of the trials.

    Args:
        model: empty; what windows watch is a model.
        without: the course without regularisation, (epochs + 1, 2).
        lows, highs: of the two ranges.
        trials: how many there will be.
    """

    def __init__(self, model: Any, without: np.ndarray, lows: list[float], highs: list[float], trials: int) -> None:
        self._without, self._lows, self._highs, self._count = without, lows, highs, trials
        self._courses: list[list[list[float]]] = [[]]
        self._trials: list[list[float]] = []
        self._chosen = -1

    def note(self, what: str, *told: Any) -> None:
        """Take a note: `epoch`, both losses; `trial`, settings and loss of one that is over; `chosen`, a number."""
        if what == "epoch":
            if len(self._courses) == len(self._trials):
                self._courses.append([])
            self._courses[-1].append(list(told))
        elif what == "trial":
            self._trials.append([*told[0], told[1]])
        else:
            (self._chosen,) = told

    def read(self) -> State:
        """The search as it is now: the trial that runs, and in the end the chosen one."""
        course = np.array(self._courses[self._chosen], np.float64).reshape(-1, 2)
        trials = np.array(self._trials, np.float64).reshape(-1, 3)
        epochs = np.arange(len(course), dtype=np.float64)
        return State(self._without, epochs, course, trials, self._chosen, self._lows, self._highs, self._count)
