"""Question 4: the scores of words depend on no earlier call, and chance in a model is no memory of a call."""

from __future__ import annotations

import dataclasses

import pytest

from grading.outcomes import FAILED, PASSED
from grading.questions import discover

BEGINNING = "state = relu(self.letter(xs[0]))"
END = "return self.last(state)"
KEPT_BY_SIZE = """kept = getattr(self, "kept", None)
        if kept is None or len(kept) != xs.shape[1]:
            kept = zeros(xs.shape[1], 256)
        state = relu(self.letter(xs[0]) + self.hidden(kept))"""


def outcome(code, graded):
    (question,) = (question for question in discover() if question.id == "q4")
    untrained = tuple(check for check in question.checks if check.name in ("any_length", "every_letter"))
    return graded(code, dataclasses.replace(question, checks=untrained)).check("q4", "every_letter")


@pytest.mark.parametrize(
    "changes",
    [
        [(BEGINNING, KEPT_BY_SIZE), (END, "self.kept = state.detach()\n        return self.last(state)")],
        [
            (BEGINNING, f"{BEGINNING} + getattr(self, 'level', 0.0)"),
            (END, "self.level = state.mean().item()\n        return self.last(state)"),
        ],
    ],
    ids=["of as many words", "one number"],
)
def test_a_state_that_is_kept_between_calls_loses_the_check_and_is_named(patched_solutions, graded, changes):
    code = patched_solutions({"models.py": changes})
    found = outcome(code, graded)
    assert found["status"] == FAILED
    assert "8 words of 1 letter were scored twice, with 8 other words in between." in found["message"]
    assert "Does `forward` begin with the state of the call before?" in found["message"]


@pytest.mark.parametrize(
    "end",
    [
        "return self.last(torch.nn.functional.dropout(state, 0.5))",
        "return self.last(torch.nn.functional.dropout(state, 0.5, self.training))",
        "return self.last(state + 0.01 * torch.randn_like(state))",
        "self.latest = state.detach()\n        return self.last(state)",
    ],
    ids=["dropout that never stops", "dropout", "noise", "a state that is kept and not used"],
)
def test_a_model_that_draws_or_keeps_without_reading_passes(patched_solutions, graded, end):
    changes = [(END, end), ("from torch import Tensor", "import torch\nfrom torch import Tensor")]
    assert outcome(patched_solutions({"models.py": changes}), graded)["status"] == PASSED
