"""Grades the reference solutions of the electives and measures what each costs: `python -m staff.evidence.electives`.

Every run is `python autograder.py -q eN` as a student starts it. Its score must be full and its cost must keep to the
budget: processor-seconds and memory of all its processes together, the import of torch included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grading.arguments import count_from
from grading.isolation import memory
from grading.questions import ELECTIVE, Question, discover
from staff.places import SOLUTIONS_DIRECTORY
from startup import ending
from startup.project import PROJECT_DIRECTORY

MAX_PROCESSOR_SECONDS, MAX_MEBIBYTES = 15.0, 450.0  # of one elective
SECONDS_BETWEEN_SAMPLES = 0.05
EXIT_SOUND, EXIT_NOT, EXIT_USAGE = 0, 1, 2


@dataclass(frozen=True)
class Graded:
    """One run of one elective.

    Attributes:
        points, max_points: earned and to be had.
        seconds: by the clock.
        processor_seconds: of all its processes; 0 where the platform does not tell (Windows).
        mebibytes: the most that they held at once, shared pages counted once where the platform tells.
        lost: the messages of checks that did not pass.
        metrics: what the checks measured, by name.
    """

    points: float
    max_points: float
    seconds: float
    processor_seconds: float
    mebibytes: float
    lost: tuple[str, ...]
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def complaints(self) -> list[str]:
        """A phrase for each thing that is not as it should be."""
        found = list(self.lost)
        if self.processor_seconds > MAX_PROCESSOR_SECONDS:
            found.append(f"takes {self.processor_seconds:.1f} processor-seconds, more than {MAX_PROCESSOR_SECONDS:g}")
        if self.mebibytes > MAX_MEBIBYTES:
            found.append(f"holds {self.mebibytes:.0f} MiB, more than {MAX_MEBIBYTES:g}")
        return found


def main(argv: list[str] | None = None) -> int:
    """Print a line for each run; returns 1 if a point is lost or a budget is exceeded, 2 for a usage error."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.electives", description=__doc__.partition(":")[0])
    parser.add_argument("-q", "--question", action="append", default=[], metavar="eN", help="only this elective")
    parser.add_argument("--seeds", type=count_from(1), default=1, metavar="N", help="seeds 0 to N - 1 (default 1)")
    parser.add_argument("--metrics", action="store_true", help="print what the checks measured, too")
    arguments = parser.parse_args(argv)
    electives = [question for question in discover() if question.group == ELECTIVE]
    if unknown := set(arguments.question) - {question.id for question in electives}:
        print(f"staff.evidence.electives: there is no elective {', '.join(sorted(unknown))}", file=sys.stderr)
        return EXIT_USAGE
    asked = [question for question in electives if question.id in (arguments.question or [question.id])]
    return EXIT_SOUND if grade_all(asked, range(arguments.seeds), arguments.metrics) else EXIT_NOT


def grade_all(electives: Iterable[Question], seeds: Iterable[int], shows_metrics: bool = False) -> bool:
    """Grade each elective on each seed and print what came of it; whether all is as it should be."""
    complaints = 0
    print(f"{'elective':<34}{'seed':>5}{'points':>9}{'seconds':>9}{'processor':>11}{'memory':>10}")
    for question in electives:
        for seed in seeds:
            graded = grade(question.id, seed)
            points = f"{graded.points:g}/{graded.max_points:g}"
            costs = f"{graded.seconds:>7.1f} s{graded.processor_seconds:>9.1f} s{graded.mebibytes:>6.0f} MiB"
            print(f"{question.id + ' ' + question.title:<34}{seed:>5}{points:>9}{costs}", flush=True)
            if shows_metrics and graded.metrics:
                print(f"    {', '.join(f'{name} {value:.4g}' for name, value in graded.metrics.items())}", flush=True)
            for complaint in graded.complaints:
                print(f"    {complaint}", flush=True)
            complaints += len(graded.complaints)
    return complaints == 0


def grade(question: str, seed: int) -> Graded:
    """Run the autograder on the reference solution of an elective."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.json"
        command = [sys.executable, str(PROJECT_DIRECTORY / "autograder.py"), "-q", question, "--no-graphics"]
        command += ["--code-directory", str(SOLUTIONS_DIRECTORY), "--seed", str(seed), "--json", str(path)]
        started, processor_started, most = time.monotonic(), _processor_seconds(), 0
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while process.poll() is None:
            most = max(most, memory.family_bytes(process.pid))
            time.sleep(SECONDS_BETWEEN_SAMPLES)
        (result,) = json.loads(path.read_text(encoding="utf-8"))["questions"]
    return Graded(
        points=result["score"],
        max_points=result["max_score"],
        seconds=time.monotonic() - started,
        processor_seconds=_processor_seconds() - processor_started,
        mebibytes=most / 2**20,
        lost=tuple(f"{check['name']}: {check['message']}" for check in result["checks"] if check["status"] != "passed"),
        metrics=result["metrics"],
    )


def _processor_seconds() -> float:
    """Of all processes that were started here and have ended."""
    used = os.times()
    return used.children_user + used.children_system


if __name__ == "__main__":
    ending.run(main)
