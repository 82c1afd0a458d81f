"""Does the assignment fit its container? `python -m staff.evidence.harness_limits` grades the reference in one.

The working tree's autograder.zip is unpacked as Gradescope does it, with a hidden test split drawn for this run, and
run_autograder is run in a control group with the container's memory and its share of a processor (Linux, root). What
was held and computed is printed for each question, with the margins.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grading.gradescope import settings
from grading.isolation import memory
from grading.questions import CORE, ELECTIVE, discover
from staff.evidence.cgroup import ControlGroup, NoControlGroup
from staff.evidence.hostile.harness import Finished, Harness, NoHarness
from staff.places import SOLUTIONS_DIRECTORY
from staff.release import hidden
from startup import ending

SECONDS_BETWEEN_SAMPLES = 0.1


@dataclass
class Peak:
    """The most that was seen during one question.

    Attributes:
        held_bytes: what the group held besides the cache of files.
        resident_bytes: what its processes had in memory, mapped files included, shared pages counted once.
        processor_seconds: computed meanwhile.
    """

    held_bytes: int = 0
    resident_bytes: int = 0
    processor_seconds: float = 0.0


@dataclass
class Observer:
    """Looks at a control group from outside while it works, question by question.

    Args:
        group: where the grader runs.
        results: its results.json, which tells how many questions are done.
    """

    group: ControlGroup
    results: Path
    peaks: list[Peak] = field(default_factory=lambda: [Peak()])

    def __post_init__(self) -> None:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        seen = before = 0.0
        while not self._done.wait(SECONDS_BETWEEN_SAMPLES):
            peak = self.peaks[-1]
            peak.held_bytes = max(peak.held_bytes, self.group.held_bytes())
            resident = memory.distinct_bytes(self.group.processes())
            peak.resident_bytes = max(peak.resident_bytes, resident)
            now = self.group.processor_seconds()
            peak.processor_seconds += now - before
            before = now
            try:
                written = self.results.stat().st_mtime
                if written != seen:
                    seen = written
                    while len(self.peaks) <= ended(json.loads(self.results.read_text(encoding="utf-8"))):
                        self.peaks.append(Peak())
            except (OSError, ValueError):
                continue  # not there yet


def ended(results: Mapping[str, Any]) -> int:
    """How many questions have ended, given results.json. A check that has passed brings its question there, too."""
    told = results["extra_data"]
    return len(told.get("questions", {})) - ("under_way" in told)


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns 1 if anything does not fit or loses points, 2 if this machine cannot tell."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.evidence.harness_limits", description=__doc__.splitlines()[0]
    )
    known = {question.id: question.group for question in discover()}
    parser.add_argument(
        "-q", "--question", action="append", choices=known, metavar="qN", help="these only (default: the core)"
    )
    parser.add_argument("--electives", action="store_true", help="the electives in place of the core")
    parser.add_argument("--shipped", action="store_true", help="grade on the shipped test split, not on a hidden one")
    parser.add_argument("--hidden-seed", default="", metavar="TEXT", help="draws the hidden split; default: by chance")
    arguments = parser.parse_args(argv)
    chosen = settings.load(environment={})
    group_asked = ELECTIVE if arguments.electives else CORE
    questions = arguments.question or [name for name, group in known.items() if group == group_asked]
    try:
        split = {} if arguments.shipped else hidden.files(arguments.hidden_seed or secrets.token_hex(8))
        with ControlGroup(chosen.container_bytes, chosen.processors) as group, Harness(split) as harness:
            return _measure(group, harness, questions, chosen)
    except (NoControlGroup, NoHarness) as reason:
        print(
            f"staff.evidence.harness_limits: {reason}. "
            "`python autograder.py --as-gradescope` measures without limits and predicts.",
            file=sys.stderr,
        )
        return 2


def _measure(group: ControlGroup, harness: Harness, questions: Sequence[str], chosen: settings.HarnessSettings) -> int:
    harness.settings(questions=list(questions))
    paths = SOLUTIONS_DIRECTORY.rglob("*.py")
    harness.hand_in({path.relative_to(SOLUTIONS_DIRECTORY).as_posix(): path.read_bytes() for path in paths})
    print(f"limits: {group.kind}; {chosen.container_bytes // 2**20} MiB, {chosen.processors:g} of a processor")
    started = time.monotonic()
    with Observer(group, harness.root / "results" / "results.json") as observer:
        finished = harness.run(chosen.harness_seconds, chosen.harness_seconds + 60, enter=group.enter)
    seconds = time.monotonic() - started
    if finished.results is None or not finished.results["tests"]:
        print(finished.output)
        return 1
    _print_questions(finished, observer.peaks, questions)
    computed, killed = group.processor_seconds(), group.kills()
    held = max(peak.held_bytes for peak in observer.peaks) / 2**20
    resident = max(peak.resident_bytes for peak in observer.peaks) / 2**20
    there = chosen.container_bytes / 2**20
    print(f"time    {seconds:.0f} s of {chosen.seconds:.0f} s, margin {chosen.seconds - seconds:.0f} s; "
          f"{computed:.0f} s of processor time, which predicts {computed / chosen.processors:.0f} s")  # fmt: skip
    print(f"memory  {held:.0f} MiB of {there:.0f} MiB, margin {there - held:.0f} MiB; with the pages of libraries "
          f"{resident:.0f} MiB; killed by the kernel: {killed}")  # fmt: skip
    full = all(test["status"] == "passed" for test in finished.results["tests"])
    print("every check passed" if full else f"NOT every check passed:\n{finished.text()}")
    return 0 if full and not killed and seconds < chosen.seconds else 1


def _print_questions(finished: Finished, peaks: Sequence[Peak], questions: Sequence[str]) -> None:
    assert finished.results is not None
    told = finished.results["extra_data"]["questions"]
    print(f"{'':<4}{'score':>7}{'seconds':>9}{'processor':>11}{'held':>10}{'resident':>11}  measured on the test split")
    for name, peak in zip(questions, peaks, strict=False):
        if name in told:
            numbers = ", ".join(f"{metric} {value:.4g}" for metric, value in told[name]["metrics"].items())
            print(f"{name:<4}{finished.points(name):>7g}{told[name]['seconds']:>9.1f}{peak.processor_seconds:>9.1f} s"
                  f"{peak.held_bytes / 2**20:>6.0f} MiB{peak.resident_bytes / 2**20:>7.0f} MiB  {numbers}")  # fmt: skip


if __name__ == "__main__":
    ending.run(main)
