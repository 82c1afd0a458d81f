"""Questions side by side: how many at once, and their results in the order of the questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from grading.outcomes import QuestionResult
from startup import cores

BYTES_PER_QUESTION = 900 * 2**20  # the largest reference solution takes some 600 MiB while it trains
MEMORY_FILE = Path("/proc/meminfo")  # Linux; see proc_meminfo(5)


def jobs(questions: int) -> int:
    """How many of so many questions to grade at the same time: one a core, as far as memory reaches; at least 1."""
    room = free_bytes()
    fitting = questions if room is None else room // BYTES_PER_QUESTION
    return max(1, min(questions, cores(), fitting))


def free_bytes() -> int | None:
    """Memory that new processes can take without swapping; None where the system does not tell."""
    try:
        rows = dict(line.split(":", 1) for line in MEMORY_FILE.read_text(encoding="ascii").splitlines())
        return int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


class InOrder:
    """Shows results in the order of the questions; each waits for those before it.

    Args:
        ids: of the questions, in their order.
        show: called with each result, once.
    """

    def __init__(self, ids: Iterable[str], show: Callable[[QuestionResult], None]) -> None:
        self._waiting = list(ids)
        self._finished: dict[str, QuestionResult] = {}
        self._show = show

    def __call__(self, result: QuestionResult) -> None:
        """Take a result; show it, and those that waited for it, unless it has to wait itself."""
        self._finished[result.id] = result
        while self._waiting and self._waiting[0] in self._finished:
            self._show(self._finished.pop(self._waiting.pop(0)))

    def rest(self) -> None:
        """Show the results that still wait for one before them: a run that was interrupted does not lose them."""
        for name in [name for name in self._waiting if name in self._finished]:
            self._show(self._finished.pop(name))
