"""Grades a class: what is up to date is kept, the rest goes to workers, and after all the tables and the page."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from data.files import reason, write_bytes
from grading.dependencies import installed_versions
from grading.gradescope import settings as harness_settings
from grading.gradescope.run import student_files
from grading.gradescope.settings import assigned
from grading.isolation.sandbox import is_root
from grading.questions import Question, QuestionError, discover
from staff.classroom import changes, export, grader, summary, tables, worker
from staff.classroom.cluster import connected
from staff.classroom.driver import Driver, Grade
from staff.classroom.errors import ClassroomError
from staff.classroom.export import Export
from staff.classroom.grader import Grader
from staff.classroom.records import GRADED, GRADER_FAILED, Record, Records, faults, record_of
from staff.classroom.work import GradingSettings, WorkItem, key_of
from startup.project import PROJECT_DIRECTORY

SECONDS_BESIDE_QUESTIONS = 120.0  # for starting, for probing the isolation, and for the report
MAX_TOLD = 10  # checks that failed by the grader's fault
STAFF = PROJECT_DIRECTORY / "staff"


@dataclass(frozen=True)
class Request:
    """What is asked for; the fields are the flags of `grade`."""

    export: Path
    out: Path
    questions: tuple[str, ...] = ()
    seed: int | None = None
    time_limit_seconds: float | None = None
    data_directory: Path | None = None
    hidden_directory: Path | None = None
    regrade: bool = False
    reports: bool = True
    workers: int = 1
    scheduler: str | None = None


@dataclass
class Plan:
    """What is kept, what is to be done, and what that takes the place of."""

    kept: dict[str, Record]
    items: list[WorkItem]
    before: dict[str, Record]
    outdated: Counter[str]  # by reason
    again: int = 0  # submissions that were handed in again


def grade(request: Request, call: Grade = worker.grade, ours: Grader | None = None) -> int:
    """Grade what is not up to date; returns 0 when all is graded, 1 if some is not.

    Args:
        request: what is asked for.
        call: what workers run; tests bring their own.
        ours: the grader, instead of what lies on disk.
    Raises:
        ClassroomError: it cannot be done as asked.
    """
    if request.export.resolve() in (request.out.resolve(), *request.out.resolve().parents):
        raise ClassroomError(
            f"--out {request.out}: lies in {request.export}, where the next run would take it for a submission; name a "
            "folder beside it"
        )
    try:
        course = harness_settings.load(environment={})
        questions = _chosen(request.questions, course)
    except (QuestionError, harness_settings.SettingsError) as error:
        raise ClassroomError(str(error)) from error
    seed = course.seed if request.seed is None else request.seed
    settings = GradingSettings(tuple(q.id for q in questions), seed, request.time_limit_seconds, installed_versions())
    ours = ours or grader.load(request.data_directory, request.hidden_directory, settings.questions)
    every = discover()
    klass = export.read(request.export, student_files(every, every), student_files(questions, every))
    records = Records(request.out, [submission.id for submission in klass.submissions])
    with records.locked():
        with _written(request.out):
            records.save_grader(ours)
        limit = sum(request.time_limit_seconds or q.time_limit_seconds for q in questions)
        plan = _plan(klass, records, ours, settings, limit + SECONDS_BESIDE_QUESTIONS, request.reports)
        _refuse_to_mix(plan, request)
        _introduce(klass, plan, request)
        started = time.monotonic()
        workers = 0
        if plan.items:
            with connected(request.scheduler, min(request.workers, len(plan.items)), ours) as (client, plugin):
                workers = len(client.nthreads())
                _run(Driver(client, plugin, call), plan, klass, records)
        run = summary.Run(datetime.now(), len(plan.items), len(plan.kept), time.monotonic() - started, workers)
        return _tell(request, klass, records, settings, run)


def _run(driver: Driver, plan: Plan, klass: Export, records: Records) -> None:
    notes = {submission.id: submission.notes for submission in klass.submissions}
    failed = 0
    with tqdm(total=len(plan.items), unit="submission", dynamic_ncols=True, smoothing=0.1) as bar:
        for item, reply in driver.run(plan.items):
            record = record_of(item, reply, notes[item.id], plan.before.get(item.id))
            with _written(records.path):
                records.save(record, reply)
            failed += record["state"] == GRADER_FAILED
            if failed:
                bar.set_postfix_str(f"grader failed on {failed}")
            bar.update()


def _plan(
    klass: Export, records: Records, ours: Grader, settings: GradingSettings, timeout_seconds: float, reports: bool
) -> Plan:
    plan = Plan({}, [], {}, Counter())
    for submission in klass.submissions:
        if submission.fault:
            continue
        key = key_of(submission, ours, settings)
        item = WorkItem(submission.id, key, submission.files, settings, timeout_seconds, reports)
        record = records.load(submission.id)
        if record is not None and record["state"] == GRADED:
            if record["key"] == asdict(key):
                plan.kept[submission.id] = record
                continue
            plan.before[submission.id] = record
            files = {name: grader.digest(content) for name, content in submission.files.items()}
            after = {"key": asdict(key), "settings": settings.as_dict(), "files": files}
            why = [text for text in changes.reasons(record, after, records) if not text.startswith("submission")]
            if why:
                plan.outdated["; ".join(why)] += 1
            else:
                plan.again += 1
        elif record is not None:
            plan.before |= {submission.id: record["before"]} if record.get("before") else {}
        plan.items.append(item)
    return plan


def _refuse_to_mix(plan: Plan, request: Request) -> None:
    if plan.outdated and not request.regrade:
        count = sum(plan.outdated.values())
        reasons = "\n".join(f"  {number} x {why}" for why, number in plan.outdated.most_common())
        raise ClassroomError(
            f"--out {request.out} holds {count} result{'s' * (count != 1)} that would come out of another grading:\n"
            f"{reasons}\nAdd --regrade to grade them again and be shown what changes, or name another --out"
        )


def _introduce(klass: Export, plan: Plan, request: Request) -> None:
    students = len(tables.standings(klass.submissions))
    parts = [f"{len(klass.submissions)} submissions of {students} students: {len(plan.kept)} graded before"]
    if plan.again:
        parts.append(f"{plan.again} handed in again")
    if plan.outdated:
        parts.append(f"{sum(plan.outdated.values())} to be graded again")
    print(", ".join([*parts, f"{len(plan.items)} to grade"]))
    for note in klass.notes:
        print(f"note: {note}")
    if plan.items and _others_may_enter(STAFF):
        print(
            f"note: submissions run as users of their own, and all users may read {STAFF} with the solutions in it: "
            f"chmod go= {STAFF}"
        )


def _others_may_enter(path: Path) -> bool:
    """Whether, where submissions get users of their own, these could look into a folder."""
    if not is_root():
        return False
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def _tell(request: Request, klass: Export, records: Records, settings: GradingSettings, run: summary.Run) -> int:
    """Write the tables and the page from what is kept, and print what came of it."""
    unread = [one for one in klass.submissions if one.fault]
    readable = [one for one in klass.submissions if not one.fault]
    found = {one.id: record for one in readable if (record := records.load(one.id)) is not None}
    rows = tables.standings(klass.submissions)
    differences = [change for record in found.values() for change in changes.of_record(record, records)]
    folders = {identifier: records.folder(identifier).relative_to(records.path).as_posix() for identifier in found}
    with _written(request.out):
        write_bytes(request.out / "scores.csv", tables.scores(rows, found, settings.questions), private=True)
        write_bytes(request.out / "changes.csv", changes.table(rows, differences), private=True)
        page = summary.page(request.export.resolve().stem, rows, found, folders, differences, klass.notes, run)
        write_bytes(request.out / "summary.html", page, private=True)
    failed = [record for record in found.values() if record["state"] == GRADER_FAILED]
    if request.regrade:
        _print_changes(differences)
    pace = f"; {run.seconds:.1f} s, {60 * run.graded_now / run.seconds:.1f} submissions a minute"
    print(f"{len(found) - len(failed)} graded, the grader failed on {len(failed)}" + (pace if run.graded_now else ""))
    for record in failed:
        print(f"  {record['id']}: the grader failed, not the student: {record['failure']}")
    ours = [(record["id"], *fault) for record in found.values() for fault in faults(record)]
    for identifier, question, check, message in ours[:MAX_TOLD]:
        print(f"  {identifier}: {question} {check}: the grader failed, not the student: {message}")
    if len(ours) > MAX_TOLD:
        print(f"  and {len(ours) - MAX_TOLD} more such checks: see the states in scores.csv")
    for one in unread:
        print(f"  {one.id}: not graded: {one.fault}")
    print(f"{request.out / 'scores.csv'}\n{request.out / 'summary.html'}")
    return 1 if failed or ours or unread else 0


def _print_changes(differences: Sequence[changes.Change]) -> None:
    submissions = len({change.submission for change in differences})
    print(f"{len(differences)} checks of {submissions} submissions came out otherwise than before:")
    for change in differences:
        print(
            f"  {change.submission}: {change.question} {change.check}: {change.before} -> {change.after} "
            f"({change.points:+g})  because of {change.why}"
        )


@contextmanager
def _written(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ClassroomError(f"--out {out}: cannot write ({reason(error)}: {error.filename or out})") from error


def _chosen(asked: Sequence[str], course: harness_settings.HarnessSettings) -> list[Question]:
    """The questions asked for; those that Gradescope grades when none is named.

    Raises:
        ClassroomError: there is no such question.
        QuestionError, SettingsError: a question or a setting is broken.
    """
    questions = discover()
    if not asked:
        return assigned(questions, course)
    if unknown := sorted(set(asked) - {question.id for question in questions}):
        raise ClassroomError(
            f"there is no question {', '.join(unknown)}; the questions are {', '.join(q.id for q in questions)}"
        )
    return [question for question in questions if question.id in asked]
