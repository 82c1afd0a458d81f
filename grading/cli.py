"""The autograder's command line: parse, run, report."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from grading import report
from grading.arguments import count_from, seconds
from grading.checks import modules
from grading.console import Console
from grading.dependencies import installed_versions
from grading.engine import Engine, Settings
from grading.outcomes import QuestionResult, RunResult, not_graded_yet
from grading.questions import CORE, ELECTIVE, Question, QuestionError, discover

PROJECT_DIRECTORY = Path(__file__).resolve().parent.parent
EXIT_PASSED, EXIT_LESS, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130


class UsageError(Exception):
    """The command line asks for something that cannot be done; the text says what and how to fix it."""


def main(argv: list[str] | None = None) -> int:
    """Run the autograder; returns 0 if every check passed, 1 if not, 2 for a usage error, 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.check_dependencies:
            from grading.dependencies import check_dependencies

            return check_dependencies(show_window=not arguments.no_graphics)
        questions = discover()
        if arguments.list:
            print("\n".join(_listed(questions)))
            return EXIT_PASSED
        chosen = _chosen(questions, arguments)
        return _rehearse(arguments, chosen) if arguments.as_gradescope else _grade(arguments, chosen)
    except (UsageError, QuestionError) as error:
        print(f"autograder.py: error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:  # the program that read our output has ended, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_LESS
    except KeyboardInterrupt:
        print("\nInterrupted. The results of finished questions are above.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder.py",
        description="Trains and grades your code. Without arguments: the core questions, with the files here.",
        epilog="Exit status: 0 every check passed, 1 a check did not pass, 2 usage error, 130 interrupted.",
    )
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
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file after every question")
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write report.html with pictures to this folder after every question"
    )
    parser.add_argument(
        "--seed", type=count_from(0), default=0, metavar="N", help="seed of all random numbers (default 0)"
    )
    parser.add_argument(
        "--jobs",
        type=count_from(1),
        default=1,
        metavar="N",
        help="grade this many questions at the same time (default 1)",
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


def _rehearse(arguments: argparse.Namespace, questions: list[Question]) -> int:
    """Grade as the harness would: its settings decide, so that flags which would change them are refused."""
    from grading.gradescope import at_home
    from grading.gradescope.settings import SettingsError

    decided = ("data_directory", "report", "seed", "jobs", "time_limit", "in_process")
    if asked := [name for name in decided if getattr(arguments, name) != _parser().get_default(name)]:
        flag = "--" + asked[0].replace("_", "-")
        raise UsageError(f"--as-gradescope uses the settings of the course. Leave out {flag}")
    _check_directories(arguments, questions)
    try:
        full = at_home.rehearse(arguments.code_directory.resolve(), questions, arguments.json, Console())
    except SettingsError as error:
        raise UsageError(str(error)) from error
    return EXIT_PASSED if full else EXIT_LESS


def _grade(arguments: argparse.Namespace, questions: list[Question]) -> int:
    _check_directories(arguments, questions)
    console = Console()
    started = time.monotonic()
    result = RunResult(arguments.seed, installed_versions())
    result.questions = [not_graded_yet(question) for question in questions]
    position = {question.id: index for index, question in enumerate(questions)}

    def keep() -> None:
        result.seconds = time.monotonic() - started
        if arguments.json is not None:
            with _written_to("--json", arguments.json):
                report.write_json(result.as_dict(), arguments.json)
        if page is not None:
            with _written_to("--report", arguments.report):
                page.write(result, engine.library.sources())

    def on_change(question_result: QuestionResult) -> None:
        result.questions[position[question_result.id]] = question_result
        keep()
        report.print_question(question_result, console, result.questions)

    with Engine(_settings(arguments), console) as engine:
        page = _page(arguments) if arguments.report is not None else None
        keep()
        engine.grade(questions, on_change)
    keep()
    report.print_table(result, console, engine.library.sources())
    if page is not None:
        console.line(console.paint(f"report: {page.path}", "dim"))
    return EXIT_PASSED if result.passed else EXIT_LESS


def _page(arguments: argparse.Namespace):  # type: ignore[no-untyped-def]  # imported only where it is asked for
    from grading.pages.page import About, ReportPage

    about = About(datetime.now().astimezone(), _command(arguments), arguments.code_directory.resolve().name)
    return ReportPage(arguments.report, about)


def _command(arguments: argparse.Namespace) -> str:
    """The command line that does this run again, as far as the results depend on it."""
    parts = ["python", "autograder.py", *(part for name in arguments.question for part in ("-q", name))]
    parts += ["--electives"] if arguments.electives else []
    if arguments.code_directory != PROJECT_DIRECTORY:
        parts += ["--code-directory", str(arguments.code_directory)]
    if arguments.data_directory is not None:
        parts += ["--data-directory", str(arguments.data_directory)]
    if arguments.time_limit is not None:
        parts += ["--time-limit", f"{arguments.time_limit:g}"]
    parts += ["--seed", str(arguments.seed), "--report", str(arguments.report)]
    return subprocess.list2cmdline(parts) if sys.platform == "win32" else shlex.join(parts)


@contextmanager
def _written_to(flag: str, path: Path) -> Iterator[None]:
    """Turn a failure to write into a usage error that names the flag."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{flag} {path}: cannot write there ({error.strerror})") from error


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        code_directory=arguments.code_directory.resolve(),
        data_directory=arguments.data_directory,
        seed=arguments.seed,
        time_limit_seconds=arguments.time_limit,
        jobs=arguments.jobs,
        in_process=arguments.in_process,
        graphics=not arguments.no_graphics and arguments.jobs == 1,  # side by side, windows would cover each other
        exhibits=arguments.report is not None,
    )


def _check_directories(arguments: argparse.Namespace, questions: list[Question]) -> None:
    """Say before any work what cannot go well."""
    for flag, directory in (
        ("--code-directory", arguments.code_directory),
        ("--data-directory", arguments.data_directory),
    ):
        if directory is not None and not directory.is_dir():
            raise UsageError(f"{flag} {directory}: this folder does not exist")
    names = modules.student_files(target for question in questions for target in question.targets)
    if names and not any((arguments.code_directory / name).exists() for name in names):
        raise UsageError(
            f"--code-directory {arguments.code_directory}: holds none of {', '.join(names)}. "
            "Name the folder that holds the student files."
        )
    if arguments.json is not None:
        folder = arguments.json.parent
        if not folder.is_dir():
            raise UsageError(f"--json {arguments.json}: the folder {folder} does not exist. Make the folder first")
        if arguments.json.is_dir() or not os.access(folder, os.W_OK):
            raise UsageError(f"--json {arguments.json}: cannot write a file there")
    if arguments.report is not None:
        _prepare_report_directory(arguments.report)
    if importlib.util.find_spec("torch") is None:
        raise UsageError("torch is not installed. Run `pip install -r requirements.txt` in the environment you use.")


def _prepare_report_directory(directory: Path) -> None:
    for package in ("jinja2", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            raise UsageError(f"--report needs {package}. Run `pip install {package}` in the environment you use.")
    try:
        directory.mkdir(exist_ok=True)
    except FileNotFoundError as error:
        raise UsageError(
            f"--report {directory}: the folder {directory.parent} does not exist. Make the folder first"
        ) from error
    except FileExistsError as error:
        raise UsageError(f"--report {directory}: is a file. Name a folder for report.html") from error
    except OSError as error:
        raise UsageError(f"--report {directory}: cannot make this folder ({error.strerror})") from error
    if (directory / "report.html").is_dir() or not os.access(directory, os.W_OK):
        raise UsageError(f"--report {directory}: cannot write report.html there")


def _listed(questions: list[Question]) -> list[str]:
    """A line for each question, under a headline for the electives."""
    lines = []
    for question in questions:
        if question.group == ELECTIVE and "Electives" not in lines:
            lines.append("Electives")
        extra = ", extra credit" if question.extra_credit else ""
        builds_on = f", builds on {' and '.join(question.requires)}" if question.requires else ""
        told = question.fault or f"{question.title} ({report.points(question.points)} points{extra}{builds_on})"
        lines.append(f"{question.id:<5}{told}")
    return lines


def _chosen(questions: list[Question], arguments: argparse.Namespace) -> list[Question]:
    """The questions asked for, in the project's order: those named, else those of the group."""
    known = {question.id for question in questions}
    names = {part.strip().lower() for name in arguments.question for part in name.split(",") if part.strip()}
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
