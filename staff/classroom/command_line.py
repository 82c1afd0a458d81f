"""The commands of `python -m staff.classroom` and their flags."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from grading.arguments import count_from, seconds
from staff import extras
from staff.classroom.errors import ClassroomError
from startup import cores, ending, packages

COULD_NOT = 2
EXIT_STATUS = (
    "Exit status: 0 every submission is graded, 1 one could not be read or the grader failed on one, 2 the command "
    "could not start or go on, 130 after Ctrl-C."
)


def run(argv: list[str]) -> int:
    """Parse and run; returns the exit status, such as `EXIT_STATUS` for grade, and 2 if it could not."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except ModuleNotFoundError as error:
        fault = extras.explained(error) or packages.explained(error)
        if not fault:
            raise
        print(f"staff.classroom: error: {fault}", file=sys.stderr)
        return COULD_NOT
    except ClassroomError as error:
        print(f"staff.classroom: {error}", file=sys.stderr)
        return COULD_NOT
    except KeyboardInterrupt:
        kept = "What is graded is kept. The same command goes on from here."
        return ending.interrupted("staff.classroom", kept if arguments.command is _grade else "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m staff.classroom", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    grade = commands.add_parser("grade", help="grade every submission of an export", epilog=EXIT_STATUS)
    grade.add_argument("export", type=Path, metavar="EXPORT", help="Gradescope's export, or a folder of submissions")
    grade.add_argument("--out", type=Path, required=True, metavar="DIR", help="where results go, and are looked for")
    grade.add_argument("--regrade", action="store_true", help="grade again what another grader or settings graded")
    grade.add_argument(
        "-q", "--questions", action="append", default=[], metavar="q1,q2", help="only these (default: Gradescope's)"
    )
    grade.add_argument("--seed", type=count_from(0), metavar="N", help="of every random number (default: Gradescope's)")
    grade.add_argument("--time-limit", type=seconds, metavar="SECONDS", help="for each question")
    grade.add_argument("--data-directory", type=Path, metavar="DIR", help="look for datasets there first")
    grade.add_argument(
        "--hidden-directory", type=Path, metavar="DIR", help="hidden test splits, as in hidden/ of a release"
    )
    grade.add_argument("--no-reports", action="store_true", help="results only, no page with pictures for each")
    where = grade.add_mutually_exclusive_group()
    where.add_argument("--workers", type=count_from(1), default=cores(), metavar="N", help="processes (default: cores)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler, such as tcp://host:8786")
    grade.set_defaults(command=_grade)
    make = commands.add_parser("make-class", help="write a made class of 60 as a Gradescope export")
    make.add_argument("out", type=Path, metavar="OUT", help="a new folder, or a new name that ends in .zip")
    make.set_defaults(command=_make_class)
    bench = commands.add_parser("bench", help="measure grading of the made class; check that nothing is lost")
    bench.add_argument("-q", "--questions", default="q2,q6", metavar="q1,q2", help="(default %(default)s)")
    bench.add_argument("--time-limit", type=seconds, default=10.0, metavar="SECONDS", help="for each question")
    bench.add_argument("--submissions", type=count_from(1), metavar="N", help="fewer than the 60, or more")
    bench.add_argument("--once", action="store_true", help="on all cores alone, with the driver's memory on the way")
    bench.add_argument("--reports", action="store_true", help="write the pages with pictures, too")
    bench.add_argument("--keep", type=Path, metavar="DIR", help="a new folder that keeps the class and the results")
    bench.set_defaults(command=_bench)
    return parser


def _grade(arguments: argparse.Namespace) -> int:
    from staff.classroom.grade import Request, grade

    return grade(
        Request(
            arguments.export,
            arguments.out,
            questions=tuple(name.strip().lower() for name in ",".join(arguments.questions).split(",") if name.strip()),
            seed=arguments.seed,
            time_limit_seconds=arguments.time_limit,
            data_directory=arguments.data_directory,
            hidden_directory=arguments.hidden_directory,
            regrade=arguments.regrade,
            reports=not arguments.no_reports,
            workers=arguments.workers,
            scheduler=arguments.scheduler,
        )
    )


def _make_class(arguments: argparse.Namespace) -> int:
    from staff.classroom.made_class import write

    print(write(arguments.out))
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    from staff.classroom.bench import Plan, bench

    plan = Plan(arguments.questions, arguments.time_limit, arguments.submissions, arguments.reports, arguments.once)
    return bench(plan, arguments.keep)
