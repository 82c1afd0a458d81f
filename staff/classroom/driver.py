"""Hands submissions to workers and passes on what comes back, whatever happens to workers in between."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

from distributed import CancelledError, Client, Future, KilledWorker, as_completed

from staff.classroom.errors import ClassroomError
from staff.classroom.work import Reply, WorkItem
from staff.classroom.worker import grade

ATTEMPTS = 3
WAITING_PER_WORKER = 2  # handed out ahead, so that no worker waits for the driver
SECONDS_BETWEEN_COUNTS = 5.0  # of workers, which may come and go
ALIKE_TO_STOP = 3  # so many first submissions whose grader failed with the same words: nothing will go well

Grade = Callable[[WorkItem, str], Reply]


@dataclass
class Driver:
    """Grades items on a client's workers.

    A failure of the grader is tried again, on another worker if there is one. A submission during which workers died is
    tried once more by itself, so that it cannot be blamed for a neighbour; then the failure is the result.

    Attributes:
        client: connected.
        plugin: the name under which workers have the grader.
        grade: what workers call; tests bring their own.
    """

    client: Client
    plugin: str
    grade: Grade = grade
    _running: dict[Future, tuple[WorkItem, int]] = field(default_factory=dict, repr=False)
    _counted: float = field(default=float("-inf"), repr=False)
    _room: int = field(default=1, repr=False)

    def run(self, items: Sequence[WorkItem]) -> Iterator[tuple[WorkItem, Reply]]:
        """Each item with what came of it, in the order in which they end.

        Raises:
            ClassroomError: the scheduler is gone, or the grader fails everywhere.
        """
        waiting, alone = deque(items), list[WorkItem]()
        first_failures: list[str] | None = []
        done = as_completed()
        while waiting or self._running:
            while waiting and len(self._running) < self._capacity():
                done.add(self._submit(waiting.popleft(), 1))
            future = next(done)
            item, attempt = self._running.pop(future)
            reply = self._reply(future, attempt)
            if reply is None:
                alone.append(item)
            elif reply.failure and attempt < ATTEMPTS:
                done.add(self._submit(item, attempt + 1, avoid=reply.worker))
            else:
                if first_failures is not None:
                    first_failures = _still_alike(first_failures, reply)
                yield item, reply
        for item in alone:
            future = self._submit(item, ATTEMPTS)
            reply = self._reply(next(as_completed([future])), ATTEMPTS)
            self._running.clear()
            yield item, reply or Reply(failure="every worker that began to grade this died", attempts=ATTEMPTS)

    def _submit(self, item: WorkItem, attempt: int, avoid: str = "") -> Future:
        others = [address for address in self.client.nthreads() if address != avoid] if avoid else []
        future = self.client.submit(
            self.grade,
            item,
            self.plugin,
            key=f"grade-{uuid4().hex}",  # without the id: a folder name in no encoding cannot be sent
            pure=False,
            workers=others or None,
            allow_other_workers=bool(others),
        )
        self._running[future] = (item, attempt)
        return future

    def _reply(self, future: Future, attempt: int) -> Reply | None:
        """What came; None if workers died over it."""
        try:
            return replace(future.result(), attempts=attempt)
        except KilledWorker:
            return None
        except CancelledError as error:
            raise ClassroomError(
                "the scheduler is gone. What is graded is kept: the same command again goes on from here"
            ) from error
        except Exception as error:  # whatever a worker raised: the class goes on
            return Reply(failure=f"{type(error).__name__} on the worker: {error}")

    def _capacity(self) -> int:
        now = time.monotonic()
        if now - self._counted > SECONDS_BETWEEN_COUNTS:
            self._counted = now
            self._room = max(1, WAITING_PER_WORKER * sum(self.client.nthreads().values()))
        return self._room


def _still_alike(failures: list[str], reply: Reply) -> list[str] | None:
    """The failures so far; None once one went well.

    Raises:
        ClassroomError: the first ones all failed with the same words.
    """
    if not reply.failure:
        return None
    failures = [*failures, reply.failure]
    if len(failures) == ALIKE_TO_STOP and len(set(failures)) == 1:
        raise ClassroomError(f"the grader fails on every submission: {failures[0]}")
    return failures
