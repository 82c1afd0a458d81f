"""Runs questions side by side: one student process each, within its limits; nothing earned is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from data import Library
from grading.checks import sequence
from grading.checks.requests import Connection, StudentSettings
from grading.checks.sequence import Limits
from grading.checks.source import StudentSource
from grading.checks.student import Student
from grading.console import Console, StudentOutput
from grading.isolation import forkserver, memory
from grading.isolation.process import StudentProcess
from grading.isolation.sandbox import Sandbox
from grading.outcomes import Progress, QuestionResult, RunEnded, not_graded_yet
from grading.pages import exhibit_window
from grading.questions import Question
from grading.status import StatusLine
from pictures.panels import Exhibit
from startup import syntax

SECONDS_UNTIL_AN_INTERRUPT_IS_SEEN = 0.2


@dataclass(frozen=True)
class Settings:
    """What a run is asked for.

    Attributes:
        code_directory: where the student files lie.
        data_directory: where datasets are looked for first, or None.
        seed: of the data that is drawn, the checks' random inputs and the student's randomness.
        time_limit_seconds: for each question, instead of its own; or None.
        jobs: questions run side by side.
        in_process: run the student's code in this process, so that a debugger works; no limits then.
        graphics: open windows that show training, where there is a display.
        hidden_directory: holds the test splits that take the place of the shipped ones, or None.
        deadline: of the whole run, on the engine's clock, or None.
        memory_limit_bytes: for each question, where its own is larger; or None.
        sandbox: how student processes are confined, or None.
        threads: that torch may use in each student process; another number may give slightly other sums.
        exhibits: keep what is to be looked at: learning curves, and what checks set aside.
        attempts: at most so many of each check, instead of what its question permits; or None.
    """

    code_directory: Path
    data_directory: Path | None = None
    seed: int = 0
    time_limit_seconds: float | None = None
    jobs: int = 1
    in_process: bool = False
    graphics: bool = False
    hidden_directory: Path | None = None
    deadline: float | None = None
    memory_limit_bytes: int | None = None
    sandbox: Sandbox | None = None
    threads: int = 1
    exhibits: bool = False
    attempts: int | None = None


@dataclass
class _Run:
    """One call of `Engine.grade`: whose code, on what data, and how many questions are yet to begin."""

    source: StudentSource
    library: Library
    seed: int
    others_waiting: Iterator[int]  # gives each question that begins how many are yet to begin
    on_check: Callable[[QuestionResult], None]


class Engine:
    """Grades questions. Use as a context manager: leaving it ends every student process.

    One engine grades as many folders as one likes, also from several threads: they share its data and fork server.
    An engine changes its process for good, see `_prepare_process`.

    Args:
        settings: what was asked for.
        console: where students' output and the status line go.
        clock: gives the seconds that time limits are compared with.
    """

    def __init__(self, settings: Settings, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self.library = Library(settings.data_directory, settings.seed, settings.hidden_directory)
        self._console = console
        self._fork_server: forkserver.ForkServer | None = None
        self._fork_server_lock = threading.Lock()
        self._running: set[Student] = set()
        self._status_line = StatusLine(console, clock)
        self._closing = False
        _prepare_process(settings)
        if not settings.in_process and forkserver.is_available():
            self._fork_server = self._new_fork_server()  # imports torch while we read data

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True  # a question that is cut short must not start another process
        self._status_line.clear()
        for student in list(self._running):
            student.close()
        if self._fork_server is not None:
            self._fork_server.close()

    def grade(
        self,
        questions: Iterable[Question],
        on_change: Callable[[QuestionResult], None] = lambda result: None,
        *,
        on_check: Callable[[QuestionResult], None] = lambda so_far: None,
        code_directory: Path | None = None,
        seed: int | None = None,
    ) -> list[QuestionResult]:
        """Grade questions and return their results in the same order.

        Args:
            questions: which.
            on_change: called from any thread, one call at a time, with a question's result when it is finished.
            on_check: called from any thread with a copy of a question's result so far, after each of its checks.
            code_directory: where the student files lie, instead of where the settings say.
            seed: takes the place of the settings'. What is read from files stays as it is.
        """
        questions = list(questions)
        run = _Run(
            StudentSource(code_directory or self.settings.code_directory),
            self.library if seed is None else self.library.with_seed(seed),
            self.settings.seed if seed is None else seed,
            iter(range(len(questions) - 1, -1, -1)),  # several threads may ask: `next` is one step
            on_check,
        )
        lock = threading.Lock()

        def grade_and_tell(question: Question) -> QuestionResult:
            result, exhibits = self._grade_question(question, run)
            if self._closing:  # its processes were killed, which is not the student's fault
                raise RunEnded
            with lock:
                on_change(result)
            exhibit_window.show(_title(question), exhibits, self._console.line)  # who interrupts it loses nothing
            return result

        if self.settings.in_process:  # on this thread, where Ctrl-C and windows reach the student's code
            return [grade_and_tell(question) for question in questions]
        pool = ThreadPoolExecutor(max_workers=self.settings.jobs)
        try:
            order = starting_order(questions, self.settings.jobs)
            started = {place: pool.submit(grade_and_tell, questions[place]) for place in order}
            return _results([started[place] for place in range(len(questions))])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def isolation(self) -> dict[str, bool]:
        """What really holds of the sandbox's promises on this machine, tried out; empty without one."""
        sandbox = self.settings.sandbox
        if sandbox is None or self._fork_server is None:
            return {}
        session = sandbox.open(self.settings.memory_limit_bytes or 2**30)
        try:
            paths = {"private": list(map(str, sandbox.private)), "public": list(map(str, sandbox.public))}
            return self._fork_server.probe(session.confinement() | paths)
        finally:
            session.close()

    def _new_fork_server(self) -> forkserver.ForkServer:
        return forkserver.ForkServer(confined=self.settings.sandbox is not None)

    def _time_limit(self, question: Question, run: _Run) -> float:
        """Seconds for a question. Under a deadline, at most half of what is left while others wait for their turn."""
        limit_seconds = self.settings.time_limit_seconds or question.time_limit_seconds
        if self.settings.deadline is None:
            return limit_seconds
        left = max(self.settings.deadline - self._clock(), 0.0)
        return min(limit_seconds, left / 2 if next(run.others_waiting) else left)

    def _memory_limit(self, question: Question) -> int:
        return min(question.memory_limit_bytes, self.settings.memory_limit_bytes or question.memory_limit_bytes)

    def _grade_question(self, question: Question, run: _Run) -> tuple[QuestionResult, list[Exhibit]]:
        """Grade a question; returns its result, and what is to be shown in a window."""
        started = self._clock()
        limits = Limits(
            seconds=self._time_limit(question, run),
            memory_bytes=self._memory_limit(question),
            have_flags=self.settings.deadline is None,
        )
        result = not_graded_yet(question)
        for_window: list[Exhibit] = []
        with self._showing_status(question, started) as on_progress:
            student_settings = StudentSettings(
                connect=lambda: self._connect(question),
                deadline=started + limits.seconds,
                on_progress=on_progress,
                window_title=_title(question) if self.settings.graphics else None,
                threads=self.settings.threads,
                wants_curves=self.settings.exhibits,
                clock=self._clock,
            )
            student = Student(question, run.source, student_settings)
            result.stubs = student.stubs()
            self._running.add(student)
            try:
                for outcome in sequence.run(question, student, run.library, run.seed, limits, self.settings.attempts):
                    result.outcomes.append(outcome)
                    result.metrics, result.seconds = dict(student.metrics), self._clock() - started
                    if not self._closing:
                        run.on_check(replace(result, outcomes=list(result.outcomes)))
                if self.settings.exhibits:
                    result.exhibits = student.exhibits()
                if self.settings.graphics:
                    for_window = student.exhibits(only_for_window=True)
            finally:
                student.close()
                self._running.discard(student)
        result.seconds = self._clock() - started
        return result, for_window

    def _connect(self, question: Question) -> Connection:
        if self.settings.in_process:
            from grading.isolation.in_process import InProcess

            return InProcess()
        with self._fork_server_lock:
            if self._closing:
                raise RunEnded
            if self._fork_server is not None and not self._fork_server.is_alive():
                self._fork_server.close()
                self._fork_server = self._new_fork_server()  # a student's code has ended it; the next gets a new one
        output = StudentOutput(self._console, f"{question.id} | " if self.settings.jobs > 1 else "")
        patient = self.settings.deadline is None  # else somebody waits who goes by the clock
        memory_bytes = self._memory_limit(question)
        process = StudentProcess(self._fork_server, output, memory_bytes, self.settings.sandbox, patient, self._clock)
        if self._closing:  # since we looked: nobody else would end the process
            process.kill()
            raise RunEnded
        return process

    def _showing_status(self, question: Question, started: float) -> AbstractContextManager[Callable[[Progress], None]]:
        if self.settings.in_process:  # a debugger's prompt must not be drawn over
            return nullcontext(lambda progress: None)
        name = question.id if self.settings.jobs > 1 else _title(question)  # several share the line
        return self._status_line.showing(name, started)


