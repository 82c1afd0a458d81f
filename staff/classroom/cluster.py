"""Workers: a local cluster of processes, or those of a scheduler that is there already."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import dask
from distributed import Client, LocalCluster

from staff.classroom.errors import ClassroomError
from staff.classroom.grader import Grader
from staff.classroom.worker import UnpackedGrader

SECONDS_FOR_WORKERS = 60
DEATHS_BORNE = 1  # of a worker with a submission at hand, before the driver tries that one by itself

# A terminal sends Ctrl-C to every process. The driver ends the workers; they would print tracebacks before.
LEAVE_INTERRUPTS_TO_THE_DRIVER = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


@contextmanager
def connected(scheduler: str | None, workers: int, grader: Grader) -> Iterator[tuple[Client, str]]:
    """A client whose workers have the grader, and the name under which they have it.

    Args:
        scheduler: its address, or None to start a local cluster.
        workers: how many processes a local cluster gets.
        grader: goes to every worker, once.
    Raises:
        ClassroomError: there is no scheduler at that address, or it has no workers.
    """
    options: dict[str, object] = {
        "distributed.scheduler.allowed-failures": DEATHS_BORNE,
        "distributed.admin.log-format": "%(message)s",
        "distributed.admin.low-level-log-length": 0,  # else the last 1,000 messages stay, with every file in them
        # what watches Dask itself; by default, a driver and two workers use an eighth of a core while they wait
        "distributed.worker.profile.enabled": False,
        "distributed.admin.tick.interval": "500ms",
    }
    with dask.config.set(options), _cluster(workers) if scheduler is None else _nothing() as cluster:
        try:
            client = Client(cluster or scheduler, timeout=SECONDS_FOR_WORKERS / 4)
        except (OSError, ValueError, TimeoutError) as error:
            raise ClassroomError(
                f"--scheduler {scheduler}: no Dask scheduler answers there ({error}). Start one with `dask scheduler`, "
                "and workers with `dask worker ADDRESS --nthreads 1` in the project's folder"
            ) from error
        with client:
            try:
                client.wait_for_workers(1, timeout=SECONDS_FOR_WORKERS)
            except TimeoutError as error:
                raise ClassroomError(
                    f"--scheduler {scheduler}: has no workers. Start some: `dask worker {scheduler} --nthreads 1`"
                ) from error
            name = f"grader-{grader.hash}-{uuid4().hex[:8]}"
            client.register_plugin(UnpackedGrader(name, grader.files), name=name)
            try:
                yield client, name
            finally:
                if client.status == "running":
                    client.unregister_worker_plugin(name)


@contextmanager
def _cluster(workers: int) -> Iterator[LocalCluster]:
    # Memory is measured and limited where it is used, in the student processes. Dask's own page gets any free port.
    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
        preload=[LEAVE_INTERRUPTS_TO_THE_DRIVER],
    ) as cluster:
        yield cluster


@contextmanager
def _nothing() -> Iterator[None]:
    yield None
