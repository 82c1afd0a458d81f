"""The loop of every training run: one step after the other, until the end or Ctrl-C."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from training.device import CPU, Device
from training.parallel import ALONE, Parallel


@dataclass(frozen=True)
class Length:
    """How long a run is: so many steps, or, where `steps` is None, so many seconds."""

    steps: int | None = None
    seconds: float = 0.0

    def progress(self, steps_done: int, seconds: float) -> float:
        """The share that is done, 0 to 1, or beyond where the last step took longer than was left."""
        return steps_done / self.steps if self.steps is not None else seconds / self.seconds


class Loop:
    """Counts `steps_done` and `seconds` of a run, and the share of it that is done, `progress`.

    Args:
        length: of the whole run.
        parallel: this process among others; all follow the clock, and the Ctrl-C, of the one that leads.
        device: where they exchange what they know.
    """

    def __init__(self, length: Length, parallel: Parallel = ALONE, device: Device = CPU) -> None:
        self._length, self._parallel, self._device = length, parallel, device
        self.resume(0, 0.0)

    def resume(self, steps_done: int, seconds: float) -> None:
        """Count on from an earlier part of the run."""
        self.steps_done, self.seconds = steps_done, seconds
        self.progress = self._length.progress(steps_done, seconds)

    @property
    def is_done(self) -> bool:
        """Whether the end is reached."""
        return self.progress >= 1

    def steps(self, stopped: Callable[[], bool] = lambda: False) -> Iterator[float]:
        """Give the share that is done before each step, until the end, or until `stopped` says so."""
        started = time.monotonic() - self.seconds
        while True:
            self.seconds = time.monotonic() - started
            seen = [self._length.progress(self.steps_done, self.seconds), float(stopped())]
            self.progress, stop = self._parallel.agree(seen, self._device.torch_device)
            if self.is_done or stop:
                return
            yield self.progress
            self.steps_done += 1


@contextmanager
def interruption() -> Iterator[Callable[[], bool]]:
    """While the block runs, the first Ctrl-C only sets a flag; the second one interrupts as always."""
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        earlier = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread: nobody can press Ctrl-C here
        yield lambda: False
        return
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, earlier)
