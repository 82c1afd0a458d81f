"""What a run costs: the processor seconds of all its processes, and the most memory they held together."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType

from grading.isolation import memory

SECONDS_BETWEEN_SAMPLES = 0.25


class Meter:
    """Measures this process and all that it starts. Use as a context manager; read it afterwards.

    Attributes:
        seconds: by the clock on the wall.
        processor_seconds: of every process that has ended and been waited for, and of this one, the measuring taken
            off; None where the platform does not tell (Windows).
        memory_bytes: the most that all held at one moment, or None. On Linux pages that processes share count once.
            On macOS it is the peak of this process plus that of the largest other one. Both together can be more than
            what was held at any one moment.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.processor_seconds: float | None = None
        self.memory_bytes: int | None = None
        self._own_seconds = 0.0
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Meter:
        self._started = time.monotonic()
        self._before = _processor_seconds()
        if sys.platform == "linux":
            self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        if self._sampler.is_alive():
            self._sampler.join()
        self.seconds = time.monotonic() - self._started
        after = _processor_seconds()
        if self._before is not None and after is not None:
            self.processor_seconds = max(0.0, after - self._before - self._own_seconds)
        if self.memory_bytes is None:
            self.memory_bytes = _largest_bytes()

    def _sample(self) -> None:
        while not self._done.wait(SECONDS_BETWEEN_SAMPLES):
            self.memory_bytes = max(self.memory_bytes or 0, memory.family_bytes(os.getpid()))
            self._own_seconds = time.thread_time()


def _processor_seconds() -> float | None:
    """Of this process and of its descendants that have been waited for; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _largest_bytes() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return sum(resource.getrusage(who).ru_maxrss * unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
