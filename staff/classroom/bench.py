"""How fast a class is graded, and whether anything is lost when workers and drivers die: the made class, three times.

On one worker; on two; and on a scheduler of its own with two worker processes, of which one is killed, and then the
driver, before the same command goes on. All three must give the same scores.csv and the same results, bit for bit.

Or once, for a large class: is every submission graded, and does the driver's memory stay flat?
"""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grading.isolation.memory import distinct_bytes
from staff.classroom import made_class
from staff.classroom.errors import ClassroomError
from staff.classroom.records import Record
from staff.release.repository import files_of_working_tree
from startup import cores

SCALING_WANTED = 1.7
SECONDS_TO_START = 60.0
SECONDS_AT_MOST = 4 * 3600.0  # a run that takes longer hangs
SECONDS_BETWEEN_SAMPLES = 1.0
MEMORY_GROWTH = 1.25  # of the driver, from the first tenth of a class to the last
BESIDE_THE_RESULT = ("timing", "has_report")


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        questions: that are graded, joined by commas.
        time_limit_seconds: for each.
        submissions: so many; fewer than 60 are spread over the class, more repeat it; None for the 60.
        reports: write the pages with pictures, too.
        once: grade once, on a worker for each core, and watch the driver's memory.
    """

    questions: str
    time_limit_seconds: float
    submissions: int | None = None
    reports: bool = False
    once: bool = False


@dataclass(frozen=True)
class Workplace:
    """Where one grading of the class happens, and the command that does it."""

    plan: Plan
    project: Path
    export: Path
    out: Path

    def command(self, *where: str) -> list[str]:
        """The command line of `grade`."""
        plan = self.plan
        flags = ["-q", plan.questions, "--time-limit", f"{plan.time_limit_seconds:g}"]
        flags += [] if plan.reports else ["--no-reports"]
        return _python("staff.classroom", "grade", str(self.export), "--out", str(self.out), *flags, *where)

    def graded(self) -> int:
        """How many submissions are done."""
        return len(list(self.out.glob("submissions/*/result.json")))

    def records(self) -> dict[str, Record]:
        """Every record, by the submission's id."""
        paths = sorted(self.out.glob("submissions/*/result.json"))
        return {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}

    def results(self) -> dict[str, str]:
        """Everything in every record that must not differ from run to run."""
        found = {}
        for submission, record in self.records().items():
            kept = {name: value for name, value in record.items() if name not in BESIDE_THE_RESULT}
            found[submission] = json.dumps(kept, sort_keys=True)
        return found


def bench(plan: Plan, keep: Path | None = None) -> int:
    """Measure and print; returns 0 if everything is as it should be, 1 if not.

    Raises:
        ClassroomError: a grading failed altogether.
    """
    if os.name == "nt":
        raise ClassroomError("bench kills processes as POSIX systems do; run it on Linux or macOS")
    with ExitStack() as stack:
        kept = _new(keep) if keep else stack.enter_context(tempfile.TemporaryDirectory(prefix="nn-bench-"))
        folder = Path(kept).resolve()
        export = folder / "class.zip"
        wanted = plan.submissions or made_class.SIZE
        made = made_class.made_class(max(wanted, made_class.SIZE))
        made = made[:: len(made) // wanted][:wanted]
        export.write_bytes(made_class.zipped(made_class.export_files(made)))
        project = _copy_of_the_project(folder / "project")
        places = [Workplace(plan, project, export, folder / name) for name in ("one", "two", "killed")]
        print(
            f"{len(made)} submissions, {plan.questions}, {plan.time_limit_seconds:g} seconds for each question, "
            f"{cores()} cores, load {os.getloadavg()[0]:.1f} before",
            flush=True,
        )
        if plan.once:
            return _once(places[0], len(made))
        seconds = [_timed(place, workers) for place, workers in zip(places, (1, 2), strict=False)]
        scaling = seconds[0] / seconds[1]
        enough = scaling >= SCALING_WANTED
        print(f"scaling from 1 to 2 workers: {scaling:.2f} times ({SCALING_WANTED} wanted: {_yes(enough)})", flush=True)
        _kill_and_resume(places[2], len(made))
        same = [_same(places[0], other) for other in places[1:]]
        print(f"two workers: same scores.csv and results as one, bit for bit: {_yes(same[0])}")
        print(f"two processes on a scheduler, one killed, driver killed, resumed: the same: {_yes(same[1])}")
        return 0 if enough and all(same) else 1


def _new(folder: Path) -> Path:
    try:
        folder.mkdir()
    except OSError as error:
        raise ClassroomError(f"--keep {folder}: cannot be made ({error.strerror}); name a new folder") from error
    return folder


def _copy_of_the_project(folder: Path) -> Path:
    """The working tree as it is now: an edit of the grader meanwhile must not change it in the middle."""
    for path, content in files_of_working_tree().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)  # what a grader is made of is asked of git
    return folder


