"""How much of a message a student is shown: all of it, the evidence, or the name of the check alone.

The course chooses in grading/gradescope/settings.toml, for all questions or for single ones. The choice holds where the
course grades: under the harness and in the pages of a graded class. Students at home always get the full message, and
staff find every message in `extra_data`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grading.outcomes import NOT_FINISHED, PASSED, STUB, Outcome, QuestionResult

FULL, EVIDENCE, NAME = "full", "evidence", "name"
DETAILS = (FULL, EVIDENCE, NAME)


@dataclass(frozen=True)
class Feedback:
    """The course's choice.

    Attributes:
        detail: one of `DETAILS`.
        by_question: other details for single questions, by id.
    """

    detail: str = FULL
    by_question: Mapping[str, str] = field(default_factory=dict)

    def of(self, question_id: str) -> str:
        """The detail of a question."""
        return self.by_question.get(question_id, self.detail)

    def message(self, question_id: str, outcome: Outcome) -> str:
        """What a student is shown of an outcome's message.

        An unfilled stub, a skipped check and a limit of time or memory are always told: they say nothing of the tests.
        """
        detail = self.of(question_id)
        is_open = outcome.status in (PASSED, NOT_FINISHED) or outcome.cause == STUB
        if detail == FULL or is_open:
            return outcome.message
        return outcome.evidence if detail == EVIDENCE else ""

    def shown(self, result: QuestionResult) -> QuestionResult:
        """A result as its student is shown it; with `NAME`, without metrics and pictures."""
        outcomes = [replace(outcome, message=self.message(result.id, outcome)) for outcome in result.outcomes]
        if self.of(result.id) != NAME:
            return replace(result, outcomes=outcomes)
        outcomes = [replace(outcome, attempts=()) for outcome in outcomes]
        return replace(result, outcomes=outcomes, metrics={}, exhibits=[])
