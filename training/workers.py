"""Threads that compute independent parts of one task, each with one thread of torch's.

Torch's own threads share every single operation and wait for one another at its end, some hundred times in a step. They
spin while they wait. Where another program has a core, the last of them is late at each operation. Workers wait for
one another at the end of a part. So a busy machine costs them only the time that the other program takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch

from startup import cores

MAX_WORKERS = 8  # parts of a batch become too small for more

Result = TypeVar("Result")


class Workers:
    """So many threads; the caller's own thread where there is one.

    Results do not depend on how fast the threads are. The number of threads decides how a batch is cut into parts, and
    with it the last bits of sums over the parts.
    """

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self._pool: ThreadPoolExecutor | None = None

    def map(self, function: Callable[..., Result], *columns: Iterable[Any]) -> list[Result]:
        """Call the function once for each row of the columns; returns the results in order.

        Gradients are recorded where the caller records them. The first exception of a row passes through, once all
        rows have ended.
        """
        rows = list(zip(*columns, strict=True))
        if self.count == 1 or len(rows) < 2:
            return [function(*row) for row in rows]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="worker")
        recorded = torch.is_grad_enabled()

        def call(row: tuple[Any, ...]) -> Result:
            with torch.set_grad_enabled(recorded):
                return function(*row)

        calls = [self._pool.submit(call, row) for row in rows]
        errors = [error for each in calls if (error := each.exception())]
        if errors:
            raise errors[0]
        return [each.result() for each in calls]


ONE = Workers()


def of_this_machine(threads: int | None = None, processes: int = 1) -> Workers:
    """Workers for every core, or so many `threads`.

    For a program's start: from now on, torch uses one thread for each operation in the whole process.

    processes: that share the machine's cores.
    """
    torch.set_num_threads(1)
    return Workers(threads or max(1, min(MAX_WORKERS, cores() // processes)))