def _finished(place: Workplace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The grading of the class, come to its end.

    Raises:
        ClassroomError: there was no end.
    """
    command = place.command(*arguments)
    try:
        return subprocess.run(
            command, cwd=place.project, capture_output=True, text=True, timeout=SECONDS_AT_MOST, check=False
        )
    except subprocess.TimeoutExpired as error:
        hours = SECONDS_AT_MOST / 3600
        raise ClassroomError(
            f"grading did not end within {hours:g} hours. A class that needs longer: --once, without a limit"
        ) from error


def _timed(place: Workplace, workers: int) -> float:
    """Grade on a local cluster; returns the seconds from the first worker's start to the last result."""
    started = time.monotonic()
    finished = _finished(place, "--workers", str(workers))
    wall = time.monotonic() - started
    told = re.search(r"; ([\d.]+) s, ([\d.]+) submissions a minute", finished.stdout)
    if finished.returncode or told is None:
        raise ClassroomError(f"grading on {workers} workers failed:\n{finished.stdout}{finished.stderr[-3000:]}")
    print(
        f"{workers} worker{'s' * (workers > 1)}: {wall:6.1f} s in all, {told[1]} s from the first worker to the last "
        f"result, {told[2]} submissions a minute",
        flush=True,
    )
    return float(told[1])


def _once(place: Workplace, count: int) -> int:
    """Grade on all cores; returns 0 if every submission has a result and the driver's memory grew by little."""
    log = place.out.parent / "driver.log"
    samples: list[tuple[int, float]] = []  # graded so far, MiB of the driver
    with log.open("w+b") as file, _process(place.project, place.command("--workers", str(cores())), file) as driver:
        while driver.poll() is None:
            samples.append((place.graded(), distinct_bytes([driver.pid]) / 2**20))
            time.sleep(SECONDS_BETWEEN_SAMPLES)
    told = log.read_text(encoding="utf-8", errors="replace")
    if driver.returncode:
        raise ClassroomError(f"grading failed:\n{told[-3000:]}")
    print("\n".join(line for line in told.splitlines() if " graded, the grader failed on " in line))
    records = place.records()
    faults = [submission for submission, record in records.items() if record["failure"]]
    print(f"{len(records)} of {count} have a record")
    sizes = by_tenths(samples, count)
    print(
        "MiB of the driver, for each tenth of the class:", " ".join(f"{size:.0f}" for size in sizes) or "not told here"
    )
    is_flat = not sizes or sizes[-1] <= MEMORY_GROWTH * sizes[0]
    print(f"the last at most {MEMORY_GROWTH} times the first: {_yes(is_flat)}", flush=True)
    return 0 if len(records) == count and not faults and is_flat else 1


def by_tenths(samples: Sequence[tuple[int, float]], count: int) -> list[float]:
    """The median size in each tenth of a class that was sampled.

    Args:
        samples: how many submissions were graded, and a size; 0 where the system does not tell the size.
        count: of the class.
    """
    tenths = [[size for graded, size in samples if graded * 10 // count == tenth and size] for tenth in range(10)]
    return [statistics.median(sizes) for sizes in tenths if sizes]


def _kill_and_resume(place: Workplace, count: int) -> None:
    """Grade on a scheduler with two workers; kill one at a third, the driver at two thirds; go on."""
    started = time.monotonic()
    with ExitStack() as stack:
        log = stack.enter_context((place.out.parent / "scheduler.log").open("w+b"))
        stack.enter_context(_process(place.project, _python("distributed.cli.dask_scheduler", *SCHEDULER), log))
        address = _address(log)
        worker = _python("distributed.cli.dask_worker", address, *WORKER)
        first = stack.enter_context(_process(place.project, worker, log))
        stack.enter_context(_process(place.project, worker, log))
        driver = stack.enter_context(_process(place.project, place.command("--scheduler", address), log))
        _wait_for(place, count // 3, driver)
        first.kill()
        at_first = place.graded()
        stack.enter_context(_process(place.project, worker, log))  # another one takes its place
        _wait_for(place, 2 * count // 3, driver)
        driver.kill()
        driver.wait()
        at_second = place.graded()
        resumed = _finished(place, "--scheduler", address)
        if resumed.returncode:
            raise ClassroomError(f"going on failed:\n{resumed.stdout}{resumed.stderr[-3000:]}")
    print(f"killed a worker when {at_first} were graded and the driver when {at_second} were; then the same command:")
    print(f"    {resumed.stdout.splitlines()[0]}")
    print(f"    {time.monotonic() - started:.1f} s in all", flush=True)


SCHEDULER = ("--host", "tcp://127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
WORKER = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0")


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


@contextmanager
def _process(project: Path, command: list[str], log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is over when the block is."""
    process = subprocess.Popen(command, cwd=project, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(log: IO[bytes]) -> str:
    """Where the scheduler listens, as it says itself."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if found := re.search(rb"Scheduler at:\s+(tcp://\S+)", Path(log.name).read_bytes()):
            return found[1].decode()
        time.sleep(0.1)
    raise ClassroomError(f"the scheduler did not start: {Path(log.name).read_text(errors='replace')[-2000:]}")


def _wait_for(place: Workplace, count: int, driver: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_AT_MOST
    while place.graded() < count:
        if driver.poll() is not None or time.monotonic() > deadline:
            raise ClassroomError(f"the driver ended with {place.graded()} graded: see {place.out.parent}/scheduler.log")
        time.sleep(0.1)


def _same(one: Workplace, other: Workplace) -> bool:
    """Whether two gradings agree; prints where they do not."""
    ours, theirs = one.results(), other.results()
    different = [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
    for name in different:
        print(f"    {name} differs between {one.out.name} and {other.out.name}")
        _print_difference(ours.get(name, "{}"), theirs.get(name, "{}"))
    same_table = (one.out / "scores.csv").read_bytes() == (other.out / "scores.csv").read_bytes()
    return same_table and not different


def _print_difference(one: str, other: str) -> None:
    left, right = (json.dumps(json.loads(text), indent=1, sort_keys=True).splitlines() for text in (one, other))
    for here, there in zip(left, right, strict=False):
        if here != there:
            print(f"        {here.strip()[:160]}\n        {there.strip()[:160]}")
            return


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "NO"
