"""The autograder's command line: its flags, and how it ends. Numpy is imported only where something is graded."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from grading.arguments import UsageError, count_from, seconds
from grading.questions import CORE, ELECTIVE, Question, QuestionError, discover
from startup import EXIT_USAGE, ending, flags, packages
from startup.project import PROJECT_DIRECTORY

EXIT_PASSED, EXIT_LESS = 0, 1


def main(argv: list[str] | None = None) -> int:
    """Run the autograder.

    Returns:
        0 if every check passed, 1 if not, 2 where it cannot be done as asked or results could not be written, 130 when
        interrupted.
    """
    arguments = flags.parse(_parser(), argv)
    try:
        _refuse_contradictions(arguments)
        if arguments.check_dependencies:
            from grading.dependencies import check_dependencies

            return check_dependencies(show_window=not arguments.no_graphics)
        questions = discover()
        if arguments.list:
            print("\n".join(_listed(questions)))
            return EXIT_PASSED
        passed = _grade(arguments, _chosen(questions, arguments))
        return EXIT_PASSED if passed else EXIT_LESS
    except (UsageError, QuestionError, packages.Unusable) as error:
        print(f"autograder.py: error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:  # the program that read our output has ended, as `| head` does
        ending.print_no_more()
        return EXIT_LESS
    except KeyboardInterrupt as interrupt:  # its text says what was finished
        return ending.interrupted("autograder.py", str(interrupt))


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    """Refuse what would be left out silently.

    Raises:
        UsageError: a word without a flag, or two flags of which only one can hold.
    """
    if arguments.words:
        word = arguments.words[0]
        if word[0] in flags.LONG_DASHES:
            raise UsageError(flags.explained(_parser(), word))
        raise UsageError(f"{word} stands without a flag. Write -q before each question: -q q1 -q q2")
    if arguments.electives and arguments.question:
        raise UsageError("--electives and -q both choose the questions. Leave out one of them")
    if arguments.in_process and (arguments.jobs or 1) > 1:
        raise UsageError("--in-process grades one question after the other. Leave out --jobs")
    if arguments.in_process and arguments.time_limit is not None:
        raise UsageError("--in-process has no limits. Leave out --time-limit")
    for flag, told in (("--check-dependencies", "tries the packages"), ("--list", "lists every question")):
        others = [other for other in _given(arguments) if other not in (flag, "--no-graphics")]
        if flag in _given(arguments) and others:
            raise UsageError(f"{flag} {told} and stops. Leave out {' and '.join(others)}")


def _given(arguments: argparse.Namespace) -> list[str]:
    """The flags with another value than their default."""
    parser, values = _parser(), {name: value for name, value in vars(arguments).items() if name != "words"}
    return [f"--{name.replace('_', '-')}" for name, value in values.items() if value != parser.get_default(name)]


def _grade(arguments: argparse.Namespace, questions: list[Question]) -> bool:
    """Grade as the flags ask; returns whether every check passed."""
    try:
        from grading.session import run
    except Exception as error:
        if fault := packages.explained(error):
            raise packages.Unusable(fault) from error
        raise
    if not arguments.as_gradescope:
        return run.grade(arguments, questions)
    decided = ("--data-directory", "--report", "--seed", "--jobs", "--time-limit", "--in-process")
    if asked := [flag for flag in _given(arguments) if flag in decided]:
        raise UsageError(f"--as-gradescope uses the settings of the course. Leave out {asked[0]}")
    return run.rehearse(arguments, questions if arguments.question else [])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder.py",
        description="Trains and grades your code. Without arguments: the core questions, with the files here.",
        epilog="Exit status: 0 every check passed, 1 a check did not pass, 2 not done as asked, 130 interrupted.",
    )
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)  # to say that `q1` alone lacks its flag
    parser.add_argument(
        "-q",
        "--question",
        action="append",
        default=[],
        metavar="qN",
        help="grade only this question; can be given several times",
    )
    parser.add_argument("--electives", action="store_true", help="grade the electives instead of the core questions")
    parser.add_argument("--no-graphics", action="store_true", help="open no windows")
    parser.add_argument(
        "--check-dependencies", action="store_true", help="show the versions of packages, open a test window, and stop"
    )
    parser.add_argument(
        "--code-directory",
        type=Path,
        default=PROJECT_DIRECTORY,
        metavar="DIR",
        help="grade the student files in this folder",
    )
    parser.add_argument("--data-directory", type=Path, metavar="DIR", help="look for datasets in this folder first")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the results to this file after every question; - is standard output, at the end",
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write report.html with pictures to this folder after every question"
    )
    parser.add_argument(
        "--seed", type=count_from(0), default=0, metavar="N", help="seed of all random numbers (default 0)"
    )
    parser.add_argument(
        "--jobs",
        type=count_from(1),
        metavar="N",
        help="grade this many questions at the same time (default: one a core, or 1 with windows)",
    )
    parser.add_argument(
        "--time-limit", type=seconds, metavar="SECONDS", help="time limit of each question, in place of its own limit"
    )
    parser.add_argument("--list", action="store_true", help="list the questions and stop")
    parser.add_argument(
        "--in-process",
        action="store_true",
        help="run your code in this process, so that breakpoint() works; without limits",
    )
    parser.add_argument(
        "--as-gradescope",
        action="store_true",
        help="grade as on Gradescope, and predict time and memory on Gradescope",
    )
    return parser


def _listed(questions: list[Question]) -> list[str]:
    """A line for each question, under a headline for the electives."""
    lines = []
    for question in questions:
        if question.group == ELECTIVE and "Electives" not in lines:
            lines.append("Electives")
        extra = ", extra credit" if question.extra_credit else ""
        builds_on = f", builds on {' and '.join(question.requires)}" if question.requires else ""
        told = question.fault or f"{question.title} ({question.points:g} points{extra}{builds_on})"
        lines.append(f"{question.id:<5}{told}")
    return lines


def _chosen(questions: list[Question], arguments: argparse.Namespace) -> list[Question]:
    """The questions asked for, in the project's order: those named, else those of the group."""
    known = {question.id for question in questions}
    names = {part.strip().lower() for name in arguments.question for part in name.split(",") if part.strip()}
    if arguments.question and not names:
        raise UsageError("-q names no question. Write -q q1, or leave out -q for all core questions")
    if unknown := sorted(names - known):
        raise UsageError(
            f"there is no question {', '.join(unknown)}. The questions are {', '.join(q.id for q in questions)}"
        )
    if names:
        return [question for question in questions if question.id in names]
    group = ELECTIVE if arguments.electives else CORE
    chosen = [question for question in questions if question.group == group]
    if not chosen:
        raise UsageError(f"there is no question of the group {group!r}")
    return chosen
