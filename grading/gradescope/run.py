"""One submission under the harness: find it, grade it confined, and leave a whole results.json behind."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grading import report
from grading.checks import modules
from grading.console import Console
from grading.engine import Engine, Settings
from grading.gradescope import metadata, privacy, results, submission
from grading.gradescope.results_file import Report
from grading.gradescope.settings import HarnessSettings, assigned
from grading.isolation.sandbox import Sandbox, is_available, is_root, remove
from grading.outcomes import QuestionResult
from grading.questions import Question, discover, required
from startup.project import PROJECT_DIRECTORY

SECONDS_FOR_THE_LAST_WORD = 20.0  # past the grader's own deadline, well before the harness's
SECONDS_TO_REMOVE_WORKPLACE = 15.0  # everything is graded and saved by then


class HarnessError(Exception):
    """The harness or the release is not as it should be: the staff has to fix it, never the student."""


def grade(root: Path, settings: HarnessSettings, console: Console, at_home: bool = False) -> Report:
    """Grade the submission in `root`/submission and leave `root`/results/results.json behind.

    Our own failures, too, leave a whole results.json, which says so and keeps what was earned before.

    Args:
        root: the harness's folder.
        settings: the course's choices.
        console: where to say what happens.
        at_home: on a student's own machine, where no other user is there to take over.
    Raises:
        OSError: results.json cannot be written at the start.
        QuestionError: the questions themselves do not fit.
    """
    started = time.monotonic()
    questions = assigned(discover(), settings)
    (root / "results").mkdir(exist_ok=True)
    kept = Report(root / "results" / "results.json", settings, questions, started=started)
    kept.extra_data["release"] = _release()
    kept.save()
    try:
        with _last_word(kept, started + settings.seconds + SECONDS_FOR_THE_LAST_WORD):
            _grade(root, kept, console, at_home)
    except Exception as error:  # whatever it is, the student must not pay for it
        traceback.print_exc(file=sys.stdout)
        kept.notes.insert(0, f"The autograder itself failed ({type(error).__name__}). This is not your fault: please "
                          "tell the course staff. What was graded before stands.")  # fmt: skip
        kept.note_fault(f"{type(error).__name__}: {error}")
        kept.save_if_possible()
    return kept


def student_files(questions: Iterable[Question], known: Iterable[Question]) -> set[str]:
    """The files that students hand in for some questions, such as `models.py` and `electives/optimizers.py`.

    Files of the questions that these build on belong to them: elective 12 needs the GPT of question 7.

    Args:
        questions: of the assignment.
        known: all questions that there are.
    """
    by_id = {question.id: question for question in known}
    names = [question.id for question in questions]
    needed = [*names, *required(names, {name: question.requires for name, question in by_id.items()})]
    return set(modules.student_files(target for name in needed for target in by_id[name].targets))


def _grade(root: Path, kept: Report, console: Console, at_home: bool) -> None:
    settings = kept.settings
    known = metadata.load(root / "submission_metadata.json")
    possible = sum(question.points for question in kept.questions if not question.extra_credit)
    if known.total_points is not None and known.total_points != possible:
        console.line(f"the assignment is out of {known.total_points:g} points, the questions give {possible:g}")
        kept.extra_data["warning"] = f"assignment out of {known.total_points:g}, questions out of {possible:g}"
    if _is_refused(known, kept):
        return
    _close_off(root)
    with temporary_workplace() as workplace:
        code = _taken(root, workplace, kept, console)
        hidden = PROJECT_DIRECTORY / "hidden"
        if kept.extra_data["release"].get("hidden_split") and not hidden.is_dir():
            raise HarnessError(
                f"{hidden} is missing: this release grades with hidden test splits. Upload the zip again."
            )
        engine_settings = Settings(
            code_directory=code,
            seed=settings.seed,
            attempts=settings.attempts,
            hidden_directory=hidden if hidden.is_dir() else None,
            deadline=kept.started + settings.seconds,
            memory_limit_bytes=settings.student_bytes,
            sandbox=_sandbox(root, workplace, not at_home) if is_available() else None,
        )
        with Engine(engine_settings, console) as engine:
            kept.extra_data["isolation"] = require_isolation(engine, console, at_home)
            kept.save()
            is_private = at_home or settings.output_visibility == "hidden"
            every = discover()
            wanted = student_files(every, every)

            def on_change(result: QuestionResult) -> None:
                result = submission.as_handed_in(result, code, wanted)
                kept.add(result)
                shown = result if is_private else settings.feedback.shown(result)
                report.print_question(shown, console, kept.run.questions)

            def on_check(so_far: QuestionResult) -> None:
                kept.add_check(submission.as_handed_in(so_far, code, wanted))

            engine.grade(kept.questions, on_change, on_check=on_check)
            kept.extra_data["data"] = engine.library.sources()
        kept.save()
        report.print_table(kept.run, console, engine.library.sources())


def _taken(root: Path, workplace: Path, kept: Report, console: Console) -> Path:
    """Copy the student files of the submission to a folder of their own, and tell what is odd about them."""
    code = workplace / "code"
    code.mkdir()
    known = discover()
    found = submission.find(root / "submission", student_files(known, known), student_files(kept.questions, known))
    for name, content in found.files.items():
        (code / name).parent.mkdir(exist_ok=True)
        (code / name).write_bytes(content)
    kept.notes += found.notes
    for note in found.notes:
        console.line(note)
    return code


def _is_refused(known: metadata.Metadata, kept: Report) -> bool:
    """Whether the rate limit leaves this submission ungraded; results.json then says so and keeps the earlier score."""
    settings = kept.settings
    if not settings.max_submissions:
        return False
    recent = metadata.recent(known, settings.rate_hours, settings.max_submissions)
    if len(recent) < settings.max_submissions:
        return False
    score = recent[-1][1]
    text = (
        f"Not graded: {len(recent)} submissions in the last {settings.rate_hours:g} hours, "
        f"and {settings.max_submissions} are allowed. The score of the one before is kept. "
        f"The next is graded {settings.rate_hours:g} hours after the first of them."
    )
    kept.write(results.message_only(text, score, settings, {"rate_limited": True, **kept.extra_data}), kept.path)
    return True


def _sandbox(root: Path, workplace: Path, own_users: bool) -> Sandbox:
    private = [root / name for name in ("results", "submission", "submission_metadata.json")]
    private += privacy.private_paths(PROJECT_DIRECTORY)
    return Sandbox(
        directory=workplace,
        private=tuple(path for path in private if path.exists()),
        public=tuple(privacy.needed_paths(PROJECT_DIRECTORY)),
        own_users=own_users,
    )


def _close_off(root: Path) -> None:
    """Leave what is not for students to root alone; files made before anybody was here may be open to all."""
    if not is_root() or (root / "source").resolve() != PROJECT_DIRECTORY:
        return  # not the harness: nothing here is ours to lock
    privacy.close(root / name for name in ("results", "submission", "submission_metadata.json"))
    privacy.open_to_all(PROJECT_DIRECTORY)


def require_isolation(engine: Engine, console: Console, at_home: bool) -> dict[str, bool]:
    """Try the sandbox out and say what holds.

    Raises:
        HarnessError: we are root, yet a student process could reach what it must not, or could not even run.
    """
    held = engine.isolation()
    if at_home:
        return held  # nobody's code but one's own runs here
    for name, holds in held.items():
        console.line(f"isolation: {name}: {'yes' if holds else 'NO'}")
    if not held:
        console.line("isolation: none on this system")
    elif "no network" in held and not held["no network"]:
        console.line("isolation: this system refuses both ways of closing the network; it stays open to submissions")
    needed = ["standard library readable", "project readable", "own folder"]
    needed += ["unprivileged user", "private files", "grader out of reach"] if is_root() else []
    if is_available() and (missing := [name for name in needed if not held.get(name)]):
        raise HarnessError(
            f"student processes cannot be confined here: {', '.join(missing)} failed. Python ({sys.executable}) and "
            f"{PROJECT_DIRECTORY} must be readable for every user. This process must be able to change its user."
        )
    return held


@contextmanager
def temporary_workplace() -> Iterator[Path]:
    """A folder outside the harness's own, through which student processes reach their code and working folders."""
    path = Path(tempfile.mkdtemp(prefix="nn-grading-"))
    try:
        path.chmod(0o711)
        previous = os.umask(0o022)
        try:
            yield path
        finally:
            os.umask(previous)
    finally:
        remove(path, SECONDS_TO_REMOVE_WORKPLACE)


@contextmanager
def _last_word(kept: Report, deadline: float) -> Iterator[None]:
    """If the block runs past the deadline, which only our own fault can bring about, save and end everything."""
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), _end, [kept])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(kept: Report) -> None:
    """Save what was graded and end everything. Checks of an unfinished question count as far as they had ended.

    Outcomes come from the grader's own threads, and an outcome never changes: another thread may report those that are
    there. What the student's process does meanwhile adds none.
    """
    with contextlib.suppress(Exception):
        question = f" Question {kept.under_way.id} was not finished." if kept.under_way is not None else ""
        kept.notes.insert(0, f"The time was up before every check was run.{question} Checks that had passed count.")
        kept.save()
    os._exit(1)  # the fork server sees its channel close and takes the student processes with it


def _release() -> dict[str, str]:
    """Which release this is, as staff.release noted it."""
    try:
        table = json.loads((PROJECT_DIRECTORY / "release.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in table.items()}
