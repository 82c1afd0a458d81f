"""The status line: how long the questions that are being graded have taken, and how far their trainings are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from grading.console import Console
from grading.outcomes import Progress

SECONDS_BETWEEN_STATUS_LINES = 0.2


class StatusLine:
    """One line for all questions that are being graded. Any thread may show one on it.

    Args:
        console: that has the line.
        clock: gives the seconds that are shown.
    """

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._texts: dict[threading.Event, str] = {}  # of the questions, by their ends

    @contextmanager
    def showing(self, name: str, started: float) -> Iterator[Callable[[Progress], None]]:
        """Show a question while the block runs; gives the function that takes reports of its progress.

        Args:
            name: of the question.
            started: when its grading began, on the clock.
        """
        latest: Progress = {}
        done = threading.Event()

        def redraw() -> None:
            while not done.wait(SECONDS_BETWEEN_STATUS_LINES):
                self._texts[done] = status_text(name, self._clock() - started, latest)
                self._draw()

        thread = threading.Thread(target=redraw, daemon=True)
        thread.start()
        try:
            yield latest.update
        finally:
            done.set()
            thread.join()
            self._texts.pop(done, None)
            self._draw()

    def clear(self) -> None:
        """Remove the line."""
        self._console.status("")

    def _draw(self) -> None:
        self._console.status("   ".join(list(self._texts.values())))


def status_text(name: str, seconds: float, progress: Progress) -> str:
    """For example `q3 Digits  0:07  epoch 2.41  validation accuracy 96.9%`."""
    text = f"{name}  {int(seconds) // 60}:{int(seconds) % 60:02d}"
    epochs, accuracy = progress.get("epochs"), progress.get("validation_accuracy")
    updates, loss = progress.get("updates"), progress.get("loss")
    if isinstance(epochs, (int, float)):
        text += f"  epoch {epochs:.2f}"
    elif isinstance(updates, int):
        text += f"  update {updates}"
    if isinstance(loss, float) and accuracy is None:
        text += f"  loss {loss:.3g}"
    if isinstance(accuracy, (int, float)):
        text += f"  validation accuracy {accuracy:.1%}"
    return text
