"""Grades the reference and a mediocre solution on many seeds: `python -m staff.evidence.calibrate --seeds 20`.

Every result is kept at once in `--records`; the same command later goes on where it was ended. On a machine of many
cores, as many calls with `--part 1/8` to `--part 8/8` share the runs, and the call without it prints the table.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from data import DataError
from grading.arguments import count_from
from grading.dependencies import installed_versions
from grading.questions import Question, discover
from staff.evidence.calibrate import margins, runs, table
from startup import EXIT_INTERRUPTED, ending

DEFAULT_QUESTIONS = "q1,q2,q3,q4,q5,q6"  # q7 and q8 take minutes a seed
DOCUMENT = runs.PROJECT_DIRECTORY / "docs" / "calibration.md"
RECORDS = runs.PROJECT_DIRECTORY / "out" / "calibration.jsonl"
EXIT_FAIR, EXIT_MARGIN_GONE, EXIT_USAGE = 0, 1, 2


class UsageError(Exception):
    """The command line asks for something that cannot be done; the text says what."""


def main(argv: list[str] | None = None) -> int:
    """Print a line for each run, then the table; returns 1 if a margin is gone, 2 for a usage error."""
    arguments = _parser().parse_args(argv)
    try:
        questions = _chosen(arguments.questions)
        mark = table.mark_of(questions)
        if arguments.write is not None:
            _require_whole_table(arguments, questions, mark)  # before hours of work, not after
        records = _measured(questions, arguments)
        rows = margins.rows(records, questions)
        text = table.markdown(rows)
        print(f"\n{text}\n")
        if arguments.write is not None:
            table.write(arguments.write, f"{_caption(arguments, questions)}\n\n{text}", mark)
            print(f"written: {arguments.write}")
    except (UsageError, runs.RecordsError, table.DocumentError, DataError) as error:
        print(f"staff.evidence.calibrate: error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:  # the program that read our output has ended, as `| head` does; the records are kept
        ending.print_no_more()
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        kept = f"What was graded is in {arguments.records}. The same command goes on."
        return ending.interrupted("staff.evidence.calibrate", kept)
    gone = margins.complaints(rows, arguments.least_margin)
    print("\n".join(gone) or "Every margin holds.")
    return EXIT_MARGIN_GONE if gone else EXIT_FAIR


def _measured(questions: Sequence[Question], arguments: argparse.Namespace) -> list[runs.Record]:
    """All records, with a line printed for each run."""
    part, parts = arguments.part
    wanted = runs.runs(arguments.solutions, arguments.threads, arguments.seeds)[part - 1 :: parts]
    found: list[runs.Record] = []
    measured = runs.measure(wanted, questions, arguments.records, arguments.data_directory, arguments.jobs)
    started, graded = time.monotonic(), 0
    for number, (records, is_new) in enumerate(measured, start=1):
        found += records
        graded += is_new
        minutes_left = (len(wanted) - number) * (time.monotonic() - started) / max(graded, 1) / 60
        lost = [record.question for record in records if not record.passed]
        told = f"loses {', '.join(lost)}" if lost else "passes"
        took = f"{sum(record.seconds for record in records):6.1f} s" if is_new else "known   "
        run = records[0].run
        print(
            f"seed {run.seed:<4}{run.solution:<11}{margins.threads(run.threads):<11}{told:<20}{took}"
            f"   {number} of {len(wanted)}, about {minutes_left:.0f} min left",
            flush=True,
        )
    return found


def _require_whole_table(arguments: argparse.Namespace, questions: Sequence[Question], mark: str) -> None:
    if arguments.part != (1, 1):
        raise UsageError("--write is for the whole table: use it without --part, with the same --records")
    missing = table.shown(arguments.write, mark) - {question.id for question in questions}
    if lost := [question.id for question in discover() if question.id in missing]:
        raise UsageError(
            f"--write would take the rows of {', '.join(lost)} out of {arguments.write}: name these questions with "
            "--questions, too, or leave --write out and copy the rows that are printed"
        )


def _caption(arguments: argparse.Namespace, questions: Sequence[Question]) -> str:
    versions = installed_versions()
    asked = f"--seeds {arguments.seeds} --threads {','.join(map(str, arguments.threads))}"
    return (
        f"`python -m staff.evidence.calibrate {asked} --questions {','.join(question.id for question in questions)}`: "
        f"seeds 0 to {arguments.seeds - 1}, {runs.sources(questions, arguments.data_directory)}, "
        f"torch {versions['torch']}, numpy {versions['numpy']}."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m staff.evidence.calibrate",
        description=__doc__.partition(":")[0],
        epilog="Exit status: 0 every margin holds, 1 a margin is gone, 2 usage error.",
    )
    parser.add_argument("--seeds", type=count_from(1), default=20, metavar="N", help="seeds 0 to N - 1 (default 20)")
    parser.add_argument("--threads", type=_counts, default=[1, 2], metavar="N,M", help="of torch (default 1,2)")
    parser.add_argument("--questions", default=DEFAULT_QUESTIONS, metavar="qN,qM", help=f"default {DEFAULT_QUESTIONS}")
    parser.add_argument(
        "--solutions", type=_solutions, default=list(runs.SOLUTIONS), metavar="NAMES", help="default reference,mediocre"
    )
    parser.add_argument("--jobs", type=count_from(1), default=1, metavar="N", help="questions side by side (default 1)")
    parser.add_argument(
        "--part", type=_part, default=(1, 1), metavar="I/N", help="only part I of N; the N calls may share --records"
    )
    parser.add_argument("--data-directory", type=Path, metavar="DIR", help="look for datasets there first")
    parser.add_argument(
        "--records",
        type=Path,
        default=RECORDS,
        metavar="FILE",
        help="every result, kept at once (default out/calibration.jsonl)",
    )
    parser.add_argument(
        "--write",
        type=Path,
        nargs="?",
        const=DOCUMENT,
        metavar="FILE",
        help="put the table between the marks of a document (docs/calibration.md if none is named)",
    )
    parser.add_argument(
        "--least-margin",
        type=float,
        default=margins.MIN_MARGIN,
        metavar="SHARE",
        help=f"of the permitted error, unused by the reference on its worst seed (default {margins.MIN_MARGIN:g})",
    )
    return parser


def _chosen(text: str) -> list[Question]:
    questions = {question.id: question for question in discover()}
    names = {name.strip().lower() for name in text.split(",") if name.strip()}
    if not names or names - set(questions):
        unknown = ", ".join(sorted(names - set(questions))) or "nothing"
        raise UsageError(f"--questions: there is no {unknown}; the questions are {', '.join(questions)}")
    return [question for name, question in questions.items() if name in names]


def _solutions(text: str) -> list[str]:
    names = text.split(",")
    if not set(names) <= set(runs.SOLUTIONS):
        raise argparse.ArgumentTypeError(f"{text!r} is not some of {','.join(runs.SOLUTIONS)}")
    return names


def _part(text: str) -> tuple[int, int]:
    part, slash, parts = text.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a part such as 1/8, the first of eight")
    return int(part), int(parts)


def _counts(text: str) -> list[int]:
    return sorted({count_from(1)(part) for part in text.split(",")})


if __name__ == "__main__":
    ending.run(main)