def _prepare_process(settings: Settings) -> None:
    """Set the process up for grading, which nothing takes back.

    From now on, syntax trees are made by one thread after another. Memory of large arrays returns to the operating
    system as soon as they are freed, except where the student's code runs in this process.
    """
    syntax.guard_libraries()  # several questions at a time read arrays and files
    if not settings.in_process:
        memory.return_freed_arrays()


def _title(question: Question) -> str:
    return f"{question.id} {question.title}"


def starting_order(questions: Sequence[Question], jobs: int) -> list[int]:
    """The places of the questions in the order in which they start.

    With several jobs, all but one begin with the questions that may take longest: a long one at the end would leave
    the others without work. The last job begins with the first question, whose result is shown first.
    """
    places = range(len(questions))
    longest = sorted(places, key=lambda place: (questions[place].time_limit_seconds, place), reverse=True)[: jobs - 1]
    return longest + [place for place in places if place not in longest]


def _results(futures: list[Future[QuestionResult]]) -> list[QuestionResult]:
    """The results in order, or the first exception, as soon as there is one.

    A wait without a timeout does not end on Ctrl-C where another thread gets the signal, and on Windows.
    """
    while True:
        done, waiting = wait(futures, SECONDS_UNTIL_AN_INTERRUPT_IS_SEEN, FIRST_EXCEPTION)
        for future in done:
            future.result()
        if not waiting:
            return [future.result() for future in futures]
