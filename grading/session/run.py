"""One run of the autograder from flags to the last report. What cannot be written or found is told before any work."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from data import files
from grading import report
from grading.arguments import UsageError
from grading.checks import modules
from grading.console import Console
from grading.dependencies import installed_versions
from grading.engine import Engine, Settings
from grading.outcomes import QuestionResult, RunResult, not_graded_yet
from grading.questions import Question
from grading.session import side_by_side
from grading.session.result_files import ResultFiles, is_standard_output, json_writer
from grading.session.side_by_side import InOrder
from pictures.windows import window
from pictures.windows.display import has_display
from startup import packages, student_files
from startup.names import PACKAGES
from startup.project import PROJECT_DIRECTORY

if TYPE_CHECKING:
    from grading.pages.page import ReportPage


def grade(arguments: argparse.Namespace, questions: list[Question]) -> bool:
    """Grade questions as the flags ask; returns whether every check passed.

    Raises:
        UsageError: it cannot be done as asked, or results could not be written.
        Unusable: torch cannot be used here.
    """
    _check(arguments, questions)
    with json_writer(arguments.json) as write_json, ResultFiles() as kept:
        console = Console()
        started = time.monotonic()
        result = RunResult(arguments.seed, installed_versions())
        result.questions = [not_graded_yet(question) for question in questions]
        position = {question.id: index for index, question in enumerate(questions)}
        unfinished: dict[str, QuestionResult] = {}  # what is known of the questions that are being graded

        show = InOrder(position, lambda finished: report.print_question(finished, console, result.questions))

        def keep() -> None:
            result.seconds = time.monotonic() - started
            kept.write()

        def on_change(question_result: QuestionResult) -> None:
            result.questions[position[question_result.id]] = question_result
            unfinished.pop(question_result.id, None)
            keep()
            show(question_result)

        try:
            with Engine(_settings(arguments, len(questions), console), console) as engine:
                if arguments.json is not None:
                    is_stream = is_standard_output(arguments.json) or files.is_stream(arguments.json)
                    kept.add(f"--json {arguments.json}", lambda: write_json(result.as_dict()), at_the_end=is_stream)
                page = _page(arguments, console)
                if page is not None:
                    kept.add(f"--report {arguments.report}", partial(_write_page, page, result, engine))
                keep()
                engine.grade(questions, on_change, on_check=lambda so_far: unfinished.update({so_far.id: so_far}))
        except KeyboardInterrupt:
            show.rest()
            _print_unfinished(list(unfinished.values()), console)
            finished = any(question.outcomes for question in result.questions) or unfinished
            told = "What was finished is above." if finished else "No check was finished."
            raise KeyboardInterrupt(told) from None
        result.seconds = time.monotonic() - started
        report.print_table(result, console, engine.library.sources())
        if page is not None:
            console.line(console.paint(f"report: {page.path}", "dim"))
    return result.passed


def rehearse(arguments: argparse.Namespace, named: list[Question]) -> bool:
    """Grade as Gradescope would, by the course's settings; returns whether every check passed.

    Args:
        arguments: the flags.
        named: the questions that -q names.
    Raises:
        UsageError: it cannot be done as asked, or results could not be written.
        Unusable: torch cannot be used here.
    """
    from grading.gradescope import at_home, settings

    try:
        course = settings.load(environment={})
        questions = at_home.to_grade(named, arguments.electives, course)
    except settings.SettingsError as error:
        raise UsageError(str(error)) from error
    _check(arguments, questions)
    with json_writer(arguments.json) as write_json, ResultFiles() as kept:
        rehearsal = at_home.rehearse(arguments.code_directory.resolve(), questions, course, Console())
        if arguments.json is not None:
            kept.add(f"--json {arguments.json}", lambda: write_json(rehearsal.document))
    return rehearsal.passed


def _print_unfinished(results: list[QuestionResult], console: Console) -> None:
    """Print the checks of interrupted questions that had ended."""
    for result in results:
        report.print_question(result, console)
        console.line(console.paint(f"    {result.id} was interrupted: its other checks did not end", "yellow"))


def _page(arguments: argparse.Namespace, console: Console) -> ReportPage | None:
    """The page that --report asks for; what makes it is imported only then."""
    if arguments.report is None:
        return None
    from grading.pages.page import About, ReportPage

    about = About(datetime.now().astimezone(), _command(arguments), arguments.code_directory.resolve().name)
    page = ReportPage(arguments.report, about)
    if page.fault:
        console.line(f"The report will have no pictures. {page.fault}")
    return page


def _write_page(page: ReportPage, result: RunResult, engine: Engine) -> None:
    page.write(result, engine.library.sources())


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


def _settings(arguments: argparse.Namespace, questions: int, console: Console) -> Settings:
    graphics = not arguments.no_graphics and arguments.jobs in (None, 1)  # windows side by side cover each other
    if graphics and (fault := window.fault()):
        console.line(f"No windows while training. {fault.rstrip('.')}.")
        graphics = False
    one_by_one = arguments.in_process or (graphics and has_display())
    return Settings(
        code_directory=arguments.code_directory.resolve(),
        data_directory=arguments.data_directory,
        seed=arguments.seed,
        time_limit_seconds=arguments.time_limit,
        jobs=arguments.jobs or (1 if one_by_one else side_by_side.jobs(questions)),
        in_process=arguments.in_process,
        graphics=graphics,
        exhibits=arguments.report is not None,
    )


def _check(arguments: argparse.Namespace, questions: list[Question]) -> None:
    """Say before any work what cannot go well."""
    for flag, directory in (
        ("--code-directory", arguments.code_directory),
        ("--data-directory", arguments.data_directory),
    ):
        if directory is not None and not directory.is_dir():
            fault = "this is a file. Name the folder" if directory.exists() else "this folder does not exist"
            raise UsageError(f"{flag} {directory}: {fault}")
    names = modules.student_files(target for question in questions for target in question.targets)
    if names and not any(os.path.lexists(arguments.code_directory / name) for name in names):
        folder = arguments.code_directory.resolve()
        if folder.name in PACKAGES and os.path.lexists(folder.parent / names[0]):
            raise UsageError(
                f"--code-directory {arguments.code_directory}: this is the folder of the electives. Name the folder "
                f"that holds it: {folder.parent}"
            )
        if found := student_files.found_instead(arguments.code_directory, names[0]):
            raise UsageError(f"{names[0]} is missing from {arguments.code_directory}. {found}")
        raise UsageError(
            f"--code-directory {arguments.code_directory}: holds none of {', '.join(names)}. "
            "Name the folder that holds the student files."
        )
    needed = ("torch",) if arguments.report is None else ("torch", "jinja2")
    for package in needed:
        if importlib.util.find_spec(package) is None:
            raise UsageError(packages.not_installed(package))
    if arguments.json is not None and not is_standard_output(arguments.json):
        _require_writable("--json", arguments.json, arguments.json)
        if _holds_something_else(arguments.json):
            raise UsageError(f"--json {arguments.json}: this file holds something else than results. Name another file")
    if arguments.report is not None:
        if arguments.report.exists() and not arguments.report.is_dir():
            raise UsageError(f"--report {arguments.report}: this is a file. Name a folder for report.html")
        try:
            arguments.report.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(f"--report {arguments.report}: cannot make this folder: {files.reason(error)}") from error
        _require_writable("--report", arguments.report, arguments.report / "report.html")


def _holds_something_else(path: Path) -> bool:
    """Whether a file that results would take the place of is no earlier file of results: code, a notebook, say."""
    if files.is_stream(path) or not path.is_file():
        return False
    try:
        content = path.read_bytes()
        return bool(content.strip()) and "score" not in json.loads(content)
    except OSError:  # it can be replaced all the same
        return False
    except (ValueError, TypeError, RecursionError):  # no JSON, or a number
        return True


def _require_writable(flag: str, named: Path, path: Path) -> None:
    try:
        files.require_writable(path)
    except OSError as error:
        raise UsageError(f"{flag} {named}: cannot write there: {files.reason(error)}") from error
