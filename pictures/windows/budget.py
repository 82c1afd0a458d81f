"""How often to draw: at most ten times a second, at most a fixed share of training time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

REDRAWS_PER_SECOND = 10
MAX_SHARE = 0.10  # of the time that training itself takes; with the bookkeeping between looks, 15% at most


class Budget:
    """Measures what looking at the model costs and says when to look again.

    Args:
        clock: gives seconds, never running backwards.
        work_clock: gives the processor's seconds, in which costs are compared: on a busy machine the clock's seconds
            tell more about its other work. None for the same clock.
    """

    def __init__(self, clock: Callable[[], float], work_clock: Callable[[], float] | None = None) -> None:
        self._clock, self._work_clock = clock, work_clock or clock
        self._began = self._latest = clock()
        self._work_began = self._work_clock()
        self._expected_seconds = 0.0
        self.spent_seconds = 0.0
        self.redraws = 0

    def begin(self) -> None:
        """Training starts now: what was spent before does not count, but tells what a redraw will cost."""
        self._began, self._work_began = self._clock(), self._work_clock()
        self.spent_seconds, self.redraws = 0.0, 0

    @property
    def elapsed_seconds(self) -> float:
        """Since training started."""
        return self._clock() - self._began

    def affords(self) -> bool:
        """Whether another look at the model, at the price of the last ones, keeps to the share."""
        training_seconds = self._work_clock() - self._work_began - self.spent_seconds
        return self.spent_seconds + self._expected_seconds <= MAX_SHARE * training_seconds

    def allows_redraw(self) -> bool:
        """Whether a redraw keeps both limits now."""
        return self._clock() - self._latest >= 1 / REDRAWS_PER_SECOND and self.affords()

    @contextmanager
    def look(self) -> Iterator[None]:
        """Measure a look at the model, which happens in the block."""
        started = self._work_clock()
        try:
            yield
        finally:
            self._charge(self._work_clock() - started)

    @contextmanager
    def redraw(self) -> Iterator[None]:
        """Measure a look that is also shown."""
        self._latest = self._clock()
        self.redraws += 1
        with self.look():
            yield

    def charge(self, seconds: float) -> None:
        """Add what the last redraw cost elsewhere, when that slowed training, too."""
        self.spent_seconds += seconds
        self._expected_seconds += seconds

    def _charge(self, seconds: float) -> None:
        self.spent_seconds += seconds
        self._expected_seconds = max(seconds, 0.8 * self._expected_seconds)  # a quick one may be luck
