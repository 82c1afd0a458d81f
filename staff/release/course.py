"""The course's questions and settings in a release: they must fit one another before a class is graded."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from grading.checks import modules
from grading.gradescope.settings import SettingsError, assigned, load, outside
from grading.questions import QuestionError, discover
from staff.release.manifest import SOLUTIONS, ReleaseError, starters_of

SETTINGS = "grading/gradescope/settings.toml"
FOLDER = "test_cases"


def notes(repository: Mapping[str, bytes]) -> list[str]:
    """What the staff should know: the questions of the assignment, and what fits none of its questions.

    Args:
        repository: every file of the commit by its path.
    Raises:
        ReleaseError: a question cannot be graded, or the settings cannot be read, or name what the commit's questions
            do not have.
    """
    with tempfile.TemporaryDirectory(prefix="nn-release-") as folder:
        root = Path(folder)
        for path, content in repository.items():
            if path == SETTINGS or (path.startswith(f"{FOLDER}/") and path.endswith(".toml")):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
        try:
            settings, every = load(root / SETTINGS, {}), discover(root / FOLDER)
            for question in every:
                if question.fault:
                    raise QuestionError(question.fault)
            questions = assigned(every, settings)
        except (SettingsError, QuestionError) as error:
            raise ReleaseError(str(error).replace(f"{root}/", "")) from error
    points = sum(question.points for question in questions if not question.extra_credit)
    found = [f"the assignment: {', '.join(question.id for question in questions)}, {points:g} points"]
    written = modules.student_files(target for question in every for target in question.targets)
    found += [
        f"a student file of no question: {name}. Take {SOLUTIONS}{name} and {name} away, unless students should have it"
        for name in sorted(starters_of(repository) - set(written))
    ]
    return found + [
        f"left out of the leaderboard: {entry.name!r} is of {entry.question}, which the assignment does not have "
        f"({SETTINGS}, [[leaderboard]])"
        for entry in outside(questions, settings)
    ]
