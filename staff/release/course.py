"""The course's settings in a release: they must fit the questions of the same commit before a class is graded."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from grading.gradescope.settings import SettingsError, assigned, load, outside
from grading.questions import QuestionError, discover
from staff.release.manifest import ReleaseError

SETTINGS = "grading/gradescope/settings.toml"
FOLDER = "test_cases"


def notes(repository: Mapping[str, bytes]) -> list[str]:
    """What the staff should know of the settings: the questions of the assignment, and what its leaderboard lacks.

    Args:
        repository: every file of the commit by its path.
    Raises:
        ReleaseError: the settings cannot be read, or name what the commit's questions do not have.
    """
    with tempfile.TemporaryDirectory(prefix="nn-release-") as folder:
        root = Path(folder)
        for path, content in repository.items():
            if path == SETTINGS or (path.startswith(f"{FOLDER}/") and path.endswith(".toml")):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
        try:
            settings = load(root / SETTINGS, {})
            questions = assigned(discover(root / FOLDER), settings)
        except (SettingsError, QuestionError) as error:
            raise ReleaseError(str(error).replace(f"{root}/", "")) from error
    points = sum(question.points for question in questions if not question.extra_credit)
    found = [f"the assignment: {', '.join(question.id for question in questions)}, {points:g} points"]
    return found + [
        f"left out of the leaderboard: {entry.name!r} is of {entry.question}, which the assignment does not have "
        f"({SETTINGS}, [[leaderboard]])"
        for entry in outside(questions, settings)
    ]
