"""Shows a model while it learns. Training never waits for a picture, and comes out the same with and without."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any, Protocol

import torch

from backend import CourseDataset, left_as_it_was
from pictures.windows import window as windows
from pictures.windows.budget import REDRAWS_PER_SECOND, Budget
from pictures.windows.display import has_display
from pictures.windows.recording import SECONDS_TOO_SHORT_TO_WATCH, Recording
from startup import cores

MIN_ROWS = 100  # smaller training sets are the made-up cases of checks, over in a moment
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
        open_window: makes a window from a title and the name of a picture's module; None for real ones, where there
            is a display.
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
        self._is_over = open_window is None and not has_display()

    @contextmanager
    def watching(self, name: str, dataset: CourseDataset) -> Iterator[None]:
        """Open a window, show how the dataset's model changes while the block runs, and close it a moment later.

        Args:
            name: of the module of a reader of datasets.
            dataset: with the model that is being trained.
        """
        if self._is_over or len(dataset) < MIN_ROWS:
            yield
            return
        assert dataset.model is not None
        fetches = _Fetches(dataset)
        with (
            self._watch(name, dataset.model, lambda reading: reading.Reader(dataset), fetches) as (look, _),
            fetches.seen_by(look),
        ):
            yield

    def watcher(self, name: str, **details: Any) -> Callable[..., AbstractContextManager[Callable[..., None]]]:
        """What a provided trainer can be watched by: `with watch(model, ...) as note:`, and `note(...)` at every step.

        Args:
            name: of the module of a reader that takes notes.
            details: for the reader, besides what the trainer hands over.
        """

        @contextmanager
        def watch(model: torch.nn.Module, *subject: Any) -> Iterator[Callable[..., None]]:
            if self._is_over:
                yield _ignore
                return
            reader: Any = None

            def make_reader(reading: ModuleType) -> Any:
                nonlocal reader
                reader = reading.Reader(model, *subject, **details)
                return reader

            with self._watch(name, model, make_reader) as (look, guard):

                def note(*told: Any) -> None:
                    if not self._is_over:
                        with guard():
                            reader.note(*told)
                        look()

                yield note

        return watch

    @contextmanager
    def _watch(
        self,
        name: str,
        model: torch.nn.Module,
        make_reader: Callable[[ModuleType], Any],
        fetches: _Fetches | None = None,
    ) -> Iterator[tuple[Callable[[], None], Callable[[], AbstractContextManager[None]]]]:
        """A window while the block runs.

        Gives two functions. The first is to be called whenever there may be something to see. The second guards a block
        of code whose failure should end the pictures and nothing else.
        """
        watch, seconds = _Watch(model, fetches, self._clock), SECONDS_TO_LOOK_AT_IT
        with self._any_failure_ends_it(watch):
            reading = importlib.import_module(name)
            picture = getattr(reading, "PICTURE", name)
            seconds = getattr(importlib.import_module(picture), "SECONDS_TO_READ", SECONDS_TO_LOOK_AT_IT)
            watch.open(lambda: make_reader(reading), lambda: self._open_window(self._title, picture))
        try:

            def guard() -> AbstractContextManager[None]:
                return self._any_failure_ends_it(watch)

            yield (lambda: watch.look(guard)), guard
            with self._any_failure_ends_it(watch):
                watch.show_last(seconds)
        finally:
            watch.close()

    @contextmanager
    def _any_failure_ends_it(self, watch: _Watch) -> Iterator[None]:
        """Turn whatever goes wrong with a picture into one line, the end of pictures, and nothing else."""
        try:
            yield
        except (Exception, SystemExit) as error:  # of a toolkit, the system, or the student's model in mid-training
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            print(f"(no more pictures: {reason.rstrip('.')}; training goes on)", flush=True)
            self._is_over = True
            watch.close()


class _Fetches:
    """A dataset that tells when training fetches a batch or asks for validation accuracy."""

    def __init__(self, dataset: CourseDataset) -> None:
        self._dataset = dataset
        self._rows = 0

    @property
    def epochs(self) -> float:
        """Passes over the data so far."""
        return self._rows / len(self._dataset)

    @contextmanager
    def seen_by(self, look: Callable[[], None]) -> Iterator[None]:
        """Call `look` before each of them while the block runs."""
        fetch, validate = self._dataset.__getitems__, self._dataset.get_validation_accuracy

        def watched_fetch(indices: list[int]) -> Any:
            self._rows += len(indices)
            look()
            return fetch(indices)

        def watched_validation() -> float:
            look()
            return validate()

        shadows = {"__getitems__": watched_fetch, "get_validation_accuracy": watched_validation}
        vars(self._dataset).update(shadows)
        try:
            yield
        finally:
            for name in shadows:
                vars(self._dataset).pop(name, None)


class _Watch:
    """One training call's window, reader and budget."""

    def __init__(self, model: torch.nn.Module, fetches: _Fetches | None, clock: Callable[[], float]) -> None:
        self._model, self._fetches, self._clock = model, fetches, clock
        self._budget = Budget(clock, work_clock(clock))
        self._next_look = clock()
        self._window: Window | None = None
        self._recording = Recording()
        self._owner = os.getpid(), threading.get_ident()
        self._drawing_slows_training = cores() == 1  # for the viewer and for training

    def open(self, make_reader: Callable[[], Any], open_window: Callable[[], Window]) -> None:
        """Open the window and show the untrained model."""
        with self._left_alone():
            self._reader = make_reader()
        self._window = open_window()
        self._window.show(*(first := self._moment()))
        with self._budget.look():
            self._moment()  # the second time is what it costs
        self._recording.add(0.0, first)
        self._budget.begin()

    def look(self, guard: Callable[[], AbstractContextManager[None]]) -> None:
        """Take a look if it is time for one and the budget affords it."""
        now = self._clock()
        if now < self._next_look:  # most calls end here: a batch may take no more than some microseconds
            return
        self._next_look = now + SECONDS_BETWEEN_LOOKS
        # a loader's worker process, or another thread of the student's, has no business with the window
        if self._window is not None and (os.getpid(), threading.get_ident()) == self._owner:
            with guard():
                self._look()

    def show_last(self, seconds: float) -> None:
        """Show the trained model, after how it came about if that was too quick, and leave it up for so long."""
        if self._window is not None and not self._window.is_gone:
            if self._budget.elapsed_seconds < SECONDS_TOO_SHORT_TO_WATCH:
                for moment in self._recording.moments:
                    self._show_and_wait(moment, 1 / REDRAWS_PER_SECOND)
            self._show_and_wait(self._moment(is_last=True), seconds)

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

    def _moment(self, is_last: bool = False) -> tuple[float | None, dict[str, Any]]:
        """Passes over the data so far, where they are counted, and what the picture shows of the model."""
        read = getattr(self._reader, "read_last", self._reader.read) if is_last else self._reader.read
        with self._left_alone():
            return None if self._fetches is None else self._fetches.epochs, dict(vars(read()))

    def _show_and_wait(self, moment: tuple[float | None, dict[str, Any]], seconds: float) -> None:
        assert self._window is not None
        self._window.wait_until_idle(SECONDS_FOR_THE_LAST_PICTURE)
        self._window.show(*moment)
        self._window.wait_until_idle(SECONDS_FOR_THE_LAST_PICTURE)
        self._window.linger(seconds)

    @contextmanager
    def _left_alone(self) -> Iterator[None]:
        """Read the model in evaluation mode, without gradients and without a trace."""
        with left_as_it_was(self._model), torch.no_grad():
            yield


def _ignore(*told: Any) -> None:
    """What a trainer tells when nobody looks."""


def work_clock(clock: Callable[[], float]) -> Callable[[], float]:
    """This thread's processor time, where it is fine enough to measure a look; otherwise the clock."""
    is_fine = time.get_clock_info("thread_time").resolution <= FINE_SECONDS
    return time.thread_time if clock is time.perf_counter and is_fine else clock
