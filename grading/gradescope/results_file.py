"""The file results.json, written again after every result: whatever ends the run, what was earned stands there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grading import report
from grading.checks.attempts import OUR_FAULT
from grading.dependencies import installed_versions
from grading.gradescope import results
from grading.gradescope.settings import HarnessSettings
from grading.outcomes import GRADER, PROCESS, QuestionResult, RunResult
from grading.questions import Question


@dataclass
class Report:
    """Writes results.json again whenever something has changed; from any thread.

    Args:
        path: of results.json.
        settings: the course's choices.
        questions: those of the assignment.
        write: how a document gets there.
    """

    path: Path
    settings: HarnessSettings
    questions: list[Question]
    write: Callable[[dict[str, Any], Path], None] = report.write_json
    notes: list[str] = field(default_factory=list)
    extra_data: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.run = RunResult(self.settings.seed, installed_versions())
        self.under_way: QuestionResult | None = None  # the question that is being graded, once a check of it has ended
        self._lock = threading.Lock()

    def add_check(self, so_far: QuestionResult) -> None:
        """Keep the checks of a question that is not finished: their points stay, whatever ends the run."""
        earned_more = so_far.score > (self.under_way.score if self.under_way is not None else 0.0)
        self.under_way = so_far
        if earned_more:
            self.save_if_possible()

    def add(self, result: QuestionResult) -> None:
        """Keep a finished question."""
        self.under_way = None
        self.run.questions.append(result)
        # what the student's process reports is apart: a submission would get out of the limit on submissions with it
        lost = [outcome for outcome in result.outcomes if outcome.cause == GRADER]
        if ours := [outcome.evidence or outcome.message for outcome in lost]:
            self.notes.insert(0, f"Question {result.id}: {OUR_FAULT}. What was graded stands.")
            self.note_fault("; ".join(ours))
        if told := [outcome.evidence for outcome in result.outcomes if outcome.cause == PROCESS]:
            earlier = self.extra_data.get("reported_fault", [])  # for the staff; the submission counts all the same
            self.extra_data["reported_fault"] = [*earlier, *map(results.clean, told)]
        self.save_if_possible()

    def note_fault(self, text: str) -> None:
        """Keep for the staff what failed by the grader's fault, beside what did before."""
        earlier = self.extra_data.get("grader_failure")
        self.extra_data["grader_failure"] = results.clean(f"{earlier}; {text}" if earlier else text)

    def save_if_possible(self) -> None:
        """Write what is known now. What cannot be written on a full disk, say, is written with the next result."""
        try:
            self.save()
        except OSError as error:
            print(f"{self.path}: cannot be written ({error.strerror}). What was written before stands.")

    def save(self) -> None:
        """Write what is known now.

        Raises:
            OSError: the file cannot be written. The one before is still there.
        """
        with self._lock:
            self.run.seconds = time.monotonic() - self.started
            under_way = [self.under_way] if self.under_way is not None else []
            known = replace(self.run, questions=[*self.run.questions, *under_way])
            extra = {"seed": self.run.seed, "versions": self.run.versions, **self.extra_data}
            extra["questions"] = {
                result.id: {"seconds": round(result.seconds, 2), "metrics": result.metrics}
                for result in known.questions
            }
            if self.under_way is not None:
                extra["under_way"] = self.under_way.id  # its checks are not all there yet
            document = results.document(known, self.questions, self.settings, self.notes, extra)
            self.write(document, self.path)
