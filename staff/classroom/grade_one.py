"""Grades one submission in a process of its own: a worker starts this program from the folder of the unpacked grader.

    python grade_one.py ORDER

The folder ORDER holds `order.json` and `submission/`; `result.json` and `report/` are written there. Standard input is
a lifeline: when it closes, the worker is gone, and every student process ends.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from grading import report
from grading.console import Console
from grading.dependencies import installed_versions
from grading.engine import Engine, Settings
from grading.gradescope import privacy, submission
from grading.gradescope import run as harness
from grading.gradescope import settings as harness_settings
from grading.isolation.sandbox import Sandbox, is_available
from grading.outcomes import QuestionResult, RunResult
from grading.questions import discover

HERE = Path(__file__).resolve().parent
SECONDS_TO_CLOSE = 8.0  # the engine gives its fork server 5
Order = dict[str, Any]  # what staff.classroom.worker wrote into order.json


def main(argv: list[str] | None = None) -> int:
    """Grade; returns 0 when result.json holds the result, and fails loudly otherwise."""
    sys.dont_write_bytecode = True  # compiled checks would be open to the submissions graded after this one
    parser = argparse.ArgumentParser(prog="grade_one.py", description=__doc__.splitlines()[0])
    parser.add_argument("order", type=Path, help="the folder with order.json and submission/")
    started, begun = datetime.now(), time.monotonic()
    place: Path = parser.parse_args(argv).order.resolve()
    order = json.loads((place / "order.json").read_text(encoding="utf-8"))
    every = discover()
    questions = [question for question in every if question.id in order["questions"]]
    wanted = harness.student_files(every, every)
    console = Console()
    with harness.temporary_workplace() as workplace:
        code = workplace / "code"
        code.mkdir()
        for path in (place / "submission").rglob("*"):
            if path.is_file():  # the contents alone: the student's user must be able to read them, whatever their mode
                target = code / path.relative_to(place / "submission")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        with Engine(_settings(code, workplace, place, order), console) as engine:
            _end_with_whoever_asked(engine)
            isolation = harness.require_isolation(engine, console, at_home=False)
            result = RunResult(order["seed"], installed_versions())
            finished: list[QuestionResult] = []

            def on_change(one: QuestionResult) -> None:
                one = submission.as_handed_in(one, code, wanted)  # where the files lay is no part of a result
                finished.append(one)
                report.print_question(finished[-1], console, finished)

            engine.grade(questions, on_change)  # one after the other, as no `jobs` are asked for
            result.questions = finished
            sources = engine.library.sources()
    result.seconds = time.monotonic() - begun
    document = result.as_dict() | {"isolation": isolation, "data": sources}
    for name, points in document.pop("electives", {}).items():
        document[name] += points  # one total, as on Gradescope
    for question, told in zip(result.questions, document["questions"], strict=True):
        for outcome, check in zip(question.outcomes, told["checks"], strict=True):
            check |= {"title": outcome.title, "cause": outcome.cause}
    if order["report"]:
        _write_report(place / "report", order, result, sources, started)
    report.write_json(document, place / "result.json")
    return 0


def _write_report(directory: Path, order: Order, result: RunResult, sources: list[str], started: datetime) -> None:
    """The page with pictures that `--report` writes; it comes after every point is known."""
    from grading.pages.page import About, ReportPage  # draws: not needed without reports

    chosen = " ".join(f"-q {name}" for name in order["questions"])
    command = f"python autograder.py {chosen} --seed {order['seed']}"
    directory.mkdir()
    feedback = harness_settings.load(environment={}).feedback  # students may get these pages
    shown = replace(result, questions=[feedback.shown(question) for question in result.questions])
    ReportPage(directory, About(started, command, f"submission {order['id']}")).write(shown, sources)


def _settings(code: Path, workplace: Path, place: Path, order: Order) -> Settings:
    data, hidden = HERE / "data-directory", HERE / "hidden"
    private = [place, *privacy.private_paths(HERE, order["private"])]
    sandbox = Sandbox(
        directory=workplace,
        private=tuple(path for path in private if path.exists()),
        public=tuple(privacy.needed_paths(HERE)),
    )
    return Settings(
        code_directory=code,
        data_directory=data if data.is_dir() else None,
        seed=order["seed"],
        time_limit_seconds=order["time_limit_seconds"],
        exhibits=order["report"],
        attempts=harness_settings.load(environment={}).attempts,
        hidden_directory=hidden if hidden.is_dir() else None,
        sandbox=sandbox if is_available() else None,
    )


def _end_with_whoever_asked(engine: Engine) -> None:
    def watch() -> None:
        while os.read(0, 1):  # not sys.stdin: Python cannot end while a thread waits in it
            pass
        closer = threading.Thread(target=engine.__exit__, args=(None, None, None), daemon=True)
        closer.start()
        closer.join(SECONDS_TO_CLOSE)
        os._exit(3)  # the fork server sees its channel close and takes what is left with it

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
