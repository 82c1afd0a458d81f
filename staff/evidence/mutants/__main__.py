"""Grades every mutant: is each mistake named? `python -m staff.evidence.mutants [-q qN] [--quick] [--page]`."""

from __future__ import annotations

import argparse
import os
import textwrap
import time

from data.files import write_text
from grading.arguments import count_from
from staff.evidence.mutants import page
from staff.evidence.mutants.format import read_all
from staff.evidence.mutants.run import Verdict, grade_all, told_to_a_right_submission
from staff.places import SOLUTIONS_DIRECTORY
from startup import ending
from startup.project import PROJECT_DIRECTORY


def main(argv: list[str] | None = None) -> int:
    """Print a table mutant -> check lost -> diagnosis; returns 1 if any is not as declared.

    After it, the reference solutions go through the checks that need no training on several seeds, and must be told
    nothing. `--page` grades the common mutants alone and writes the page of the hand-out.
    """
    parser = argparse.ArgumentParser(
        prog="python -m staff.evidence.mutants", description="Grade every mutant: does the grader name each mistake?"
    )
    everyone = read_all()
    known = list(dict.fromkeys(mutant.question for mutant in everyone))
    parser.add_argument("-q", "--question", action="append", choices=known, metavar="qN", help="only its mutants")
    parser.add_argument("--quick", action="store_true", help="leave out the mutants that have to be trained")
    parser.add_argument("--jobs", type=count_from(1), default=2, metavar="N", help="mutants side by side (default 2)")
    parser.add_argument("--seed", type=count_from(0), default=0, metavar="N", help="of data and students' randomness")
    parser.add_argument("--seeds", type=count_from(1), default=20, metavar="N", help="of the reference (default 20)")
    parser.add_argument("--page", action="store_true", help=f"grade the common ones alone and write {page.PATH}")
    arguments = parser.parse_args(argv)
    if arguments.page and (arguments.question or arguments.quick):
        parser.error("--page shows every question: leave out --question and --quick")
    mutants = [
        mutant
        for mutant in everyone
        if mutant.question in (arguments.question or [mutant.question]) and not (arguments.quick and mutant.trains)
        if mutant.common or not arguments.page
    ]
    started, processor_started = time.monotonic(), _processor_seconds()
    verdicts = []
    for verdict in grade_all(mutants, jobs=arguments.jobs, seed=arguments.seed):
        _print(verdict)
        verdicts.append(verdict)
    wrong = sum(bool(verdict.complaint) for verdict in verdicts)
    if arguments.page:
        if not wrong:
            write_text(PROJECT_DIRECTORY / page.PATH, page.markdown(verdicts))
        print(f"{page.PATH}: {'not written' if wrong else 'written'}, {len(mutants)} mistakes, {wrong} not as declared")
        return 1 if wrong else 0
    told = told_to_a_right_submission(mutants, SOLUTIONS_DIRECTORY, range(arguments.seeds), arguments.jobs)
    print("\n".join([f"the reference solutions on {arguments.seeds} seeds: {len(told)} messages", *told]))
    print(
        f"{len(mutants)} mutants, {wrong} not as declared, {time.monotonic() - started:.0f} s, "
        f"{_processor_seconds() - processor_started:.0f} s of processor time"
    )
    return 1 if wrong or told else 0


def _print(verdict: Verdict) -> None:
    mutant = verdict.mutant
    head = f"{mutant.name:<40}{verdict.lost:<22}{verdict.seconds:4.1f} s"
    print(textwrap.fill(verdict.diagnosis, 120, initial_indent=f"{head}  ", subsequent_indent=" " * 70), flush=True)
    if verdict.complaint:
        print(f"    NOT AS DECLARED: {verdict.complaint}")


def _processor_seconds() -> float:
    """Of this process and those that it started and that have ended (0 for those on Windows)."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    ending.run(main)
