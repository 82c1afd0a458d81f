"""What a Dask worker does: it keeps the grader unpacked, and for each submission starts a process that grades it.

Nothing of a submission runs or is imported in the worker itself. The worker sends files in and takes files out; if it
dies, the process it started notices and ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from distributed import Worker, WorkerPlugin, get_worker

from grading.gradescope import privacy
from grading.isolation import family
from staff.classroom.grader import ALSO_PRIVATE, ENTRY
from staff.classroom.work import Reply, WorkItem
from staff.interpreter import NoInterpreter, interpreter

SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_TO_END = 12.0
MAX_OUTPUT_BYTES = 100_000
MAX_REPORT_BYTES = 8 * 2**20
# A sum over threads depends on how many there are. One for each submission makes results the same bit for bit, however
# many cores a worker has and whatever else it does.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
WITHDRAWN = "withdrawn"  # a failure that nobody waits for any more


class UnpackedGrader(WorkerPlugin):
    """Brings the grader's files to every worker, also to those that come later, and takes them away again.

    Args:
        name: unique for these files.
        files: content by path.
    """

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        self.name = name
        self.place: Path | None = None
        self._files = dict(files)

    def setup(self, worker: Worker) -> None:
        """Unpack. What is not for student processes is closed to other users."""
        self.place = Path(tempfile.mkdtemp(prefix="nn-class-", dir=_passable(Path(worker.local_directory))))
        self.place.chmod(0o711)
        (self.place / "orders").mkdir(mode=0o700)
        source = self.place / "source"
        for path, content in self._files.items():
            file = source / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        privacy.open_to_all(source, ALSO_PRIVATE)

    def teardown(self, worker: Worker) -> None:
        """Remove what was unpacked."""
        if self.place is not None:
            shutil.rmtree(self.place, ignore_errors=True)


def grade(item: WorkItem, plugin: str) -> Reply:
    """Grade one submission; called by Dask in a worker.

    Args:
        item: what to grade.
        plugin: name of the `UnpackedGrader`.
    """
    worker = get_worker()
    key = worker.get_current_task()

    def is_withdrawn() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state in ("cancelled", "resumed", "released")

    unpacked = worker.plugins.get(plugin)
    if not isinstance(unpacked, UnpackedGrader) or unpacked.place is None:
        return Reply(failure=f"the worker {worker.address} has not received the grader", worker=worker.address)
    started = time.monotonic()
    try:
        reply = run(unpacked.place, item, is_withdrawn)
    except (OSError, NoInterpreter) as error:
        reply = Reply(failure=f"the worker cannot grade: {error}")
    return Reply(reply.document, reply.report, reply.output, reply.failure, time.monotonic() - started, worker.address)


def run(place: Path, item: WorkItem, is_withdrawn: Callable[[], bool] = lambda: False) -> Reply:
    """Start `grade_one` for an item and wait for its end.

    Args:
        place: where the grader is unpacked.
        item: what to grade.
        is_withdrawn: asked again and again; once it says yes, the process is ended.
    Raises:
        OSError: files cannot be written, or no process started.
        NoInterpreter: there is no Python here that student processes could use.
    """
    with tempfile.TemporaryDirectory(dir=place / "orders", ignore_cleanup_errors=True) as name:
        order = Path(name)
        (order / "submission").mkdir()
        for file_name, content in item.files.items():
            file = order / "submission" / file_name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
        settings = item.settings.as_dict() | {"private": ALSO_PRIVATE, "id": item.id, "report": item.report}
        (order / "order.json").write_text(json.dumps(settings), encoding="utf-8")
        failure = _run_to_its_end(place, order, item, is_withdrawn)
        output = _tail(order / "output.txt")
        try:
            document = json.loads((order / "result.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            last = _last_line(order / "output.txt")
            return Reply(failure=failure or f"the grader ended without a result: {last}", output=output)
        return Reply(document, _report(order / "report"), output, failure)


def _run_to_its_end(place: Path, order: Path, item: WorkItem, is_withdrawn: Callable[[], bool]) -> str:
    """Why it did not end by itself and well; empty if it did."""
    python, python_path = interpreter()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DASK"))}
    environment |= ONE_THREAD | ({"PYTHONPATH": python_path} if python_path else {})
    deadline = time.monotonic() + item.timeout_seconds
    with (order / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [python, str(place / "source" / ENTRY), str(order)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=order,
            env=environment,
            **family.own_group(),
        )
        try:
            while (status := process.poll()) is None:
                if is_withdrawn():
                    return WITHDRAWN
                if time.monotonic() > deadline:
                    return f"the grader did not end within {item.timeout_seconds:.0f} seconds"
                time.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            _end(process)
    return "" if status == 0 else f"the grader ended with status {status}: {_last_line(order / 'output.txt')}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let go of the lifeline, so that the grader ends its student processes; what is left then is killed."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_TO_END)
        return
    family.end(process.pid)
    process.wait()


def _passable(folder: Path) -> Path:
    """A worker's folder through which other users may pass; as root, student processes have other users."""
    with contextlib.suppress(OSError):
        for one in (folder, folder.parent):
            one.chmod(one.stat().st_mode | 0o011)
    return folder


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - MAX_OUTPUT_BYTES, 0))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _last_line(path: Path) -> str:
    return next((line.strip() for line in reversed(_tail(path).splitlines()) if line.strip()), "it said nothing")


def _report(folder: Path) -> dict[str, bytes]:
    """The report's files by path, as long as they fit."""
    files: dict[str, bytes] = {}
    left = MAX_REPORT_BYTES
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= left:
            left -= path.stat().st_size
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files
