"""Keeps the moments of a training that is over too soon to be watched, to be shown again more slowly."""

from __future__ import annotations

from typing import Any

SECONDS_TOO_SHORT_TO_WATCH = 2.0
MAX_MOMENTS = 16
FIRST_INTERVAL_SECONDS = 0.001


class Recording:
    """At most `MAX_MOMENTS` moments, evenly spread however long it gets: when full, every other one goes."""

    def __init__(self) -> None:
        self.moments: list[Any] = []
        self._interval_seconds = FIRST_INTERVAL_SECONDS
        self._next = 0.0

    def wants(self, elapsed_seconds: float) -> bool:
        """Whether a moment should be kept now; seconds count from the start of training."""
        return self._next <= elapsed_seconds < SECONDS_TOO_SHORT_TO_WATCH

    def add(self, elapsed_seconds: float, moment: Any) -> None:
        """Keep a moment."""
        self.moments.append(moment)
        if len(self.moments) > MAX_MOMENTS:
            self.moments = self.moments[::2]
            self._interval_seconds *= 2
        self._next = elapsed_seconds + self._interval_seconds
