"""Shows a model while it learns. Training never waits for a picture, and comes out the same with and without."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch

from backend import CourseDataset, left_as_it_was
from grading.child.pictures import window as windows
from grading.child.pictures.budget import REDRAWS_PER_SECOND, Budget
from grading.child.pictures.recording import SECONDS_TOO_SHORT_TO_WATCH, Recording
from grading.child.pictures.table import PICTURES

LEAST_ROWS = 100  # smaller training sets are the made-up cases of checks, over in a moment
SECONDS_BETWEEN_LOOKS = 0.001
FINE_SECONDS = 1e-5
SECONDS_FOR_THE_LAST_PICTURE = 2.0
SECONDS_TO_LOOK_AT_IT = 1.0


class Window(Protocol):
    """What pictures are shown in, such as `window.ViewerWindow`."""

    @property
    def is_gone(self) -> bool:
        """The window is closed, or has failed."""

    @property
    def is_idle(self) -> bool:
        """The last state has been drawn."""

    def show(self, epochs: float | None, state: dict[str, Any]) -> None:
        """Have a state drawn some time soon."""

    def take_draw_seconds(self) -> float:
        """What drawing has cost elsewhere since this was last asked."""

    def wait_until_idle(self, seconds: float) -> None:
        """Return when the last state is drawn, or time is up."""

    def linger(self, seconds: float) -> None:
        """Leave the window up for so long."""

    def close(self) -> None:
        """Take it away."""


class Live:
    """Hangs pictures on training calls. After any failure, or once a window is closed, it shows nothing more.

    Args:
        title: of every window, such as `q3 Digit classification`.
        open_window: makes a window from a title and a picture's name; None for real ones, where there is a display.
        clock: gives seconds.
    """

    def __init__(
        self,
        title: str,
        open_window: Callable[[str, str], Window] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._title = title
        self._open_window = open_window or windows.ViewerWindow
        self._clock = clock
        self._is_over = open_window is None and not windows.has_display()

    @contextmanager
    def watching(self, name: str, dataset: CourseDataset) -> Iterator[None]:
        """Open a window, show how the dataset's model changes while the block runs, and close it a moment later."""
        if self._is_over or not hasattr(PICTURES.get(name), "Reader") or len(dataset) < LEAST_ROWS:
            yield
            return
        watch = _Watch(dataset, PICTURES[name].Reader, self._clock)
        with self._any_failure_ends_it(watch):
            watch.open(lambda: self._open_window(self._title, name))
        try:
            with watch.hung_on(lambda: self._any_failure_ends_it(watch)):
                yield
            with self._any_failure_ends_it(watch):
                watch.show_last()
        finally:
            watch.close()

    @contextmanager
    def _any_failure_ends_it(self, watch: _Watch) -> Iterator[None]:
        """Turn whatever goes wrong with a picture into one line, the end of pictures, and nothing else."""
        try:
            yield
        except Exception as error:  # of a toolkit, the operating system, or the student's model in mid-training
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            print(f"(no more pictures: {reason}; training goes on)", flush=True)
            self._is_over = True
            watch.close()


class _Watch:
    """One training call's window, reader and budget."""

    def __init__(
        self, dataset: CourseDataset, make_reader: Callable[[CourseDataset], Any], clock: Callable[[], float]
    ) -> None:
        self._dataset, self._make_reader, self._clock = dataset, make_reader, clock
        self._budget = Budget(clock, work_clock(clock))
        self._next_look = clock()
        self._window: Window | None = None
        self._recording = Recording()
        self._rows_fetched = 0
        self._owner = os.getpid(), threading.get_ident()
        self._drawing_slows_training = windows.elapsed_draw_counts()

    def open(self, open_window: Callable[[], Window]) -> None:
        """Open the window and show the untrained model."""
        with self._left_alone():
            reader = self._make_reader(self._dataset)
        self._read = reader.read
        self._window = open_window()
        self._window.show(*(first := self._moment()))
        with self._budget.look():
            self._moment()  # the second time is what it costs
        self._recording.add(0.0, first)
        self._budget.begin()

    @contextmanager
    def hung_on(self, guard: Callable[[], Any]) -> Iterator[None]:
        """Take a look whenever training fetches a batch or asks for validation accuracy, while the block runs."""
        fetch, validate = self._dataset.__getitems__, self._dataset.get_validation_accuracy

        def watched_fetch(indices: list[int]) -> Any:
            self._rows_fetched += len(indices)
            look()
            return fetch(indices)

        def watched_validation() -> float:
            look()
            return validate()

        def look() -> None:
            now = self._clock()
            if now < self._next_look:  # most calls end here: a batch may take no more than some microseconds
                return
            self._next_look = now + SECONDS_BETWEEN_LOOKS
            # a loader's worker process, or another thread of the student's, has no business with the window
            if self._window is not None and (os.getpid(), threading.get_ident()) == self._owner:
                with guard():
                    self._look()

        shadows = {"__getitems__": watched_fetch, "get_validation_accuracy": watched_validation}
        vars(self._dataset).update(shadows)
        try:
            yield
        finally:
            for name in shadows:
                vars(self._dataset).pop(name, None)

    def show_last(self) -> None:
        """Show the trained model, after how it came about if that was too quick, and leave it up for a moment."""
        if self._window is not None and not self._window.is_gone:
            if self._budget.elapsed_seconds < SECONDS_TOO_SHORT_TO_WATCH:
                for moment in self._recording.moments:
                    self._show_and_wait(moment, 1 / REDRAWS_PER_SECOND)
            self._show_and_wait(self._moment(), SECONDS_TO_LOOK_AT_IT)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def _look(self) -> None:
        assert self._window is not None
        if self._window.is_gone:
            raise windows.WindowFailed("the window was closed")
        elapsed = self._budget.elapsed_seconds
        wanted = self._recording.wants(elapsed)
        if self._window.is_idle and self._budget.allows_redraw():
            if self._drawing_slows_training:
                self._budget.charge(self._window.take_draw_seconds())
            with self._budget.redraw():
                moment = self._moment()
                self._window.show(*moment)
        elif wanted and self._budget.affords():
            with self._budget.look():
                moment = self._moment()
        else:
            return
        if wanted:
            self._recording.add(elapsed, moment)

    def _moment(self) -> tuple[float, dict[str, Any]]:
        """Passes over the data so far, and what the picture shows of the model."""
        with self._left_alone():
            return self._rows_fetched / len(self._dataset), dict(vars(self._read()))

    def _show_and_wait(self, moment: tuple[float, dict[str, Any]], seconds: float) -> None:
        assert self._window is not None
        self._window.wait_until_idle(SECONDS_FOR_THE_LAST_PICTURE)
        self._window.show(*moment)
        self._window.wait_until_idle(SECONDS_FOR_THE_LAST_PICTURE)
        self._window.linger(seconds)

    @contextmanager
    def _left_alone(self) -> Iterator[None]:
        """Read the model in evaluation mode, without gradients and without a trace."""
        assert self._dataset.model is not None
        with left_as_it_was(self._dataset.model), torch.no_grad():
            yield


def work_clock(clock: Callable[[], float]) -> Callable[[], float]:
    """This thread's processor time, where it is fine enough to measure a look; otherwise the clock."""
    is_fine = time.get_clock_info("thread_time").resolution <= FINE_SECONDS
    return time.thread_time if clock is time.perf_counter and is_fine else clock
